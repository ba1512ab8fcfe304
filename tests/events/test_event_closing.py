"""Streams of events: how they are closed, and whose context variables they have."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from streamtmpl import StreamClosedError
from streamtmpl.events import Event, event_stream, event_stream_async
from tests.support.gates import HANGS, in_loop, settle

from .sources import ASYNC_PAGE, COMMENT, AsyncSource, Source, all_of, current, row, ways


def test_closing_ends_a_wait_and_the_source_ends_when_it_can() -> None:
    source = Source()
    stream = event_stream(source)
    next(stream)
    raised: SimpleQueue[BaseException] = SimpleQueue()

    def take() -> None:
        try:
            next(stream)
        except BaseException as error:
            raised.put(error)

    consumer = threading.Thread(target=take)
    consumer.start()
    assert source.waited_for.acquire(timeout=HANGS)
    stream.close()
    consumer.join(HANGS)
    assert isinstance(raised.get(timeout=HANGS), StreamClosedError)
    assert not source.closed.is_set()  # nobody can interrupt a thread
    source.items.put(None)
    assert source.closed.wait(HANGS)
    assert source.threads == {"streamtmpl-events"}


def test_closing_after_a_comment_does_not_wait_for_the_source() -> None:
    source = Source()
    stream = event_stream(source, 0.01)
    assert [next(stream), next(stream)] == [COMMENT] * 2
    stream.close()
    source.items.put(Event("too late"))
    assert source.closed.wait(HANGS)


@in_loop
async def test_closing_after_a_comment_in_an_event_loop() -> None:
    source = AsyncSource()
    stream = event_stream_async(source, 0.01)
    assert [await anext(stream), await anext(stream)] == [COMMENT] * 2
    await stream.aclose()
    assert source.closed


@in_loop
async def test_a_cancelled_wait_closes_the_stream() -> None:
    for source in (AsyncSource(), Source()):
        stream = event_stream_async(source)
        await anext(stream)
        wait = asyncio.ensure_future(anext(stream))
        await settle()
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        if isinstance(source, Source):
            source.items.put(None)
            assert await asyncio.to_thread(source.closed.wait, HANGS)
        else:
            assert source.closed


def test_a_stream_that_is_closed_after_its_first_chunk_closes_the_source() -> None:
    for keep_alive in (None, 1.0):
        source = Source()
        stream = event_stream(source, keep_alive)
        next(stream)
        stream.close()
        assert source.closed.is_set()
        assert source.threads == {threading.current_thread().name}


def test_a_stream_that_is_dropped_ends_its_thread() -> None:
    source = Source()
    source.items.put(Event("a"))
    stream = event_stream(source)
    assert [next(stream), next(stream)] == [COMMENT, b"data: a\n\n"]
    (thread,) = (each for each in threading.enumerate() if each.name == "streamtmpl-events")
    del stream
    gc.collect()
    assert source.closed.wait(HANGS)
    thread.join(HANGS)
    assert not thread.is_alive()


def failing_to_close() -> Iterator[Event]:
    try:
        yield Event("a")
    finally:
        raise LookupError("not closed")


@pytest.mark.parametrize("keep_alive", [None, 1.0])
def test_what_closing_raises_is_raised(keep_alive: float | None) -> None:
    stream = event_stream(failing_to_close(), keep_alive)
    assert [next(stream), next(stream)] == [COMMENT, b"data: a\n\n"]
    with pytest.raises(LookupError, match="not closed"):
        stream.close()


@in_loop
async def test_what_closing_raises_in_an_event_loop() -> None:
    stream = event_stream_async(failing_to_close())
    assert [await anext(stream), await anext(stream)] == [COMMENT, b"data: a\n\n"]
    with pytest.raises(LookupError, match="not closed"):
        await stream.aclose()


# -- context variables


@ways
def test_the_context_variables_are_those_of_the_place_it_was_made_in(way: Any) -> None:
    def reading() -> Iterator[Event]:
        for _ in range(2):
            yield Event(current.get())
            current.set("the source's own")

    current.set("the view's")
    stream = way(reading())
    current.set("unset")
    assert all_of(stream)[1:] == [b"data: the view's\n\n", b"data: the source's own\n\n"]
    assert current.get() == "unset"


# -- other event loops


def test_an_async_source_under_trio() -> None:
    """It gets no comments there."""
    trio = pytest.importorskip("trio", reason="trio is not installed")
    chunks = []

    async def late() -> AsyncIterator[Event]:
        await trio.sleep(0.05)
        yield row(1, ASYNC_PAGE)

    async def main() -> None:
        async with event_stream_async(late(), 0.001) as stream:
            async for chunk in stream:
                chunks.append(chunk)

    trio.run(main)
    assert chunks == [COMMENT, b"data: <1>\n\n"]


def test_a_sync_source_under_trio() -> None:
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def main() -> None:
        async with event_stream_async([Event("a")]) as stream:
            await anext(stream)

    with pytest.raises(RuntimeError, match="give an async iterable"):
        trio.run(main)
