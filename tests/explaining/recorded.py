"""What the compiler notes about a template, and the cuts of a real render, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

import jinja2

from streamtmpl.chunks.buffer import Buffer
from streamtmpl.chunks.compiled import async_into, drive, into
from streamtmpl.chunks.cuts import CUT
from streamtmpl.explaining import explain
from streamtmpl.explaining.names import Names
from streamtmpl.explaining.reading import Reading
from streamtmpl.explaining.recording import RecordingGenerator, record
from tests.support.loops import run

SAYING = {"cut", "flush", "wait", "ahead", "region"}
"""The kinds of statements that speak of cuts."""

Place = tuple[str, int]
"""The name of a template, and a line of the code that it has become."""


def recorded(environment: jinja2.Environment, name: str) -> RecordingGenerator:
    """The compiler that has noted what it does with the template *name*."""
    assert environment.loader is not None
    source, file, _ = environment.loader.get_source(environment, name)
    reading = Reading(environment, source, name, file)
    return record(reading, Names(reading.tree, environment.globals, lambda name: None))


def code(environment: jinja2.Environment, name: str) -> str:
    """What the environment makes of the template."""
    assert environment.loader is not None
    source, file, _ = environment.loader.get_source(environment, name)
    compiled: str = environment.compile(source, name, file, raw=True)
    return compiled


def observed(template: jinja2.Template, variables: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Where a render is cut at chunk size 0, and the text that leaves there."""
    out = Buffer(0)
    context = template.new_context(variables)
    if not template.environment.is_async:
        steps = into(template.root_render_func)(context, out)
        for _ in steps:
            yield _place(_innermost(steps, "gi")), out.take()
        return
    render = async_into(template.root_render_func)(context, out)

    async def step() -> object:
        return await drive(render)

    while run(step()) is CUT:
        yield _place(_innermost(render, "cr")), out.take()


def _innermost(steps: Any, kind: str) -> FrameType:
    """The frame of the template's function that is running, behind *steps* of a render."""
    found = steps.gi_frame if kind == "gi" else steps.cr_frame
    while steps is not None:
        frame = getattr(steps, f"{kind}_frame", None)
        if frame is not None and frame.f_code.co_filename.startswith("<streamtmpl"):
            found = frame
        steps = getattr(steps, "gi_yieldfrom" if kind == "gi" else "cr_await", None)
    assert isinstance(found, FrameType)
    return found


def _place(frame: FrameType) -> Place:
    return frame.f_globals["name"], frame.f_lineno


def assert_same_code(environment: jinja2.Environment, name: str) -> None:
    said = recorded(environment, name)
    assert said.stream.getvalue() == code(environment, name)  # type: ignore[attr-defined]


def assert_cuts_are_said(template: jinja2.Template, variables: dict[str, Any]) -> int:
    """Each cut is at a place that was noted, and each of its lines has a statement about it."""
    environment, known, explained = template.environment, {}, {}
    explained[template.name] = explain(template).page
    number = 0
    for (name, code_line), _ in observed(template, variables):
        if name not in known:
            known[name] = {cut.code_line: cut.lines for cut in recorded(environment, name).cuts}
            explained[name] = explain(environment.get_template(name)).page
        assert code_line in known[name]
        lines = known[name][code_line]
        assert lines
        for line in lines:
            kinds = {each.kind for each in explained[name].lines[line - 1].statements}
            assert kinds & SAYING, (name, line, explained[name].lines[line - 1])
        number += 1
    return number
