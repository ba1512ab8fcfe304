"""Streams that end before their regions."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from streamtmpl import StreamClosedError, StreamEnvironment, render_stream, render_stream_async
from streamtmpl.regions.document import AHEAD
from tests.support.clocks import in_virtual_time
from tests.support.gates import HANGS, in_loop
from tests.support.patched import assembled

from .threads import Gates, Threads, boom, every_way, noted


@every_way
def test_what_a_region_was_iterating_is_closed_with_it(
    env: StreamEnvironment, threads: Threads, way: Any
) -> None:
    events: list[str] = []
    source = (
        "{% defer %}{% for n in rows('a') %}{{ n }}{{ 1 // (3 - n) }}{% endfor %}"
        "{% error %}e{{ note('error part') }}{% enddefer %}"
    )

    def note(event: str) -> str:
        events.append(event)
        return ""

    context = {"rows": lambda name: noted(events, name), "note": note}
    assert way(env.from_string(source), context, threads) == "e"
    assert events == ["closed a", "error part"]


def test_closing_ends_what_runs_in_threads(
    env: StreamEnvironment, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    gates = Gates()
    ended = threading.Event()

    def rows() -> Iterator[int]:
        try:
            yield 1
            gates.wait("rows")
            yield 2
        finally:
            ended.set()

    env.max_deferred = 1
    source = (
        "{% defer %}{% for n in rows() %}{{ n }}{% endfor %}{{ after() }}{% enddefer %}"
        "{% defer %}{{ after() }}{% enddefer %}text"
    )
    ran: list[int] = []
    stream = render_stream(
        env.from_string(source), {"rows": rows, "after": lambda: ran.append(1)}, executor=threads
    )
    assert "text" in next(stream)
    while not gates.begun:
        time.sleep(0.001)
    stream.close()
    gates.open("rows")
    assert ended.wait(HANGS)
    threads.shutdown()
    assert ran == []
    assert caplog.records == []


def test_a_region_ends_at_its_next_boundary(env: StreamEnvironment, threads: Threads) -> None:
    gates = Gates()
    ran: list[int] = []

    def work(n: int) -> int:
        ran.append(n)
        gates.wait("go")
        return n

    source = "{% defer %}{% for n in range(300) %}{{ work(n) }}{% endfor %}{% enddefer %}text"
    stream = render_stream(env.from_string(source), {"work": work}, executor=threads)
    next(stream)
    while not ran:
        time.sleep(0.001)
    stream.close()
    gates.open("go")
    threads.shutdown()
    assert ran == [0]


def test_a_stream_that_is_dropped_ends_its_regions(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    ended = threading.Event()

    def rows() -> Iterator[int]:
        try:
            yield 1
            gates.wait("rows")
            yield 2
        finally:
            ended.set()

    source = "{% defer %}{% for n in rows() %}{{ n }}{% endfor %}{% enddefer %}text"
    stream = render_stream(env.from_string(source), {"rows": rows}, executor=threads)
    next(stream)
    del stream
    gc.collect()
    gates.open("rows")
    assert ended.wait(HANGS)


@pytest.mark.parametrize("steps", range(6))
def test_closing_at_every_chunk(env: StreamEnvironment, steps: int) -> None:
    events: list[str] = []
    source = (
        "{% for n in rows('document') %}{% defer %}{% for m in rows('region') %}{{ m }}{% endfor %}"
        "{% enddefer %}{% if n == 2 %}{% break %}{% endif %}{% endfor %}"
    )
    env.add_extension("jinja2.ext.loopcontrols")
    opened: list[str] = []

    def rows(name: str) -> Iterator[int]:
        opened.append(name)
        return noted(events, name)

    stream = render_stream(env.from_string(source), {"rows": rows}, chunk_size=0)
    for _ in range(steps):
        next(stream)
    stream.close()
    assert sorted(events) == sorted(f"closed {name}" for name in opened)


def test_a_document_that_fails_drops_its_regions(
    env: StreamEnvironment, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    gates = Gates()
    source = "{% defer %}{{ wait(1) }}{% if 1 %}{% endif %}{{ 1 // 0 }}{% enddefer %}{{ boom() }}"
    stream = render_stream(
        env.from_string(source), {"wait": gates.wait, "boom": boom}, executor=threads
    )
    with pytest.raises(LookupError):
        next(stream)
    gates.open(1)
    threads.shutdown()


def test_closing_from_another_thread_does_not_wait_for_regions(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    template = env.from_string("a{% defer %}{{ wait(1) }}{% enddefer %}b")
    stream = render_stream(template, {"wait": gates.wait}, executor=threads)
    assert next(stream) == "a"
    assert "b" in next(stream)
    waiting = threads.submit(next, stream)
    while not stream._runs():
        time.sleep(0.001)
    stream.close()
    with pytest.raises(StreamClosedError, match="was closed while a chunk was awaited"):
        waiting.result(HANGS)
    gates.open(1)


def test_closing_ends_a_wait_of_a_document_that_is_far_ahead(
    env: StreamEnvironment, threads: Threads
) -> None:
    """In order, it is waited where a chunk is taken; the template itself does not run then."""
    gates = Gates()
    template = env.from_string(
        "a{% flush %}{% defer %}{{ wait(1) }}{% enddefer %}{{ more }}{% flush %}"
    )
    variables = {"wait": gates.wait, "more": "b" * (AHEAD + 1)}
    stream = render_stream(template, variables, executor=threads, deferred="in-order")
    assert next(stream) == "a"
    waiting = threads.submit(next, stream)
    while not (gates.begun and stream._runs()):
        time.sleep(0.001)
    stream.close()
    with pytest.raises(StreamClosedError, match="was closed while a chunk was awaited"):
        waiting.result(HANGS)
    gates.open(1)


@in_loop
async def test_a_cancelled_wait_does_not_wait_for_regions() -> None:
    env = StreamEnvironment()
    gates = Gates()
    with Threads(2) as threads:
        template = env.from_string("a{% defer %}{{ wait(1) }}{% enddefer %}b")
        stream = render_stream_async(template, {"wait": gates.wait}, executor=threads)
        assert await anext(stream) == "a"
        assert "b" in await anext(stream)
        waiting = asyncio.create_task(anext(stream))
        while not gates.begun:
            await asyncio.sleep(0.001)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert gates.running == 1
        gates.open(1)


@pytest.mark.parametrize("left_first", ["document", "region"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_iterator_left_in_a_region_and_in_the_document_is_closed_once(
    left_first: str, is_async: bool
) -> None:
    class Rows:
        closed = 0

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> int:
            return 1

        def close(self) -> None:
            self.closed += 1

    leave = "{% for n in rows %}{{ n }}{% break %}{% endfor %}"
    region = f"{{% defer %}}{leave}{{% enddefer %}}"
    source = leave + region if left_first == "document" else region + leave
    environment = StreamEnvironment(enable_async=is_async, extensions=["jinja2.ext.loopcontrols"])
    rows = Rows()

    async def text() -> str:
        stream = render_stream_async(environment.from_string(source), {"rows": rows})
        return "".join([chunk async for chunk in stream])

    assert assembled(asyncio.run(text())) == "11"
    assert rows.closed == 1


@in_virtual_time
async def test_a_regions_time_does_not_interrupt_what_closes_after_the_client_has_left() -> None:
    events: list[str] = []

    async def rows() -> Any:
        try:
            yield 1
            events.append("waiting")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
            events.append("cleaned up")

    source = "{% defer timeout=0.05 %}{% for n in rows() %}{{ n }}{% endfor %}{% enddefer %}text"
    environment = StreamEnvironment(enable_async=True)
    stream = render_stream_async(environment.from_string(source), {"rows": rows})
    assert "text" in await anext(stream)
    while not events:
        await asyncio.sleep(0)
    await stream.aclose()
    assert events == ["waiting", "cleaned up"]


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("captured", [False, True])
@in_virtual_time
async def test_a_regions_time_does_not_interrupt_a_closing_that_has_begun(
    deferred: Any, captured: bool
) -> None:
    events: list[str] = []

    class Rows:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> int:
            return 1

        async def aclose(self) -> None:
            await asyncio.sleep(0.15)
            events.append("closed")

    source = (
        "{% defer timeout=0.05 %}{% for n in rows() %}{{ n }}{% break %}{% endfor %}{% enddefer %}"
    )
    if captured:  # rendered where it stands
        source = f"{{% set x %}}{source}{{% endset %}}{{{{ x }}}}"
    environment = StreamEnvironment(enable_async=True, extensions=["jinja2.ext.loopcontrols"])
    stream = render_stream_async(
        environment.from_string(source + "{{ wait() }}"),
        {"rows": Rows, "wait": lambda: asyncio.sleep(0.3, "")},
        deferred=deferred,
    )
    async for _ in stream:
        pass
    assert events == ["closed"]
