"""What a stream tells its observer: a frozen dataclass for each kind of event.

An observer is a function of one event, given as ``observe=`` to an environment or to one stream. It
is called while the stream runs, in the thread and the :mod:`contextvars` context of what the event
is about: of the stream, or of a deferred region. What it raises is logged, and does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from logging import Logger

Reason = Literal["size", "flush", "wait", "region", "end"]
"""Why a chunk was cut: enough has collected, ``{% flush %}``, a wait, a region, the end."""

WaitKind = Literal["source", "await"]
"""What is waited for: the next item of a source, or anything else that is awaited."""

Outcome = Literal["complete", "error", "consumer"]
"""How a stream ends: with its last chunk, with an error, or closed before that by who reads it."""

THRESHOLD = 0.001
"""Seconds that a wait must take to be told: what gives a million rows quickly tells nothing."""


@dataclass(frozen=True)
class StreamEvent:
    """Something that has happened to a stream.

    :ivar stream: the number of the stream in this process.
    :ivar at: when it has happened (seconds of ``time.perf_counter()``).
    """

    stream: int
    at: float


@dataclass(frozen=True)
class StreamStarted(StreamEvent):
    """The first chunk has been asked for: the render begins.

    :ivar template: the name of the template; ``None`` if it has none.
    :ivar blocks: the blocks that are rendered alone; empty if the whole page is.
    """

    template: str | None
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Chunk(StreamEvent):
    """A chunk is handed over.

    :ivar characters: its length as text.
    :ivar bytes: its length as encoded; ``None`` where the stream gives text.
    :ivar reason: why it was cut.
    """

    characters: int
    bytes: int | None
    reason: Reason


@dataclass(frozen=True)
class FirstChunk(Chunk):
    """The first chunk is handed over: from here on the response is committed."""


@dataclass(frozen=True)
class Waited(StreamEvent):
    """The render has waited, which is over now.

    :ivar kind: what for.
    :ivar template: the name of the template that has waited.
    :ivar line: its line.
    :ivar seconds: for how long.
    :ivar region: the name of the region that has waited; ``None``: the document.
    """

    kind: WaitKind
    template: str | None
    line: int | None
    seconds: float
    region: str | None


@dataclass(frozen=True)
class RegionEvent(StreamEvent):
    """Something that has happened to a deferred region.

    :ivar region: what its place and its patch are called in the document; unique in the stream. One
        that is rendered right where it stands has a name of its own.
    :ivar template: the name of the template that it stands in.
    :ivar line: the line of its ``{% defer %}``.
    """

    region: str
    template: str | None
    line: int


@dataclass(frozen=True)
class RegionStarted(RegionEvent):
    """Its render begins."""


@dataclass(frozen=True)
class RegionReady(RegionEvent):
    """What it shows is known: its content, or what its part for errors has made of it.

    :ivar characters: the length of that.
    """

    characters: int


@dataclass(frozen=True)
class RegionFailed(RegionEvent):
    """It has raised; its part for errors is rendered next.

    :ivar error: what it has raised.
    """

    error: BaseException


@dataclass(frozen=True)
class RegionTimedOut(RegionEvent):
    """It has taken longer than its timeout; its part for errors is rendered next."""


@dataclass(frozen=True)
class RegionDropped(RegionEvent):
    """Nobody wants it any more: what it stands in is not shown, or the stream is closed."""


@dataclass(frozen=True)
class BoundaryFailed(StreamEvent):
    """A ``{% boundary %}`` has handled an error and shows its fallback.

    :ivar template: the name of the template.
    :ivar line: the line of the tag.
    :ivar error: what its content has raised.
    """

    template: str | None
    line: int
    error: BaseException


@dataclass(frozen=True)
class LateSession(StreamEvent):
    """The session was changed after the headers had been sent: the change is lost.

    :ivar template: the name of the template that was running.
    :ivar line: its line.
    """

    template: str | None
    line: int | None


@dataclass(frozen=True)
class StreamClosed(StreamEvent):
    """The stream has ended, and all that it had opened is closed.

    :ivar outcome: how.
    :ivar error: what it has raised, or what closing it has; ``None``: nothing.
    """

    outcome: Outcome
    error: BaseException | None


Observer = Callable[[StreamEvent], object]
"""What ``observe=`` takes; what it returns does not matter."""


def check_observer(observer: Any, name: str = "observe") -> None:
    """Refuse what cannot be called with events; messages call it *name*.

    :raises TypeError: it is no function, or an async one.
    """
    if not callable(observer):
        raise TypeError(f"{name} must be a function of one event, or None, not {observer!r}")
    if iscoroutinefunction(observer) or iscoroutinefunction(type(observer).__call__):
        raise TypeError(f"{name} is called where nothing is awaited: it cannot be {observer!r}")


def log_events(logger: Logger | str = "streamtmpl.events", level: int = 20) -> Observer:
    """An observer that logs each event.

    A record says the event's name in ``event`` and has its fields as further attributes, as
    ``extra=`` gives them. An error is its ``exc_info``.

    :param logger: a logger, or its name.
    :param level: that of the records; 20 is ``logging.INFO``.
    """
    import logging  # noqa: PLC0415 - it takes as long to import as all of this package

    chosen = logging.getLogger(logger) if isinstance(logger, str) else logger

    def observe(event: StreamEvent) -> None:
        if not chosen.isEnabledFor(level):
            return
        name = type(event).__name__
        about = dict(vars(event))
        error = about.pop("error", None)
        said = ", ".join(f"{key}={value!r}" for key, value in about.items() if key != "at")
        chosen.log(level, "%s: %s", name, said, exc_info=error, extra={"event": name, **about})

    return observe
