"""When rows are pulled and handed over, how their streams end, and what a failure leaves."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

import streamtmpl
from streamtmpl import RowError, StreamClosedError, csv_rows, csv_rows_async, json_array, json_lines
from tests.support.clocks import FAST, SLOW, Clock, replaced_clock
from tests.support.gates import in_loop, settle

from .row_ways import Way, chunks_of, names, plain_ways, take_async, take_sync, ways

seen: ContextVar[str] = ContextVar("seen", default="nothing")


class Stop(Exception):
    """Raised by a consumer."""


def stop(chunk: bytes) -> None:
    raise Stop


# -- when


@ways
@names
def test_with_size_zero_nothing_is_pulled_early(way: Way, name: str) -> None:
    events: list[Any] = []

    def rows() -> Iterator[Any]:
        for number in range(3):
            events.append(number)
            yield {"n": number}

    way(name, rows(), lambda chunk: events.append("chunk"), chunk_size=0)
    closing = ["chunk"] * (name == "json_array")
    assert events == [0, "chunk", 1, "chunk", 2, "chunk", *closing]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    csv_rows([])  # loaded, so that its clock can be replaced
    return replaced_clock(monkeypatch)


def trace(way: Way, clock: Clock, pulls: Iterable[float], consuming: float = 0) -> list[Any]:
    """Pulls from a source as numbers, and chunks, in the order of the events."""
    events: list[Any] = []

    def rows() -> Iterator[Any]:
        for number, seconds in enumerate(pulls, 1):
            events.append(number)
            clock.now += seconds
            yield [number]

    def take(chunk: bytes) -> None:
        events.append(chunk.decode().split())
        clock.now += consuming

    way("csv_rows", rows(), take)
    return events


@plain_ways
def test_a_slow_source_is_not_waited_for_with_rows_in_hand(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [SLOW, SLOW, SLOW], consuming=1)
    assert events == [1, ["1"], 2, ["2"], 3, ["3"]]


@plain_ways
def test_only_slow_pulls_hand_over(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0, SLOW, 0, FAST, FAST, SLOW, 0])
    assert events == [1, 2, ["1", "2"], 3, 4, 5, 6, ["3", "4", "5", "6"], 7, ["7"]]


@plain_ways
def test_a_source_that_turns_slow_after_many_rows_is_soon_noticed(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0] * 30_000 + [SLOW] * 40)
    ends = [event[-1] for event in events if isinstance(event, list) and int(event[-1]) > 30_000]
    first = int(ends[0])
    assert first <= 30_017  # not each pull was looked at any more
    assert ends == [str(number) for number in range(first, 30_041)]


@plain_ways
def test_data_in_memory_is_not_watched(way: Way, clock: Clock) -> None:
    clock.tick = 1
    assert chunks_of(way, "csv_rows", [["a"]] * 100) == [b"a\r\n" * 100]


@plain_ways
@names
def test_nothing_is_handed_over_before_the_first_row(way: Way, name: str, clock: Clock) -> None:
    """So an error of the query itself is still one before the response."""

    def rows() -> Iterator[Any]:
        clock.now += SLOW
        raise LookupError("no such table")
        yield

    chunks: list[bytes] = []
    arguments = [["a"]] if name == "csv_rows" else []
    with pytest.raises(LookupError, match="no such table"):
        way(name, rows(), chunks.append, *arguments, chunk_size=0)
    assert chunks == []


@pytest.mark.parametrize("name", ["csv_rows", "json_lines", "json_array"])
@in_loop
async def test_what_has_collected_is_handed_over_before_an_async_wait(name: str) -> None:
    gate = asyncio.Event()
    chunks: list[bytes] = []

    async def rows() -> AsyncIterator[Any]:
        yield [1]
        yield [2]
        await gate.wait()
        yield [3]

    async def consume() -> None:
        async for chunk in getattr(streamtmpl, f"{name}_async")(rows()):
            chunks.append(chunk)

    task = asyncio.create_task(consume())
    await settle()
    before = {"csv_rows": b"1\r\n2\r\n", "json_lines": b"[1]\n[2]\n", "json_array": b"[[1],[2]"}
    after = {"csv_rows": b"3\r\n", "json_lines": b"[3]\n", "json_array": b",[3]]"}
    assert chunks == [before[name]]
    gate.set()
    await task
    assert chunks == [before[name], after[name]]


# -- how it ends


class Cursor:
    """An iterator with close() that is no generator."""

    closed = 0

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> Any:
        return [1]

    def close(self) -> None:
        self.closed += 1


@plain_ways
@names
def test_the_source_is_closed_with_the_stream(way: Way, name: str) -> None:
    cursor = Cursor()
    with pytest.raises(Stop):
        way(name, cursor, stop)
    assert cursor.closed == 1


def test_a_dropped_stream_closes_its_source() -> None:
    cursor = Cursor()
    stream = csv_rows(cursor)
    next(stream)
    del stream
    gc.collect()
    assert cursor.closed == 1


@in_loop
async def test_an_async_source_is_closed_with_the_stream() -> None:
    closed = asyncio.Event()

    async def rows() -> AsyncIterator[Any]:
        try:
            while True:
                yield [1]
        finally:
            await asyncio.sleep(0)
            closed.set()

    async with csv_rows_async(rows()) as stream:
        assert (await anext(stream)).startswith(b"1\r\n")
    assert closed.is_set()
    with pytest.raises(StreamClosedError):
        await anext(stream)


@plain_ways
def test_rows_are_read_in_the_context_of_the_creation(way: Way) -> None:
    values: list[str] = []

    def rows() -> Iterator[Any]:
        try:
            for number in range(2):
                values.append(seen.get())
                seen.set(f"row {number}")
                yield ["x"]
        finally:
            values.append(seen.get())

    def take(chunk: bytes) -> None:
        values.append(seen.get())
        seen.set("consumer")

    seen.set("creation")
    way("csv_rows", rows(), take, chunk_size=0)
    assert values == ["creation", "creation", "row 0", "consumer", "row 1"]


def test_an_iterable_is_not_touched_before_the_first_step() -> None:
    class Touched:
        def __iter__(self) -> Iterator[Any]:
            raise AssertionError("too early")

    csv_rows(Touched()).close()
    json_array(Touched()).close()


# -- what a failure leaves


def failing(count: int) -> Iterator[Any]:
    for number in range(count):
        yield {"number": number}
    raise OSError("the connection to the database is gone")


@ways
@pytest.mark.parametrize("chunk_size", [0, 100, 16384])
@pytest.mark.parametrize("count", [1, 70, 3000])
@pytest.mark.parametrize("name", ["json_lines", "json_array"])
def test_json_of_a_source_that_fails_is_unfinished(
    way: Way, name: str, count: int, chunk_size: int
) -> None:
    chunks: list[bytes] = []
    with pytest.raises(OSError, match="database is gone"):
        way(name, failing(count), chunks.append, chunk_size=chunk_size)
    text = b"".join(chunks).decode()
    if not text:  # an error page can be sent
        assert chunk_size * 1000 > count
        return
    with pytest.raises(json.JSONDecodeError):
        list(map(json.loads, text.splitlines()))
    if name == "json_lines":
        *lines, last = text.split("\n")
        assert last == "{"
        assert list(map(json.loads, lines)) == [{"number": n} for n in range(len(lines))]


@ways
def test_csv_of_a_source_that_fails_ends_with_a_whole_row(way: Way) -> None:
    chunks: list[bytes] = []
    with pytest.raises(OSError, match="database is gone"):
        way("csv_rows", failing(3), chunks.append, chunk_size=0)
    assert b"".join(chunks) == b"number\r\n0\r\n1\r\n2\r\n"


@ways
def test_a_row_that_cannot_be_written_leaves_json_unfinished_too(way: Way) -> None:
    chunks: list[bytes] = []
    with pytest.raises(RowError, match="row 2"):
        way("json_lines", [1, object()], chunks.append, chunk_size=0)
    assert chunks == [b"1\n", b"{"]


@plain_ways
def test_the_source_is_closed_when_a_row_cannot_be_written(way: Way) -> None:
    closed: list[bool] = []

    def rows() -> Iterator[Any]:
        try:
            yield 1
            yield object()
        finally:
            closed.append(True)

    with pytest.raises(RowError):
        way("json_lines", rows(), lambda chunk: None, chunk_size=0)
    assert closed == [True]


@in_loop
async def test_a_row_that_cannot_be_written_is_no_error_of_the_source_that_waits() -> None:
    seen: list[type[BaseException]] = []
    gate = asyncio.Event()

    async def rows() -> AsyncIterator[Any]:
        yield 1
        yield 2
        yield object()
        try:
            await gate.wait()
        except BaseException as error:
            await asyncio.sleep(0)
            seen.append(type(error))
            raise

    with pytest.raises(RowError, match="row 3"):
        async for _ in streamtmpl.json_lines_async(rows()):
            pass
    assert [issubclass(kind, Exception) for kind in seen] == [False]


@in_loop
async def test_a_source_may_handle_what_its_wait_raises() -> None:
    async def late() -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def rows() -> AsyncIterator[Any]:
        for number in range(3):
            yield number
            try:
                await late()
            except LookupError:
                yield "late"

    chunks = [chunk async for chunk in streamtmpl.json_array_async(rows())]
    assert json.loads(b"".join(chunks)) == [0, "late", 1, "late", 2, "late"]


def test_a_consumer_that_stops_at_the_unfinished_line_closes_the_source() -> None:
    closed: list[bool] = []

    def rows() -> Iterator[Any]:
        try:
            yield 1
            yield object()
        finally:
            closed.append(True)

    with json_lines(rows(), chunk_size=0) as stream:
        assert [next(stream), next(stream)] == [b"1\n", b"{"]
    assert closed == [True]


def test_under_trio() -> None:
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def rows() -> AsyncIterator[Any]:
        for number in range(3):
            await trio.lowlevel.checkpoint()
            yield [number]

    async def main() -> None:
        async with csv_rows_async(rows(), ["n"]) as stream:
            assert b"".join([chunk async for chunk in stream]) == b"n\r\n0\r\n1\r\n2\r\n"

    trio.run(main)


# -- memory


@pytest.mark.parametrize(
    ("way", "name"),
    [
        (take_sync, "csv_rows"),
        (take_async, "csv_rows"),
        (take_sync, "json_lines"),
        (take_sync, "json_array"),
    ],
)
def test_memory_does_not_grow_with_the_rows(way: Way, name: str) -> None:
    def peak(count: int) -> int:
        rows = ({"number": number, "name": "x" * 40} for number in range(count))
        tracemalloc.start()
        try:
            way(name, rows, lambda chunk: None)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2000)  # what is made once
    assert peak(20_000) < peak(2000) + 100_000  # of 18,000 rows more, each has 40 characters
