"""The fixtures of pytest, in runs of their own; and runs that do not ask for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl import pytest_plugin

ROOT = Path(__file__).parents[2]
PACKAGES = Path(streamtmpl.__file__).parents[1]

ENTRY_POINTS = """\
[pytest11]
streamtmpl = streamtmpl.pytest_plugin
"""

TESTS = """
import threading

def application(rows):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        yield b"head "
        yield from rows
    return app

def test_of_a_page(stream_client, stream_gate, stream_recorder):
    rows = stream_gate(b"rows", name="rows")
    response = stream_client(application(rows)).get("/")
    assert response.read_until("head") == "head "
    stream_recorder.note("read")
    rows.open()
    assert response.read() == "head rows"
    assert "read" in stream_recorder

def test_that_opens_no_gate(stream_client, stream_gate):
    rows = stream_gate(b"rows", name="rows")
    assert stream_client(application(rows)).get("/").next() == "head "
    rows.reached()

def test_that_nothing_is_left():
    assert [each for each in threading.enumerate() if each.name.startswith("test of")] == []
"""

NOTHING = """
import sys

def test_what_is_imported():
    print("imported:", *sorted(sys.modules))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which pytest finds the plugin as an installed one, whether it is or not."""
    installed = tmp_path / "installed" / "streamtmpl_as_a_plugin-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Name: streamtmpl-as-a-plugin\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    (installed / "RECORD").write_text("streamtmpl/pytest_plugin.py,,\nstreamtmpl/__init__.py,,\n")
    (tmp_path / "tests").mkdir()
    return tmp_path / "tests"


def run(
    project: Path, tests: str, *arguments: str, before: str = "", by_itself: bool = True
) -> str:
    """What pytest prints for *tests*, without other plugins; as in a process that has done more."""
    (project / "test_it.py").write_text(tests)
    path = os.pathsep.join([str(project.parent / "installed"), str(PACKAGES)])
    others = ("xdist", "hypothesispytest", "anyio", "benchmark", "cacheprovider")
    options = ["-W", "error", *(f"-pno:{name}" for name in others)]
    command = f"{before}\nimport pytest, sys\nsys.exit(pytest.main(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", command, *options, *arguments, "."],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PYTEST_ADDOPTS": "",
            # Any value is one, also the empty one.
            **({} if by_itself else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    return ended.stdout


def test_the_entry_point_is_that_of_the_package() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.search(
        r'^\[project\.entry-points\.(\w+)\]\n(\w+) = "([\w.]+)"', settings, re.MULTILINE
    )
    assert declared is not None
    group, name, module = declared.groups()
    assert f"[{group}]\n{name} = {module}\n" == ENTRY_POINTS


def test_the_fixtures(project: Path) -> None:
    assert re.search(r"\b3 passed in", run(project, TESTS))


def test_the_example_of_the_documentation(project: Path) -> None:
    text = (ROOT / "docs" / "testing.rst").read_text(encoding="utf-8")
    [example] = re.findall(
        r"^With pytest\n-+\n(?:.*\n)*?\.\. code-block:: python\n\n((?:(?:    .*)?\n)+)", text, re.M
    )
    assert re.search(r"\b1 passed in", run(project, textwrap.dedent(example)))


def test_a_run_that_asks_for_no_fixture_imports_nothing(project: Path) -> None:
    def imported(*arguments: str) -> set[str]:
        printed = re.search(r"imported: (.*)", run(project, NOTHING, "-s", *arguments))
        assert printed is not None
        return set(printed[1].split())

    added = imported() - imported("-p", "no:streamtmpl")
    assert added == {"streamtmpl", "streamtmpl.pytest_plugin", "streamtmpl.version"}


def test_the_plugin_can_be_left_out(project: Path) -> None:
    printed = run(project, TESTS, "-p", "no:streamtmpl")
    assert "fixture 'stream_client' not found" in printed
    assert re.search(r"\b1 passed, 2 errors in", printed)


def test_the_plugin_can_be_named(project: Path) -> None:
    assert re.search(r"\b3 passed in", run(project, TESTS, "-p", "streamtmpl"))


def test_where_nothing_is_loaded_by_itself_it_is_a_module(project: Path) -> None:
    named = ("-p", "streamtmpl.pytest_plugin")
    assert re.search(r"\b3 passed in", run(project, TESTS, *named, by_itself=False))


def test_a_package_that_is_imported_already_is_no_warning(project: Path) -> None:
    printed = run(project, TESTS, before="import streamtmpl.testing, streamtmpl.pytest_plugin")
    assert re.search(r"\b3 passed in", printed)


def test_fixtures_are_all_that_it_adds(project: Path) -> None:
    hooks = [name for name in dir(pytest_plugin) if name.startswith("pytest_")]
    assert hooks == []
    listed = run(project, "", "--fixtures", "-q")
    names = re.findall(r"^(\w+) -- .*streamtmpl.pytest_plugin\.py:\d+\n +\S", listed, re.MULTILINE)
    assert sorted(names) == ["stream_client", "stream_gate", "stream_recorder"]


FAILING = """
def test_that_fails(stream_client, stream_gate):
    client = stream_client(application(stream_gate(name="rows")), timeout=2)
    client.get("/").read_until("foot")
"""


def test_a_failure_is_told_once_and_at_once(project: Path) -> None:
    printed = run(project, TESTS + FAILING, "-k", "fails")
    assert re.search(r"\b1 failed, 3 deselected in", printed)
    assert "AssertionError: 'foot' has not come within 2 s. This has:" in printed
    assert "Waited at: gate 'rows' in app, test_it.py line 8." in printed


TWO_CLIENTS = """
ended = []

def other(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    try:
        yield b"head "
        yield b"rows"
    finally:
        ended.append(True)

def failing(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    try:
        yield b"head "
        yield b"rows"
    finally:
        raise LookupError("of closing")

def test_of_two(stream_client):
    for app in (%s):
        assert stream_client(app).get("/").next() == "head "

def test_that_both_are_closed():
    assert ended
"""


@pytest.mark.parametrize("order", ["other, failing", "failing, other"])
def test_a_client_that_fails_to_close_leaves_no_other_open(order: str, project: Path) -> None:
    printed = run(project, TWO_CLIENTS % order)
    assert "LookupError: of closing" in printed
    assert re.search(r"\b2 passed, 1 error in", printed)
