"""What an observer is told of how a stream ends."""

from __future__ import annotations

import asyncio
import gc
import io
from typing import Any

import pytest

from streamtmpl import (
    render_stream,
    render_stream_async,
)
from streamtmpl.observing import (
    Chunk,
    StreamClosed,
)

from .observers import Noted, chunks, environment, every_kind, named


@every_kind
def test_an_error(kind: str) -> None:
    noted = Noted()
    page = named(environment(kind), "a{% flush %}{{ 1 // 0 }}")
    with pytest.raises(ZeroDivisionError) as caught:
        chunks(kind, page, {}, observe=noted)
    assert noted.names() == ["StreamStarted", "FirstChunk", "StreamClosed"]
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("error", caught.value)


class _Failing:
    def __iter__(self) -> Any:
        return self

    def __next__(self) -> int:
        return 1

    def close(self) -> None:
        raise RuntimeError("closing")


@every_kind
def test_an_error_of_closing(kind: str) -> None:
    noted = Noted()
    page = environment(kind, extensions=["jinja2.ext.loopcontrols"]).from_string(
        "{% for n in rows %}{{ n }}{% break %}{% endfor %}"
    )
    with pytest.raises(RuntimeError, match="closing") as caught:
        chunks(kind, page, {"rows": _Failing()}, observe=noted)
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("error", caught.value)


def _begun(kind: str, noted: Noted) -> Any:
    page = environment(kind).from_string("a{% flush %}b{% flush %}c")
    make: Any = render_stream if kind == "sync" else render_stream_async
    return make(page, observe=noted)


@every_kind
@pytest.mark.parametrize("taken", [1, 2])
def test_a_consumer_that_closes_it(kind: str, taken: int) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        for _ in range(taken):
            next(stream)
        stream.close()
        stream.close()
    else:

        async def consume() -> None:
            for _ in range(taken):
                await anext(stream)
            await stream.aclose()
            await stream.aclose()

        asyncio.run(consume())
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("consumer", None)
    assert len(noted.of(Chunk)) == taken


@every_kind
def test_a_consumer_that_drops_it(kind: str) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        next(stream)
        del stream
        gc.collect()
    else:

        async def consume() -> None:
            nonlocal stream
            await anext(stream)
            del stream
            gc.collect()
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0)

        asyncio.run(consume())
        gc.collect()  # a worker thread may have held it for a moment more
    assert noted.one(StreamClosed).outcome == "consumer"


@every_kind
def test_a_stream_that_never_began_is_not_told_of(kind: str) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        stream.close()
    else:
        asyncio.run(stream.aclose())
    assert noted == []


@pytest.mark.parametrize("kind", ["async", "threads"])
def test_a_wait_that_is_cancelled(kind: str) -> None:
    noted = Noted()

    async def consume() -> None:
        page = environment(kind).from_string("a{% flush %}{{ wait() }}{% flush %}b")
        opened, waiting = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        async def gate() -> None:
            waiting.set()
            await opened.wait()

        def blocking_gate() -> None:
            loop.call_soon_threadsafe(waiting.set)
            asyncio.run_coroutine_threadsafe(opened.wait(), loop).result()

        wait = gate if kind == "async" else blocking_gate
        stream = render_stream_async(page, {"wait": wait}, observe=noted)
        assert await anext(stream) == "a"
        step = asyncio.ensure_future(anext(stream))
        await waiting.wait()
        step.cancel()
        opened.set()
        with pytest.raises(asyncio.CancelledError):
            await step

    asyncio.run(consume())
    assert noted.one(StreamClosed).outcome == "consumer"


def test_a_file_is_closed_as_ever() -> None:
    """The iterator that is timed is not what is closed."""
    noted = Noted()
    lines = io.StringIO("a\nb\n")
    page = environment("sync", extensions=["jinja2.ext.loopcontrols"]).from_string(
        "{% for line in lines %}{{ line }}{% break %}{% endfor %}"
    )
    assert "".join(render_stream(page, {"lines": lines}, observe=noted)) == "a\n"
    assert lines.closed
