"""Streams of events in an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.async_stream import AsyncChunkStream
from streamtmpl.chunks.cuts import cut
from streamtmpl.chunks.encoder import Encoder
from streamtmpl.chunks.render import Render, asyncio_runs
from streamtmpl.chunks.tasks import TaskRender

from .event import COMMENT
from .source import AsyncTexts, Texts
from .thread import Answer, InThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamtmpl.chunks.buffer import Buffer
    from streamtmpl.chunks.threads import Hop


def async_stream(
    source: Any, keep_alive: float | None, stop_on_error: bool, hop: Hop | None = None
) -> AsyncChunkStream[bytes]:
    """The stream that :func:`~streamtmpl.events.event_stream_async` gives.

    :param hop: chooses the threads that parts of an async source's events are rendered in.
    """
    begin = partial(_write, source, stop_on_error, hop)
    task = TaskRender(begin, 0, Encoder("utf-8"), copy_context(), None)
    task.in_lockstep = True  # no event is made before it can be sent
    render: Render = task
    if keep_alive is not None:
        render = _KeptAlive(render, keep_alive)
    return AsyncChunkStream(render)


async def _write(source: Any, stop_on_error: bool, hop: Hop | None, out: Buffer) -> None:
    if hasattr(source, "__aiter__"):
        texts = AsyncTexts(source, stop_on_error, hop)
    else:
        threaded = _Threaded(Texts(source, stop_on_error, leave_async=True))
        texts = AsyncTexts(threaded, stop_on_error, gives_texts=True)
    assert out.sources is not None
    out.sources.add(texts)
    out.write(COMMENT)
    await cut()
    async for text in texts:
        if text is not None:
            out.write(text)
            await cut()


class _Threaded:
    """What a thread of its own takes from an iterator, as an async iterator."""

    def __init__(self, items: Texts) -> None:
        if not asyncio_runs():
            raise RuntimeError(
                "a source that is not async is stepped in a thread, which needs asyncio: under"
                " another event loop give an async iterable"
            )
        self._thread = InThread(items)

    def __aiter__(self) -> _Threaded:
        return self

    async def __anext__(self) -> Any:
        answer = await _answer(self._thread.ask)
        if isinstance(answer.error, StopIteration):
            raise StopAsyncIteration
        if answer.error is not None:
            raise answer.error
        return answer.item

    async def aclose(self) -> None:
        answer = await _answer(self._thread.close)
        if answer.error is not None:
            raise answer.error


async def _answer(order: Callable[[Any], None]) -> Answer:
    """What comes of an *order* to a thread."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Answer] = loop.create_future()

    def tell(answer: Answer) -> None:
        with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, answer)

    def settle(answer: Answer) -> None:
        if not answered.done():
            answered.set_result(answer)

    order(tell)
    return await answered


class _KeptAlive:
    """A render that gives a comment where the next chunk does not come in time."""

    _next: asyncio.Future[Any] | None = None
    """The step that is under way."""

    def __init__(self, render: Render, keep_alive: float) -> None:
        self._render = render
        self._keep_alive = keep_alive

    @property
    def over(self) -> bool:
        """Whether nothing comes any more, known without a further step."""
        return self._render.over

    def begun(self) -> Render:
        """This render, or under another event loop than asyncio's one without comments."""
        self._render = self._render.begun()
        return self if asyncio_runs() else self._render

    def encode_as(self, encoding: str) -> None:
        """Nothing: chunks are bytes."""

    def at_once(self) -> Any:
        """Begin; the stream is never there as a whole, as it begins with a comment."""
        return self._render.at_once()

    async def whole(self) -> Any:
        """Nothing; the stream is never there as a whole, as it begins with a comment."""
        return await self._render.whole()

    async def step(self) -> Any:
        """The next chunk, or a comment; ``None`` when the stream has ended."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._render.step())
            self._next.add_done_callback(_looked_at)
        done, _ = await asyncio.wait({self._next}, timeout=self._keep_alive)
        if not done:
            return COMMENT.encode()
        step, self._next = self._next, None
        return step.result()

    async def close(self) -> None:
        """End the render and close what it was iterating."""
        step, self._next = self._next, None
        if step is not None:
            step.cancel()
            await asyncio.wait({step})
        await self._render.close()

    def abandon(self) -> None:
        """End the render as far as that can be done from a finalizer."""
        self._render.abandon()


def _looked_at(step: asyncio.Future[Any]) -> None:
    """Nobody else may want what *step* has raised: the stream has been closed."""
    if not step.cancelled():
        step.exception()
