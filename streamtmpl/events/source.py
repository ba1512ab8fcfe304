"""The texts of a source's events, in the thread or the task that steps the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import NotStreamingError, not_iterable

from .event import Event, event_of
from .failing import failures_of

if TYPE_CHECKING:
    from streamtmpl.chunks.threads import Hop


class Texts(Iterator[Any]):
    """The texts of the events of an iterable; ``None`` where nothing is to be sent."""

    def __init__(self, source: Any, stop_on_error: bool, leave_async: bool = False) -> None:
        """The events of *source*.

        :param stop_on_error: whether an event that fails raises its error.
        :param leave_async: whether events with a template of an async environment are given as
            they are, for an event loop to render.
        """
        self._iterator = iter(source)
        self._stop_on_error = stop_on_error
        self._leave_async = leave_async

    def __next__(self) -> str | Event | None:
        item = next(self._iterator)
        if item is None:
            return None
        event = event_of(item)
        part = event.part
        if self._leave_async and part is not None and part.is_async:
            return event
        with failures_of(event, self._stop_on_error):
            return event.framed(None if part is None else part.render())
        return None

    def close(self) -> None:
        """Close the source, if it can be closed."""
        close = getattr(self._iterator, "close", None)
        if callable(close):
            close()


class AsyncTexts:
    """The texts of the events of an async iterable, as those of :class:`Texts`."""

    def __init__(
        self,
        source: Any,
        stop_on_error: bool,
        hop: Hop | None = None,
        gives_texts: bool = False,
    ) -> None:
        """The events of *source*, some of which are texts already if it *gives_texts*.

        *hop* chooses the threads that sync templates are rendered in.
        """
        self._iterator = source.__aiter__()
        self._stop_on_error = stop_on_error
        self._hop = hop
        self._gives_texts = gives_texts

    def __aiter__(self) -> AsyncTexts:
        return self

    async def __anext__(self) -> str | None:
        item = await self._iterator.__anext__()
        if item is None or (self._gives_texts and isinstance(item, str)):
            return item
        event = event_of(item)
        part = event.part
        with failures_of(event, self._stop_on_error):
            return event.framed(None if part is None else await part.render_async(self._hop))
        return None

    async def aclose(self) -> None:
        """Close the source, if it can be closed."""
        close = getattr(self._iterator, "aclose", None)
        if callable(close):
            await close()


def check_source(source: Any, methods: tuple[str, ...], expected: str) -> None:
    """Refuse what gives no events.

    :raises NotStreamingError: *source* is no iterable of the kind that is *expected*.
    """
    if isinstance(source, (str, bytes, Event)):
        raise NotStreamingError(f"expected {expected} of events, not {source!r}")
    if not any(hasattr(source, method) for method in methods):
        raise NotStreamingError(f"expected {expected} of events, not {not_iterable(source)}")
