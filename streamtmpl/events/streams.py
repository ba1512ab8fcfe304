"""Streams of events, each a chunk of its own, with comments while nothing comes."""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.exceptions import StreamClosedError

from .event import COMMENT
from .source import Texts, check_source
from .thread import Answer, InThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Generator, Iterable, Iterator

    from streamtmpl.chunks.async_stream import AsyncChunkStream
    from streamtmpl.chunks.buffer import Buffer
    from streamtmpl.chunks.threads import Hop

    from .event import Event

KEEP_ALIVE = 15.0
"""Seconds without an event after which a comment is sent: the standard's advice."""

LONGEST_KEEP_ALIVE = 3600.0
"""Seconds between comments at most: the operating system waits for no number of any size."""


def event_stream(
    source: Iterable[Event | None],
    keep_alive: float | None = KEEP_ALIVE,
    *,
    stop_on_error: bool = False,
) -> ChunkStream[bytes]:
    """The bytes of an event stream; each event is handed over as soon as *source* gives it.

    The first chunk is a comment: what has been decided by then is sent before any event is there.

    :param source: gives events; and ``None`` for "nothing now", where it may be ended in between.
    :param keep_alive: seconds after which a comment is sent if no event has come. The source is
        stepped, and parts are rendered, in a thread of the stream's own then, in a copy of the
        context variables. With ``None`` no comments are sent, and whoever takes a chunk steps the
        source.
    :param stop_on_error: whether an event that fails, as its part does not render, raises its error
        and ends the stream. Else it is logged and left out.
    :raises NotStreamingError: *source* cannot be iterated. The step that meets what is no event
        raises it as well.
    :raises TypeError: *keep_alive* is no number.
    :raises ValueError: *keep_alive* is not more than 0.
    """
    check_source(source, ("__iter__",), "an iterable")
    seconds = _checked(keep_alive)
    return ChunkStream(partial(_write, source, seconds, stop_on_error), 0, "utf-8")


def event_stream_async(
    source: AsyncIterable[Event | None] | Iterable[Event | None],
    keep_alive: float | None = KEEP_ALIVE,
    *,
    stop_on_error: bool = False,
) -> AsyncChunkStream[bytes]:
    """The bytes of an event stream in an event loop; all else is as with :func:`event_stream`.

    :param source: an async iterable, which is stepped in one task; or an ordinary one, which is
        stepped in a thread of the stream's own and needs asyncio.
    :param keep_alive: seconds after which a comment is sent if no event has come, under asyncio.
    """
    return stream_with_hop(source, keep_alive, stop_on_error)


def stream_with_hop(
    source: Any, keep_alive: float | None, stop_on_error: bool, hop: Hop | None = None
) -> AsyncChunkStream[bytes]:
    """As :func:`event_stream_async`, for a framework that has threads of its own.

    :param hop: chooses the threads that parts of an async source's events are rendered in.
    """
    # asyncio takes as long to import as Jinja2: only those who use it pay for it.
    from .async_streams import async_stream  # noqa: PLC0415

    check_source(source, ("__aiter__", "__iter__"), "an async or ordinary iterable")
    return async_stream(source, _checked(keep_alive), stop_on_error, hop)


def _checked(seconds: Any) -> float | None:
    """The *seconds* between comments, if they can be waited for."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"keep_alive must be a number of seconds, or None, not {seconds!r}")
    if not seconds > 0:
        raise ValueError(
            f"keep_alive must be more than 0 seconds, not {seconds!r}. None sends no comments"
        )
    return min(seconds, LONGEST_KEEP_ALIVE)


def _write(
    source: Any, keep_alive: float | None, stop_on_error: bool, out: Buffer
) -> Generator[None, None, None]:
    texts: Any = Texts(source, stop_on_error)
    if keep_alive is not None:
        texts = _KeptAlive(texts, keep_alive)
        out.interrupt = texts.interrupt
    assert out.sources is not None
    out.sources.add(texts)
    out.write(COMMENT)
    yield
    for text in texts:
        if text is not None:
            out.write(text)
            yield


class _KeptAlive:
    """The texts of events, and comments while there is none."""

    def __init__(self, texts: Iterator[Any], keep_alive: float) -> None:
        self._thread = InThread(texts)
        self._keep_alive = keep_alive
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._is_asked = False

    def __iter__(self) -> _KeptAlive:
        return self

    def __next__(self) -> str:
        if not self._is_asked:
            self._is_asked = True
            self._thread.ask(self._answers.put)
        try:
            answer = self._answers.get(timeout=self._keep_alive)
        except Empty:
            return COMMENT
        if answer is None:
            raise StreamClosedError("the stream was closed while an event was awaited")
        self._is_asked = False
        if answer.error is not None:
            raise answer.error
        text: str = answer.item
        return text

    def interrupt(self) -> None:
        """Have a thread that waits for an event stop waiting."""
        self._answers.put(None)

    def close(self) -> None:
        """Close the source, unless it is being waited for: then that is done when it has come."""
        closed: SimpleQueue[Answer] = SimpleQueue()
        self._thread.close(closed.put)
        error = closed.get().error
        if error is not None:
            raise error
