"""Timeouts, cancellation and errors stay on their side of the stream."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from streamtmpl import AsyncChunkStream, StreamClosedError
from tests.support.gates import HANGS, ConsumerTask, Gate, in_loop, needs_timeout, settle, stream_of


def expire(timeout: Any) -> None:
    """Let an asyncio.timeout() run out now, whatever the clock says."""
    timeout.reschedule(asyncio.get_running_loop().time())


async def too_late(awaitable: Awaitable[Any]) -> None:
    """Await it under a timeout that runs out at once."""
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(None) as timeout:
            expire(timeout)
            await awaitable


async def read(stream: AsyncChunkStream[str], chunks: list[str]) -> None:
    """Put the chunks of a stream into a list that is there when it fails."""
    async for chunk in stream:
        chunks.append(chunk)


def assert_not_cancelled(task: asyncio.Task[Any] | None) -> None:
    assert task is not None
    if sys.version_info >= (3, 11):
        assert task.cancelling() == 0


@needs_timeout
@in_loop
async def test_a_timeout_in_a_call_fires_there_and_nowhere_else() -> None:
    if sys.version_info < (3, 11):
        return
    gate = Gate()

    async def call() -> str:
        try:
            async with asyncio.timeout(None) as timeout:
                expire(timeout)
                await gate()
        except TimeoutError:
            return "late"
        return "never"

    consumer = ConsumerTask(stream_of("a{% if 1 %}{% endif %}{{ call() }}", {"call": call}))
    await consumer.task
    assert consumer.text == "alate"
    assert_not_cancelled(consumer.task)


@needs_timeout
@in_loop
async def test_a_timeout_nobody_handles_reaches_the_consumer_as_an_error() -> None:
    if sys.version_info < (3, 11):
        return
    gate = Gate()

    async def call() -> None:
        async with asyncio.timeout(None) as timeout:
            expire(timeout)
            await gate()

    stream = stream_of("a{% if call() %}{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    with pytest.raises(TimeoutError):
        await anext(stream)
    assert_not_cancelled(asyncio.current_task())


@needs_timeout
@pytest.mark.parametrize("chunk_size", [None, 0])
@in_loop
async def test_a_timeout_around_yields_never_cancels_a_slow_consumer(
    chunk_size: int | None,
) -> None:
    if sys.version_info < (3, 11):
        return
    scopes: list[Any] = []
    closed: list[bool] = []

    async def rows() -> AsyncIterator[int]:
        try:
            async with asyncio.timeout(None) as timeout:
                scopes.append(timeout)
                for number in range(100):
                    yield number
                    await asyncio.sleep(0)
        finally:
            closed.append(True)

    source = "{% for r in rows() %}{{ r }}{% endfor %}"
    stream = stream_of(source, {"rows": rows}, chunk_size)
    assert await anext(stream) == "0"
    expire(scopes[0])
    await settle()  # the consumer is busy with its chunk; the timeout fires meanwhile
    assert_not_cancelled(asyncio.current_task())
    with pytest.raises(Exception):  # noqa: B017, PT011 - any error, but no CancelledError
        async for _ in stream:
            pass
    assert_not_cancelled(asyncio.current_task())
    assert closed == [True]


@needs_timeout
@in_loop
async def test_a_timeout_of_the_consumer_outside_of_a_step_leaves_the_render_alone() -> None:
    if sys.version_info < (3, 11):
        return
    gate, cancelled = Gate(), []

    async def call() -> str:
        try:
            async with asyncio.timeout(HANGS):
                return str(await gate())
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    stream = stream_of("a{% if call() %}b{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    await settle()
    with pytest.raises(TimeoutError):
        await too_late(Gate()())
    assert not cancelled
    gate.open()
    assert [chunk async for chunk in stream] == ["b"]


@needs_timeout
@in_loop
async def test_scopes_of_consumer_and_template_may_overlap() -> None:
    if sys.version_info < (3, 11):
        return

    async def rows() -> AsyncIterator[int]:
        for number in range(6):
            async with asyncio.timeout(HANGS):
                yield number
                await asyncio.sleep(0)

    stream = stream_of("{% for r in rows() %}{{ r }}{% endfor %}", {"rows": rows}, 0)
    chunks = []
    while chunks[-1:] != ["end"]:
        async with asyncio.timeout(HANGS), asyncio.TaskGroup() as group:
            group.create_task(settle())
            chunks.append(await anext(stream, "end"))
    assert chunks == ["0", "1", "2", "3", "4", "5", "end"]


@needs_timeout
@in_loop
async def test_a_timeout_of_the_consumer_in_a_step_closes_the_render() -> None:
    if sys.version_info < (3, 11):
        return
    gate, seen = Gate(), []

    async def call() -> None:
        try:
            async with asyncio.timeout(HANGS):
                await gate()
        except BaseException as error:
            seen.append(type(error))
            raise

    stream = stream_of("a{% if call() %}b{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    with pytest.raises(TimeoutError):
        await too_late(anext(stream))
    assert seen == [asyncio.CancelledError]  # closed: it is not the template's own timeout
    assert_not_cancelled(asyncio.current_task())
    await settle()


@pytest.mark.parametrize("at", ["wait", "cut"])
@in_loop
async def test_cancelling_the_consumer_unwinds_the_template(at: str) -> None:
    gate, events = Gate(), []

    async def rows() -> AsyncIterator[int]:
        try:
            for number in range(100):
                yield number
                if at == "wait" and number == 1:
                    await gate()
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    async def consume() -> None:
        stream = stream_of("{% for r in rows() %}{{ r }}{% endfor %}", {"rows": rows}, 0)
        async with stream:
            async for chunk in stream:
                events.append(chunk)
                if at == "cut" and chunk == "1":
                    await gate()

    task = asyncio.create_task(consume())
    await settle()
    assert gate.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events == ["0", "1", "closed"]


@in_loop
async def test_a_template_that_swallows_the_cancellation_ends_at_the_next_cut() -> None:
    gate, pulled = Gate(), []

    async def stubborn() -> str:
        try:
            return str(await gate())
        except asyncio.CancelledError:
            return "swallowed"

    async def rows() -> AsyncIterator[int]:
        for number in range(1000):
            pulled.append(number)
            yield number

    source = "a{% if stubborn() %}{% for r in rows() %}{{ r }}{% endfor %}{% endif %}"
    stream = stream_of(source, {"stubborn": stubborn, "rows": rows}, 0)
    assert await anext(stream) == "a"
    await settle()
    await stream.aclose()
    assert len(pulled) <= 1


@in_loop
async def test_a_stream_closed_by_another_task_does_not_cancel_the_consumer() -> None:
    gate = Gate()
    stream = stream_of("a{% if gate() %}b{% endif %}", {"gate": gate})
    assert await anext(stream) == "a"
    step = asyncio.ensure_future(anext(stream))
    await settle()
    await stream.aclose()
    with pytest.raises(StreamClosedError):
        await step
    assert not step.cancelled()


@in_loop
async def test_a_chunk_at_a_cut_is_lost_when_the_stream_is_closed() -> None:
    stream = stream_of("{% for n in range(9) %}{{ n }}{% endfor %}", None, 0)
    assert await anext(stream) == "0"
    await settle()
    await stream.aclose()
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_an_error_after_a_wait_comes_after_the_text_before_it() -> None:
    gate = Gate()
    stream = stream_of("a{% set x = gate() %}b{{ 1 // 0 }}", {"gate": gate})
    assert await anext(stream) == "a"
    gate.open()
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_stop_async_iteration_of_user_code_is_not_the_end() -> None:
    def fail() -> None:
        raise StopAsyncIteration("from a call")

    chunks: list[str] = []
    with pytest.raises(RuntimeError):
        await read(stream_of("a{% flush %}{{ fail() }}", {"fail": fail}), chunks)
    assert chunks == ["a"]
