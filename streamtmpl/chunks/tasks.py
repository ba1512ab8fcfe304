"""The render in an asyncio task.

A template of an async environment renders in a task of its own, so that a timeout or
cancel scope in the user's code never cancels the consumer, nor the other way round (PEP 789). The
render stops at a cut until the chunk is taken. When it waits for anything else, the consumer may
take what its finished runs have written.

Chunks begin short and grow, so that the first one is soon there. To stop at each of the short ones,
and go on in another turn of the event loop, takes longer than to render them. So where a response
is sent, the first step of the task cuts no short ones for their length alone, unless rendering has
taken a moment.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import StreamClosedError

from .buffer import clock
from .cuts import MOMENT
from .inline import InlineRender
from .render import CoroutineRender, HeldTasks, Render, begun_task_in

if TYPE_CHECKING:
    from collections.abc import Generator


_tasks = HeldTasks()
"""The renders under way."""

JOINED_FROM = 512 if sys.version_info < (3, 12) else sys.maxsize
"""More characters than this are joined while the render waits. Before Python 3.12 a StringIO keeps
each piece that is written, of some 60 bytes more than its text, until somebody asks for all."""


class TaskRender(CoroutineRender):
    """A render in an asyncio task of its own.

    :ivar in_lockstep: whether it does nothing until the consumer wants the next chunk. Where the
        consumer runs the event loop only for its steps, whatever runs in between delays the render.
    """

    in_lockstep = False
    goes_ahead = False
    """Whether the first step cuts no short chunks for their length."""
    _task: asyncio.Task[None] | None = None
    """There is none yet while the task is run up to its first wait."""
    _consumer: asyncio.Future[None] | None = None
    _taken: asyncio.Future[None] | None = None
    _cut = ""
    """What has been cut and not taken: one text, which takes less memory than a buffer."""
    _joined = 0
    """How many characters of the buffer's have been joined while the render waited."""
    _offered = False
    """Whether the consumer has been told once that there is text to take."""
    _goes_on = False
    """Whether the render has been let go on from a cut, and has not yet."""
    _lags = False
    """Whether the render waits for the next step to go on, in lockstep."""

    def begun(self) -> Render:
        """This render, or under another event loop than asyncio's one in the consumer's task."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return InlineRender(
                self._begin, self._out.size, self._encoder, self._context, self._on_error
            )
        return self

    def at_once(self) -> Any:
        """Begin; all of it, if the render ends within its first step and without an error."""
        try:
            self._task = task = begun_task_in(self._context, self._loop, self._render())
        except BaseException:  # of the event loop's own way to make tasks
            self._done = True
            raise
        if self._done:
            return None if self._failure is not None else self._last()
        assert task is not None
        self._held = _tasks.of(self._loop)
        self._held.add(task)
        task.add_done_callback(self._ended)
        return None

    async def whole(self) -> Any:
        """All of it, if the event loop has made the task and begins it in its next turn."""
        if not self._done and not self._out.resumed:
            await asyncio.sleep(0)  # its first step comes before anything wakes this up
            if self._done and self._failure is None and self._closing_error is None:
                return self._last()
        return None

    async def step(self) -> Any:
        """The next chunk: what a cut or a wait has made available."""
        if self._lags:
            self._lags = False
            self._was_taken()
        while not self._done and not self._closing:
            if self._offered and (chunk := self._encoder(self._cut or self._out.take())):
                self._cut = ""
                if self.in_lockstep:
                    self._lags = True
                else:
                    self._was_taken()
                return chunk
            if self._goes_on:
                # The render's turn comes before this one's: nothing has to wake it up.
                self._goes_on = False
                await asyncio.sleep(0)
            else:
                self._consumer = self._loop.create_future()
                await self._consumer
        if self._closing:
            raise StreamClosedError("the stream was closed while a chunk was awaited")
        return self._last()

    def _was_taken(self) -> None:
        """Let the render go on to the next chunk."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
            self._goes_on = True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        if not self._done:  # it was cancelled before its first step
            self._done = True
            if not self._closing:
                self._failure = asyncio.CancelledError()
        self._wake()

    def _wake(self) -> None:
        self._offered = True
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    def _at_cut(self) -> Generator[Any, Any, None]:
        out = self._out
        if out.deferral is not None:
            yield from self._catch_up()
        if out.tell():
            if self._closing:
                raise asyncio.CancelledError
            if out.deferral is not None:  # regions may still change it
                out.getvalue()
            elif self.goes_ahead and self._may_go_ahead():
                out.lengthen()
                return
            else:
                self._cut = out.take()
            self._taken = self._loop.create_future()
            self._wake()
            yield from self._taken
        self._goes_on = False
        out.resumed = clock()

    def _may_go_ahead(self) -> bool:
        """Whether this is a cut in the first step, for the length of a short chunk."""
        out = self._out
        return (
            self._task is None
            and out.reason == "size"
            and out.is_short()
            and not self.in_lockstep
            and clock() - out.resumed < MOMENT
        )

    def _before_wait(self) -> None:
        out = self._out
        if out.deferral is not None:
            out.deferral.notify = self._wake
            out.deferral.settle()
        length = out.tell()
        if length > out.flush_limit:
            if length > JOINED_FROM:
                self._join(length)
            self._wake()

    def _join(self, length: int) -> None:
        """Have the buffer join the pieces of its *length* characters, if many are new."""
        if length < self._joined:
            self._joined = 0
        if length > self._joined + self._joined // 16 + JOINED_FROM:
            self._joined = length
            self._out.getvalue()

    def _cancel(self) -> None:
        """Have the template's frames unwound; closing that has begun is not interrupted."""
        begun, self._closing = self._closing or self._unwinding, True
        if self._task is not None and not begun:
            self._task.cancel()

    async def close(self) -> None:
        """Cancel the task and wait until it has unwound."""
        while self._task is None and not self._done:
            await asyncio.sleep(0)  # something that the first step has called closes the stream
        if not self._done:
            assert self._task is not None
            self._cancel()
            self._wake()
            await asyncio.wait({self._task})
        self._end()

    def abandon(self) -> None:
        """Have the event loop cancel the task, if it still can."""
        if not self._done and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)
