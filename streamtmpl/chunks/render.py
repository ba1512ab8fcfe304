"""What an async stream steps: a render, and what all renders of coroutines share."""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from jinja2.utils import internalcode

from .buffer import Buffer, clock
from .closing import OpenIterators, RaisesOnce, open_iterators, report
from .compiled import NO_SIGNAL, drive
from .encoder import AS_TEXT, Encoder, encoder

if sys.version_info < (3, 12):
    from . import at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from contextvars import Context


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


def begun_task_in(
    context: Context, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]
) -> asyncio.Task[None] | None:
    """As :func:`task_in`, but the task is run up to its first wait here; ``None`` if it has ended.

    It is the current task meanwhile, as in every other step. An event loop that has its own way
    to make tasks makes this one too, and begins it when it likes.
    """
    if loop.get_task_factory() is not None:
        return task_in(context, loop, coroutine)
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, context=context, eager_start=True)
    if at_once.KNOWN:
        return at_once.begin_task(context, loop, coroutine)
    return task_in(context, loop, coroutine)


class HeldTasks:
    """Tasks under way: event loops hold them only weakly.

    Those of an event loop that somebody has closed before they ended never will: they are let go
    when a task of another event loop comes.
    """

    def __init__(self) -> None:
        self._by_loop: dict[asyncio.AbstractEventLoop, set[asyncio.Task[None]]] = {}

    def of(self, loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[None]]:
        """The tasks of *loop*, to be added to and discarded from."""
        tasks = self._by_loop.get(loop)
        if tasks is None:
            for other in list(self._by_loop):
                if other.is_closed():
                    self._by_loop.pop(other, None)
            tasks = self._by_loop[loop] = set()
        return tasks


class Render(Protocol):
    """A render that an :class:`AsyncChunkStream` steps."""

    @property
    def over(self) -> bool:
        """Whether nothing comes any more, known without a further step."""

    def begun(self) -> Render:
        """The render to step from now on, in the event loop that runs: this one, or its twin."""

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already.

        :raises LookupError: there is no such text encoding.
        """

    async def step(self) -> Any:
        """The next chunk, or ``None`` when the render has ended."""

    def at_once(self) -> Any:
        """All chunks as one if the render, which begins here, ends here too; else ``None``."""

    async def whole(self) -> Any:
        """All chunks as one, or ``None``; the render begins in the event loop's next turn."""

    async def close(self) -> None:
        """End the render and close what it was iterating."""

    def abandon(self) -> None:
        """End the render as far as that can be done from a finalizer."""


class CoroutineRender(RaisesOnce, ABC):
    """What renders of async environments share: the coroutine, its context and how it ends."""

    # What a small page never changes costs nothing as an attribute of the class.
    over = False
    _done = False
    _unwinding = False
    _closing = False
    _failure: BaseException | None = None

    def __init__(
        self,
        begin: Callable[[Buffer], Coroutine[Any, Any, None]],
        chunk_size: int | None,
        encoder: Encoder,
        context: Context,
        on_error: Callable[[], Any] | None,
    ) -> None:
        """A render of what *begin* writes into the buffer that it is called with.

        :param begin: returns a coroutine that awaits cuts.
        :param chunk_size: in characters.
        :param encoder: makes chunks of text.
        :param context: the context variables that it runs in.
        :param on_error: as of :class:`~streamtmpl.ChunkStream`.
        """
        self._closing_error = None
        self._begin = begin
        self._on_error = on_error
        self._encoder = encoder
        self._iterators = OpenIterators()
        self._out = Buffer(chunk_size, self._iterators)
        self._context = context

    def begun(self) -> Render:
        """This render."""
        return self

    @abstractmethod
    async def step(self) -> Any:
        """The next chunk, or ``None`` when the render has ended."""

    def at_once(self) -> Any:
        """Nothing: it is not begun here."""
        return None

    async def whole(self) -> Any:
        """Nothing: it is not begun here."""
        return None

    @abstractmethod
    async def close(self) -> None:
        """End the render and close what it was iterating."""

    @abstractmethod
    def abandon(self) -> None:
        """End the render as far as that can be done from a finalizer."""

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already."""
        if self._encoder.gives_text:
            self._encoder = encoder(encoding)

    async def _render(self) -> None:
        """Run the whole render; what it and closing raise is noted for the consumer."""
        try:
            out = self._out
            open_iterators.set(self._iterators)
            out.resumed = clock()
            body = self._begin(out)
            try:
                signal = body.send(None)  # most pages need no more steps, and no driver
            except StopIteration:
                pass
            else:
                await self._drive(body, signal)
            if out.deferral is not None:
                await self._drive(out.deferral.rest())
        except GeneratorExit:  # the event loop is gone: nothing can be awaited any more
            report(self._iterators.close())
            raise
        except BaseException as error:  # noqa: BLE001 - noted for the consumer
            self._unwinding = True
            errors = await self._iterators.aclose()
            if self._closing and isinstance(error, (asyncio.CancelledError, Unwind)):
                self._keep_first(errors)
            else:
                report(errors)
                self._failure = self._rewritten(error)
        else:
            self._unwinding = True
            self._before_wait()
            if self._iterators.open:
                self._keep_first(await self._iterators.aclose())
            else:
                self._iterators.close()
        finally:
            self._done = True

    def _drive(self, body: Coroutine[Any, Any, None], signal: Any = NO_SIGNAL) -> Awaitable[None]:
        if signal is NO_SIGNAL:
            self._out.resumed = clock()
        return drive(
            body,
            signal=signal,
            at_cut=self._at_cut,
            before_wait=self._before_wait,
            after_wait=self._after_wait,
        )

    @abstractmethod
    def _at_cut(self) -> Generator[Any, Any, None]:
        """A chunk is to be cut if there is text: wait until the consumer has taken it."""

    def _catch_up(self) -> Generator[Any, Any, None]:
        """Wait for deferred regions that the document must not run away from."""
        yield from self._out.deferral.catch_up().__await__()

    def _after_wait(self) -> None:
        self._out.resumed = clock()

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

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _last(self) -> Any:
        """What comes when the render has ended: its error, else text that is left, else nothing."""
        if self._failure is not None:
            self._raise_failure()
        out, encode = self._out, self._encoder
        if out.deferral is None and not out.taken and self._closing_error is None:
            self.over = True  # a small page
            text: Any = out.getvalue()
            return (text if encode is AS_TEXT else encode(text, final=True)) or None
        if chunk := encode(out.take(), final=True):
            self.over = self._closing_error is None
            return chunk
        self._raise_first()
        return None

    def _end(self) -> None:
        """Raise what unwinding or closing has raised; the render has ended."""
        self._raise_failure()
        self._raise_first()


class Unwind(BaseException):
    """Thrown into an inline render that is closed: its frames unwind, its iterators are closed."""
