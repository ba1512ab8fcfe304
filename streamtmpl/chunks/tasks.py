"""The render in an asyncio task.

A template of an async environment renders in a task of its own, so that a timeout or
cancel scope in the user's code never cancels the consumer, nor the other way round (PEP 789). The
render stops at a cut until the chunk is taken. When it waits for anything else, the consumer may
take what its finished runs have written.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import StreamClosedError

from .buffer import clock
from .inline import InlineRender
from .render import CoroutineRender, HeldTasks, Render, asyncio_runs, task_in

if TYPE_CHECKING:
    from collections.abc import Generator


_tasks = HeldTasks()
"""The renders under way."""


class TaskRender(CoroutineRender):
    """A render in an asyncio task of its own.

    :ivar in_lockstep: whether it does nothing until the consumer wants the next chunk. Where the
        consumer runs the event loop only for its steps, whatever runs in between delays the render.
    """

    in_lockstep = False
    _task: asyncio.Task[None] | None = None
    _consumer: asyncio.Future[None] | None = None
    _taken: asyncio.Future[None] | None = None

    def begun(self) -> Render:
        """This render, or under another event loop than asyncio's one in the consumer's task."""
        if asyncio_runs():
            return self
        return InlineRender(
            self._begin, self._out.size, self._encoder, self._context, self._on_error
        )

    async def step(self) -> Any:
        """The next chunk: what a cut or a wait has made available."""
        if self._task is None:
            self._start()
        elif self.in_lockstep:
            self._was_taken()
        while not self._done and not self._closing:
            if chunk := self._encoder(self._out.take()):
                if not self.in_lockstep:
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
        self._held = _tasks.of(self._loop)
        self._held.add(self._task)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        if not self._done:  # it was cancelled before its first step
            self._done = True
            if not self._closing:
                self._failure = asyncio.CancelledError()
        self._wake()

    def _wake(self) -> None:
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    def _at_cut(self) -> Generator[Any, Any, None]:
        if self._out.deferral is not None:
            yield from self._catch_up()
        if self._out.tell():
            if self._closing:
                raise asyncio.CancelledError
            self._taken = self._loop.create_future()
            self._wake()
            yield from self._taken
        self._out.resumed = clock()

    def _before_wait(self) -> None:
        out = self._out
        if out.deferral is not None:
            out.deferral.notify = self._wake
            out.deferral.settle()
        if out.tell() > out.flush_limit:
            self._wake()

    def _cancel(self) -> None:
        """Have the template's frames unwound; closing that has begun is not interrupted."""
        begun, self._closing = self._closing or self._unwinding, True
        if self._task is not None and not begun:
            self._task.cancel()

    async def close(self) -> None:
        """Cancel the task and wait until it has unwound."""
        if self._task is None:
            self._done = True
        elif not self._done:
            self._cancel()
            self._wake()
            await asyncio.wait({self._task})
        self._end()

    def abandon(self) -> None:
        """Have the event loop cancel the task, if it still can."""
        if self._task is not None and not self._done and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)
