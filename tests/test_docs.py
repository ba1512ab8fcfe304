"""Everything that README.md and docs/ show as runnable is run here.

- Python blocks of one document run in order in one namespace, as scripts (they assert what they
  claim) or, when they contain ``>>>``, as doctests.
- In ``console`` blocks each ``$ streamtmpl ...`` or ``$ python -m streamtmpl ...`` runs in the
  project's root, must succeed and must print what the block shows, if it shows anything; a line
  ``...`` stands for any lines.
- Other console commands (installing, running these tests) are not run.
"""

from __future__ import annotations

import doctest
import logging
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

import streamtmpl

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.rst"))]

MARKDOWN_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
RST_BLOCK = re.compile(
    r"^\.\. code-block:: (?P<language>\w+)\n(?:    :.*\n)*\n(?P<body>(?:(?:    .*)?\n)+)",
    re.MULTILINE,
)
EXTRAS = {
    "aiohttp.rst": "aiohttp_jinja2",
    "databases.rst": "flask_sqlalchemy",
    "django.rst": "django",
    "events.rst": "flask",
    "exports.rst": "flask quart starlette django orjson",
    "flask.rst": "flask",
    "litestar.rst": "litestar",
    "not-streaming.rst": "flask",
    "observing.rst": "opentelemetry.sdk.trace",
    "quart.rst": "quart",
    "starlette.rst": "starlette",
    "testing.rst": "flask starlette",
    "timeline.rst": "flask starlette",
    "tools.rst": "opentelemetry.instrumentation.jinja2",
}
"""What the examples of some documents need beyond the dependencies of the tests."""

RUNNABLE = ("streamtmpl ", "python -m streamtmpl ")


class Block(NamedTuple):
    document: Path
    line: int
    source: str


class Command(NamedTuple):
    line: str
    expected: str


def blocks(document: Path, language: str) -> list[Block]:
    text = document.read_text(encoding="utf-8") + "\n"
    pattern = MARKDOWN_BLOCK if document.suffix == ".md" else RST_BLOCK
    return [
        Block(
            document,
            text.count("\n", 0, match.start("body")),
            textwrap.dedent(match["body"]).rstrip() + "\n",
        )
        for match in pattern.finditer(text)
        if match["language"] == language
    ]


def run_python(block: Block, namespace: dict) -> None:
    if ">>> " in block.source:
        run_doctest(block, namespace)
    else:
        # Padded, so that a traceback names the line in the document.
        source = "\n" * block.line + block.source
        code = compile(source, str(block.document), "exec", dont_inherit=True)
        exec(code, namespace)


def run_doctest(block: Block, namespace: dict) -> None:
    parser = doctest.DocTestParser()
    name = block.document.name
    test = parser.get_doctest(block.source, namespace, name, str(block.document), block.line)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    assert runner.failures == 0, "".join(report)


def commands(block: Block) -> list[Command]:
    """The runnable commands of a console block, each with the output shown below it."""
    found = []
    for part in re.split(r"^\$ ", block.source, flags=re.MULTILINE)[1:]:
        # A trailing backslash continues the command on the next line.
        match = re.fullmatch(r"(?P<line>(?:.*\\\n)*.*)\n(?P<expected>(?s:.*))", part)
        assert match is not None
        line = match["line"].replace("\\\n", " ")
        runnable = " && ".join(step for step in line.split(" && ") if step.startswith(RUNNABLE))
        if runnable:
            found.append(Command(runnable, match["expected"]))
    return found


def matches(expected: str, output: str) -> bool:
    """Compare, but for newlines at the end; a command without output shown may print anything."""
    if not expected.strip():
        return True
    parts = re.split(r"^\.\.\.$", expected.rstrip(), flags=re.MULTILINE)
    return re.fullmatch(".*".join(map(re.escape, parts)), output.rstrip(), re.DOTALL) is not None


def run_command(command: Command) -> None:
    bin_directory = str(Path(sys.executable).parent)
    path = os.pathsep.join([bin_directory, os.environ.get("PATH", "")])
    finished = subprocess.run(
        ["bash", "-c", command.line],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    assert finished.returncode == 0, f"$ {command.line}\nfailed with:\n{finished.stdout}"
    assert matches(command.expected, finished.stdout), (
        f"$ {command.line}\nprinted:\n{finished.stdout}\nbut the document shows:\n"
        f"{command.expected}"
    )


def with_blocks(language: str) -> list:
    return [
        pytest.param(document, id=document.name)
        for document in DOCUMENTS
        if blocks(document, language)
    ]


@pytest.fixture
def _loggers_as_they_were():
    """Examples show what is logged."""
    loggers = [logging.getLogger(name) for name in ("streamtmpl", "streamtmpl.events")]
    before = [(each.handlers[:], each.filters[:], each.propagate) for each in loggers]
    yield
    for logger, (handlers, filters, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.filters[:], logger.propagate = handlers, filters, propagate


@pytest.mark.usefixtures("_loggers_as_they_were")
@pytest.mark.parametrize("document", with_blocks("python"))
def test_python_examples(document, monkeypatch):
    for extra in EXTRAS.get(document.name, "").split():
        pytest.importorskip(extra, reason=f"not installed: pip install streamtmpl[{extra}]")
    monkeypatch.chdir(ROOT)
    namespace: dict = {"__name__": "__main__"}
    for block in blocks(document, "python"):
        run_python(block, namespace)


@pytest.mark.parametrize("document", with_blocks("console"))
def test_console_examples(document):
    for block in blocks(document, "console"):
        for command in commands(block):
            run_command(command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_code_block_is_found(document):
    """A block that the patterns above miss would silently not be run."""
    text = document.read_text(encoding="utf-8")
    marker = "```" if document.suffix == ".md" else ".. code-block::"
    for language in ("python", "console"):
        shown = len(re.findall(rf"{re.escape(marker)} ?{language}\b", text))
        assert len(blocks(document, language)) == shown


def test_readme_shows_both_kinds():
    readme = ROOT / "README.md"
    assert blocks(readme, "python")
    assert [command for block in blocks(readme, "console") for command in commands(block)]


def test_api_reference_names_every_public_name():
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\.\. auto\w+:: streamtmpl\.(\w+)", text, re.MULTILINE))
    assert set(streamtmpl.__all__) - {"__version__"} == documented
