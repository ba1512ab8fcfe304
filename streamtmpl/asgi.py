"""Streams, events and the scripts as ASGI applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Template

from .chunks.options import AutoDeferred, Block, StreamOptions
from .events.response import add_event_headers, decoded_id
from .events.streams import KEEP_ALIVE, event_stream_async
from .responses.body import async_byte_stream, content_type_of
from .responses.delivery import close_source, send_stream
from .responses.head import ResponseHead
from .responses.headers import add_vary
from .responses.policy import ask, provisional
from .responses.script import PAGE, PATCH, Script, script_response
from .responses.timing import timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping
    from concurrent.futures import Executor
    from wsgiref.headers import Headers

    from .events.event import Event
    from .observing import Observer
    from .responses.delivery import Message, Receive, Scope, Send
    from .responses.head import HeaderItems
    from .responses.readers import Header


class StreamResponse:
    """An ASGI application that answers one request with a stream.

    ::

        async def app(scope, receive, send):
            template = env.get_template("report.html")
            await StreamResponse(template, {"rows": rows()})(scope, receive, send)

    The stream runs in the context variables that the response was created in. Nothing is sent
    before the first chunk is there: an error up to then is raised to the caller, who can still send
    an error page. One after it is raised as well, and the response is left without its end, so that
    the server cuts the connection.

    :ivar headers: the headers, which may be changed until the first chunk is sent.
    """

    def __init__(
        self,
        source: Any,
        context: Mapping[str, Any] | None = None,
        *,
        status: int | str = 200,
        headers: HeaderItems = (),
        content_type: str | None = None,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred = "auto",
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Check the arguments and prepare the stream; nothing is rendered yet.

        :param source: a template, rendered with *context*; a stream of this package; or an iterable
            or async iterable of either ``str`` or ``bytes``. What is not async is stepped in a
            worker thread, which needs asyncio.
        :param status: the status code.
        :param headers: a mapping, or pairs of name and value.
        :param content_type: the type, and a charset that text is encoded in (UTF-8 unless named);
            that of the stream, or of HTML, unless given.
        :param chunk_size: as in :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block of the template; nothing is sent before it has been
            rendered.
        :param deferred: where a template's deferred regions go: ``"patch"`` or ``"in-order"``, as
            with :func:`~streamtmpl.render_stream`, or ``"auto"``: as it suits who asks.
        :param nonce: what the response's Content-Security-Policy allows the inline script by.
        :param executor: whose threads render deferred regions of a sync template.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :param observe: a function that is called with the events of the stream, those of
            :mod:`streamtmpl.observing`; the environment's, unless given.
        :raises NotStreamingError: *source* cannot be streamed.
        :raises TypeError: a header is not of strings; or something is given that goes with a
            template only, and *source* is none.
        :raises ValueError: a header or the status could not be sent, or *deferred* is no mode.
        :raises LookupError: there is no such charset.
        """
        self._head = ResponseHead(status, headers, content_type or content_type_of(source))
        regions = provisional(deferred, nonce, executor)
        charset = self._head.charset
        options = StreamOptions(chunk_size, charset, commit_after, regions, block, observe)
        self._options = options
        self._is_asked = deferred == "auto" and isinstance(source, Template)
        if isinstance(source, Template):
            self._head.timing = timed(options, source.environment)
        self._source = source
        self._stream = async_byte_stream(source, context, options)
        self.headers: Headers = self._head.headers

    @property
    def status(self) -> int:
        """The status code, which may be changed until the first chunk is sent."""
        return self._head.status

    @status.setter
    def status(self, status: int | str) -> None:
        self._head.status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request; a second one needs another response.

        Returns as well when the client has disconnected. A HEAD request gets the headers, and
        nothing is rendered for it.

        :raises RuntimeError: *scope* is not of HTTP.
        :raises StreamClosedError: the response has been sent already.
        """
        if self._is_asked and scope["type"] == "http":
            ask(self._options, headers_of(scope))
        await send_stream(self._stream, self._start, scope, receive, send)
        if scope["method"] == "HEAD":
            await close_source(self._source)

    def _start(self, over: bool) -> Message:
        add_vary(self.headers, self._options.regions.vary(over=over))
        pairs = self._head.sent()
        return {
            "type": "http.response.start",
            "status": self._head.status,
            "headers": _as_bytes(pairs),
        }


class EventResponse(StreamResponse):
    """An ASGI application that answers one request with an event stream."""

    def __init__(
        self,
        source: AsyncIterable[Event | None] | Iterable[Event | None],
        *,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
        status: int | str = 200,
        headers: HeaderItems = (),
    ) -> None:
        """Prepare to send the events of *source*; none is asked for yet.

        :param source: an async iterable of events, or an ordinary one.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream_async`, as are the errors.
        :param status: the status code.
        :param headers: a mapping, or pairs; those of an event stream are added.
        """
        stream = event_stream_async(source, keep_alive, stop_on_error=stop_on_error)
        super().__init__(stream, status=status, headers=headers)
        add_event_headers(self.headers)
        self._source = source  # what a HEAD request leaves unread


def last_event_id(scope: Scope) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(headers_of(scope)("Last-Event-ID"))


def headers_of(scope: Scope) -> Header:
    """What gives the headers of the request by name, the last one if there are several."""

    def header(name: str) -> str | None:
        # Most responses ask for none: then there is nothing to be made.
        found = dict(scope.get("headers", ())).get(name.lower().encode())
        return None if found is None else found.decode("latin-1")

    return header


def _as_bytes(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


class _ServedScript:
    """The applications below: objects, since frameworks take functions for endpoints."""

    def __init__(self, name: str, script: Script) -> None:
        self.__name__ = name
        self._script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        :raises RuntimeError: *scope* is not of HTTP.
        """
        if scope["type"] != "http":
            raise RuntimeError(
                f"the script answers HTTP requests, not a scope of {scope['type']!r}"
            )
        known = [value for name, value in scope["headers"] if name == b"if-none-match"]
        status, headers, body = script_response(
            self._script, scope["method"], b",".join(known).decode("latin-1")
        )
        await send(
            {
                "type": "http.response.start",
                "status": status.value,
                "headers": _as_bytes(headers),
            }
        )
        await send({"type": "http.response.body", "body": body})


patch_script = _ServedScript("patch_script", PATCH)
"""An ASGI application that serves the script for browsers that do not patch by themselves.

Its URL goes into the environment's ``patch_script``.
"""

page_script = _ServedScript("page_script", PAGE)
"""An ASGI application that serves the page script.

A page refers to it in a ``<script src="...">`` at the end of its content.
"""
