"""Regions that fail, or take too long."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.clocks import replaced_clock_of_regions
from tests.support.gates import HANGS
from tests.support.patched import assembled

from .threads import FOUR, Gates, Threads, boom, every_way


@every_way
def test_an_error_touches_no_other_region(
    env: StreamEnvironment, threads: Threads, way: Any
) -> None:
    source = (
        "{% defer %}1{% enddefer %}{% defer %}lost{{ boom() }}{% placeholder %}p{% error %}"
        "[{{ error }}|{{ x }}]{% enddefer %}{% defer %}2{% enddefer %}."
    )
    assert way(env.from_string(source), {"boom": boom, "x": 5}, threads) == ("1[&lt;boom&gt;|5]2.")


@every_way
def test_without_an_error_part_the_region_is_logged_and_empty(
    env: StreamEnvironment, threads: Threads, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = "a\n{% defer %}\nlost{{ boom() }}{% placeholder %}p{% enddefer %}z"
    assert way(env.from_string(source), {"boom": boom}, threads) == "a\nz"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("streamtmpl", logging.ERROR)
    assert record.getMessage() == (
        "the deferred region at line 2 of template '<template>' failed:"
        " nothing is shown in its place"
    )
    assert record.exc_info is not None
    assert record.exc_info[2] is not None
    lines = []
    traceback: TracebackType | None = record.exc_info[2]
    while traceback is not None:
        lines.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    assert ("<template>", 3) in lines


@every_way
def test_an_error_part_that_fails_is_logged(
    env: StreamEnvironment, threads: Threads, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "streamtmpl.handled")
    source = "a{% defer %}{{ boom() }}{% error %}lost{{ 1 // 0 }}{% enddefer %}z"
    assert way(env.from_string(source), {"boom": boom}, threads) == "az"
    (record,) = caplog.records
    assert "the error part of the deferred region at line 1" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_keyboard_interrupt_is_no_error_of_a_region(
    env: StreamEnvironment, threads: Threads
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    template = env.from_string("{% defer %}{{ f() }}{% error %}caught{% enddefer %}")
    for executor in (None, threads):
        stream = render_stream(template, {"f": interrupt}, executor=executor)
        with pytest.raises(KeyboardInterrupt):
            "".join(stream)


@every_way
def test_a_region_that_takes_too_long(env: StreamEnvironment, threads: Threads, way: Any) -> None:
    event = threading.Event()
    source = (
        "{% defer timeout=0.02 %}lost{{ wait() }}{% error %}{{ error }}{% enddefer %}"
        "{% defer timeout=HANGS %}in time{% error %}{{ error }}{% enddefer %}"
    )
    context = {"wait": lambda: event.wait(0.2), "HANGS": HANGS}
    assert way(env.from_string(source), context, threads) == (
        "the region took longer than 0.02 sin time"
    )


def test_a_thread_that_takes_too_long_does_not_hold_the_page(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    source = "{% defer timeout=0.05 %}{{ wait(1) }}{% error %}late{% enddefer %}"
    text = "".join(render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads))
    assert assembled(text) == "late"
    gates.gate(1).reached()
    assert gates.running == 1  # it goes on: a thread cannot be killed
    gates.open(1)


def test_those_that_take_too_long_do_not_hold_those_that_wait(
    env: StreamEnvironment, threads: Threads
) -> None:
    env.max_deferred = 1
    gates = Gates()
    gates.open(3)
    source = FOUR.replace("defer %}{{", "defer timeout=seconds[n] %}{{").replace(
        "{% placeholder %}", "{% error %}late{% placeholder %}"
    )
    context = {"wait": gates.wait, "seconds": [0.05, 0.05, 0.05, HANGS]}
    stream = render_stream(env.from_string(source), context, executor=threads)
    assert assembled("".join(stream)) == "[late,late,late,3,]"
    gates.open(0, 1, 2)


def test_waiting_for_a_thread_takes_none_of_a_regions_time(
    env: StreamEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = replaced_clock_of_regions(monkeypatch)
    busy = threading.Event()
    source = (
        "{% defer %}{{ wait() }}{% enddefer %}"
        "{% defer timeout=0.1 %}in time{% error %}late{% enddefer %}"
    )

    def wait() -> str:
        clock.now += 0.3
        busy.wait(0.3)  # so that whoever looks at the clock meanwhile would find the time over
        return ""

    with Threads(1) as threads:
        context = {"wait": wait}
        text = "".join(render_stream(env.from_string(source), context, executor=threads))
    assert assembled(text) == "in time"


def test_a_region_in_turn_is_ended_at_a_boundary_when_its_time_is_over(
    env: StreamEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = replaced_clock_of_regions(monkeypatch)
    seen: list[int] = []

    def rows() -> Iterator[int]:
        for n in range(1000):
            clock.now += 0.01
            seen.append(n)
            yield n

    source = (
        "{% defer timeout=0.055 %}{% for n in rows() %}{{ n }}{% endfor %}"
        "{% error %}e{% enddefer %}"
    )
    text = "".join(render_stream(env.from_string(source), {"rows": rows}))
    assert assembled(text) == "e"
    assert seen == list(range(6))


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (given, f"{kind}: the timeout of 'defer' {message}")
        for given, kind, message in (
            ("'1'", "TypeError", "must be a number of seconds, not '1'"),
            ("true", "TypeError", "must be a number of seconds, not True"),
            ("missing", "TypeError", "must be a number of seconds, not Undefined"),
            ("-1", "ValueError", "must not be negative, but is -1"),
            ("nan", "ValueError", "must not be negative, but is nan"),
        )
    ],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_what_is_no_timeout_is_an_error_of_the_region(
    timeout: str, error: str, deferred: Any, is_async: bool
) -> None:
    template = StreamEnvironment(enable_async=is_async).from_string(
        f"a{{% defer timeout={timeout} %}}x{{% error %}}{{{{ error.__class__.__name__ }}}}:"
        " {{ error }}{% enddefer %}b"
    )

    async def collected() -> str:
        stream = render_stream_async(template, {"nan": float("nan")}, deferred=deferred)
        return "".join([chunk async for chunk in stream])

    assert assembled(asyncio.run(collected())) == f"a{error}b"


def test_the_error_of_what_is_no_timeout_names_the_line_of_the_tag(
    env: StreamEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    template = env.from_string("a\n{% defer timeout='1' %}x{% enddefer %}b")
    assert assembled("".join(render_stream(template))) == "a\nb"
    assert "at line 2 of template" in caplog.text


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "\n{% defer %}\n{{ 1 // 0 }}{% error %}e{% enddefer %}",
            "the deferred region at line 2 of template 'page.html' failed: its 'error' part is"
            " shown",
        ),
        (
            "\n{% boundary %}\n{{ 1 // 0 }}{% fallback %}e{% endboundary %}",
            "the boundary at line 2 of template 'page.html' failed: its 'fallback' part is shown",
        ),
    ],
)
def test_what_fails_and_shows_something_else_is_a_warning_that_can_be_switched_off(
    source: str, message: str, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    loader = jinja2.FunctionLoader(lambda name: (source, name, lambda: True))
    template = StreamEnvironment(loader=loader, enable_async=is_async).get_template("page.html")

    async def collected() -> str:
        return "".join([chunk async for chunk in render_stream_async(template)])

    assert assembled(asyncio.run(collected())).strip() == "e"
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("streamtmpl.handled", "WARNING")
    assert record.getMessage() == message
    assert record.exc_info
    frames = traceback.extract_tb(record.exc_info[2])
    assert [frame.lineno for frame in frames if frame.filename == "page.html"] == [3]
    caplog.clear()
    logging.getLogger("streamtmpl.handled").disabled = True
    try:
        asyncio.run(collected())
    finally:
        logging.getLogger("streamtmpl.handled").disabled = False
    assert caplog.records == []
