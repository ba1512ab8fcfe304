"""The kinds of render that an AsyncChunkStream steps.

A template of an async environment renders in an asyncio task of its own, so that a timeout or
cancel scope in the user's code never cancels the consumer, nor the other way round (PEP 789). The
render stops at a cut until the chunk is taken. When it waits for anything else, the consumer may
take what its finished runs have written.
"""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
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

    Hop = Callable[..., asyncio.Future[Any]]
    """Calls a function with arguments in a thread, and gives what it returns as a future."""


def asyncio_runs() -> bool:
    """Whether the event loop that runs in this thread, if there is one, is asyncio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def task_in(
    context: Context, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]
) -> asyncio.Task[None]:
    """A task of *loop* that runs *coroutine* in *context*."""
    if sys.version_info >= (3, 11):
        return loop.create_task(coroutine, context=context)
    return context.run(loop.create_task, coroutine)


class Render(Protocol):
    """A render that an :class:`AsyncChunkStream` steps."""

    async def step(self) -> Any:
        """The next chunk, or ``None`` when the render has ended."""

    async def close(self) -> None:
        """End the render and close what it was iterating."""

    def abandon(self) -> None:
        """The same as far as it can be done from a finalizer."""


class CoroutineRender(ABC):
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
        self._unwinding = False
        self._closing = False
        self._failure: BaseException | None = None
        self._kept: BaseException | None = None

    async def _render(self) -> None:
        """Run the whole render; what it and closing raise is kept for the consumer."""
        try:
            open_sources.set(self._sources)
            self._out.resumed = clock()
            await self._drive(self._begin(self._out))
            if self._out.deferral is not None:
                await self._drive(self._out.deferral.rest())
        except GeneratorExit:  # the event loop is gone: nothing can be awaited any more
            report(self._sources.close())
            raise
        except BaseException as error:  # noqa: BLE001 - kept for the consumer
            self._unwinding = True
            errors = await self._sources.aclose()
            if self._closing and isinstance(error, (asyncio.CancelledError, Unwind)):
                self._keep(errors)
            else:
                report(errors)
                self._failure = self._rewritten(error)
        else:
            self._unwinding = True
            self._before_wait()
            self._keep(await self._sources.aclose())
        finally:
            self._done = True

    def _keep(self, errors: list[BaseException]) -> None:
        """Keep the first error of closing, to be raised; the others are logged."""
        if errors:
            self._kept = errors[0]
            report(errors[1:])

    def _raise_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            raise kept

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
                    if self._out.deferral is not None:
                        yield from self._out.deferral.catch_up().__await__()
                    if self._out.tell():
                        yield from self._at_cut()
                else:
                    self._before_wait()
                    value = yield signal
                self._out.resumed = clock()
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = body.throw, error

    @abstractmethod
    def _at_cut(self) -> Generator[Any, Any, None]:
        """A chunk is to be cut: wait until the consumer has taken it."""

    def _before_wait(self) -> None:  # noqa: B027 - not every kind of render can do something
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
        """What comes when the render has ended: its error, else text that is left, else nothing."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if chunk := self._encoder(self._out.take(), final=True):
            return chunk
        self._raise_kept()
        return None


_tasks: set[asyncio.Task[None]] = set()
"""The renders under way: event loops hold tasks only weakly."""


class TaskRender(CoroutineRender):
    """A render in an asyncio task of its own."""

    _task: asyncio.Task[None] | None = None
    _consumer: asyncio.Future[None] | None = None
    _taken: asyncio.Future[None] | None = None

    async def step(self) -> Any:
        """The next chunk: what a cut or a wait has made available."""
        if self._task is None:
            self._start()
        while not self._done and not self._closing:
            if chunk := self._encoder(self._out.take()):
                self._was_taken()
                return chunk
            self._consumer = self._loop.create_future()
            await self._consumer
        if self._closing:
            raise StreamClosedError("the stream was closed while a chunk was awaited")
        return self._last()

    def _was_taken(self) -> None:
        """Let the render go on to the next chunk."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = task_in(self._context, self._loop, self._render())
        _tasks.add(self._task)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        _tasks.discard(task)
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
        out = self._out
        if out.deferral is not None:
            out.deferral.notify = self._wake
            out.deferral.settle()
        if out.tell() > out.flush_limit:
            self._wake()

    def _cancel(self) -> None:
        """Have the template's frames unwound; closing that has begun is not interrupted."""
        self._closing = True
        if self._task is not None and not self._unwinding:
            self._task.cancel()

    async def close(self) -> None:
        """Cancel the task and wait until it has unwound."""
        if self._task is None:
            self._done = True
        elif not self._done:
            self._cancel()
            self._wake()
            await asyncio.wait({self._task})
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._raise_kept()

    def abandon(self) -> None:
        """Have the event loop cancel the task, if it still can."""
        if self._task is not None and not self._done and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)


class LockstepRender(TaskRender):
    """A render in a task that does nothing until the consumer wants the next chunk.

    Where the consumer runs the event loop only for its steps, whatever runs in between delays it.
    """

    async def step(self) -> Any:
        """The next chunk."""
        super()._was_taken()
        return await super().step()

    def _was_taken(self) -> None:
        """The render goes on with the next step."""


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
        self._closing = True
        if self._running is None:
            self._done = True
        while not self._done:
            yield from self._until_cut(self._throw_unwind)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._raise_kept()

    def _throw_unwind(self, value: None) -> Any:
        assert self._running is not None
        return self._running.throw(Unwind())

    def abandon(self) -> None:
        """Unwind the render as far as that needs no waiting."""
        if self._running is not None and not self._done:
            self._context.run(self._running.close)


class Unwind(BaseException):
    """Thrown into an inline render that is closed: its frames unwind, its sources are closed."""


class ThreadRender:
    """A render of a sync environment, each step in a worker thread."""

    def __init__(self, stream: ChunkStream[Any], hop: Hop | None = None) -> None:
        """Step *stream* in the thread that *hop* calls functions in, by default any."""
        self._stream = stream
        self._hop: Hop = hop or _into_executor

    async def step(self) -> Any:
        """The next chunk, from one hop into a worker thread.

        :raises RuntimeError: the event loop is not asyncio's.
        """
        if not asyncio_runs():
            raise RuntimeError(
                "what is not async is stepped in worker threads, which needs asyncio: under another"
                " event loop render a template of an environment with enable_async=True"
            )
        return await self._in_thread(next, self._stream, None)

    async def close(self) -> None:
        """Close the stream in a worker thread: what it closes may block."""
        if asyncio_runs():
            await self._in_thread(self._stream.close)
        else:  # it has never been stepped
            self._stream.close()

    def abandon(self) -> None:
        """Nothing to do: the stream itself is closed when it is dropped."""

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call *function* in a thread; a cancelled caller still waits until it has returned."""
        hop = self._hop(_outcome, function, args)
        try:
            result, error = await asyncio.shield(hop)
        except asyncio.CancelledError:
            if not hop.done():
                self._stream.interrupt()
                await asyncio.wait({hop})
            raise
        if error is not None:
            raise error
        return result


def _into_executor(function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
    return asyncio.get_running_loop().run_in_executor(None, function, *args)


def _outcome(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> tuple[Any, BaseException | None]:
    """What *function* returns or raises, as a value: futures change some exceptions."""
    try:
        return function(*args), None
    except BaseException as error:  # noqa: BLE001 - raised where the hop is awaited
        return None, error
