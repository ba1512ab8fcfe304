"""Streaming templates for aiohttp's server, with the environment of aiohttp-jinja2."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from .extras import missing

try:
    import aiohttp_jinja2
    from aiohttp import HttpVersion11, web
except ModuleNotFoundError as error:
    raise missing(error, "aiohttp", "aiohttp", "aiohttp_jinja2") from None

from jinja2 import Template

from .chunks.options import AutoDeferred, Block, RegionOptions, StreamOptions
from .enabling import enable_streaming
from .events.response import add_event_headers
from .events.streams import KEEP_ALIVE, event_stream_async
from .responses.body import async_byte_stream, check_no_template, content_type_of
from .responses.compression import maker
from .responses.delivery import close_source, while_connected
from .responses.first import BegunAsync, begun_async
from .responses.head import ResponseHead
from .responses.headers import add_vary
from .responses.late import warn_late
from .responses.policy import RegionPolicy, region_options
from .responses.timing import timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
    from concurrent.futures import Executor

    import jinja2

    from .chunks.async_stream import AsyncChunkStream
    from .events.event import Event
    from .observing import Observer
    from .responses.head import HeaderItems

_POLICY = web.AppKey("streamtmpl_policy", RegionPolicy)
_SESSION = "aiohttp_session"
_LOOK = 0.5
"""Seconds between two looks at the connection: aiohttp tells nobody that a client has left."""


def setup(
    app: web.Application,
    *,
    deferred: str | Callable[[web.Request], str] = "auto",
    nonce: Callable[[web.Request], str | None] | None = None,
    executor: Executor | None = None,
) -> None:
    """Say how the deferred regions of an application's pages are shown.

    :param deferred: where they go, ``"patch"`` or ``"in-order"``; ``"auto"``, as it suits who asks;
        or a function of the request that says one of these.
    :param nonce: a function of the request that gives what its Content-Security-Policy allows the
        inline script by, if anything; it is asked where regions are patched in.
    :param executor: whose threads render deferred regions of sync templates.
    """
    app[_POLICY] = RegionPolicy(deferred, nonce, executor, "setup(deferred=)", "setup(nonce=)")


async def stream_template(
    template_name: str,
    request: web.Request,
    context: Mapping[str, Any] | None = None,
    *,
    app_key: web.AppKey[jinja2.Environment] = aiohttp_jinja2.APP_KEY,
    **options: Any,
) -> web.Response:
    """Stream a template of the environment that ``aiohttp_jinja2.setup()`` has made.

    The environment becomes a streaming one in place. The template gets *context* and what the
    context processors give.

    :param options: those of :func:`stream_response`.
    :raises RuntimeError: ``aiohttp_jinja2.setup()`` has not been called.
    :raises NotStreamingError: its environment cannot stream.
    """
    environment = request.config_dict.get(app_key)
    if environment is None:
        raise RuntimeError("there is no environment: call aiohttp_jinja2.setup(app, ...) first")
    template = enable_streaming(environment).get_template(template_name)
    processed = request.get(aiohttp_jinja2.REQUEST_CONTEXT_KEY) or {}
    return await stream_response(request, template, {**processed, **(context or {})}, **options)


async def stream_response(
    request: web.Request,
    source: Any,
    context: Mapping[str, Any] | None = None,
    *,
    status: int | str = 200,
    headers: HeaderItems = (),
    content_type: str | None = None,
    chunk_size: int | None = None,
    commit_after: str | None = None,
    deferred: AutoDeferred | None = None,
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> web.Response:
    """Make a response that streams, for a handler to return.

    The first chunk is rendered at once: an error up to there is raised here, where it is an error
    page or an ``HTTPException``. For a HEAD request nothing is rendered.

    :param source: a template, rendered with *context*; a stream of this package; or an iterable,
        async or not, of ``str`` or ``bytes``.
    :param status: a code, or code and reason.
    :param headers: a mapping, or pairs; ``X-Accel-Buffering: no`` unless they say other.
    :param content_type: the type, whose charset the text is encoded in; that of the stream, or of
        HTML, unless given.
    :param chunk_size: as of :func:`~streamtmpl.render_stream`.
    :param commit_after: a block of the template: the first chunk is held until after it.
    :param deferred: where deferred regions are rendered: ``"patch"``, ``"in-order"`` or ``"auto"``,
        as it suits who asks; this and the next two are those of :func:`setup`, unless given.
    :param nonce: what the Content-Security-Policy of the response allows the patch script by.
    :param executor: whose threads render the deferred regions of a sync template.
    :param block: the block of the template that is sent alone, or several in a tuple.
    :param observe: a function that is called with the events of the stream, those of
        :mod:`streamtmpl.observing`; the environment's, unless given.
    :raises ValueError: a header or the status could not be sent, or there is no such mode.
    :raises TypeError: an argument goes with a template, and *source* is none.
    :raises NotStreamingError: *source* is none of these.
    """
    head = ResponseHead(status, headers, content_type or content_type_of(source))
    options = StreamOptions(chunk_size, head.charset, commit_after, block=block, observe=observe)
    if isinstance(source, Template):
        policy = request.config_dict.get(_POLICY, RegionPolicy())
        given = deferred, nonce, executor
        regions = region_options(policy, request, source.environment, *given)
        options = options.but(regions=regions)
        head.timing = timed(options, source.environment)
    else:
        check_no_template(source, deferred=deferred, nonce=nonce, executor=executor)
    stream = async_byte_stream(source, context, options)
    begins = partial(_begins, head, options.regions, stream)
    if request.method == "HEAD" or not head.has_content:
        await stream.aclose()
        await close_source(source)
        return web.Response(**begins())
    if (whole := await stream.whole()) is not None:
        return _Whole(**begins(), body=whole)
    chunks = await begun_async(stream)
    if stream.over:
        return _Whole(**begins(), body=chunks.first or b"")
    return _Streamed(stream, chunks, **begins())


def _begins(
    head: ResponseHead, regions: RegionOptions, stream: AsyncChunkStream[bytes]
) -> dict[str, Any]:
    """What aiohttp's response is told, as far as *stream* has come."""
    add_vary(head.headers, regions.vary(over=stream.over))
    reason = head.status_line.partition(" ")[2]
    return {"status": head.status, "reason": reason, "headers": head.sent()}


async def event_response(
    request: web.Request,
    source: AsyncIterable[Event | None] | Iterable[Event | None],
    *,
    keep_alive: float | None = KEEP_ALIVE,
    stop_on_error: bool = False,
    status: int | str = 200,
    headers: HeaderItems = (),
) -> web.Response:
    """Make a response that sends events as they come, for a handler to return.

    :param source: an async iterable of events, or an ordinary one.
    :param keep_alive: this and *stop_on_error* are those of
        :func:`~streamtmpl.events.event_stream_async`, as are the errors.
    :param status: a code, or code and reason.
    :param headers: a mapping, or pairs; those of an event stream are added.
    :raises ValueError: a header or the status could not be sent.
    """
    stream = event_stream_async(source, keep_alive, stop_on_error=stop_on_error)
    head = ResponseHead(status, headers)
    add_event_headers(head.headers)
    return await stream_response(request, stream, status=status, headers=head.sent())


def last_event_id(request: web.Request) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    # aiohttp has decoded it.
    return request.headers.get("Last-Event-ID") or None


class _Whole(web.Response):
    """A response whose one chunk is there."""

    def enable_compression(
        self, force: bool | web.ContentCoding | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Compress it, as aiohttp does; caches are told so, as they are of longer pages."""
        if force is None:
            add_vary(self.headers, ["Accept-Encoding"])
        super().enable_compression(force, *args, **kwargs)


class _Streamed(web.Response):
    """A response whose first chunk is there. It is a ``Response`` so that sessions are saved."""

    _has_left = False
    _is_compressed = False
    _coding: web.ContentCoding | None = None

    def __init__(
        self, stream: AsyncChunkStream[bytes], chunks: BegunAsync[bytes], **kwargs: Any
    ) -> None:
        super().__init__(body=chunks, **kwargs)  # by which aiohttp knows that it has no length
        self._stream, self._own_body = stream, self.body
        self._chunks: AsyncIterator[bytes] = chunks

    @property
    def compression(self) -> bool:
        """Whether it is to be compressed."""
        return self._is_compressed

    def enable_compression(
        self, force: bool | web.ContentCoding | None = None, strategy: int | None = None
    ) -> None:
        """Compress each chunk so that it can be read when it arrives: aiohttp would not flush it.

        :param force: the coding, unless it is one that the client accepts.
        :param strategy: taken as aiohttp's is, and not heeded.
        """
        if isinstance(force, bool):
            force = web.ContentCoding.deflate if force else web.ContentCoding.identity
        self._is_compressed, self._coding = True, force

    def _compress(self, accepted: str) -> None:
        """Have the chunks compressed, and the headers say so, as aiohttp would."""
        coding, identity = self._coding, web.ContentCoding.identity
        if coding is None:
            coding = next((each for each in web.ContentCoding if each.value in accepted), identity)
            add_vary(self.headers, ["Accept-Encoding"])
        make = maker(coding.value)
        if make is not None and "Content-Encoding" not in self.headers:
            self.headers["Content-Encoding"] = coding.value
            self._chunks = make().iterate_async(self._chunks)

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Send the head."""
        if self._is_replaced():
            await self._stream.aclose()
            return await super().prepare(request)
        if not self.prepared:
            self._begin(request)
        try:
            return await super().prepare(request)
        except BaseException:
            await self._stream.aclose()
            raise

    def _is_replaced(self) -> bool:
        """Whether somebody has put another body in the place of the stream."""
        return self.body is not self._own_body

    def _begin(self, request: web.BaseRequest) -> None:
        self._request = request
        self._session = request.get(_SESSION)
        self._saved = None if self._session is None else dict(self._session)
        if self._is_compressed:
            self._compress(request.headers.get("Accept-Encoding", "").lower())
        if request.version < HttpVersion11:
            self.force_close()  # which is how the client sees the end; aiohttp would wait for it

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the chunks, as long as the client is there."""
        if self._is_replaced():
            return await super().write_eof(data)
        request = self._request

        async def gone() -> dict[str, str]:
            while (transport := request.transport) is not None and not transport.is_closing():
                await asyncio.sleep(_LOOK)
            return {"type": "http.disconnect"}

        if not await while_connected(self._stream, self._deliver, gone) or self._has_left:
            raise ConnectionResetError("the client has disconnected")
        if self._session is not None and dict(self._session) != self._saved:
            warn_late("stream_response(..., commit_after=...)")
        await web.StreamResponse.write_eof(self, data)

    async def _deliver(self) -> None:
        while True:
            try:
                chunk = await anext(self._chunks, None)
            except ConnectionError as error:  # of the page's: aiohttp logs none
                raise RuntimeError("the page has failed after its first chunk") from error
            if chunk is None:
                return
            try:
                await self.write(chunk)
            except ConnectionError:
                self._has_left = True
                return
