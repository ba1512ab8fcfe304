"""Templates of sync environments in asyncio: each step in a worker thread."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from streamtmpl import (
    StreamBusyError,
    StreamClosedError,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)
from tests.support.gates import HANGS, settle

from .workers import NUMBERS, counted, in_loop, stream_of, until

seen: ContextVar[str] = ContextVar("seen", default="nothing")


@pytest.mark.parametrize(("chunk_size", "rows"), [(0, 300), (700, 3000), (16384, 3000)])
@in_loop
async def test_the_chunks_are_those_of_the_sync_stream(chunk_size: int, rows: int) -> None:
    source = "{% for n in rows %}<p>{% if n % 2 %}{{ n }}{% endif %}</p>{% endfor %}"
    template = StreamEnvironment().from_string(source)
    context = {"rows": range(rows)}
    expected = list(render_stream(template, context, chunk_size=chunk_size))
    workers = counted()
    stream = render_stream_async(template, context, chunk_size=chunk_size)
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
    with pytest.raises(StreamClosedError):
        await anext(stream)


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


@in_loop
async def test_bytes() -> None:
    template = StreamEnvironment().from_string("h\u00e9{% flush %}\u20ac")
    stream = render_stream_async(template, encoding="utf-8")
    assert [chunk async for chunk in stream] == [b"h\xc3\xa9", b"\xe2\x82\xac"]
