"""An async stream that somebody observes."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from jinja2.utils import internalcode

from . import buffer
from .async_stream import AsyncChunkStream
from .closing import open_iterators
from .compiled import drive
from .cuts import CUT, check_chunk_size
from .encoder import AS_TEXT
from .inline import InlineRender
from .observed import StreamWatch, Watch, WatchedEncoder, in_context
from .places import NOWHERE, Place, place_in
from .render import CoroutineRender, Render
from .tasks import TaskRender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from streamtmpl.observing import Observer, Outcome

    from .buffer import Buffer


class Waits:
    """Times what a coroutine waits for, as the hooks of :func:`drive`."""

    def __init__(
        self, body: Coroutine[Any, Any, Any], watch: Watch, out: Buffer | None = None
    ) -> None:
        """Time the waits of *body*, and tell *watch*.

        :param out: the buffer whose text is handed over while it waits, if it is a document.
        """
        self._body, self._watch, self._out = body, watch, out
        self._awaited: Any = None
        """What is awaited: it may wait more than once."""
        self._place = NOWHERE
        self._began = self._ended = self._seconds = 0.0
        self._waits = False

    def before(self) -> None:
        """It is about to wait."""
        place, awaited = _innermost(self._body)
        if awaited is None or awaited is not self._awaited:
            self.tell()
            self._awaited = awaited
            iterators = open_iterators.get()
            # What waits in a region that is rendered right where it stands is told by that.
            is_own = iterators is not None and iterators.watch is self._watch
            if is_own and not self._watch.pulling:
                self._place = place
        if self._out is not None:
            self._out.reason = "wait"
        self._waits = True
        self._began = buffer.clock()

    def after(self) -> None:
        """What it has waited for is ready, or somebody has cancelled the wait, or a cut."""
        if not self._waits:
            return
        self._waits = False
        self._ended = buffer.clock()
        self._seconds += self._ended - self._began
        if self._out is not None and self._out.reason == "wait":
            self._out.reason = "size"

    def tell(self) -> None:
        """Tell of the wait that is over, if there is one."""
        place, seconds = self._place, self._seconds
        self._place, self._seconds, self._awaited = NOWHERE, 0.0, None
        if place is not NOWHERE:
            self._watch.waited("await", place, seconds, self._ended)

    def at_cut(self) -> Generator[Any, Any, None]:
        """Hand a cut on to who drives the stream."""
        self.tell()
        yield CUT

    def over(self) -> Awaitable[Any]:
        """Run the coroutine."""
        return drive(self._body, at_cut=self.at_cut, before_wait=self.before, after_wait=self.after)


def _innermost(body: Any) -> tuple[Place, Any]:
    """Where the innermost template stands in what *body* awaits, and what that awaits."""
    place, awaited = NOWHERE, None
    while body is not None:
        frame = getattr(body, "cr_frame", None) or getattr(body, "gi_frame", None)
        inner = getattr(body, "cr_await", None) or getattr(body, "gi_yieldfrom", None)
        if frame is not None and frame.f_globals.get("__jinja_template__") is not None:
            place, awaited = place_in(frame), inner
        body = inner
    return place, awaited


@internalcode
async def seen(body: Coroutine[Any, Any, Any], watch: Watch, out: Buffer | None = None) -> Any:
    """What *body* returns, whose waits *watch* is told of."""
    waits = Waits(body, watch, out)
    try:
        return await waits.over()
    finally:
        waits.tell()


class _Watched(CoroutineRender):
    """Put before the class of a render: it tells how it ends."""

    _watch: StreamWatch

    def watched_by(self, watch: StreamWatch, encoding: str | None) -> Any:
        """This render, which tells *watch* from now on."""
        self._iterators.watch = self._watch = watch
        self._run = in_context(watch, self._context)
        self.encode_as_watched(encoding)
        return self

    def encode_as_watched(self, encoding: str | None) -> None:
        """From now on tell of chunks that are encoded like this."""
        self._encoder = WatchedEncoder(encoding, self._watch, self._out, self._context)

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already."""
        if self._encoder.gives_text:
            self.encode_as_watched(encoding)

    def _tell(self, outcome: Outcome, error: BaseException | None = None) -> None:
        if not self._watch.is_closed:
            self._run(self._watch.closed, outcome, error)

    async def _render(self) -> None:
        try:
            await super()._render()
        except GeneratorExit:
            self._tell("consumer")
            raise
        if self._closing:
            self._watch.closed("consumer", self._failure or self._closing_error)

    def _last(self) -> Any:
        try:
            chunk = super()._last()
        except BaseException as error:
            self._tell("error", error)
            raise
        failure = self._closing_error
        self._tell("complete" if failure is None else "error", failure)
        return chunk

    def _end(self) -> None:
        failure = self._failure
        try:
            super()._end()
        except BaseException as error:
            self._tell("consumer" if failure is None else "error", error)
            raise
        self._tell("consumer")

    def abandon(self) -> None:
        """End the render as far as that can be done from a finalizer."""
        super().abandon()  # type: ignore[safe-super] # of the class that this is put before
        if self._done:
            self._tell("consumer", self._failure)


class _WatchedInline(_Watched, InlineRender):
    """A render under another event loop than asyncio's, in the task of its reader."""

    def _tell(self, outcome: Outcome, error: BaseException | None = None) -> None:
        if error is not None and not isinstance(error, (Exception, KeyboardInterrupt, SystemExit)):
            outcome, error = "consumer", None  # it has been cancelled, and the render with it
        super()._tell(outcome, error)


class _WatchedTask(_Watched, TaskRender):
    """A render in a task."""

    _encoding: str | None = None

    def encode_as_watched(self, encoding: str | None) -> None:
        """From now on tell of chunks that are encoded like this."""
        super().encode_as_watched(encoding)
        self._encoding = encoding

    def begun(self) -> Render:
        """This render, or its twin that needs no asyncio."""
        render = super().begun()
        if render is self:
            return render
        inline = _WatchedInline(
            self._begin, self._out.size, self._encoder, self._context, self._on_error
        )
        twin: Render = inline.watched_by(self._watch, self._encoding)
        return twin


def watched_coroutine_stream(
    observe: Observer,
    begin: Callable[[Buffer], Coroutine[Any, Any, None]],
    chunk_size: int,
    encoding: str | None = None,
    on_error: Callable[[], Any] | None = None,
    template: str | None = None,
    blocks: tuple[str, ...] = (),
) -> AsyncChunkStream[Any]:
    """A stream whose events *observe* is called with, of what a coroutine writes.

    The arguments are those of :func:`watched_stream` and :func:`coroutine_stream`.
    """
    watch = StreamWatch(observe, template, blocks)

    @internalcode
    async def begun(out: Buffer) -> None:
        watch.started()
        await seen(begin(out), watch, out)
        out.reason = "end"

    check_chunk_size(chunk_size)
    render: Any = _WatchedTask(begun, chunk_size, AS_TEXT, copy_context(), on_error)
    return AsyncChunkStream(render.watched_by(watch, encoding))
