"""Streamed responses of WSGI applications (PEP 3333), whatever framework and server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from .chunks.options import AutoDeferred, Block, StreamOptions
from .events.response import add_event_headers, decoded_id
from .events.streams import KEEP_ALIVE, event_stream
from .exceptions import ResponseSentError
from .responses.body import byte_stream, close_unread, content_type_of
from .responses.first import Begun
from .responses.head import ResponseHead
from .responses.headers import add_vary
from .responses.policy import ask, provisional
from .responses.script import PAGE, PATCH, Script, script_response
from .responses.timing import timed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .chunks.stream import ChunkStream
    from .events.event import Event
    from .observing import Observer
    from .responses.head import HeaderItems


class StreamResponse(ResponseHead):
    """A WSGI application object that sends a stream as the response to one request.

    Make it where the request is handled, since it captures the context variables, and call it with
    what the server gave::

        def application(environ, start_response):
            template = env.get_template("report.html")
            response = StreamResponse(template, {"rows": rows()})
            return response(environ, start_response)

    An error up to the first chunk is raised before anything has been sent. An error later on is
    raised to the server, which cuts the connection.
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
        """Prepare to send *source*; nothing of it is rendered or read yet.

        :param source: a template, rendered with *context*; a stream of
            :func:`~streamtmpl.render_stream` or :func:`~streamtmpl.rechunk`; or an iterable of
            either ``str`` or ``bytes``.
        :param context: the variables for the template.
        :param status: a code, or code and reason as in ``"299 Curious"``.
        :param headers: a mapping, or pairs of name and value. ``X-Accel-Buffering: no`` is added
            unless there is one.
        :param content_type: the type, and a charset that text is encoded in; UTF-8 is added to a
            type of text that names none. That of the stream, or of HTML, unless given.
        :param chunk_size: as with :func:`~streamtmpl.render_stream`; not for streams.
        :param commit_after: the name of a block of the template: until it has been rendered,
            nothing is sent, and status and headers can be changed.
        :param deferred: where a template's deferred regions go: ``"patch"`` or ``"in-order"``, as
            with :func:`~streamtmpl.render_stream`, or ``"auto"``: as it suits who asks.
        :param nonce: what the response's Content-Security-Policy allows the inline script by.
        :param executor: whose threads render deferred regions, beside the document.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :param observe: a function that is called with the events of the stream, those of
            :mod:`streamtmpl.observing`; the environment's, unless given.
        :raises NotStreamingError: *source* is none of these, or is async.
        :raises TypeError: an argument is of the wrong type, or does not go with *source*.
        :raises ValueError: the status or a header could not be sent, or *deferred* is no mode.
        :raises LookupError: there is no such charset.
        """
        super().__init__(status, headers, content_type or content_type_of(source))
        regions = provisional(deferred, nonce, executor)
        options = StreamOptions(chunk_size, self.charset, commit_after, regions, block, observe)
        self._options = options
        self._is_asked = deferred == "auto" and isinstance(source, Template)
        if isinstance(source, Template):
            self.timing = timed(options, source.environment)
        self._source = source
        self._stream: ChunkStream[bytes] | None = byte_stream(source, context, options)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        """Send the response: render up to the first chunk, then call *start_response*.

        For ``HEAD``, and for a status that has no content, there is no body; for ``HEAD`` nothing
        is rendered.

        :return: the chunks, with a ``close()`` that closes the stream.
        :raises ResponseSentError: the response has been called before.
        """
        # From here on the response does not refer to the stream. Templates' variables often refer
        # to the response, and in a cycle a stream that no server closes would not end at once.
        stream, self._stream = self._stream, None
        source, self._source = self._source, None
        if stream is None:
            raise ResponseSentError(
                "a StreamResponse answers one request, and this one has been called before:"
                " make a new one for each request"
            )
        if self._is_asked:
            ask(self._options, partial(_header, environ))
        with ExitStack() as unsent:
            unsent.enter_context(stream)
            body: Begun[bytes] | None = None
            length: int | None = None
            if environ.get("REQUEST_METHOD") == "HEAD":
                unsent.callback(close_unread, source)
            else:
                begun: Begun[bytes] = Begun(stream)
                if self.has_content:
                    length = len(begun.first or b"") if stream.over else None
                    body = None if begun.first is None else begun
            add_vary(self.headers, self._options.regions.vary(over=stream.over))
            headers = self.sent()
            if length is not None:
                headers.append(("Content-Length", str(length)))
            if body is None:
                unsent.close()
            start_response(self.status_line, headers)
            unsent.pop_all()
        return iter(()) if body is None else body


class EventResponse(StreamResponse):
    """A WSGI application object that answers one request with an event stream."""

    def __init__(
        self,
        source: Iterable[Event | None],
        *,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
        status: int | str = 200,
        headers: HeaderItems = (),
    ) -> None:
        """Prepare to send the events of *source*; none is asked for yet.

        :param source: an iterable of events.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream`, as are the errors.
        :param status: a code, or code and reason.
        :param headers: a mapping, or pairs; those of an event stream are added.
        """
        stream = event_stream(source, keep_alive, stop_on_error=stop_on_error)
        super().__init__(stream, status=status, headers=headers)
        add_event_headers(self.headers)
        self._source = source  # what a HEAD request leaves unread


def last_event_id(environ: WSGIEnvironment) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(_header(environ, "Last-Event-ID"))


def _header(environ: WSGIEnvironment, name: str) -> str | None:
    value: str | None = environ.get("HTTP_" + name.upper().replace("-", "_"))
    return value


def patch_script(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """A WSGI application that serves the script for browsers that do not patch by themselves.

    Its URL goes into the environment's ``patch_script``.
    """
    return _serve(PATCH, environ, start_response)


def page_script(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """A WSGI application that serves the page script.

    A page refers to it in a ``<script src="...">`` at the end of its content.
    """
    return _serve(PAGE, environ, start_response)


def _serve(script: Script, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    status, headers, body = script_response(
        script, environ["REQUEST_METHOD"], environ.get("HTTP_IF_NONE_MATCH")
    )
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
