"""The command line's arguments: what they become and what is refused."""

import re
from pathlib import Path

import jinja2.ext
import pytest

import streamtmpl
from streamtmpl.cli import command


def parse_arguments(arguments):
    options, _ = command.parse_arguments(arguments)
    return options


def test_defaults():
    options = parse_arguments(["render", "page.html"])
    assert options.template == "page.html"
    assert (options.search_path, options.data, options.definitions) == ([], [], [])
    assert (options.rows, options.rows_format) == ([], None)
    assert (options.output, options.chunk_size, options.autoescape) == (None, None, None)
    assert options.traceback is False


@pytest.mark.parametrize(
    ("argument", "name", "file"),
    [
        ("sales.csv", "rows", "sales.csv"),
        ("-", "rows", "-"),
        ("sales=data/2024.csv", "sales", "data/2024.csv"),
        ("sales=-", "sales", "-"),
        ("sales=a=b.csv", "sales", "a=b.csv"),
        ("./a=b.csv", "rows", "./a=b.csv"),
        ("2024=b.csv", "rows", "2024=b.csv"),
    ],
)
def test_rows_with_and_without_a_name(argument, name, file):
    assert parse_arguments(["render", "t", "--rows", argument]).rows == [(name, file)]


@pytest.mark.parametrize(
    ("argument", "definition"),
    [("a=1", ("a", "1")), ("a=", ("a", "")), ("a=b=c", ("a", "b=c")), ("ä=-1", ("ä", "-1"))],
)
def test_definitions(argument, definition):
    assert parse_arguments(["render", "t", "-D", argument]).definitions == [definition]
    assert parse_arguments(["render", "t", f"-D{argument}"]).definitions == [definition]


def test_same_definition_twice_is_an_override():
    options = parse_arguments(["render", "t", "-D", "a=1", "-D", "a=2"])
    assert dict(options.definitions) == {"a": "2"}


@pytest.mark.parametrize(("flag", "value"), [("--autoescape", True), ("--no-autoescape", False)])
def test_autoescape(flag, value):
    assert parse_arguments(["render", "t", flag]).autoescape is value


@pytest.mark.parametrize(
    ("text", "delimiter"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), ("|", "|")]
)
def test_delimiters(text, delimiter):
    assert parse_arguments(["render", "t", "--delimiter", text]).delimiter == delimiter


@pytest.mark.parametrize("name", ["do", "jinja2.ext.do", "jinja2.ext:ExprStmtExtension"])
def test_extensions(name):
    options = parse_arguments(["render", "t", "--extension", name, "--extension", "loopcontrols"])
    assert options.extensions == [jinja2.ext.do, jinja2.ext.loopcontrols]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["print"], "argument COMMAND: invalid choice: 'print'"),
        (["render"], "the following arguments are required: TEMPLATE"),
        (["render", "t", "--chunk", "1"], "unrecognized arguments: --chunk 1"),
        (
            ["render", "t", "--chunk-size", "-1"],
            "argument --chunk-size: expected a number of characters from 0, found '-1'",
        ),
        (
            ["render", "t", "--chunk-size", "1k"],
            "argument --chunk-size: expected a number of characters from 0, found '1k'",
        ),
        (["render", "t", "-D", "a"], "argument -D: expected NAME=VALUE, found 'a'"),
        (["render", "t", "-D", "a.b=1"], "argument -D: expected NAME=VALUE, found 'a.b=1'"),
        (["render", "t", "--rows", ""], "argument --rows: expected FILE or NAME=FILE, found ''"),
        (
            ["render", "t", "--rows", "a="],
            "argument --rows: expected FILE or NAME=FILE, found 'a='",
        ),
        (["render", "t", "--output", ""], "argument --output: expected a file, found nothing"),
        (["render", "t", "--data", ""], "argument --data: expected a file, found nothing"),
        (
            ["render", "t", "--delimiter", ";;"],
            "argument --delimiter: expected one character, or tab, and no quote or line end, ",
        ),
        (["render", "t", "--delimiter", '"'], "argument --delimiter: expected one character"),
        (["render", "t", "--delimiter", ""], "argument --delimiter: expected one character"),
        (
            ["render", "t", "--delimiter", ";", "--rows-format", "jsonl"],
            "--delimiter is for CSV and TSV: leave it out, or give another --rows-format",
        ),
        (
            ["render", "t", "--encoding", "klingon"],
            "argument --encoding: expected the name of an encoding, as utf-8, cp1252 or utf-16, "
            "found 'klingon'",
        ),
        (["render", "t", "--encoding", "base64"], "argument --encoding: expected the name"),
        (
            ["render", "t", "--extension", "nope"],
            "argument --extension: cannot import 'nope': AttributeError: ",
        ),
        (
            ["render", "t", "--extension", "no.such.Extension"],
            "argument --extension: cannot import 'no.such.Extension': ModuleNotFoundError: ",
        ),
        (
            ["render", "t", "--extension", "json.JSONDecoder"],
            "argument --extension: expected an extension of Jinja2, found <class 'json.decoder",
        ),
        (["render", "t", "--rows-format", "xml"], "argument --rows-format: invalid choice: 'xml'"),
        (["render", "t", "--search-path", "/no"], "argument --search-path: not a folder: '/no'"),
        (
            ["render", "t", "--rows", "a.csv", "--rows", "b.csv"],
            "'rows' is given twice: use --rows NAME=FILE to choose another name",
        ),
        (
            ["render", "t", "--rows", "a=a.csv", "-D", "a=1"],
            "'a' is given twice: use --rows NAME=FILE to choose another name",
        ),
        (
            ["render", "t", "--rows", "-", "--data", "-"],
            "standard input (-) can be only one of the --data and --rows files",
        ),
    ],
)
def test_wrong_usage(capsys, arguments, problem):
    with pytest.raises(SystemExit) as raised:
        parse_arguments(arguments)
    usage, _, message = capsys.readouterr().err.partition("streamtmpl: error: ")
    assert raised.value.code == 2
    assert usage.startswith("usage: streamtmpl")
    assert message.startswith(problem)


def test_version_and_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        parse_arguments(["--version"])
    assert capsys.readouterr().out == f"streamtmpl {streamtmpl.__version__}\n"
    with pytest.raises(SystemExit, match="0"):
        parse_arguments(["render", "--help"])
    assert "141 the reader of the output left" in capsys.readouterr().out


def test_every_option_is_documented(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["render", "--help"])
    options = set(re.findall(r"(?<!\S)--?\w[\w-]*", capsys.readouterr().out)) - {"-h"}
    document = Path(__file__).parents[2] / "docs" / "command-line.rst"
    assert {"--rows", "-D", "--no-autoescape", "--help"} <= options
    assert options <= set(re.findall(r"(?<!\w)--?\w[\w-]*", document.read_text("utf-8")))
