"""Generated code that is seen as it is (in a debugger, a profiler) can be looked up."""

from __future__ import annotations

import gc
import linecache
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest

from streamtmpl import StreamEnvironment, enable_streaming
from streamtmpl.compiler.generated import compile_generated


def of_files(folder: Path, is_async: bool = False) -> StreamEnvironment:
    loader = jinja2.FileSystemLoader(folder)
    return StreamEnvironment(loader=loader, autoescape=True, enable_async=is_async)


class Place(NamedTuple):
    """Where the template's code stood while it made a call."""

    filename: str
    line: int


def place_of_call(template: Any) -> Place:
    places = []

    def look() -> str:
        frame = sys._getframe(1)
        while not frame.f_code.co_filename.startswith("<streamtmpl "):
            assert frame.f_back is not None
            frame = frame.f_back
        places.append(Place(frame.f_code.co_filename, frame.f_lineno))
        return ""

    template.render(look=look)
    (place,) = places
    return place


@pytest.mark.parametrize("is_async", [False, True])
def test_a_debugger_finds_the_generated_code(tmp_path: Path, is_async: bool) -> None:
    path = tmp_path / "look.html"
    path.write_text("a\n{{ look() }}", encoding="utf-8")
    made = of_files(tmp_path, is_async)
    place = place_of_call(made.get_template("look.html"))
    assert place.filename.startswith(f"<streamtmpl {path} ")
    linecache.checkcache()
    assert "call_passing(" in linecache.getline(*place)
    code = made.compile(path.read_text(encoding="utf-8"), "look.html", str(path), raw=True)
    assert "".join(linecache.getlines(place.filename)).rstrip("\n") == code


def anonymous() -> set[str]:
    return {name for name in linecache.cache if name.startswith("<streamtmpl <template>")}


@pytest.mark.parametrize(
    "make",
    [
        lambda source: StreamEnvironment(cache_size=0).from_string(source),
        lambda source: enable_streaming(jinja2.Environment()).from_string(source),
        lambda source: StreamEnvironment(loader=jinja2.DictLoader({"a": source})).get_template("a"),
    ],
)
def test_code_of_anonymous_templates_goes_away_with_them(make: Any) -> None:
    gc.collect()
    before = anonymous()
    templates = [make(f"{number}{{{{ look() }}}}") for number in range(3)]
    assert len(anonymous() - before) == 3
    for number, template in enumerate(templates):
        place = place_of_call(template)
        assert "call_passing(" in linecache.getline(*place)
        assert f"{number}{{v_" in "".join(linecache.getlines(place.filename))
    del template, templates
    gc.collect()
    assert anonymous() == before


def test_expressions_leave_nothing_behind() -> None:
    gc.collect()
    before = anonymous()
    assert StreamEnvironment().compile_expression("a + 1")(a=1) == 2
    gc.collect()
    assert anonymous() == before


def test_compiling_alone_leaves_nothing_behind() -> None:
    gc.collect()
    before = anonymous()
    StreamEnvironment().compile("{{ x }}")
    gc.collect()
    assert anonymous() == before


def test_files_do_not_pile_up(tmp_path: Path) -> None:
    def registered() -> int:
        return sum(name.startswith(f"<streamtmpl {tmp_path}") for name in linecache.cache)

    (tmp_path / "run.html").write_text("{{ x }}", encoding="utf-8")
    of_files(tmp_path).get_template("run.html")
    before = registered()
    for _ in range(3):
        of_files(tmp_path).get_template("run.html")
    assert registered() == before


def test_two_environments_of_one_file(tmp_path: Path) -> None:
    """The sync and the async code of one file can both be looked up."""
    path = tmp_path / "both.html"
    path.write_text("{{ look() }}", encoding="utf-8")
    for is_async in (False, True):
        of_files(tmp_path, is_async).get_template("both.html")
    template = of_files(tmp_path).get_template("both.html")
    other = of_files(tmp_path, True).get_template("both.html")
    for each in (template, other):
        source = "".join(linecache.getlines(place_of_call(each).filename))
        assert ("async def root" in source) == each.environment.is_async


def test_nothing_is_left_to_do_at_exit() -> None:
    script = (
        "from streamtmpl import StreamEnvironment\n"
        "kept = StreamEnvironment().from_string('x')\n"
        "print(kept.render())\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("x\n", "")


@pytest.mark.parametrize("filename", ["page.html", "<template>", "a <b>.html", "<streamtmpl x>"])
def test_file_names_come_back(filename: str) -> None:
    code = compile_generated("x = 1\n", filename)
    try:
        assert code.co_filename != filename
        assert linecache.getline(code.co_filename, 1) == "x = 1\n"
        namespace: dict[str, Any] = {}
        exec(code, namespace)
        assert namespace["__file__"] == filename
    finally:
        linecache.cache.pop(code.co_filename)
