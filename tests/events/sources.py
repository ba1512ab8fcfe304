"""Sources of events that a test drives, parts for them, and the ways to a stream of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any

import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.events import Event, Part, event_stream, event_stream_async
from tests.support.gates import HANGS

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
    """A source that is awaited."""

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
