"""``streamtmpl explain`` as a user has it: what is written, in which form, and the exit status."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl.cli import main

MACRO = "{% macro m(rows) %}{% for row in rows %}{{ row }}{% endfor %}{% endmacro %}"
HELD = MACRO + "\n{{ m(rows)|upper }}\n"
INSTEAD = (
    "`m()` is captured: `|upper` needs it as a whole."
    " Instead: apply the filter inside the macro, to the values\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    package = Path(streamtmpl.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(package), prepend=os.pathsep)
    return tmp_path


def write(**templates):
    for name, source in templates.items():
        path = Path(name.replace("__", "/") + ".html")
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")


def explained(capfd, *arguments):
    status = main(["explain", *arguments])
    captured = capfd.readouterr()
    return status, captured.out, captured.err


def test_text(capfd):
    write(page="<h1>{{ title }}</h1>\n{% for row in rows %}\n{{ row }}{% endfor %}\n")
    status, text, messages = explained(capfd, "page.html")
    assert (status, messages) == (0, "")
    assert text == (
        "page.html\n"
        "\n"
        "1  <h1>{{ title }}</h1>\n"
        "     run      written at once, when its values are known\n"
        "2  {% for row in rows %}\n"
        "     wait     if `rows` is lazy, what stands above the loop leaves before its first pull,"
        " unless a\n"
        "              chunk has left before; after a slow pull, so does each item when it is"
        " finished\n"
        "3  {{ row }}{% endfor %}\n"
        "     run      written at once, when its values are known\n"
        "     cut      a chunk may be cut after each iteration\n"
    )


def test_text_of_what_is_held_back_and_of_what_is_ignored(capfd):
    write(page=HELD + "{{ m(rows)|safe }}{# explain: ignore #}")
    status, text, _ = explained(capfd, "page.html")
    assert status == 0
    assert "     capture  `m()` is captured: `|upper` needs it as a whole\n" in text
    assert "              instead: apply the filter inside the macro, to the values\n" in text
    assert "              ignored: leave `|safe` out: " in text


def test_check(capfd):
    write(page=HELD, good=MACRO + "{{ m(rows) }}")
    assert explained(capfd, "good.html", "--check") == (0, "", "")
    assert explained(capfd, "page.html", "--check") == (1, f"page.html:2: {INSTEAD}", "")


def test_check_of_what_is_ignored(capfd):
    write(page=MACRO + "\n{# explain: ignore #}\n{{ m(rows)|upper }}")
    assert explained(capfd, "page.html", "--check") == (0, "", "")


def test_check_looks_at_the_templates_of_the_page(capfd):
    write(
        page="{% extends 'base.html' %}{% block b %}{% include 'part.html' %}{% endblock %}",
        base="{% filter trim %}\n{% block b %}{% endblock %}{% endfilter %}",
        part=HELD,
    )
    status, text, _ = explained(capfd, "page.html", "--check")
    assert status == 1
    assert [line.split(":")[:2] for line in text.splitlines()] == [
        ["base.html", "1"],
        ["part.html", "2"],
    ]


def test_a_folder_is_checked_with_all_below_it(capfd):
    write(
        site__base="{% filter trim %}{% block b %}{% endblock %}{% endfilter %}",
        site__a="{% extends 'base.html' %}",
        site__b="{% extends 'base.html' %}",
    )
    Path("site/inner").mkdir()
    Path("site/inner/c.txt.j2").write_text("{% extends 'base.html' %}" + HELD)
    Path("site/picture.png").write_bytes(b"\xff{% endif %}")
    Path("site/.hidden.html").write_text("{% endif %}")
    status, text, messages = explained(capfd, "site", "--check")
    assert (status, messages) == (1, "")
    assert [line.split(":")[0] for line in text.splitlines()] == ["site/base.html"]
    status, text, _ = explained(capfd, "site")
    assert re.findall(r"(?m)^site/.*$", text) == [
        "site/a.html",
        "site/b.html",
        "site/base.html",
        "site/inner/c.txt.j2",
    ]


def test_one_that_is_wrong_leaves_the_others(capfd):
    write(wrong="a\n{% endif %}", page=HELD)
    status, text, messages = explained(capfd, "wrong.html", "page.html", "--check")
    assert (status, text) == (1, f"page.html:2: {INSTEAD}")
    assert messages.startswith("streamtmpl: error: wrong.html:2: Encountered unknown tag 'endif'.")


def test_a_template_that_is_not_there(capfd):
    write(page="{% extends 'gone.html' %}")
    status, text, messages = explained(capfd, "page.html", "nothing.html")
    assert (status, text) == (1, "")
    assert messages == (
        "streamtmpl: error: page.html: template 'gone.html' not found in '.'\n"
        "streamtmpl: error: nothing.html: template not found: there is no such file\n"
    )


def test_json(capfd):
    write(page=HELD)
    status, text, _ = explained(capfd, "page.html", "--check", "--format", "json")
    assert status == 1
    found = json.loads(text)
    assert found["version"] == 1
    (template,) = found["templates"]
    assert (template["name"], template["file"]) == ("page.html", "page.html")
    assert [(line["line"], line["source"]) for line in template["lines"]] == [
        (1, MACRO),
        (2, "{{ m(rows)|upper }}"),
    ]
    capture = template["lines"][1]["statements"][-1]
    assert capture == {
        "kind": "capture",
        "line": 2,
        "text": "`m()` is captured: `|upper` needs it as a whole",
        "mend": "apply the filter inside the macro, to the values",
        "ignored": False,
    }


def test_what_is_known_to_be_lazy(capfd):
    write(page="{% for row in rows|sort %}{{ row }}{% endfor %}")
    assert explained(capfd, "page.html", "--check")[0] == 0
    status, text, _ = explained(capfd, "page.html", "--check", "--lazy", "rows")
    assert status == 1
    assert text.endswith(" Instead: have `rows` come in that order\n")


def test_async(capfd):
    write(page="{{ row }}")
    waits = "what stands above leaves before a wait for one of them"
    assert waits not in " ".join(explained(capfd, "page.html")[1].split())
    assert waits in " ".join(explained(capfd, "page.html", "--async")[1].split())


def test_a_commit_that_waits_for_a_block(capfd):
    write(page="{% block b %}{% endblock %}")
    status, text, _ = explained(capfd, "page.html", "--commit-after", "b")
    assert status == 0
    assert "nothing leaves before the end of block `b`" in text
    status, _, messages = explained(capfd, "page.html", "--commit-after", "c")
    assert status == 1
    assert "commit_after='c' names no block of the page" in messages
    assert "--traceback" not in messages, "it has no such option"


def test_options_of_reading(capfd):
    write(lib__part="x", page="{% include 'part.html' %}\n{% do f() %}")
    arguments = ["--search-path", "lib", "--extension", "do", "--trim-blocks"]
    status, text, messages = explained(capfd, "page.html", *arguments)
    assert (status, messages) == (0, "")
    assert "\nlib/part.html\n" in text


def test_filters_and_tests_of_the_application_are_taken_to_be_there(capfd):
    write(page="{{ x|money(2) }}{% if x is sold %}{{ 'a'|money }}{% endif %}\n" + HELD)
    status, text, messages = explained(capfd, "page.html", "--check")
    assert (status, text, messages) == (1, f"page.html:3: {INSTEAD}", "")
    write(page="{{ rows|money }}{% for row in rows|sorted %}{% endfor %}")
    text = explained(capfd, "page.html")[1]
    assert "if `rows|sorted` is lazy" in text


def test_nothing_steers_the_terminal(capfd):
    write(page="\x1b[31m{{ x }}\x07")
    text = explained(capfd, "page.html")[1]
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "1  \\x1b[31m{{ x }}\\x07\n" in text


def test_colours(capfd):
    write(page=HELD)
    plain = explained(capfd, "page.html", "--color", "never")[1]
    assert explained(capfd, "page.html")[1] == plain  # standard output is no terminal
    colored = explained(capfd, "page.html", "--color", "always")[1]
    assert "\x1b[31;1mcapture  \x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_a_reader_that_cannot_show_all_there_is():
    write(page="ä→{{ x }}")
    command = [sys.executable, "-m", "streamtmpl", "explain", "page.html"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    assert b"1  \\xe4\\u2192{{ x }}" in ended.stdout


def test_json_where_not_all_characters_can_be_written():
    write(page="ä→{{ x }}")
    command = [sys.executable, "-m", "streamtmpl", "explain", "page.html", "--format", "json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    assert json.loads(ended.stdout)["templates"][0]["lines"][0]["source"] == "ä→{{ x }}"


def test_a_folder_without_templates_is_no_good_news(capfd):
    Path("empty").mkdir()
    Path("empty/page.jinja3").write_text("{{ x }}")
    status, text, messages = explained(capfd, "empty", "--check")
    assert (status, text) == (1, "")
    assert messages.startswith("streamtmpl: error: empty: no template in it: expected names in .ht")


@pytest.mark.parametrize("name", ["", "a b", "report.", "rows[0]"])
def test_a_lazy_name_that_is_none(capfd, name):
    with pytest.raises(SystemExit):
        main(["explain", "page.html", "--lazy", name])
    expected = f"argument --lazy: expected a name, as rows or report.*, found {name!r}"
    assert expected in capfd.readouterr().err


def test_wrong_usage(capfd):
    with pytest.raises(SystemExit) as ended:
        main(["explain"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        main(["explain", "page.html", "--format", "xml"])
    assert "invalid choice: 'xml'" in capfd.readouterr().err


# -- HTML


class Page(HTMLParser):
    """What a page shows, and what it loads."""

    def __init__(self):
        super().__init__()
        self.shown, self.ids, self.targets, self.tags = "", set(), set(), set()
        self.classes = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        self.ids.add(given.get("id"))
        self.targets.add(given.get("href"))
        self.classes += [given.get("class", "")] if tag == "li" else []
        assert "src" not in given

    def handle_data(self, data):
        self.shown += data


def page_of(capfd, *arguments):
    status, text, messages = explained(capfd, *arguments, "--html", "out.html")
    page = Page()
    page.feed(Path("out.html").read_text(encoding="utf-8"))
    return status, text, messages, page


def test_html(capfd):
    write(page=HELD + "<script>alert(1)</script>{{ m(rows)|safe }}{# explain: ignore #}")
    status, text, messages, page = page_of(capfd, "page.html")
    assert (status, text, messages) == (0, "", "")
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.shown
    assert "1 place holds text back that need not:" in page.shown
    assert "Instead: apply the filter inside the macro, to the values" in page.shown
    assert "(ignored)" in page.shown
    targets = page.targets - {None}
    assert targets == {"#t0-1", "#t0-2", "#t0-3"}
    assert {target[1:] for target in targets} <= page.ids
    assert page.classes.count("capture held") == 1
    assert "■ capture" in page.shown, "a sign and a word, not the colour alone"


def test_html_of_what_is_well(capfd):
    write(page="{{ x }}")
    page = page_of(capfd, "page.html")[3]
    assert "No text is held back that need not be." in page.shown


def test_html_beside_a_check(capfd):
    write(page=HELD)
    status, text, _, page = page_of(capfd, "page.html", "--check")
    assert (status, text) == (1, f"page.html:2: {INSTEAD}")
    assert "What streams in page.html" in page.shown


@pytest.mark.parametrize("asked", ["page.html", "folder"])
def test_html_is_not_written_over_a_template(capfd, asked):
    write(page="{% include 'part.html' %}{% include 'page.html' %}", part="x", folder__page="y")
    files = ("page.html", "part.html") if asked == "page.html" else ("folder/page.html",)
    for name in files:
        kept = Path(name).read_text(encoding="utf-8")
        status, text, messages = explained(capfd, asked, "--html", name)
        assert (status, text) == (1, "")
        assert messages == (
            f"streamtmpl: error: {name}: cannot be written: it is the same file as {name}, which"
            " is read: give another file\n"
        )
        assert Path(name).read_text(encoding="utf-8") == kept


def test_html_where_nothing_can_be_written(capfd):
    write(page="x")
    status, _, messages = explained(capfd, "page.html", "--html", "no/folder.html")
    assert status == 1
    assert messages.startswith("streamtmpl: error: no/folder.html: cannot be written: No such file")
