"""Event streams as Django's responses, under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, StreamingHttpResponse

from streamtmpl.chunks.closing import reported
from streamtmpl.events.response import EVENT_HEADERS, add_event_headers, decoded_id
from streamtmpl.events.streams import KEEP_ALIVE, event_stream, stream_with_hop
from streamtmpl.responses.body import close_unread

from .bodies import _into_request_thread
from .executor import _RequestSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    from streamtmpl.chunks.async_stream import AsyncChunkStream
    from streamtmpl.events.event import Event


class EventResponse(StreamingHttpResponse):
    """A response that sends events as they come; to be returned by a view of any kind."""

    def __init__(
        self,
        request: HttpRequest,
        source: AsyncIterable[Event | None] | Iterable[Event | None],
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
    ) -> None:
        """Prepare to send the events of *source*; none is asked for yet.

        :param source: an iterable of events; under ASGI an async one, or an ordinary one.
        :param headers: those of an event stream are added.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream`, as are the errors.
        """
        if request.method == "HEAD":  # servers would read on and on, and send nothing of it
            close_unread(source)
            source = ()
        is_asgi = hasattr(request, "scope")
        own_thread = is_asgi or keep_alive is not None
        if own_thread and hasattr(source, "__iter__") and not hasattr(source, "__aiter__"):
            source = _RequestSource(source)
        body: Any
        if is_asgi:
            made = stream_with_hop(source, keep_alive, stop_on_error, _into_request_thread)
            body = _Events(made)
        else:
            body = event_stream(source, keep_alive, stop_on_error=stop_on_error)  # type: ignore[arg-type] # it says so
        super().__init__(
            body, content_type=EVENT_HEADERS["Content-Type"], status=status, headers=headers
        )
        add_event_headers(self.headers)
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Generators of middleware around the body do not close it when they are closed.
        async with aclosing(self._body), aclosing(super().__aiter__()) as chunks:
            async for chunk in chunks:
                yield chunk


class _Events(AsyncIterator[bytes]):
    """The chunks under ASGI; Django calls ``close()`` where nothing can be awaited."""

    def __init__(self, stream: AsyncChunkStream[bytes]) -> None:
        self._stream = stream

    async def __anext__(self) -> bytes:
        return await anext(self._stream)

    def close(self) -> None:
        self._stream.abandon()

    async def aclose(self) -> None:
        with reported(Exception):
            await self._stream.aclose()


def last_event_id(request: HttpRequest) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(request.headers.get("Last-Event-ID"))
