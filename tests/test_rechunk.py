"""Any iterable of strings as a stream of chunks; sync and async have the same laws."""

from __future__ import annotations

import asyncio
import csv
import gc
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextvars import ContextVar
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import (
    AsyncChunkStream,
    ChunkStream,
    NotStreamingError,
    StreamClosedError,
    rechunk,
    rechunk_async,
    sources,
)

SLOW = 0.0021
"""Seconds of a pull that is longer than the 2 ms from which on it is slow."""

seen: ContextVar[str] = ContextVar("seen", default="nothing")


def take_sync(items: Iterable[Any], take: Callable[[Any], Any], **options: Any) -> None:
    stream = rechunk(items, **options)
    assert isinstance(stream, ChunkStream)
    with stream:
        for chunk in stream:
            take(chunk)


def take_async(items: Any, take: Callable[[Any], Any], **options: Any) -> None:
    async def consume() -> None:
        stream = rechunk_async(items, **options)
        assert isinstance(stream, AsyncChunkStream)
        async with stream:
            async for chunk in stream:
                take(chunk)

    asyncio.run(consume())


def take_async_items(items: Iterable[Any], take: Callable[[Any], Any], **options: Any) -> None:
    async def produce() -> AsyncIterator[Any]:
        try:
            for item in items:
                yield item
        finally:
            if isinstance(items, Generator):
                items.close()

    take_async(produce(), take, **options)


WAYS = {"sync": take_sync, "async": take_async, "async items": take_async_items}
Way = Callable[..., None]
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
plain_ways = pytest.mark.parametrize("way", [take_sync, take_async], ids=["sync", "async"])


def chunks_of(way: Way, items: Iterable[Any], **options: Any) -> list[Any]:
    chunks: list[Any] = []
    way(items, chunks.append, **options)
    return chunks


def expected_chunks(items: Iterable[str], chunk_size: int) -> list[str]:
    """By the definition: cut after an item when enough has collected, first little, then double."""
    chunks, pending, enough = [], "", min(1024, chunk_size)
    for item in items:
        pending += item
        if pending and len(pending) >= enough:
            chunks.append(pending)
            pending, enough = "", min(2 * enough, chunk_size)
    return chunks + [pending] * bool(pending)


# -- chunk size


@ways
@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    items=st.lists(
        st.one_of(st.text(max_size=5), st.integers(0, 3000).map(lambda count: "x" * count)),
        max_size=30,
    ),
    chunk_size=st.sampled_from([0, 1, 7, 1024, 1500, 4096, 10**6]),
)
def test_chunks_are_cut_by_size(way: Way, items: list[str], chunk_size: int) -> None:
    assert chunks_of(way, items, chunk_size=chunk_size) == expected_chunks(items, chunk_size)


@ways
def test_the_default_chunk_size(way: Way) -> None:
    lengths = [len(chunk) for chunk in chunks_of(way, ["x" * 64] * 2000)]
    assert lengths == [1024, 2048, 4096, 8192, *[16384] * 6, 14336]


@ways
def test_size_zero_makes_every_string_a_chunk(way: Way) -> None:
    assert chunks_of(way, ["a", "", "bc", "", ""], chunk_size=0) == ["a", "bc"]


@ways
@pytest.mark.parametrize("items", [[], [""], ["", ""]])
def test_no_text_no_chunk(way: Way, items: list[str]) -> None:
    assert chunks_of(way, items) == []


@ways
def test_a_long_string_is_never_split(way: Way) -> None:
    assert chunks_of(way, ["a", "b" * 100_000, "c"], chunk_size=10) == ["a" + "b" * 100_000, "c"]


@ways
def test_strings_of_all_kinds(way: Way) -> None:
    class Text(str):
        def __str__(self) -> str:
            return "something else"

    chunks = chunks_of(way, [Markup("<b>"), Text("text"), "\ud800\x00\u20ac\n\r\n"])
    assert chunks == ["<b>text\ud800\x00\u20ac\n\r\n"]
    assert [type(chunk) for chunk in chunks] == [str]


@plain_ways
@pytest.mark.parametrize(
    "make", [list, tuple, iter, dict.fromkeys, lambda items: map(str, items)], ids=str
)
def test_all_kinds_of_iterables(way: Way, make: Callable[[list[str]], Iterable[str]]) -> None:
    assert chunks_of(way, make(["a", "b"])) == ["ab"]


# -- what is refused


@pytest.mark.parametrize("function", [rechunk, rechunk_async])
@pytest.mark.parametrize("bad", ["text", b"bytes", 1, None, object()], ids=repr)
def test_what_is_no_iterable_of_strings(function: Callable[..., Any], bad: Any) -> None:
    with pytest.raises(NotStreamingError, match="iterable of strings"):
        function(bad)


@pytest.mark.parametrize("function", [rechunk, rechunk_async])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"chunk_size": -1}, ValueError),
        ({"chunk_size": "1"}, TypeError),
        ({"chunk_size": 1.5}, TypeError),
        ({"chunk_size": True}, TypeError),
        ({"encoding": "no-such-codec"}, LookupError),
    ],
)
def test_bad_options(
    function: Callable[..., Any], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        function(["a"], **options)


def test_rechunk_refuses_async_iterables() -> None:
    async def items() -> AsyncIterator[str]:
        yield "a"

    with pytest.raises(NotStreamingError):
        rechunk(items())  # type: ignore[call-overload]


@ways
@pytest.mark.parametrize("bad", [b"bytes", 1, None, ["a"]], ids=repr)
def test_a_bad_item(way: Way, bad: Any) -> None:
    closed: list[bool] = []

    def items() -> Iterator[Any]:
        try:
            yield "good"
            yield bad
            yield "never"
        finally:
            closed.append(True)

    chunks: list[str] = []
    with pytest.raises(NotStreamingError) as caught:
        way(items(), chunks.append, chunk_size=0)
    assert repr(bad) in str(caught.value)
    assert chunks == ["good"]
    assert closed == [True]


@ways
def test_options_are_keywords(way: Way) -> None:
    for function in (rechunk, rechunk_async):
        with pytest.raises(TypeError):
            function(["a"], 10)  # type: ignore[call-overload]


# -- encoding


@ways
@pytest.mark.parametrize("chunk_size", [0, 3, 16384])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "utf-8-sig", "iso2022_jp"])
def test_encoding(way: Way, encoding: str, chunk_size: int) -> None:
    text = "\u3042b" if encoding == "iso2022_jp" else "h\u00e9llo"
    chunks = chunks_of(way, [text, "", text, "z"], encoding=encoding, chunk_size=chunk_size)
    assert b"".join(chunks) == (text * 2 + "z").encode(encoding)
    assert all(type(chunk) is bytes and chunk for chunk in chunks)


@ways
def test_what_cannot_be_encoded(way: Way) -> None:
    chunks: list[bytes] = []
    with pytest.raises(UnicodeEncodeError):
        way(["good", "\u20ac"], chunks.append, encoding="latin-1", chunk_size=0)
    assert chunks == [b"good"]


# -- the csv module writes rows through a file that keeps nothing


class Line:
    """What csv.writer writes to: the row comes back as what writerow() returns."""

    def write(self, text: str) -> str:
        return text


ROWS: list[list[Any]] = [
    ["id", "name", "note"],
    [1, 'say "hi"', "a,b"],
    [2, "\u00e9", "two\r\nlines"],
    [3, "", None],
]


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    return (writer.writerow(row) for row in rows)


@ways
def test_csv(way: Way) -> None:
    rows = ROWS + [[number, f"name {number}", "x" * 20] for number in range(3000)]
    target = StringIO(newline="")
    csv.writer(target).writerows(rows)
    chunks = chunks_of(way, csv_lines(rows), encoding="utf-8")
    assert b"".join(chunks) == target.getvalue().encode()
    assert all(chunk.endswith(b"\r\n") for chunk in chunks)
    assert [
        len(chunk) >= size for chunk, size in zip(chunks, (1024, 2048, 4096), strict=False)
    ] == [True] * 3
    again = csv.reader(StringIO(b"".join(chunks).decode(), newline=""))
    assert list(again)[:4] == [["" if cell is None else str(cell) for cell in row] for row in ROWS]


# -- laziness and slow sources


@ways
def test_nothing_is_pulled_early(way: Way) -> None:
    events: list[Any] = []

    def items() -> Iterator[str]:
        for number in range(3):
            events.append(number)
            yield f"<{number}>"

    way(items(), events.append, chunk_size=0)
    assert events == [0, "<0>", 1, "<1>", 2, "<2>"]


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the real one, wherever the package has it."""
    fake, real = Clock(), sources.clock
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "streamtmpl" and getattr(module, "clock", None) is real:
            monkeypatch.setattr(module, "clock", fake)
    assert sources.clock() == fake.now
    return fake


def trace(
    way: Way, clock: Clock, pulls: Iterable[float], consuming: float = 0, **options: Any
) -> list[Any]:
    """Pulls from a source as numbers, and chunks, in the order of the events."""
    events: list[Any] = []

    def items() -> Iterator[str]:
        for number, seconds in enumerate(pulls, 1):
            events.append(number)
            clock.now += seconds
            yield f"<{number}>"

    def take(chunk: str) -> None:
        events.append(chunk)
        clock.now += consuming

    way(items(), take, **options)
    return events


@plain_ways
def test_a_slow_source_is_not_waited_for_with_text_in_hand(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [SLOW, SLOW, SLOW])
    assert events == [1, "<1>", 2, "<2>", 3, "<3>"]


@plain_ways
def test_only_slow_pulls_cut(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0, SLOW, 0, 0])
    assert events == [1, 2, "<1><2>", 3, 4, "<3><4>"]


@plain_ways
def test_a_fast_source_has_full_chunks(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0] * 3000, consuming=1, chunk_size=1000)
    lengths = [len(event) for event in events if isinstance(event, str)]
    assert min(lengths[:-1]) >= 1000
    assert max(lengths) <= 1006


@plain_ways
def test_in_memory_data_is_not_watched(way: Way, clock: Clock) -> None:
    class Ticking(Clock):
        def __call__(self) -> float:
            self.now += 1
            return self.now

    clock.__class__ = Ticking
    assert chunks_of(way, ["a"] * 100) == ["a" * 100]


def test_what_collected_is_handed_over_before_an_async_wait() -> None:
    async def main() -> None:
        gate = asyncio.Event()
        chunks: list[str] = []

        async def items() -> AsyncIterator[str]:
            yield "a"
            yield "b"
            await gate.wait()
            yield "c"
            yield "d"

        async def consume() -> None:
            async for chunk in rechunk_async(items()):
                chunks.append(chunk)

        task = asyncio.create_task(consume())
        for _ in range(20):
            await asyncio.sleep(0)
        assert chunks == ["ab"]
        gate.set()
        await task
        assert chunks == ["ab", "cd"]

    asyncio.run(asyncio.wait_for(main(), 20))


# -- closing and context


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
