"""Records when things happen around a stream: pulls from sources, chunks that arrive, closing.

One :class:`Consumer` steps streams of every kind with plain calls, so that a test states a law
once. Nothing here looks at a clock: only the order of events counts.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jinja2
import pytest
from jinja2 import DictLoader

from streamtmpl import StreamEnvironment, render_stream, render_stream_async


class Kind(NamedTuple):
    """A way to stream."""

    name: str
    async_environment: bool
    async_stream: bool
    async_sources: bool

    @property
    def ahead(self) -> int:
        """Chunks that the render may be ahead of the consumer."""
        return 1 if self.async_stream else 0


SYNC = Kind("sync", False, False, False)
ASYNC = Kind("async", True, True, False)
ASYNC_SOURCES = Kind("async sources", True, True, True)
THREADS = Kind("threads", False, True, False)
KINDS = (SYNC, ASYNC, ASYNC_SOURCES, THREADS)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
"""Runs a test for each way to stream."""


class Trace:
    """What happened, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def note(self, event: str, value: Any = None) -> str:
        """Record an event; an empty string, so that templates can call it."""
        self.events.append((event, value))
        return ""

    def of(self, event: str) -> list[Any]:
        """The values of all events of one kind."""
        return [value for name, value in self.events if name == event]

    def rows(self, kind: Kind, items: Iterable[Any]) -> Any:
        """A lazy source of *items* that records its pulls."""
        return self._pulled_async(items) if kind.async_sources else self._pulled(items)

    def _pulled(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.note("pull", item)
            yield item

    async def _pulled_async(self, items: Iterable[Any]) -> AsyncIterator[Any]:
        for item in items:
            self.note("pull", item)
            yield item

    def received(self, mark: str) -> int:
        """The place of the event that brought *mark* to the consumer."""
        for place, (event, value) in enumerate(self.events):
            if event == "got" and mark in value:
                return place
        raise AssertionError(f"{mark!r} never arrived: {self.events}")

    def pulled(self, item: Any) -> int:
        """The place of the pull of *item*."""
        return self.events.index(("pull", item))


class Consumer:
    """Takes the chunks of a stream one by one, whatever kind of stream it is.

    Used as a context manager it closes the stream and then finds nothing left in the event loop.
    """

    def __init__(
        self,
        kind: Kind,
        templates: Mapping[str, str] | str,
        context: Mapping[str, Any] | None = None,
        *,
        chunk_size: int = 0,
        trace: Trace | None = None,
        encoding: str | None = None,
        **options: Any,
    ) -> None:
        if isinstance(templates, str):
            templates = {"main": templates}
        self.kind = kind
        self.trace = trace or Trace()
        self.environment = StreamEnvironment(
            loader=DictLoader(templates), enable_async=kind.async_environment, **options
        )
        template = self.environment.get_template(next(iter(templates)))
        start: Callable[..., Any] = render_stream_async if kind.async_stream else render_stream
        self.stream: Any = start(template, context, chunk_size=chunk_size, encoding=encoding)
        self.loop = asyncio.new_event_loop() if kind.async_stream else None

    def run(self, awaitable: Any) -> Any:
        """Wait for something in the consumer's event loop."""
        assert self.loop is not None
        return self.loop.run_until_complete(awaitable)

    def next(self) -> str | None:
        """The next chunk, or ``None`` at the end."""
        if self.loop is None:
            chunk = next(self.stream, None)
        else:
            chunk = self.run(anext(self.stream, None))
        if chunk is not None:
            assert chunk, "chunks are never empty"
            self.trace.note("got", chunk)
        return chunk

    def rest(self) -> list[str]:
        """All further chunks."""
        return list(iter(self.next, None))

    def text(self) -> str:
        """All further text."""
        return "".join(self.rest())

    def close(self) -> None:
        """Close the stream."""
        if self.loop is None:
            self.stream.close()
        else:
            self.run(self.stream.aclose())

    def drop(self) -> None:
        """Leave the stream to the garbage collector."""
        if self.loop is not None:
            # A thread holds what it has called a little longer than what comes of it is there.
            self.run(self.loop.shutdown_default_executor())
        self.stream = None
        gc.collect()
        self.settle()

    def settle(self) -> None:
        """Let an event loop do what it has been asked to do already."""
        if self.loop is not None:
            for _ in range(20):
                self.run(asyncio.sleep(0))

    def tasks(self) -> set[asyncio.Task[Any]]:
        """Tasks that are still there."""
        return set() if self.loop is None else asyncio.all_tasks(self.loop)

    def __enter__(self) -> Consumer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self.stream is not None:
                self.close()
            left = self.tasks()
        finally:
            self.end()
        if kind is None:
            assert not left

    def end(self) -> None:
        """End the event loop as ``asyncio.run()`` does."""
        if self.loop is None:
            return
        try:
            tasks = self.tasks()
            for task in tasks:
                task.cancel()
            if tasks:
                self.run(asyncio.wait(tasks))
            self.run(self.loop.shutdown_asyncgens())
            self.run(self.loop.shutdown_default_executor())
        finally:
            self.loop.close()


def expected(
    templates: Mapping[str, str] | str, context: Mapping[str, Any] | None = None, **options: Any
) -> str:
    """What Jinja2 renders."""
    if isinstance(templates, str):
        templates = {"main": templates}
    return _of_jinja2(tuple(templates.items()), tuple(options.items())).render(context or {})


@lru_cache(maxsize=256)
def _of_jinja2(templates: tuple[tuple[str, str], ...], options: tuple[Any, ...]) -> jinja2.Template:
    """The first of these templates. Tests want it once for each kind of stream."""
    environment = jinja2.Environment(loader=DictLoader(dict(templates)), **dict(options))
    return environment.get_template(templates[0][0])


def assert_streamed(trace: Trace, kind: Kind, items: list[Any], mark: str = "[{}]") -> None:
    """Each row was in the consumer's hands before the next one was pulled.

    A render in a task of its own may be one chunk ahead.
    """
    step = 1 + kind.ahead
    assert len(items) > step, "too few rows to tell anything"
    for item, later in zip(items, items[step:], strict=False):
        assert trace.received(mark.format(item)) < trace.pulled(later), trace.events


def assert_captured(trace: Trace, items: list[Any]) -> None:
    """No row was handed over before all had been pulled."""
    last = trace.pulled(items[-1])
    handed = [value for event, value in trace.events[:last] if event == "got"]
    assert "[" not in "".join(handed), trace.events
