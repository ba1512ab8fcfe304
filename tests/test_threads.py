"""Templates of sync environments in asyncio: each step in a worker thread."""

from __future__ import annotations

import asyncio
import functools
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from streamtmpl import (
    AsyncChunkStream,
    StreamBusyError,
    StreamClosedError,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)

HANGS = 20
"""Seconds after which a test that hangs is given up."""

seen: ContextVar[str] = ContextVar("seen", default="nothing")


class Workers(ThreadPoolExecutor):
    """Counts the hops into a worker thread; each one is made by a new thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self.hops = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.hops += 1
        future: Future[Any] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = function(*args, **kwargs)
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)

        threading.Thread(target=work).start()
        return future


def in_loop(
    test: Callable[..., Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Run a coroutine function as a test; it leaves no task and no thread of ours behind."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        threads = set(threading.enumerate())

        async def main() -> None:
            await asyncio.wait_for(test(*args, **kwargs), HANGS)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        for thread in set(threading.enumerate()) - threads:
            thread.join(HANGS)
            assert not thread.is_alive()

    return run


def counted() -> Workers:
    workers = Workers()
    asyncio.get_running_loop().set_default_executor(workers)
    return workers


def stream_of(
    source: str, context: dict[str, Any] | None = None, chunk_size: int = 0
) -> AsyncChunkStream[str]:
    template = StreamEnvironment().from_string(source)
    return render_stream_async(template, context, chunk_size=chunk_size)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def until(event: threading.Event) -> None:
    """Wait for a worker thread without blocking the event loop or using its workers."""
    while not event.is_set():
        await asyncio.sleep(0.001)


NUMBERS = "{% for n in rows %}{{ n }}{% endfor %}"


@pytest.mark.parametrize("chunk_size", [0, 700, 16384])
@in_loop
async def test_the_chunks_are_those_of_the_sync_stream(chunk_size: int) -> None:
    source = "{% for n in range(3000) %}<p>{% if n % 2 %}{{ n }}{% endif %}</p>{% endfor %}"
    template = StreamEnvironment().from_string(source)
    expected = list(render_stream(template, chunk_size=chunk_size))
    workers = counted()
    stream = render_stream_async(template, chunk_size=chunk_size)
    assert [chunk async for chunk in stream] == expected
    # One hop for each chunk, and the one that finds the end.
    assert len(expected) <= workers.hops <= len(expected) + 1


@in_loop
async def test_one_hop_for_each_chunk() -> None:
    workers = counted()
    async with stream_of(NUMBERS, {"rows": range(10)}) as stream:
        for number in range(5):
            assert workers.hops == number
            assert await anext(stream) == str(number)
            assert workers.hops == number + 1


@in_loop
async def test_nothing_runs_in_the_thread_of_the_event_loop() -> None:
    threads: list[int] = []

    def rows() -> Iterator[int]:
        try:
            for number in range(3):
                threads.append(threading.get_ident())
                yield number
        finally:
            threads.append(threading.get_ident())

    def note() -> str:
        threads.append(threading.get_ident())
        return ""

    source = "{{ note() }}" + NUMBERS
    assert [chunk async for chunk in stream_of(source, {"rows": rows(), "note": note})]
    async with stream_of(source, {"rows": rows(), "note": note}) as stream:
        await anext(stream)
    assert len(threads) >= 8
    assert threading.get_ident() not in threads


@in_loop
async def test_the_event_loop_runs_while_the_template_blocks() -> None:
    entered, opened = threading.Event(), threading.Event()

    def block() -> bool:
        entered.set()
        return opened.wait(HANGS)

    step = asyncio.ensure_future(anext(stream_of("{{ block() }}", {"block": block})))
    await until(entered)
    await settle()
    assert not step.done()
    opened.set()
    assert await step == "True"


@in_loop
async def test_the_render_is_at_most_one_step_ahead() -> None:
    pulled: list[int] = []

    def rows() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    workers = counted()
    async with stream_of(NUMBERS, {"rows": rows()}) as stream:
        await settle()
        assert workers.hops == len(pulled) == 0
        for taken in range(1, 6):
            await anext(stream)
            await settle()
            await asyncio.sleep(0.005)  # a chance to run ahead, for who would take it
            assert workers.hops <= taken + 1
            assert len(pulled) <= taken + 1


# -- context


@in_loop
async def test_every_step_runs_in_the_context_of_the_creation() -> None:
    values: list[str] = []

    def rows() -> Iterator[int]:
        try:
            for number in range(3):
                values.append(seen.get())
                yield number
        finally:
            values.append(seen.get())

    def change(number: int) -> str:
        seen.set(f"step {number}")
        return ""

    seen.set("creation")
    stream = stream_of(
        "{% for n in rows %}{{ n }}{{ change(n) }}{% endfor %}", {"rows": rows(), "change": change}
    )
    seen.set("consumer")
    chunks = []
    async with stream:
        async for chunk in stream:
            chunks.append(chunk)
            assert seen.get() == "consumer"
    assert chunks == ["0", "1", "2"]
    assert values == ["creation", "step 0", "step 1", "step 2"]


@in_loop
async def test_closing_runs_in_the_context_too_and_off_the_loop() -> None:
    ends: list[tuple[str, bool]] = []

    def rows() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            ends.append((seen.get(), threading.current_thread() is threading.main_thread()))

    seen.set("creation")
    stream = stream_of(NUMBERS, {"rows": rows()})
    seen.set("consumer")
    assert await anext(stream) == "0"
    await stream.aclose()
    await stream.aclose()
    assert ends == [("creation", False)]
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_two_interleaved_streams_keep_their_contexts() -> None:
    def note(name: str) -> str:
        before = seen.get()
        seen.set(f"{name}+")
        return before

    source = "{% for n in range(3) %}{{ note(name) }}{% endfor %}"
    streams = []
    for name in ("a", "b"):
        seen.set(name)
        streams.append(stream_of(source, {"note": note, "name": name}))
    seen.set("consumer")
    first, second = streams
    got = [(await anext(first), await anext(second)) for _ in range(3)]
    assert got == [("a", "b"), ("a+", "b+"), ("a+", "b+")]
    assert await anext(first, None) is await anext(second, None) is None
    assert seen.get() == "consumer"


# -- errors


@in_loop
async def test_errors_come_with_the_line_of_the_template() -> None:
    stream = stream_of("a{% flush %}\n\n{{ 1 // 0 }}")
    assert await anext(stream) == "a"
    with pytest.raises(ZeroDivisionError) as caught:
        await anext(stream)
    lines = [(frame.name, frame.lineno) for frame in traceback.extract_tb(caught.tb)]
    assert ("top-level template code", 3) in lines
    assert await anext(stream, "ended") == "ended"


class Grave(BaseException):
    """An error that is no Exception."""


@pytest.mark.parametrize("error", [ValueError("v"), StopAsyncIteration("a"), Grave("g")])
@in_loop
async def test_errors_of_user_code(error: BaseException) -> None:
    closed: list[bool] = []

    def rows() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            closed.append(True)

    def fail(number: int) -> str:
        if number == 1:
            raise error
        return ""

    source = "{% for n in rows %}{{ n }}{% if 1 %}{% endif %}{{ fail(n) }}{% endfor %}"
    stream = stream_of(source, {"rows": rows(), "fail": fail})
    chunks: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            chunks.append(chunk)

    # Raised as it is, StopAsyncIteration would look like the end of the stream.
    expected = RuntimeError if isinstance(error, StopAsyncIteration) else type(error)
    with pytest.raises(expected) as caught:
        await read()
    assert error in (caught.value, caught.value.__cause__)
    assert "".join(chunks) == "01"
    assert closed == [True]


@in_loop
async def test_two_steps_at_once_are_refused() -> None:
    entered, opened = threading.Event(), threading.Event()

    def block() -> bool:
        entered.set()
        return opened.wait(HANGS)

    stream = stream_of("{{ block() }}", {"block": block})
    step = asyncio.ensure_future(anext(stream))
    await until(entered)
    with pytest.raises(StreamBusyError):
        await anext(stream)
    opened.set()
    assert await step == "True"


# -- closing


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


@in_loop
async def test_bytes() -> None:
    template = StreamEnvironment().from_string("h\u00e9{% flush %}\u20ac")
    stream = render_stream_async(template, encoding="utf-8")
    assert [chunk async for chunk in stream] == [b"h\xc3\xa9", b"\xe2\x82\xac"]
