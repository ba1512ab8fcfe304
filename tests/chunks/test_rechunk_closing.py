"""How rechunked sources end, and the context they run in."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from streamtmpl import StreamClosedError, rechunk, rechunk_async

from .rechunking import Way, chunks_of, plain_ways, take_async, take_sync, ways

seen: ContextVar[str] = ContextVar("seen", default="nothing")


class Cursor:
    """An iterator with close() or aclose() that is no generator."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> str:
        return "row"

    def close(self) -> None:
        self.closed += 1


class AsyncCursor:
    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> AsyncCursor:
        return self

    async def __anext__(self) -> str:
        return "row"

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


class Stop(Exception):
    """Raised by a consumer."""


def stop(chunk: str) -> None:
    raise Stop


@plain_ways
def test_a_cursor_is_closed(way: Way) -> None:
    cursor = Cursor()
    with pytest.raises(Stop):
        way(cursor, stop, chunk_size=0)
    assert cursor.closed == 1


def test_an_async_cursor_is_closed() -> None:
    cursor = AsyncCursor()
    with pytest.raises(Stop):
        take_async(cursor, stop, chunk_size=0)
    assert cursor.closed == 1


@plain_ways
def test_the_items_run_in_the_context_of_the_creation(way: Way) -> None:
    values: list[str] = []

    def items() -> Iterator[str]:
        try:
            for number in range(3):
                values.append(seen.get())
                seen.set(f"item {number}")
                yield "x"
        finally:
            values.append(seen.get())

    def take(chunk: str) -> None:
        values.append(seen.get())
        seen.set("consumer")

    seen.set("creation")
    way(items(), take, chunk_size=0)
    assert values == [
        "creation", "creation", "item 0", "consumer", "item 1", "consumer", "item 2",
    ]  # fmt: skip


@plain_ways
def test_a_list_is_left_alone(way: Way) -> None:
    class Closable(list[str]):
        def close(self) -> None:
            raise AssertionError("it is not the stream's to close")

    with pytest.raises(Stop):
        way(Closable(["a", "b"]), stop, chunk_size=0)


@ways
def test_an_error_of_the_source(way: Way) -> None:
    def items() -> Iterator[str]:
        yield "a"
        raise LookupError("source")

    chunks: list[str] = []
    with pytest.raises(LookupError, match="source"):
        way(items(), chunks.append, chunk_size=0)
    assert chunks == ["a"]


def test_an_exhausted_source_is_not_closed_again() -> None:
    class Once(Cursor):
        left = 2

        def __next__(self) -> str:
            if not self.left:
                raise StopIteration
            self.left -= 1
            return "row"

    for way in (take_sync, take_async):
        cursor = Once()
        assert chunks_of(way, cursor) == ["rowrow"]
        assert cursor.closed == 0


def test_a_closed_stream_says_so() -> None:
    stream = rechunk(["a", "b"], chunk_size=0)
    assert next(stream) == "a"
    stream.close()
    with pytest.raises(StreamClosedError):
        next(stream)

    async def main() -> None:
        stream = rechunk_async(["a", "b"], chunk_size=0)
        assert await anext(stream) == "a"
        await stream.aclose()
        with pytest.raises(StreamClosedError):
            await anext(stream)

    asyncio.run(main())


def test_a_dropped_stream_closes_its_source() -> None:
    cursor = Cursor()
    stream = rechunk(cursor, chunk_size=0)
    assert next(stream) == "row"
    del stream
    gc.collect()
    assert cursor.closed == 1


def test_an_iterable_is_not_touched_before_the_first_step() -> None:
    class Touched:
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("too early")

    rechunk(Touched()).close()
