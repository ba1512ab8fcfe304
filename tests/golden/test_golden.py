"""Golden templates: what they compile to, where they are cut, and how the broken ones fail.

``*.html`` are templates, each aimed at one construct; ``parts/`` is what they include, import and
extend; ``errors/*.html`` are templates that fail; ``regions/`` are those with tags that Jinja2 does
not know, of which only the code is kept here. ``snapshots/`` holds

* ``NAME.sync.txt`` and ``NAME.async.txt``: the generated code;
* ``NAME.chunks.txt``: the chunks at chunk size 0, one Python string on each line;
* ``errors/NAME.txt``: the exception, the template lines of its traceback, the chunks before it.

After an intended change write them anew and read every difference before it is kept::

    UPDATE_GOLDEN=1 python -m pytest tests/golden/test_golden.py
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.vocabulary import ASYNC, SYNC, imports

GOLDEN = Path(__file__).resolve().parent
SNAPSHOTS = GOLDEN / "snapshots"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))

TEMPLATES = sorted(path.stem for path in GOLDEN.glob("*.html"))
REGIONS = sorted(f"regions/{path.stem}" for path in GOLDEN.glob("regions/*.html"))
ERRORS = sorted(path.stem for path in (GOLDEN / "errors").glob("*.html"))
HINT = "if that is intended, see the head of test_golden.py"
ONLY_OURS = {"flush_in_filter", "flush_in_set"}
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


class Nothing(Extension):
    """Reads ``{% flush %}`` as nothing at all."""

    tags = {"flush"}  # noqa: RUF012 - Jinja2 declares the attribute as a plain set

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return []


class Environments:
    """One of each engine, set up alike."""

    def __init__(self, kind: str) -> None:
        options: dict[str, Any] = {
            "autoescape": True,
            "enable_async": kind == "async",
            "extensions": ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
            "keep_trailing_newline": True,
            "loader": jinja2.FileSystemLoader(GOLDEN),
        }
        self.ours = StreamEnvironment(**options)
        self.plain = jinja2.Environment(**options)
        self.plain.add_extension(Nothing)
        for environment in (self.ours, self.plain):
            environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]


def context() -> dict[str, Any]:
    tree = [
        {"name": "root", "children": [{"name": "<leaf>", "children": []}]},
        {"name": "second", "children": []},
    ]
    return {
        "name": "O'Neil & <Co>",
        "names": ["ann", "<bob>", "cy"],
        "kind": 'a "kind"',
        "number": 7,
        "numbers": [1, 2, 3, 4],
        "pairs": [("a", 1), ("b", 2)],
        "empty": [],
        "nothing": None,
        "safe": Markup("<safe>"),
        "tree": tree,
        "part": "parts/plain.txt",
        "parent": "parts/base.html",
        "escaping": True,
        "collected": [],
        "function": lambda value: f"<{value}>",
    }


def check(name: str, actual: str) -> None:
    """Compare with the snapshot, or write it when that was asked for."""
    path = SNAPSHOTS / f"{name}.txt"
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(actual, encoding="utf-8", newline="\n")
    assert path.exists(), f"no snapshot {path.name}: {HINT}"
    assert actual == path.read_text(encoding="utf-8"), f"{path.name} has changed: {HINT}"


def lines(chunks: list[str]) -> str:
    return "".join(f"{chunk!r}\n" for chunk in chunks)


def generated(environment: jinja2.Environment, name: str) -> str:
    path = GOLDEN / name
    source = path.read_text(encoding="utf-8")
    return environment.compile(source, name, str(path), raw=True) + "\n"


def streamed(template: jinja2.Template, chunks: list[str]) -> None:
    """Add the chunks to the list, so that those before an error are kept."""

    async def collect() -> None:
        async for chunk in render_stream_async(template, context(), chunk_size=0):
            chunks.append(chunk)

    if template.environment.is_async:
        asyncio.run(collect())
        return
    for chunk in render_stream(template, context(), chunk_size=0):
        chunks.append(chunk)


@KINDS
@pytest.mark.parametrize("name", [*TEMPLATES, *REGIONS])
def test_code(name: str, kind: str) -> None:
    code = generated(Environments(kind).ours, f"{name}.html")
    first_line, _, _ = code.partition("\n")
    where = ASYNC if kind == "async" else SYNC
    words = set(re.findall(r"\w+", code))
    assert first_line == imports([name for name in where if name in words], where)
    check(f"{name}.{kind}", code)


@KINDS
@pytest.mark.parametrize("name", TEMPLATES)
def test_chunks(name: str, kind: str) -> None:
    both = Environments(kind)
    template = both.ours.get_template(f"{name}.html")
    expected = both.plain.get_template(f"{name}.html").render(context())
    chunks: list[str] = []
    streamed(template, chunks)
    assert "".join(chunks) == expected
    assert template.render(context()) == expected
    assert all(chunks)
    check(f"{name}.chunks", lines(chunks))


def failure(action: Callable[[], object], template_frames: Any) -> str:
    try:
        action()
    except Exception as error:
        caught = error
    else:
        pytest.fail("nothing was raised")
    frames = template_frames(caught)
    parts = [f"{type(caught).__name__}: {caught.args[0]}"]
    for frame in frames:
        path = Path(frame.filename).relative_to(GOLDEN).as_posix()
        parts.append(f"  {path}, line {frame.lineno}, {frame.name}")
    return "\n".join(parts) + "\n"


@KINDS
@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str, kind: str, template_frames: Any) -> None:
    both = Environments(kind)
    chunks: list[str] = []
    template = f"errors/{name}.html"
    actual = failure(lambda: streamed(both.ours.get_template(template), chunks), template_frames)
    if name not in ONLY_OURS:
        plain = both.plain
        assert actual == failure(
            lambda: plain.get_template(template).render(context()), template_frames
        )
    check(f"errors/{name}", f"{actual}\n{lines(chunks)}")


def test_no_snapshot_is_left_over() -> None:
    expected = {f"errors/{name}" for name in ERRORS}
    expected |= {f"{name}.{kind}" for name in [*TEMPLATES, *REGIONS] for kind in ("sync", "async")}
    expected |= {f"{name}.chunks" for name in TEMPLATES}
    found = {path.relative_to(SNAPSHOTS).as_posix() for path in SNAPSHOTS.rglob("*.txt")}
    assert found == {f"{name}.txt" for name in expected}


# -- generated code is deterministic


def all_code() -> str:
    both = {kind: Environments(kind).ours for kind in ("sync", "async")}
    return "".join(
        generated(both[kind], f"{name}.html")
        for name in [*TEMPLATES, *REGIONS]
        for kind in ("sync", "async")
    )


def test_compiling_twice_gives_the_same_code() -> None:
    assert all_code() == all_code()


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_hash_seed_does_not_matter(seed: str) -> None:
    script = "import runpy, sys; print(end=runpy.run_path(sys.argv[1])['all_code']())"
    done = subprocess.run(
        [sys.executable, "-c", script, __file__],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == all_code()
