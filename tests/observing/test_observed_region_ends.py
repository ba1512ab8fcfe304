"""What an observer is told of deferred regions that end with their stream, or beside its end."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from streamtmpl import render_stream, render_stream_async
from streamtmpl.observing import (
    RegionDropped,
    RegionReady,
    RegionStarted,
    StreamClosed,
    StreamEvent,
)
from tests.support.gates import HANGS

from .observers import Noted, chunks, every_kind, of_region, page, value_of

_name: ContextVar[str] = ContextVar("_name", default="")


class Stop(BaseException):
    """What is no error that a page could show."""


@every_kind
def test_a_region_that_ends_with_its_stream_is_dropped(kind: str) -> None:
    noted = Noted()

    def stop() -> None:
        raise Stop

    template = page(kind, "{% set x %}{% defer %}{{ stop() }}{% enddefer %}{% endset %}")
    with pytest.raises(Stop):
        chunks(kind, template, {"stop": value_of(kind, stop)}, observe=noted)
    assert of_region(noted, 1) == ["RegionStarted", "RegionDropped"]
    assert noted.names()[-1] == "StreamClosed"


def test_a_region_that_runs_when_the_stream_is_closed_is_dropped() -> None:
    noted = Noted()
    gate, running = threading.Event(), threading.Event()
    found: list[str] = []

    def observe(event: StreamEvent) -> None:
        noted(event)
        if isinstance(event, RegionStarted):
            _name.set("region")
        if isinstance(event, RegionDropped):
            found.append(_name.get())

    def wait() -> str:
        running.set()
        gate.wait()
        return "x"

    template = page("sync", "a{% defer %}{{ wait() }}{% if 1 %}{% endif %}{% enddefer %}b")
    with ThreadPoolExecutor(1) as threads:
        stream = render_stream(template, {"wait": wait}, executor=threads, observe=observe)
        next(stream)
        running.wait()
        stream.close()
        assert of_region(noted, 1) == ["RegionStarted", "RegionDropped"]
        assert found == ["region"], "in a copy of the context that its code runs in"
        gate.set()
    assert noted.names()[-1] == "StreamClosed"
    assert noted.one(StreamClosed).outcome == "consumer"
    assert of_region(noted, 1) == ["RegionStarted", "RegionDropped"]


def test_a_wait_for_regions_that_another_thread_ends() -> None:
    noted = Noted()
    gate, running = threading.Event(), threading.Event()

    def wait() -> str:
        running.set()
        gate.wait()
        return "x"

    template = page("sync", "{% defer %}{{ wait() }}{% enddefer %}")
    with ThreadPoolExecutor(2) as threads:
        stream = render_stream(template, {"wait": wait}, executor=threads, observe=noted)
        next(stream)
        running.wait()
        step = threads.submit(next, stream)
        while not stream._runs():
            time.sleep(0.001)
        stream.close()
        gate.set()
        assert step.exception() is not None
    assert noted.one(StreamClosed).outcome == "consumer"


def test_no_region_is_shown_before_it_is_told_of() -> None:
    """In order, the thread of the document looks whether a region is ready, and need not wait."""
    noted = Noted()
    telling, closed = threading.Event(), threading.Event()

    def observe(event: StreamEvent) -> None:
        if isinstance(event, RegionReady) and event.line == 1:
            telling.set()
            closed.wait(0.1)  # which must not come
        noted(event)
        if isinstance(event, StreamClosed):
            closed.set()

    def wait() -> str:
        assert telling.wait(HANGS)
        return "x"

    template = page("sync", "{% defer %}a{% enddefer %}\n{% defer %}{{ wait() }}{% enddefer %}")
    with ThreadPoolExecutor(2) as threads:
        stream = render_stream(
            template, {"wait": wait}, deferred="in-order", executor=threads, observe=observe
        )
        assert "".join(stream) == "a\nx"
    assert of_region(noted, 1) == ["RegionStarted", "RegionReady"]
    assert noted.names()[-1] == "StreamClosed"


def test_a_task_of_a_region_when_the_stream_is_closed_is_dropped() -> None:
    noted = Noted()
    template = page("async", "a{% defer %}{{ wait() }}{% enddefer %}b")

    async def consume() -> None:
        running = asyncio.Event()

        async def wait() -> None:
            running.set()
            await asyncio.Event().wait()

        stream = render_stream_async(template, {"wait": wait}, observe=noted)
        await anext(stream)
        await anext(stream)
        await running.wait()
        await stream.aclose()

    asyncio.run(consume())
    assert of_region(noted, 1) == ["RegionStarted", "RegionDropped"]
    assert noted.one(StreamClosed).outcome == "consumer"
