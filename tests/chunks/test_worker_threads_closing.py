"""Streams whose steps run in worker threads are closed while a step runs, waits or never ran."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streamtmpl import StreamClosedError
from tests.support.gates import HANGS, settle

from .workers import NUMBERS, counted, in_loop, stream_of, until


class Blocking:
    """A source that blocks in its second pull until the test opens it."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self.pulled = 0
        self.closed = 0

    def rows(self) -> Iterator[int]:
        try:
            for number in range(100):
                self.pulled += 1
                if number == 1:
                    self.entered.set()
                    assert self.opened.wait(HANGS)
                yield number
        finally:
            self.closed += 1


@pytest.mark.parametrize("cancels", [1, 2, 3])
@in_loop
async def test_cancelling_a_waiting_consumer_closes_the_template(cancels: int) -> None:
    source = Blocking()
    chunks: list[str] = []
    stream = stream_of(NUMBERS, {"rows": source.rows()})

    async def consume() -> None:
        async with stream:
            async for chunk in stream:
                chunks.append(chunk)

    task = asyncio.create_task(consume())
    await until(source.entered)
    for _ in range(cancels):
        task.cancel()
        await settle()
    assert source.closed == 0  # a thread is still in there
    source.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    while cancels > 1 and not source.closed:
        await asyncio.sleep(0.001)  # nobody could wait for it any more
    assert (chunks, source.pulled, source.closed) == (["0"], 2, 1)


@in_loop
async def test_cancelling_a_step_closes_the_template_without_a_context_manager() -> None:
    source = Blocking()
    stream = stream_of(NUMBERS, {"rows": source.rows()})
    assert await anext(stream) == "0"
    step = asyncio.ensure_future(anext(stream))
    await until(source.entered)
    step.cancel()
    await settle()
    source.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert source.closed == 1
    with pytest.raises((StopAsyncIteration, StreamClosedError)):
        await anext(stream)


@in_loop
async def test_cancelling_a_busy_consumer_closes_the_template() -> None:
    source = Blocking()
    source.opened.set()
    never = asyncio.Event()

    async def consume() -> None:
        async with stream_of(NUMBERS, {"rows": source.rows()}) as stream:
            async for _ in stream:
                await never.wait()

    task = asyncio.create_task(consume())
    while not source.pulled:
        await asyncio.sleep(0.001)
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed == 1
    assert source.pulled <= 2


@in_loop
async def test_closing_while_a_step_runs_waits_for_it() -> None:
    source = Blocking()
    stream = stream_of(NUMBERS, {"rows": source.rows()})
    assert await anext(stream) == "0"
    step = asyncio.ensure_future(anext(stream, None))
    await until(source.entered)
    closing = asyncio.ensure_future(stream.aclose())
    await settle()
    assert not closing.done()
    source.opened.set()
    await closing
    assert source.closed == 1
    await asyncio.wait({step})
    assert not step.cancelled()
    assert step.exception() is not None or step.result() in ("1", None)
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_an_error_in_the_sources_finally_is_raised_by_the_close() -> None:
    def rows() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            raise LookupError("while closing")

    stream = stream_of(NUMBERS, {"rows": rows()})
    assert await anext(stream) == "0"
    with pytest.raises(LookupError, match="while closing"):
        await stream.aclose()


@in_loop
async def test_a_stream_that_was_never_stepped_needs_no_thread() -> None:
    workers = counted()
    source = Blocking()
    await stream_of(NUMBERS, {"rows": source.rows()}).aclose()
    assert (workers.hops, source.pulled) == (0, 0)
