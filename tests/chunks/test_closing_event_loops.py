"""Closing where event loops end, consumers are cancelled, and from other tasks and threads."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream_async
from streamtmpl.exceptions import StreamClosedError
from tests.support.tracing import Kind

from .cursors import (
    ASYNCHRONOUS,
    LOOP,
    LOOPCONTROLS,
    AsyncCursor,
    Made,
    assert_closed,
    consume,
    cursor,
    every_source,
    generator,
    where,
)


@pytest.mark.parametrize("make", [cursor, generator, *ASYNCHRONOUS], ids=lambda make: make.__name__)
@pytest.mark.parametrize("held", [True, False])
def test_the_event_loop_ends(make: Callable[..., Made], held: bool) -> None:
    rows, record = make()
    template = StreamEnvironment(enable_async=True).from_string(LOOP)
    streams = []

    async def main() -> None:
        where.set("inside")
        stream = render_stream_async(template, {"rows": rows}, chunk_size=0)
        where.set("outside")
        await anext(stream)
        if held:
            streams.append(stream)

    asyncio.run(main(), debug=True)
    assert_closed(record)
    streams.clear()
    gc.collect()
    assert_closed(record)


@every_source
def test_the_consumer_is_cancelled(kind: Kind, make: Callable[..., Made]) -> None:
    if not kind.async_stream:
        pytest.skip("nothing to cancel")
    rows, record = make()
    gate = threading.Event()

    async def forever() -> None:
        await asyncio.Event().wait()

    source = "{% for row in rows %}[{{ row }}]{% if row %}{{ wait() }}{% endif %}{% endfor %}"
    wait: Any = forever if kind.async_environment else lambda: gate.wait(10) and ""
    consumer = consume(kind, source, {"rows": rows, "wait": wait})

    async def use() -> None:
        async for _ in consumer.stream:
            pass

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(use())
        for _ in range(30):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert_closed(record)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with consumer:
        consumer.run(main())


@pytest.mark.parametrize("make", [cursor, generator, *ASYNCHRONOUS], ids=lambda make: make.__name__)
def test_closed_by_another_task_while_a_chunk_is_awaited(make: Callable[..., Made]) -> None:
    rows, record = make()
    source = "{% for row in rows %}[{{ row }}]{{ wait() }}{% endfor %}"

    async def main() -> None:
        async def wait() -> None:
            await asyncio.Event().wait()

        where.set("inside")
        template = StreamEnvironment(enable_async=True).from_string(source)
        stream = render_stream_async(template, {"rows": rows, "wait": wait}, chunk_size=0)
        where.set("outside")
        consuming = asyncio.ensure_future(anext(stream, None))
        for _ in range(10):
            await asyncio.sleep(0)
        await stream.aclose()
        assert_closed(record)
        await asyncio.wait({consuming})
        assert consuming.done()
        assert not consuming.cancelled(), "nobody cancelled the consumer"
        assert isinstance(consuming.exception(), StreamClosedError)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main(), debug=True)


@every_source
def test_closed_from_another_thread(kind: Kind, make: Callable[..., Made]) -> None:
    if kind.async_stream:
        pytest.skip("an async stream belongs to its event loop")
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
        thread = threading.Thread(target=consumer.close)
        thread.start()
        thread.join()
        assert_closed(record)


@every_source
def test_no_thread_is_left(kind: Kind, make: Callable[..., Made]) -> None:
    before = set(threading.enumerate())
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
    assert_closed(record)
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


def test_text_is_not_held_while_sources_are_being_closed() -> None:
    class Slow(AsyncCursor):
        async def aclose(self) -> None:
            await gate.wait()
            await super().aclose()

    gate = asyncio.Event()
    rows = Slow()
    source = "{% for row in rows %}{{ row }}{% break %}{% endfor %}tail"

    async def take_all(stream: Any, got: list[str]) -> None:
        async for chunk in stream:
            got.append(chunk)

    async def main() -> None:
        environment = StreamEnvironment(enable_async=True, extensions=LOOPCONTROLS)
        stream = render_stream_async(environment.from_string(source), {"rows": rows})
        got: list[str] = []
        taking = asyncio.ensure_future(take_all(stream, got))
        for _ in range(20):
            await asyncio.sleep(0)
        assert rows.closed == []
        before = list(got)
        gate.set()
        await taking
        assert before == ["0tail"] == got
        assert len(rows.closed) == 1

    asyncio.run(main(), debug=True)


def test_closing_does_not_interrupt_a_closing_that_has_begun() -> None:
    class Slow(AsyncCursor):
        async def aclose(self) -> None:
            closing.set()
            await gate.wait()
            await super().aclose()

    closing, gate = asyncio.Event(), asyncio.Event()
    rows = Slow()
    source = (
        "{% for once in [1] %}{% for row in rows %}{{ row }}{% break %}{% endfor %}{% endfor %}"
    )

    async def main() -> None:
        environment = StreamEnvironment(enable_async=True, extensions=LOOPCONTROLS)
        template = environment.from_string(source)
        stream = render_stream_async(template, {"rows": rows}, chunk_size=0)
        assert await anext(stream) == "0"
        await closing.wait()
        ending = asyncio.ensure_future(stream.aclose())
        await asyncio.sleep(0)
        gate.set()
        await ending
        assert len(rows.closed) == 1

    asyncio.run(main(), debug=True)
