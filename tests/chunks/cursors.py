"""Sources that record how they are closed, and consumers of templates that iterate them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from tests.support.tracing import ASYNC_SOURCES, KINDS, Consumer, Kind

where: ContextVar[str] = ContextVar("where", default="nowhere")

LOOPCONTROLS = ["jinja2.ext.loopcontrols"]
LOOP = "{% for row in rows %}[{{ row }}]{% endfor %}"


class Cursor:
    """An iterator with ``close()`` that is no generator."""

    def __init__(self, count: int = 3, fail: Exception | None = None) -> None:
        self.left = iter(range(count))
        self.fail = fail
        self.started = self.exhausted = False
        self.closed: list[str] = []

    def __iter__(self) -> Cursor:
        self.started = True
        return self

    def __next__(self) -> int:
        assert not self.closed, "pulled after it was closed"
        try:
            return next(self.left)
        except StopIteration:
            if self.fail is not None:
                raise self.fail from None
            self.exhausted = True
            raise

    def close(self) -> None:
        self.closed.append(where.get())


class AsyncCursor(Cursor):
    """A cursor for ``async for``, with ``aclose()``."""

    __iter__ = None  # type: ignore[assignment]
    close = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncCursor:
        self.started = True
        return self

    async def __anext__(self) -> int:
        await asyncio.sleep(0)
        try:
            return Cursor.__next__(self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.closed.append(where.get())


class AsyncCursorWithClose(AsyncCursor):
    """Some drivers call the coroutine ``close()``."""

    aclose = None  # type: ignore[assignment]

    async def close(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.closed.append(where.get())


class Generator(Cursor):
    """Not an iterator itself: :meth:`make` gives a generator whose end is recorded here."""

    def make(self) -> Iterator[int]:
        self.started = True
        try:
            yield from self.left
            if self.fail is not None:
                raise self.fail
            self.exhausted = True
        finally:
            self.closed.append(where.get())

    async def make_async(self) -> AsyncIterator[int]:
        self.started = True
        try:
            for item in self.left:
                await asyncio.sleep(0)
                yield item
            if self.fail is not None:
                raise self.fail
            self.exhausted = True
        finally:
            if not self.exhausted:  # else a cancelled consumer may well interrupt it
                await asyncio.sleep(0)
            self.closed.append(where.get())


Made = tuple[Any, Cursor]


def cursor(**options: Any) -> Made:
    made = Cursor(**options)
    return made, made


def generator(**options: Any) -> Made:
    made = Generator(**options)
    return made.make(), made


def async_cursor(**options: Any) -> Made:
    made = AsyncCursor(**options)
    return made, made


def async_cursor_with_close(**options: Any) -> Made:
    made = AsyncCursorWithClose(**options)
    return made, made


def async_generator(**options: Any) -> Made:
    made = Generator(**options)
    return made.make_async(), made


PLAIN = [cursor, generator]
ASYNCHRONOUS = [async_cursor, async_cursor_with_close, async_generator]
every_source = pytest.mark.parametrize(
    ("kind", "make"),
    [
        *((kind, make) for kind in KINDS if not kind.async_sources for make in PLAIN),
        *((ASYNC_SOURCES, make) for make in ASYNCHRONOUS),
    ],
    ids=lambda value: getattr(value, "name", None) or value.__name__,
)


def consume(kind: Kind, templates: Any, context: dict[str, Any], **options: Any) -> Consumer:
    """A consumer of a stream that was created where it is "inside"; it itself is "outside"."""
    where.set("inside")
    consumer = Consumer(kind, templates, context, extensions=LOOPCONTROLS, **options)
    where.set("outside")
    return consumer


def assert_closed(record: Cursor) -> None:
    assert record.closed == ["inside"]
