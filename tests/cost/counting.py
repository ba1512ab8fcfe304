"""What a render costs, counted instead of timed: writes, calls and bytecode instructions.

What counts is what generated code and streamtmpl's own modules do; what they call, such as a filter
of Jinja2's, counts as one call, however it is written.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from types import CodeType, FrameType
from typing import Any, NamedTuple

import streamtmpl
from streamtmpl.chunks.buffer import Buffer

_PACKAGE = str(Path(streamtmpl.__file__).parent) + os.sep
_WRITE = Buffer().write.__name__


class Cost(NamedTuple):
    """What was done, in total or for each row."""

    writes: float
    """Writes into a buffer."""
    calls: float
    """Calls of Python functions, resumed generators and coroutines among them."""
    c_calls: float
    """Calls of functions written in C, of which the writes are a part."""
    instructions: float
    """Bytecode instructions."""


def is_ours(code: CodeType) -> bool:
    """Whether *code* is generated or streamtmpl's own."""
    return code.co_filename.startswith(("<streamtmpl ", _PACKAGE))


def cost(run: Callable[[], object]) -> Cost:
    """What calling *run* costs once everything that is kept for a second time has been made."""
    run()
    with _nothing_else():
        return Cost(*_calls(run), _instructions(run))


def cost_of_row(run: Callable[[int], object], rows: int) -> Cost:
    """What one more row costs, where *run* renders as many rows as it is told."""
    few, many = cost(lambda: run(rows)), cost(lambda: run(2 * rows))
    return Cost(*((more - less) / rows for less, more in zip(few, many, strict=True)))


@contextmanager
def _nothing_else() -> Iterator[None]:
    """Neither a garbage collection nor a debugger or a coverage tool in between."""
    tracing, profiling, collecting = sys.gettrace(), sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(profiling)
        sys.settrace(tracing)
        if collecting:
            gc.enable()


def _calls(run: Callable[[], object]) -> tuple[int, int, int]:
    writes = calls = c_calls = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal writes, calls, c_calls
        if event == "call":
            caller = frame.f_back
            if is_ours(frame.f_code) or (caller is not None and is_ours(caller.f_code)):
                calls += 1
        elif event == "c_call" and is_ours(frame.f_code):
            c_calls += 1
            writes += argument.__name__ == _WRITE

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return writes, calls, c_calls


def _instructions(run: Callable[[], object]) -> int:
    monitoring: Any = getattr(sys, "monitoring", None)
    return _traced(run) if monitoring is None else _monitored(run, monitoring)


def _traced(run: Callable[[], object]) -> int:
    count = 0

    def in_frame(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "opcode"
        return in_frame

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        if not is_ours(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return in_frame

    sys.settrace(enter)
    try:
        run()
    finally:
        sys.settrace(None)
    return count


def _monitored(run: Callable[[], object], monitoring: Any) -> int:
    """From Python 3.12 on, where a trace function does not get to see all instructions."""
    count, thread = 0, get_ident()

    def instruction(code: CodeType, offset: int) -> None:
        nonlocal count
        count += is_ours(code) and get_ident() == thread  # others may have been left running

    tool = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
    monitoring.use_tool_id(tool, __name__)
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, instruction)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        run()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(tool)
    return count
