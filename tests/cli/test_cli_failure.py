"""What the command line says when a template, its data or its output fails."""

from pathlib import Path

import pytest

from streamtmpl.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def complain(capfd):
    """Render ``page.html``, made of the given text, and return the only line on standard error."""

    def complain(text, *arguments, **others):
        for name, content in {"page": text, **others}.items():
            Path(f"{name}.html").write_text(content, encoding="utf-8")
        assert main(["render", "page.html", *arguments]) == 1
        written = capfd.readouterr().err
        prefix, _, message = written.partition("streamtmpl: error: ")
        assert prefix == ""
        assert message.endswith("\n")
        assert message.count("\n") == 1
        return message.rstrip("\n")

    return complain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{% if %}", "page.html:2: Expected an expression, got 'end of statement block'"),
        ("{{ 1|nofilter }}", "page.html:1: No filter named 'nofilter'."),
        ("{% for a in b %}\n\n", "page.html:1: Unexpected end of template."),
        ("a\n\n{{ missing.name }}", "page.html:3: 'missing' is undefined"),
        ("a\n{{ 'a' + 1 }}", "page.html:2: TypeError: "),
        ("{% for row in rows %}{{ row }}{% endfor %}{{ rows|length }}", "page.html:1: TypeError: "),
        ("\n{% include 'no.html' %}", "page.html:2: template 'no.html' not found in '.'"),
        ("\n{% extends 'no.html' %}", "page.html:2: template 'no.html' not found in '.'"),
        ("\n{% include ['x', 'y'] %}", "page.html:2: none of the templates given were found: x, y"),
        ("{% include 'page.html' %}", "page.html:1: RecursionError: "),
    ],
)
def test_template_error_names_file_and_line(complain, text, message):
    Path("r.csv").write_text("a\n")
    assert complain(text, "--rows", "r.csv").startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% include 'part.html' %}", "part.html:2: 'missing' is undefined"),
        (
            "{% extends 'base.html' %}{% block b %}\n\n{{ missing.a }}{% endblock %}",
            "page.html:3: ",
        ),
        ("{% extends 'base.html' %}{% block b %}\n{{ super() }}{% endblock %}", "base.html:3: "),
        ("{% from 'macro.html' import m %}\n{{ m() }}", "macro.html:2: "),
        ("{% include 'asks.html' %}", "asks.html:3: template 'no.html' not found in '.'"),
        ("{% include 'wrong.html' %}", "wrong.html:2: Encountered unknown tag 'nonsense'."),
    ],
)
def test_error_in_another_template_names_that_one(complain, text, message):
    others = {
        "part": "\n{{ missing.a }}",
        "base": "{% block b %}\n\n{{ missing.a }}{% endblock %}",
        "macro": "{% macro m() %}\n{{ missing.a }}{% endmacro %}",
        "asks": "\n\n{% include 'no.html' %}",
        "wrong": "\n{% nonsense %}",
    }
    assert complain(text, **others).startswith(message)


def test_error_after_the_first_chunk(complain):
    message = complain(
        "{% for i in range(9) %}{{ 1 // (5 - i) }}\n{% endfor %}", "--chunk-size", "0"
    )
    assert message.startswith("page.html:1: ZeroDivisionError: ")


def test_error_of_several_lines_is_put_on_one(complain):
    message = "page.html:1: none of the templates given were found: a b"
    assert complain("{% include ['a\nb'] %}") == message


def write(name, text):
    Path(name).write_text(text, encoding="utf-8", newline="")
    return name


def test_template_that_cannot_be_read(complain, capfd):
    Path("folder.html").mkdir()
    assert main(["render", "folder.html"]) == 1
    message = "streamtmpl: error: folder.html: cannot be read: Is a directory\n"
    assert capfd.readouterr().err == message
    Path("latin.html").write_bytes(b"a\n\xe4")
    message = complain("\n{% include 'latin.html' %}")
    problem = "expected UTF-8 text, found the byte 0xe4: templates are UTF-8"
    assert message == f"latin.html:2: {problem}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "no.csv"], "no.csv: cannot be read: No such file or directory"),
        (["--data", "no.json"], "no.json: cannot be read: No such file or directory"),
        (["--rows", "bad.csv"], "bad.csv:3: expected 2 fields, as in the header, found 1"),
        (["--rows", "bad.jsonl"], "bad.jsonl:2: invalid JSON: Expecting value (column 7)"),
        (["--data", "bad.json"], "bad.json:2: invalid JSON: Expecting value (column 1)"),
    ],
)
def test_data_error_names_the_file_of_data(complain, arguments, message):
    write("bad.csv", "a,b\n1,2\n3\n")
    write("bad.jsonl", '{"a": 1}\n{"a": }\n')
    write("bad.json", '{"a":\n}')
    text = "{% for row in rows %}{{ loop.index }} {{ row.a }}{% endfor %}"
    assert complain(text, *arguments) == message


def test_data_error_inside_a_macro_and_a_filter(complain):
    write("bad.csv", "a\n1\n2,3\n")
    message = "bad.csv:3: expected 1 fields, as in the header, found 2"
    text = "{% macro m() %}{% for r in rows %}{{ r.a }}{% endfor %}{% endmacro %}{{ m() }}"
    assert complain(text, "--rows", "bad.csv") == message
    assert complain("{{ rows|map(attribute='a')|join }}", "--rows", "bad.csv") == message


def test_text_that_utf8_cannot_hold(complain):
    problem = r"page.html: the output cannot be encoded as utf-8: it has the character '\udcff'"
    assert complain("{{ a }}", "-D", "a=\udcff") == problem


def test_output_that_cannot_be_written(complain):
    message = "no/out.html: cannot be written: No such file or directory"
    assert complain("a", "--output", "no/out.html") == message


OUTPUT_IS_READ = "it is the same file as {}, which is read: give another file"


@pytest.mark.parametrize(
    ("output", "source"),
    [
        ("page.html", "page.html"),
        ("./page.html", "page.html"),
        ("link.html", "page.html"),
        ("part.html", "part.html"),
        ("base.html", "base.html"),
        ("d.json", "d.json"),
        ("r.csv", "r.csv"),
    ],
)
def test_output_that_is_read(complain, output, source):
    write("d.json", "{}")
    write("r.csv", "a\n1\n")
    write("page.html", "")
    Path("link.html").symlink_to("page.html")
    text = "{% extends 'base.html' %}{% block b %}{% include 'part.html' %}{% endblock %}"
    others = {"base": "{% block b %}{% endblock %}", "part": "part"}
    arguments = ["--data", "d.json", "--rows", "r.csv", "--output", output]
    message = f"{output}: cannot be written: {OUTPUT_IS_READ.format(source)}"
    assert complain(text, *arguments, **others) == message
    assert Path("d.json").read_text() + Path("r.csv").read_text() == "{}a\n1\n"
    assert Path("page.html").read_text() == text


@pytest.mark.parametrize(
    ("text", "kind", "end"),
    [
        ("\n{% defer %}{{ 1 // 0 }}{% enddefer %}", "error", "nothing is shown in its place)"),
        (
            "\n{% boundary %}{{ 1 // 0 }}{% fallback %}b{% endboundary %}",
            "warning",
            "its 'fallback' part is shown)",
        ),
    ],
)
def test_error_that_is_caught_is_told_in_one_line(capfd, text, kind, end):
    write("page.html", text)
    assert main(["render", "page.html"]) == 0
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"streamtmpl: {kind}: page.html:2: ZeroDivisionError: ")
    assert line.endswith(end)
    assert main(["render", "page.html", "--traceback"]) == 0
    assert capfd.readouterr().err.startswith("Traceback (most recent call last):\n")


def test_missing_template(capfd):
    assert main(["render", "no.html"]) == 1
    message = "streamtmpl: error: no.html: template not found: there is no such file\n"
    assert capfd.readouterr().err == message


def test_error_that_is_in_no_template_names_the_rendered_one(complain):
    message = complain("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}")
    assert message.startswith("page.html: RecursionError: ")


def test_traceback_on_request(capfd):
    write("page.html", "\n{{ 1 // 0 }}")
    assert main(["render", "page.html", "--traceback"]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert '  File "page.html", line 2, in top-level template code' in lines
    assert lines[-1].startswith("streamtmpl: error: page.html:2: ZeroDivisionError: ")
