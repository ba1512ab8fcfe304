"""How the command line finds templates: the main one by path, the others by name."""

from pathlib import Path

import jinja2
import pytest

from streamtmpl.cli.files import FileError
from streamtmpl.cli.loader import FileLoader


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files):
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def render(path, *folders):
    loader = FileLoader(path, folders)
    return jinja2.Environment(loader=loader).get_template(loader.main).render()


def test_own_folder_is_searched():
    write(pages__report="{% include 'row.html' %}", pages__row="own", row="current folder's")
    assert render("pages/report.html") == "own"


def test_file_in_the_current_folder():
    write(report="{% extends 'base.html' %}", base="base")
    assert render("report.html") == "base"
    assert render(str(Path("report.html").resolve())) == "base"


def test_search_path_comes_first_and_in_order():
    write(
        page="{% include 'a.html' %} {% include 'b.html' %} {% include 'c.html' %}",
        one__a="one",
        two__a="two",
        two__b="two",
        a="own",
        b="own",
        c="own",
    )
    assert render("page.html", "one", "two") == "one two own"


def test_name_is_relative_to_the_folder_that_holds_the_file():
    """A page that extends its namesake further up does not extend itself."""
    write(site__admin__base="{% extends 'base.html' %}", site__base="up")
    assert FileLoader("site/admin/base.html", ["site"]).main == "admin/base.html"
    assert render("site/admin/base.html", "site") == "up"


def test_main_name_means_the_given_file_only():
    write(one__page="one's", page="given")
    assert FileLoader("page.html", ["one"]).main == "page.html"
    assert render("page.html", "one") == "given"


def test_path_that_does_not_exist_is_looked_for_in_the_search_path():
    write(site__pages__report="{% include 'part.html' %}", site__part="part")
    assert render("pages/report.html", "other", "site") == "part"


def test_bytes_that_are_not_utf8_are_located():
    write(page="{% include 'part.html' %}")
    Path("part.html").write_bytes(b"a\nb\xe4")
    with pytest.raises(FileError) as raised:
        render("page.html")
    problem = "part.html:2: expected UTF-8 text, found the byte 0xe4: templates are UTF-8"
    assert str(raised.value) == problem


def test_missing_templates_name_where_they_were_looked_for():
    write(page="{% include 'part.html' %}")
    with pytest.raises(jinja2.TemplateNotFound) as raised:
        render("page.html", "one")
    assert str(raised.value) == "template 'part.html' not found in 'one' or '.'"
    with pytest.raises(FileError) as error:
        FileLoader("no.html", ["one", "two"])
    problem = "no.html: template not found: there is no such file, nor one below 'one' or 'two'"
    assert str(error.value) == problem


def test_included_template_may_be_missing_on_request():
    write(page="{% include 'part.html' ignore missing %}{% include ['x.html', 'y.html'] %}", y="y")
    assert render("page.html") == "y"
