"""What an async stream steps: a render, and what all renders of coroutines share."""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from types import coroutine
from typing import TYPE_CHECKING, Any, Protocol

from jinja2.utils import internalcode

from .buffer import Buffer, clock
from .closing import Sources, report
from .cuts import CUT, open_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    from .encoder import Encoder


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


class Unwind(BaseException):
    """Thrown into an inline render that is closed: its frames unwind, its sources are closed."""
