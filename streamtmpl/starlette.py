"""Streaming templates for Starlette, and for FastAPI, which is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .extras import missing

try:
    from starlette.exceptions import HTTPException
    from starlette.responses import HTMLResponse, Response
    from starlette.templating import Jinja2Templates
except ModuleNotFoundError as error:
    raise missing(error, "starlette", "starlette") from None

from .asgi import headers_of
from .asgi import last_event_id as last_event_id_of
from .chunks.options import NOTHING_SAID, AutoDeferred, Block, StreamOptions
from .enabling import enable_streaming
from .events.response import add_event_headers
from .events.streams import KEEP_ALIVE, event_stream_async
from .rendering import async_stream_of
from .responses.body import async_byte_stream, content_type_of
from .responses.delivery import close_source, send_stream
from .responses.head import charset_of
from .responses.headers import check_headers
from .responses.late import LateDict
from .responses.policy import RegionPolicy, ask, provisional, region_options
from .responses.timing import timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping
    from concurrent.futures import Executor

    from jinja2 import Template
    from starlette.background import BackgroundTask
    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

    from .chunks.async_stream import AsyncChunkStream
    from .events.event import Event
    from .observing import Observer
    from .responses.timing import ServerTiming
    from .timeline import Timeline


class _Streamed(Response):
    """What the responses below have in common: a stream, which is read while it is sent."""

    media_type = "text/html"
    _instead: str
    """What is to be done where a whole body is wanted."""
    _stream: AsyncChunkStream[bytes]
    _options: StreamOptions = NOTHING_SAID
    _timing: ServerTiming | None = None
    _session: dict[str, Any] | None = None

    def _prepare(
        self,
        status_code: int,
        headers: Mapping[str, str] | None,
        media_type: str | None,
        background: BackgroundTask | None,
    ) -> str:
        """Set status and headers; gives the charset.

        :raises TypeError: a header is not of strings.
        :raises ValueError: a header could not be sent.
        :raises LookupError: the content type names a charset that there is not.
        """
        self.status_code = status_code
        self.background = background
        if media_type is not None:
            self.media_type = media_type
        if headers:
            check_headers(headers.items())
        self.init_headers(headers)
        there = dict(self.raw_headers)
        if b"x-accel-buffering" not in there:
            self.raw_headers.append((b"x-accel-buffering", b"no"))
        self._checked = [*self.raw_headers]
        return charset_of(there.get(b"content-type", b"").decode("latin-1"))

    @property
    def body(self) -> NoReturn:  # type: ignore[override] # nobody can set one either
        """What a streamed response has not.

        :raises AttributeError: always; so ``hasattr()`` says that there is none.
        """
        raise AttributeError(
            f"a {type(self).__name__} has no body: it renders while it is sent. {self._instead}"
        )

    def _vary_on(self, names: Collection[str]) -> None:
        if names:
            self.headers.add_vary_header(", ".join(names))

    def _start(self, over: bool) -> Message:
        self._vary_on(self._options.regions.vary(over=over))
        # Nobody knows yet whether the rest will read the session; if there is none, newer versions
        # of Starlette know, and say so.
        if self._session is not None and not (over and hasattr(self._session, "accessed")):
            self._vary_on(("Cookie",))
        if self._timing is not None:
            self._timing.add_to(self.headers)
        headers = [*self.raw_headers]  # the rest of the page may still change those
        if headers != self._checked:
            check_headers(self.headers.items())
        return {"type": "http.response.start", "status": self.status_code, "headers": headers}

    def _debug_info(self) -> dict[str, Any] | None:
        """What Starlette's test client is told, if anything."""
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, then run the background task."""
        has_session = isinstance(scope.get("session"), dict)
        if has_session:
            self._session = scope["session"]
        info = self._debug_info() if "http.response.debug" in scope.get("extensions", {}) else None

        async def sent(message: Message) -> None:
            if message["type"] != "http.response.start":
                await send(message)
                return
            if info is not None:
                await send({"type": "http.response.debug", "info": info})
            await send(message)
            if has_session:
                way_out = "TemplateResponse(..., commit_after=...)"
                scope["session"] = LateDict(scope["session"], way_out)

        is_seen = has_session or info is not None
        await send_stream(self._stream, self._start, scope, receive, sent if is_seen else send)
        if self.background is not None:
            await self.background()


class StreamResponse(_Streamed):
    """A response that sends a stream or an iterable, such as :func:`~streamtmpl.csv_rows` of rows.

    What is not async is read in a worker thread. Nothing is sent before the first chunk is there,
    and a background task runs after the last one, but not after an error.
    """

    _instead = "Where all of it is wanted, join the chunks of the stream"

    def __init__(
        self,
        source: Any,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
        *,
        chunk_size: int | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Prepare the stream; nothing is read yet. Most arguments are those of Starlette.

        :param source: a stream of either kind, or an iterable, async or not, of ``str`` or
            ``bytes``.
        :param media_type: that of the stream, or of HTML, unless given.
        :param chunk_size: this and *observe* are those of :func:`~streamtmpl.rechunk`; not for
            streams.
        :raises NotStreamingError: *source* cannot be streamed.
        :raises TypeError: a header is not of strings; or a chunk size is given for a stream.
        :raises ValueError: a header could not be sent.
        :raises LookupError: the content type names a charset that there is not.
        """
        kind = content_type_of(source) if media_type is None else media_type
        charset = self._prepare(status_code, headers, kind, background)
        self._source = source
        options = StreamOptions(chunk_size, charset, observe=observe)
        self._stream = async_byte_stream(source, None, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request. For HEAD nothing is read."""
        await super().__call__(scope, receive, send)
        if scope["method"] == "HEAD":
            await close_source(self._source)


class StreamTemplateResponse(_Streamed):
    """A response that renders its template while it is sent.

    Status and headers may be changed until the first chunk is there. A background task runs after
    the stream has ended, also if the client has disconnected, but not after an error.

    :ivar template: the template.
    :ivar context: what it is rendered with.
    """

    _instead = (
        "Where the whole text is wanted (to decorate, to cache, to put into another response),"
        " render it with template.render(), or use starlette.templating.Jinja2Templates for that"
        " view"
    )

    def __init__(
        self,
        template: Template,
        context: Mapping[str, Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
        *,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred = "auto",
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Prepare the stream, in the current context variables; nothing is rendered yet.

        :param chunk_size: as in :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block of the template; nothing is sent before it has been
            rendered.
        :param deferred: where deferred regions go: ``"patch"`` or ``"in-order"``, as in
            :func:`~streamtmpl.render_stream`, or ``"auto"``: as it suits who asks.
        :param nonce: what the response's Content-Security-Policy allows the inline script by.
        :param executor: whose threads render deferred regions of a sync template.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :param observe: a function that is called with the events of the stream, those of
            :mod:`streamtmpl.observing`; the environment's, unless given.
        :raises NotStreamingError: *template* is not of a streaming environment.
        :raises TypeError: a header is not of strings.
        :raises ValueError: a header could not be sent, or *deferred* is no mode.
        :raises LookupError: the content type names a charset that there is not.
        """
        self.template = template
        self.context = context
        charset = self._prepare(status_code, headers, media_type, background)
        regions = provisional(deferred, nonce, executor)
        options = StreamOptions(chunk_size, charset, commit_after, regions, block, observe)
        self._options = options
        self._is_asked = deferred == "auto"
        self._timing = timed(options, template.environment)
        self._stream = async_stream_of(template, context, options)

    def _debug_info(self) -> dict[str, Any]:
        return {"template": self.template, "context": self.context}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, then run the background task."""
        if self._is_asked:
            ask(self._options, headers_of(scope))
        await super().__call__(scope, receive, send)


class EventResponse(_Streamed):
    """A response that sends events as they come.

    A background task runs after the stream has ended, also if the client has disconnected, but not
    after an error.
    """

    _instead = "Events have no end that a whole body could wait for"

    def __init__(
        self,
        source: AsyncIterable[Event | None] | Iterable[Event | None],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
        *,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
    ) -> None:
        """Prepare the stream, in the current context variables; no event is asked for yet.

        :param source: an async iterable of events, or an ordinary one.
        :param headers: those of an event stream are added.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream_async`, as are the errors.
        :raises TypeError: a header is not of strings.
        :raises ValueError: a header could not be sent.
        """
        self._prepare(status_code, headers, "text/event-stream", background)
        add_event_headers(self.headers)
        self._stream = event_stream_async(source, keep_alive, stop_on_error=stop_on_error)


def last_event_id(request: Request) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return last_event_id_of(request.scope)


def timeline_view(timeline: Timeline) -> Callable[[Request], Response]:
    """Make the endpoint of a page that shows the last streams, in debug mode only.

    It is for ``Route("/_streamtmpl/timeline", timeline_view(timeline))``. Where the application is
    not in debug mode there is no such page: status 404.

    :param timeline: what observes the streams.
    """

    def timeline_page(request: Request) -> Response:
        if not request.app.debug:
            raise HTTPException(404)
        return HTMLResponse(timeline.html(), headers={"Cache-Control": "no-store"})

    return timeline_page


class StreamTemplates(Jinja2Templates):
    """The counterpart of :class:`starlette.templating.Jinja2Templates`, whose responses stream.

    It takes the same arguments, and *chunk_size* as :class:`~streamtmpl.StreamEnvironment` does. An
    environment given as *env* becomes a streaming one in place.
    """

    def __init__(
        self,
        *args: Any,
        chunk_size: int | None = None,
        deferred: str | Callable[[Request], str] = "auto",
        nonce: str | Callable[[Request], str | None] | None = None,
        executor: Executor | None = None,
        observe: Observer | None = None,
        **kwargs: Any,
    ) -> None:
        """Make or take the environment.

        :param deferred: where deferred regions go, ``"patch"`` or ``"in-order"``; ``"auto"``, as it
            suits who asks; or a function of the request that says one of these.
        :param nonce: a function of the request that gives what its Content-Security-Policy allows
            the inline script by, if anything; it is asked where regions are patched in.
        :param executor: whose threads render deferred regions of sync templates.
        :param observe: as :class:`~streamtmpl.StreamEnvironment` takes it.
        :raises NotStreamingError: the environment given cannot stream.
        """
        super().__init__(*args, **kwargs)
        enable_streaming(self.env, chunk_size=chunk_size, observe=observe)
        keys = "StreamTemplates(deferred=)", "StreamTemplates(nonce=)"
        self._policy = RegionPolicy(deferred, nonce, executor, *keys)

    def TemplateResponse(  # type: ignore[override] # the base class renders at once
        self,
        request: Request,
        name: str,
        context: Mapping[str, Any] | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
        *,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred | None = None,
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
        observe: Observer | None = None,
    ) -> StreamTemplateResponse:
        """A response that renders the template *name* while it is sent.

        The arguments are those of Starlette's, and those by keyword of
        :class:`StreamTemplateResponse`; for *deferred*, *nonce* and *executor* the default is what
        these templates have. The template gets *context*, ``request`` and what the context
        processors give.

        :raises jinja2.TemplateNotFound: there is no such template.
        :raises TypeError: the name comes first, as in old versions of Starlette.
        """
        if isinstance(request, str):
            raise TypeError(
                "TemplateResponse() takes the request first, then the template's name:"
                f" TemplateResponse(request, {request!r}, context)"
            )
        given = deferred, nonce, executor
        header = headers_of(request.scope)
        regions = region_options(self._policy, request, self.env, *given, header=header)
        variables = {"request": request, **(context or {})}
        for processor in self.context_processors:
            variables.update(processor(request))
        response = StreamTemplateResponse(
            self.get_template(name),
            variables,
            status_code,
            headers,
            media_type,
            background,
            chunk_size=chunk_size,
            commit_after=commit_after,
            deferred="patch",
            block=block,
            observe=observe,
        )
        response._options.regions = regions
        return response
