"""The kinds of render that an AsyncChunkStream steps.

A template of an async environment renders in an asyncio task of its own, so that a timeout or
cancel scope in the user's code never cancels the consumer, nor the other way round (PEP 789). The
render stops at a cut until the chunk is taken. When it waits for anything else, the consumer may
take what its finished runs have written.
"""

from __future__ import annotations

import asyncio
import sys
from types import coroutine
from typing import TYPE_CHECKING, Any, Protocol

from jinja2.utils import internalcode

from .buffer import Buffer
from .calls import CUT, open_sources
from .exceptions import StreamClosedError
from .sources import Sources, clock, report

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    from .stream import ChunkStream, Encoder


class Render(Protocol):
    """A render that an :class:`AsyncChunkStream` steps."""

    async def step(self) -> Any:
        """The next chunk, or ``None`` when the render has ended."""

    async def close(self) -> None:
        """End the render and close what it was iterating."""

    def abandon(self) -> None:
        """The same as far as it can be done from a finalizer."""


class CoroutineRender:
    """What renders of async environments share: the coroutine, its context and how it ends."""

    def __init__(
        self,
        begin: Callable[[Buffer], Coroutine[Any, Any, None]],
        chunk_size: int,
        encoder: Encoder,
        context: Context,
        on_error: Callable[[], Any] | None,
    ) -> None:
        """As :class:`~streamtmpl.ChunkStream`, but *begin* returns a coroutine that awaits cuts."""
        self._begin = begin
        self._on_error = on_error
        self._encoder = encoder
        self._sources = Sources()
        self._out = Buffer(chunk_size, self._sources)
        self._context = context
        self._done = False
        self._error: BaseException | None = None

    async def _render(self) -> None:
        """Run the whole render; whatever it raises is kept for the consumer."""
        try:
            open_sources.set(self._sources)
            self._out.resumed = clock()
            await self._drive(self._begin(self._out))
        except GeneratorExit:  # the event loop is gone: nothing can be awaited any more
            report(self._sources.close())
            raise
        except BaseException as error:  # noqa: BLE001 - kept for the consumer
            report(await self._sources.aclose())
            self._error = self._rewritten(error)
        else:
            errors = await self._sources.aclose()
            self._error = errors[0] if errors else None
            report(errors[1:])
        finally:
            self._done = True

    @coroutine
    def _drive(self, body: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Run *body*, and do at each cut and each wait what the kind of render does there."""
        resume: Callable[[Any], Any] = body.send
        value: Any = None
        while True:
            try:
                signal = resume(value)
            except StopIteration:
                return
            resume, value = body.send, None
            try:
                if signal is CUT:
                    if self._out.tell():
                        yield from self._at_cut()
                else:
                    self._before_wait()
                    value = yield signal
                self._out.resumed = clock()
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = body.throw, error

    def _at_cut(self) -> Generator[Any, Any, None]:
        raise NotImplementedError

    def _before_wait(self) -> None:
        """The render is about to wait for something that is not ready."""

    @internalcode
    def _rewritten(self, error: BaseException) -> BaseException:
        """*error* with a traceback through the template, if there is one to be had."""
        if self._on_error is None or not isinstance(error, Exception):
            return error
        try:
            self._on_error()
        except Exception as rewritten:  # noqa: BLE001 - raised to the consumer
            return rewritten
        return error

    def _last(self) -> Any:
        """The chunk of a render that has ended, if any text is left; errors come first."""
        error, self._error = self._error, None
        if error is not None:
            self._out.take()
            raise error
        return self._encoder(self._out.take(), final=True) or None


class TaskRender(CoroutineRender):
    """A render in an asyncio task of its own."""

    _task: asyncio.Task[None] | None = None
    _consumer: asyncio.Future[None] | None = None
    _taken: asyncio.Future[None] | None = None
    _closing = False

    async def step(self) -> Any:
        """The next chunk: what a cut or a wait has made available."""
        if self._task is None:
            self._start()
        while not self._done:
            if self._closing:
                raise StreamClosedError("the stream was closed while a chunk was awaited")
            if chunk := self._encoder(self._out.take()):
                if self._taken is not None and not self._taken.done():
                    self._taken.set_result(None)
                return chunk
            self._consumer = self._loop.create_future()
            await self._consumer
        return self._last()

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 11):
            self._task = self._loop.create_task(self._render(), context=self._context)
        else:
            self._task = self._context.run(self._loop.create_task, self._render())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._done = True  # also when it was cancelled before its first step
        self._wake()

    def _wake(self) -> None:
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    def _at_cut(self) -> Generator[Any, Any, None]:
        if self._closing:
            raise asyncio.CancelledError
        self._taken = self._loop.create_future()
        self._wake()
        yield from self._taken

    def _before_wait(self) -> None:
        if self._out.tell():
            self._wake()

    async def close(self) -> None:
        """Cancel the task and wait until it has unwound."""
        self._closing = True
        if self._task is None:
            self._done = True
        elif not self._done:
            self._task.cancel()
            await asyncio.wait({self._task})
            if isinstance(self._error, asyncio.CancelledError):
                self._error = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def abandon(self) -> None:
        """Have the event loop cancel the task, if it still can."""
        if self._task is not None and not self._done and not self._loop.is_closed():
            self._closing = True
            self._loop.call_soon_threadsafe(self._task.cancel)


class InlineRender(CoroutineRender):
    """A render in the consumer's own task, for event loops other than asyncio's.

    What it waits for passes through, and nothing is handed over before a wait.
    """

    _running: Coroutine[Any, Any, None] | None = None

    @coroutine
    def step(self) -> Generator[Any, Any, Any]:
        """The next chunk: what has collected at the next cut."""
        if self._running is None:
            self._running = self._render()
        if (yield from self._until_cut(self._running.send)):
            return self._encoder(self._out.take())
        return self._last()

    def _until_cut(self, resume: Callable[[Any], Any]) -> Generator[Any, Any, bool]:
        value: Any = None
        while not self._done:
            try:
                signal = self._context.run(resume, value)
            except StopIteration:
                break
            if signal is CUT:
                return True
            assert self._running is not None
            try:
                value = yield signal
                resume = self._running.send
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = self._running.throw, error
        return False

    def _at_cut(self) -> Generator[Any, Any, None]:
        yield CUT

    @coroutine
    def close(self) -> Generator[Any, Any, None]:
        """Unwind the render where it stands."""
        if self._running is None:
            self._done = True
        while not self._done:
            yield from self._until_cut(self._throw_unwind)
        error, self._error = self._error, None
        if error is not None and not isinstance(error, _Unwind):
            raise error

    def _throw_unwind(self, value: None) -> Any:
        assert self._running is not None
        return self._running.throw(_Unwind())

    def abandon(self) -> None:
        """Unwind the render as far as that needs no waiting."""
        if self._running is not None and not self._done:
            self._context.run(self._running.close)


class _Unwind(BaseException):
    """Thrown into an inline render that is closed: its frames unwind, its sources are closed."""


class ThreadRender:
    """A render of a sync environment, each step in a worker thread."""

    def __init__(self, stream: ChunkStream[Any]) -> None:
        self._stream = stream

    async def step(self) -> Any:
        """The next chunk, from one hop into a worker thread."""
        return await self._in_thread(next, self._stream, None)

    async def close(self) -> None:
        """Close the stream in a worker thread: what it closes may block."""
        await self._in_thread(self._stream.close)

    def abandon(self) -> None:
        """Nothing to do: the stream itself is closed when it is dropped."""

    @staticmethod
    async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
        """Call *function* in a thread; a cancelled caller still waits until it has returned."""
        hop = asyncio.get_running_loop().run_in_executor(None, function, *args)
        try:
            return await asyncio.shield(hop)
        except asyncio.CancelledError:
            if not hop.done():
                await asyncio.wait({hop})
            if not hop.cancelled():
                hop.exception()  # looked at, so that it is not reported as lost
            raise
