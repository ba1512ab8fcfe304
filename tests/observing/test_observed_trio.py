"""Streams under trio, which render in the task of their reader."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream_async
from streamtmpl.observing import Chunk, StreamClosed, StreamEvent, StreamStarted, Waited
from tests.support.clocks import Clock

from .observers import Noted

trio = pytest.importorskip("trio", reason="trio is not installed")

_seen: ContextVar[str] = ContextVar("_seen", default="")


def page(source: str) -> Any:
    loader = jinja2.DictLoader({"page.html": source})
    return StreamEnvironment(loader=loader, enable_async=True).get_template("page.html")


def test_a_whole_stream(clock: Clock) -> None:
    noted = Noted()
    found: list[str] = []

    async def pause() -> str:
        async with trio.open_nursery() as nursery:  # which waits for what moves the clock
            nursery.start_soon(advance)
        return "w"

    async def advance() -> None:
        clock.now += 0.25

    def observe(event: StreamEvent) -> None:
        noted(event)
        if isinstance(event, StreamStarted):
            _seen.set("stream")
        found.append(_seen.get())

    async def main() -> list[str]:
        template = page("a{% flush %}\n{{ pause() }}{% flush %}{{ seen() }}")
        stream = render_stream_async(
            template, {"pause": pause, "seen": _seen.get}, observe=observe, encoding="utf-8"
        )
        return [chunk.decode() async for chunk in stream]

    assert trio.run(main) == ["a", "\nw", "stream"]
    assert [event.reason for event in noted.of(Chunk)] == ["flush", "flush", "end"]
    assert [event.bytes for event in noted.of(Chunk)] == [1, 2, 6]
    waited = noted.one(Waited)
    assert (waited.kind, waited.template, waited.line) == ("await", "page.html", 2)
    assert waited.seconds == 0.25
    assert noted.one(StreamClosed).outcome == "complete"
    assert {*found} == {"stream"}
    assert _seen.get() == ""


async def _closed(stream: Any) -> None:
    await anext(stream)
    await stream.aclose()


async def _dropped(stream: Any) -> None:
    await anext(stream)
    stream.abandon()


async def _cancelled(stream: Any) -> None:
    await anext(stream)
    with trio.move_on_after(0):
        await anext(stream)
    await stream.aclose()


@pytest.mark.parametrize("end", [_closed, _dropped, _cancelled])
def test_a_reader_that_goes(end: Callable[[Any], Any]) -> None:
    noted = Noted()

    async def main() -> None:
        template = page("a{% flush %}{{ wait() }}")
        await end(render_stream_async(template, {"wait": trio.sleep_forever}, observe=noted))

    trio.run(main)
    assert noted.one(StreamClosed).outcome == "consumer"


def test_an_error() -> None:
    noted = Noted()

    async def main() -> None:
        async for _ in render_stream_async(page("a{% flush %}{{ 1 // 0 }}"), observe=noted):
            pass

    with pytest.raises(ZeroDivisionError) as caught:
        trio.run(main)
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("error", caught.value)
