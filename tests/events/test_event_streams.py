"""Streams of events: when each is handed over, what keeps them alive, how they end."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any

import pytest

from streamtmpl import NotStreamingError, StreamClosedError, StreamEnvironment
from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.events import Event, Part, event_stream, event_stream_async
from tests.support.gates import HANGS, in_loop, settle

COMMENT = b":\n\n"
SOURCE = (
    "{% block row %}<{{ x }}>{% endblock %}\n{% block bad %}\nabove\n{{ 1 // zero }}{% endblock %}"
)
PAGE = StreamEnvironment(autoescape=True).from_string(SOURCE)
ASYNC_PAGE = StreamEnvironment(autoescape=True, enable_async=True).from_string(SOURCE)
current: ContextVar[str] = ContextVar("current", default="unset")


def row(x: Any, page: Any = PAGE) -> Event:
    return Event(Part(page, {"x": x}, "row"))


BAD = Event(Part(PAGE, {"zero": 0}, "bad"), name="rows", id="9")


class Source:
    """Events that a test puts; closed, it says so and by which thread."""

    def __init__(self) -> None:
        self.items: SimpleQueue[Any] = SimpleQueue()
        self.waited_for = threading.Semaphore(0)
        self.closed = threading.Event()
        self.threads: set[str] = set()

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> Any:
        self.threads.add(threading.current_thread().name)
        self.waited_for.release()
        item = self.items.get(timeout=HANGS)
        if item is StopIteration or isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed.set()


class AsyncSource:
    """The same, to be awaited."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Any] = asyncio.Queue()
        self.closed = False
        self.tasks: set[Any] = set()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Any]:
        try:
            while True:
                self.tasks.add(asyncio.current_task())
                item = await self.items.get()
                if item is StopIteration:
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.tasks.add(asyncio.current_task())
            self.closed = True


# -- each event at once


@pytest.mark.parametrize("keep_alive", [None, 60.0])
def test_an_event_is_a_chunk_as_soon_as_it_is_there(keep_alive: float | None) -> None:
    source = Source()
    with event_stream(source, keep_alive) as stream:
        assert next(stream) == COMMENT  # nothing has been asked of the source
        assert not source.waited_for.acquire(blocking=False)
        for number in range(3):
            source.items.put(row(number))
            assert next(stream) == b"data: <%d>\n\n" % number
    assert source.closed.is_set()
    assert len(source.threads) == 1
    assert (threading.current_thread().name in source.threads) is (keep_alive is None)


@in_loop
async def test_an_event_is_a_chunk_in_an_event_loop() -> None:
    source = AsyncSource()
    async with event_stream_async(source) as stream:
        assert await anext(stream) == COMMENT
        for number, page in enumerate((PAGE, ASYNC_PAGE)):
            source.items.put_nowait(row(number, page))
            assert await anext(stream) == b"data: <%d>\n\n" % number
    assert source.closed
    assert len(source.tasks) == 1  # so that cancel scopes and timeouts around yields hold


@in_loop
async def test_a_sync_source_in_an_event_loop() -> None:
    source = Source()
    async with event_stream_async(source) as stream:
        assert await anext(stream) == COMMENT
        for number, page in enumerate((PAGE, ASYNC_PAGE)):
            source.items.put(row(number, page))
            assert await anext(stream) == b"data: <%d>\n\n" % number
    assert source.closed.is_set()
    assert source.threads == {"streamtmpl-events"}


def test_the_source_is_stepped_when_an_event_is_asked_for() -> None:
    source = Source()
    with event_stream(source) as stream:
        next(stream)
        source.items.put(Event("a"))
        source.items.put(Event("b"))
        assert next(stream) == b"data: a\n\n"
        assert source.waited_for.acquire(timeout=HANGS)
        assert not source.waited_for.acquire(timeout=0.05)
        assert next(stream) == b"data: b\n\n"


def test_nothing_now() -> None:
    assert list(event_stream([None, Event("a"), None], None))[1:] == [b"data: a\n\n"]
    assert list(event_stream([None, Event("a"), None]))[1:] == [b"data: a\n\n"]


def test_the_end_of_the_source_is_the_end() -> None:
    source = Source()
    source.items.put(StopIteration)
    assert list(event_stream(source)) == [COMMENT]
    assert source.closed.is_set()


# -- comments while nothing comes


def test_comments_while_a_sync_source_waits() -> None:
    source = Source()
    with event_stream(source, 0.01) as stream:
        assert [next(stream) for _ in range(4)] == [COMMENT] * 4
        source.items.put(Event("a"))
        while (chunk := next(stream)) == COMMENT:
            pass
        assert chunk == b"data: a\n\n"
        assert source.waited_for.acquire(timeout=HANGS)
        assert not source.waited_for.acquire(blocking=False)  # asked once, whatever comments


@in_loop
async def test_comments_while_an_async_source_waits() -> None:
    source = AsyncSource()
    async with event_stream_async(source, 0.01) as stream:
        assert [await anext(stream) for _ in range(4)] == [COMMENT] * 4
        source.items.put_nowait(Event("a"))
        while (chunk := await anext(stream)) == COMMENT:
            pass
        assert chunk == b"data: a\n\n"


@in_loop
async def test_comments_while_a_sync_source_waits_in_an_event_loop() -> None:
    source = Source()
    async with event_stream_async(source, 0.01) as stream:
        assert [await anext(stream) for _ in range(4)] == [COMMENT] * 4
        source.items.put(None)
    assert source.closed.wait(HANGS)


def test_comments_while_a_part_renders() -> None:
    gate = threading.Event()
    with event_stream(
        [row(type("Slow", (), {"__str__": lambda _: gate.wait() and "a"})())], 0.01
    ) as stream:
        assert [next(stream) for _ in range(3)] == [COMMENT] * 3
        gate.set()
        while (chunk := next(stream)) == COMMENT:
            pass
        assert chunk == b"data: <a>\n\n"


@pytest.mark.parametrize("wrong", [0, -1, float("nan")])
def test_keep_alive_is_more_than_nothing(wrong: float) -> None:
    with pytest.raises(ValueError, match="keep_alive must be more than 0 seconds"):
        event_stream([], wrong)
    with pytest.raises(ValueError, match="keep_alive must be more than 0 seconds"):
        event_stream_async([], wrong)


@pytest.mark.parametrize("wrong", ["15", True])
def test_keep_alive_is_a_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match="keep_alive must be a number of seconds"):
        event_stream([], wrong)


def test_keep_alive_may_be_of_any_size() -> None:
    assert list(event_stream([Event("a")], float("inf"))) == [COMMENT, b"data: a\n\n"]


# -- failing


def all_of(stream: Any) -> list[bytes]:
    if isinstance(stream, ChunkStream):
        return list(stream)

    async def collected() -> list[bytes]:
        return [chunk async for chunk in stream]

    return asyncio.run(collected())


async def awaited(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


ways = pytest.mark.parametrize(
    "way",
    [
        event_stream,
        lambda items, **options: event_stream(items, None, **options),
        event_stream_async,
        lambda items, **options: event_stream_async(awaited(items), **options),
    ],
    ids=["thread", "direct", "sync in a loop", "async"],
)


@ways
def test_an_event_that_fails_is_logged_and_left_out(
    way: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert all_of(way([row(1), BAD, row(2)])) == [
        COMMENT,
        b"data: <1>\n\n",
        b"data: <2>\n\n",
    ]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("streamtmpl.events", "ERROR")
    assert record.getMessage() == (
        "an event name='rows' id='9' of template '<template>', block 'bad' failed"
        " at line 4 of '<template>': it is not sent"
    )
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@ways
def test_it_ends_the_stream_if_told_so(
    way: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    stream = way([row(1), BAD, row(2)], stop_on_error=True)
    with pytest.raises(ZeroDivisionError):
        all_of(stream)
    assert caplog.records == []


@ways
def test_text_that_utf_8_has_no_bytes_for(
    way: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert all_of(way([Event("a\ud800"), Event("b")])) == [COMMENT, b"data: b\n\n"]
    assert caplog.messages == ["an event failed: it is not sent"]


@ways
def test_a_source_that_fails_ends_the_stream(way: Callable[..., Any]) -> None:
    def failing() -> Iterator[Event]:
        yield Event("a")
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        all_of(way(failing()))


@ways
def test_what_is_no_event_ends_the_stream(way: Callable[..., Any]) -> None:
    with pytest.raises(NotStreamingError, match=r"expected an Event .* not 'text'"):
        all_of(way(["text"]))


def test_an_async_template_in_a_sync_stream_fails(caplog: pytest.LogCaptureFixture) -> None:
    assert list(event_stream([row(1, ASYNC_PAGE)])) == [COMMENT]
    assert isinstance(caplog.records[0].exc_info[1], NotStreamingError)  # type: ignore[index]


@pytest.mark.parametrize("wrong", ["text", b"", Event("a"), 7, len])
def test_sources_are_iterables(wrong: Any) -> None:
    for make in (event_stream, event_stream_async):
        with pytest.raises(NotStreamingError, match="iterable of events"):
            make(wrong)


def test_an_async_source_is_for_event_loops() -> None:
    with pytest.raises(NotStreamingError):
        event_stream(awaited([]))  # type: ignore[arg-type]


# -- closing


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
