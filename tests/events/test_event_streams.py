"""Streams of events: when each is handed over, what keeps them alive, how they fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamtmpl import NotStreamingError
from streamtmpl.events import Event, event_stream, event_stream_async
from tests.support.gates import HANGS, in_loop

from .sources import ASYNC_PAGE, BAD, COMMENT, PAGE, AsyncSource, Source, all_of, awaited, row, ways

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
    source.items.put(None)  # passed over before it closes, it would be waited for another one
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
