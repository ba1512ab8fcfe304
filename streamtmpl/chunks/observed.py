"""A stream that somebody observes: it does what any stream does, and tells of it.

All of this is apart from what other streams are made of, and is imported when the first one is
observed. A :class:`Watch` is handed on where iterators register to be closed, which every part of a
stream can reach.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from jinja2.utils import internalcode

from streamtmpl import observing
from streamtmpl.exceptions import StreamClosedError

from . import buffer
from .encoder import Encoder
from .places import NOWHERE, Place, place_in
from .stream import ChunkStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from contextvars import Context
    from types import FrameType

    from streamtmpl.observing import Observer, Outcome, StreamEvent

    from .buffer import Buffer

_numbers = count(1)
_THRESHOLD = observing.THRESHOLD


class Watch:
    """Tells the observer of a stream what happens in its document.

    :ivar region: the name of the region that it tells about; ``None``: the document.
    :ivar pulling: how many pulls from async sources are under way.
    :ivar context: what it is called in, if not in that of what it tells about: a task of Python
        3.10 runs in a copy that nobody can get.
    """

    context: Context | None = None
    region: str | None = None
    pulling = 0

    def __init__(self, observer: Observer) -> None:
        """For a new stream.

        :raises TypeError: *observer* is no function, or an async one.
        """
        observing.check_observer(observer)
        self._observer = observer
        self._number = next(_numbers)

    def tell(self, kind: Callable[..., StreamEvent], *about: Any, at: float | None = None) -> None:
        """Call the observer, in the current thread and context. What it raises is logged."""
        event = kind(self._number, buffer.clock() if at is None else at, *about)
        try:
            self._observer(event)
        except Exception:  # it costs the page nothing
            import logging  # noqa: PLC0415 - it takes as long to import as all of this package

            logging.getLogger("streamtmpl").exception(
                "the observer of a stream failed at %r", event
            )

    def _begins(self, kind: Callable[..., StreamEvent], *about: Any) -> None:
        self.tell(kind, *about)
        if sys.version_info < (3, 11):
            self.context = copy_context()

    def waited(
        self, kind: observing.WaitKind, place: Place, seconds: float, at: float | None = None
    ) -> None:
        """It has waited, if that was long enough to be told."""
        if seconds >= _THRESHOLD:
            self.tell(observing.Waited, kind, *place, seconds, self.region, at=at)

    def boundary_failed(self, template: str | None, line: int, error: BaseException) -> None:
        """A boundary has handled *error*."""
        self.tell(observing.BoundaryFailed, template, line, error)

    def late_session(self, place: Place) -> None:
        """The session has been changed too late."""
        self.tell(observing.LateSession, *place)

    def of_region(self, template: str | None, line: int) -> RegionWatch:
        """What tells about a region at *line* of *template*."""
        return RegionWatch(self, template, line)


class StreamWatch(Watch):
    """Tells how a stream begins, goes on and ends as well.

    :ivar rendering: what tells about regions that have begun and of whose end nothing was told.
    """

    def __init__(self, observer: Observer, template: str | None, blocks: tuple[str, ...]) -> None:
        """For a stream of the *blocks* of *template*, or all of it."""
        super().__init__(observer)
        self._about = template, blocks
        self._started = self._closed = self._has_chunk = False
        self._in_place = count(1)
        self.rendering: dict[RegionWatch, None] = {}

    def started(self) -> None:
        """The render begins."""
        self._started = True
        self._begins(observing.StreamStarted, *self._about)

    def chunk(self, characters: int, size: int | None, reason: observing.Reason) -> None:
        """A chunk is handed over."""
        kind = observing.Chunk if self._has_chunk else observing.FirstChunk
        self._has_chunk = True
        self.tell(kind, characters, size, reason)

    def closed(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """The stream has ended; nothing is said of one that has not begun, or twice."""
        if self._started and not self._closed:
            for region in list(self.rendering):
                region.ended_with_stream()
            self._closed = True
            self.tell(observing.StreamClosed, outcome, error)

    @property
    def is_closed(self) -> bool:
        """Whether it has been told how the stream has ended."""
        return self._closed or not self._started

    def name_in_place(self) -> str:
        """The name of a region that is rendered right where it stands."""
        return f"in-place-{next(self._in_place)}"


class RegionWatch(Watch):
    """Tells what happens in a region, and to it."""

    def __init__(self, outer: Watch, template: str | None, line: int) -> None:
        """For a region at *line* of *template*, in what *outer* tells about."""
        self._observer, self._number = outer._observer, outer._number
        self._stream: Any = outer._stream if isinstance(outer, RegionWatch) else outer
        self._place = template, line
        self._has_begun = False

    def of_region(self, template: str | None, line: int) -> RegionWatch:
        """What tells about a region that begins in this one."""
        return RegionWatch(self, template, line)

    def tell(self, kind: Callable[..., StreamEvent], *about: Any, at: float | None = None) -> None:
        """As that of :class:`Watch`; nothing follows the end of the stream."""
        if not self._stream.is_closed:
            super().tell(kind, *about, at=at)

    def _tell(self, kind: Callable[..., StreamEvent], *about: Any) -> None:
        self.tell(kind, self._name(), *self._place, *about)

    def _over(self, kind: Callable[..., StreamEvent], *about: Any) -> None:
        self._stream.rendering.pop(self, None)
        self._tell(kind, *about)

    def _name(self) -> str:
        if self.region is None:
            self.region = str(self._stream.name_in_place())
        return self.region

    def started(self) -> None:
        """Its render begins; it may be said more than once."""
        if not self._has_begun:
            self._has_begun = True
            self._stream.rendering[self] = None
            self._begins(observing.RegionStarted, self._name(), *self._place)

    def ready(self, text: str) -> None:
        """*text* is what it shows."""
        self._over(observing.RegionReady, len(text))

    def failed(self, error: BaseException | None) -> None:
        """It has raised *error*, or with ``None`` it has taken too long."""
        if error is None:
            self._tell(observing.RegionTimedOut)
        else:
            self._tell(observing.RegionFailed, error)

    def dropped(self, context: Context) -> None:
        """Nobody wants it; its code, which may be running, has *context*."""
        (self.context or context).copy().run(self._over, observing.RegionDropped)

    def ended_with_stream(self) -> None:
        """What it is in has ended before it."""
        self._over(observing.RegionDropped)


class WatchedEncoder(Encoder):
    """Tells of each chunk that it makes."""

    __slots__ = ("_characters", "_out", "_run", "_watch")

    def __init__(
        self,
        encoding: str | None,
        watch: StreamWatch,
        out: Buffer,
        context: Context | None = None,
    ) -> None:
        """For the text that is taken from *out*.

        :param context: what the observer is called in; ``None``: in the current one.
        """
        super().__init__(encoding)
        self._watch, self._out = watch, out
        self._characters = 0
        self._run = None if context is None else in_context(watch, context)

    def __call__(self, text: str, final: bool = False) -> Any:
        """The chunk for *text*, as :class:`Encoder` makes it."""
        chunk = super().__call__(text, final)
        self._characters += len(text)
        if chunk:
            characters, self._characters = self._characters, 0
            reason = self._out.reason
            if reason != "end":
                self._out.reason = "size"
            size = None if self.gives_text else len(chunk)
            if self._run is None:
                self._watch.chunk(characters, size, reason)
            else:
                self._run(self._watch.chunk, characters, size, reason)
        return chunk


def in_context(watch: Watch, context: Context) -> Callable[..., None]:
    """What calls a function of *watch* in *context*, also where that is the current one already."""

    def run(function: Callable[..., None], *args: Any) -> None:
        try:
            (watch.context or context).run(function, *args)
        except RuntimeError:  # an observer's errors are logged: it has been entered
            function(*args)

    return run


class WatchedStream(ChunkStream[Any]):
    """A stream of a sync environment that tells its observer."""

    __slots__ = ("_interrupted", "_watch", "content_type")

    def __init__(
        self,
        begin: Callable[[Buffer], Generator[None, None, None]],
        chunk_size: int,
        encoding: str | None,
        on_error: Callable[[], Any] | None,
        watch: StreamWatch,
    ) -> None:
        """A stream; the arguments before *watch* are those of :class:`ChunkStream`."""

        @internalcode
        def begun(out: Buffer) -> Generator[None, None, None]:
            watch.started()
            yield from begin(out)
            out.reason = "end"

        super().__init__(begun, chunk_size, encoding, on_error)
        self._out.sources.watch = self._watch = watch
        self._encode = WatchedEncoder(encoding, watch, self._out)
        self._interrupted = False
        self.content_type = None

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already."""
        if self._encode is None or self._encode.gives_text:
            self._encode = WatchedEncoder(encoding, self._watch, self._out)

    @internalcode
    def _step(self) -> Any:
        try:
            chunk = super()._step()
        except BaseException as error:
            if self._interrupted and isinstance(error, StreamClosedError):
                self._watch.closed("consumer")
            else:
                self._watch.closed("error", error)
            raise
        if self._ended:
            failure = self._closing_error
            self._watch.closed("complete" if failure is None else "error", failure)
        return chunk

    def interrupt(self) -> None:
        """As that of :class:`ChunkStream`."""
        self._interrupted = True
        super().interrupt()

    def _close(self) -> None:
        try:
            super()._close()
        except BaseException as error:
            self._watch.closed("consumer", error)
            raise
        self._watch.closed("consumer")


def watched_stream(
    observe: Observer,
    begin: Callable[[Buffer], Generator[None, None, None]],
    chunk_size: int,
    encoding: str | None = None,
    on_error: Callable[[], Any] | None = None,
    template: str | None = None,
    blocks: tuple[str, ...] = (),
) -> ChunkStream[Any]:
    """A stream whose events *observe* is called with.

    Most arguments are those of :class:`ChunkStream`.

    :param template: the name of the template that is rendered, if it is one.
    :param blocks: those of its blocks that are rendered alone.
    """
    watch = StreamWatch(observe, template, blocks)
    return WatchedStream(begin, chunk_size, encoding, on_error, watch)


class WatchedPulls:
    """An iterator each of whose pulls is timed."""

    __slots__ = ("_clock", "_pull", "_watch")

    def __init__(self, pulls: Any, watch: Watch) -> None:
        """The items of *pulls*."""
        self._pull, self._watch = partial(next, pulls), watch
        self._clock = buffer.clock

    def __iter__(self) -> WatchedPulls:
        return self

    @internalcode
    def __next__(self) -> Any:
        clock = self._clock
        began = clock()
        try:
            item = self._pull()
        except BaseException:
            _pulled(self._watch, began, sys._getframe(1))
            raise
        if clock() - began >= _THRESHOLD:
            _pulled(self._watch, began, sys._getframe(1))
        return item


class WatchedAsyncPulls:
    """An async iterator each of whose pulls is timed: what it waits for there is no other wait."""

    __slots__ = ("_pulls", "_watch")

    def __init__(self, pulls: AsyncIterator[Any], watch: Watch) -> None:
        """The items of *pulls*."""
        self._pulls, self._watch = pulls, watch

    def __aiter__(self) -> WatchedAsyncPulls:
        return self

    @internalcode
    async def __anext__(self) -> Any:
        began = buffer.clock()
        self._watch.pulling += 1
        try:
            return await self._pulls.__anext__()
        finally:
            self._watch.pulling -= 1
            _pulled(self._watch, began, sys._getframe(1))


_ENGINE = ChunkStream.__module__


def _pulled(watch: Watch, began: float, frame: FrameType | None) -> None:
    """Tell of a pull that *began* then, where *frame* has called for it."""
    seconds = buffer.clock() - began
    if seconds >= _THRESHOLD:
        watch.waited("source", _place_of(frame), seconds)


def _place_of(frame: FrameType | None) -> Place:
    """Where the template stands that *frame* was called from; not one around the stream."""
    while frame is not None and frame.f_globals.get("__name__") != _ENGINE:
        if frame.f_globals.get("__jinja_template__") is not None:
            return place_in(frame)
        frame = frame.f_back
    return NOWHERE
