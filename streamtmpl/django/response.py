"""Templates of Django's Jinja2 backend as streamed responses, under WSGI and ASGI.

What Django does with a response decides where things happen here. The handler calls ``render()``
of what a view returns: that pulls the first chunk, where an error still becomes one of Django's
error pages. Middleware comes next, then the head is sent, and then the body is iterated: under
WSGI by ``__iter__``, under ASGI by ``__aiter__``, for which Django would collect an ordinary
iterator into a list. Under ASGI whatever is synchronous runs in the request's own thread, the one
that has its database connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import jinja2
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import TemplateSyntaxError
from django.template.backends.jinja2 import get_exception_info

from streamtmpl.chunks.options import AutoDeferred, Block, RegionOptions, StreamOptions
from streamtmpl.chunks.render import asyncio_runs
from streamtmpl.context import variables_of
from streamtmpl.rendering import async_stream_of, stream_of
from streamtmpl.responses.body import (
    async_byte_stream,
    byte_stream,
    close_unread,
    content_type_of,
)
from streamtmpl.responses.head import WITHOUT_CONTENT
from streamtmpl.responses.headers import add_vary
from streamtmpl.responses.policy import region_options
from streamtmpl.responses.script import PAGE, PATCH, Script, script_response
from streamtmpl.responses.timing import timed

from .backend import _add_request, _resolve
from .bodies import AsyncBody, Body, SyncBody
from .compression import each_to_be_read
from .executor import _RequestExecutor
from .late import LateChanges
from .settings import policy

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from streamtmpl.observing import Observer


class StreamTemplateResponse(StreamingHttpResponse):
    """A response that sends a template while it renders; to be returned by a view of any kind.

    Like :class:`~django.template.response.TemplateResponse` it renders after the view has
    returned, when Django calls :meth:`render`: up to the first chunk. Until then middleware may
    change ``template_name`` and ``context_data``, and until the head is sent anybody may change
    status, headers and cookies.
    """

    _is_taken = False

    def __init__(
        self,
        request: HttpRequest,
        template: Any,
        context: Mapping[str, Any] | None = None,
        *,
        content_type: str | None = None,
        status: int | None = None,
        charset: str | None = None,
        using: str | None = None,
        headers: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred | None = None,
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Prepare to stream *template*; the other arguments are those of ``TemplateResponse``.

        :param template: the name of a template, several of which the first that exists is taken,
            or a template of the backend's.
        :param chunk_size: as for :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block. Nothing is sent until it has been rendered, so
            that it can still change status and headers or raise ``Http404``.
        :param deferred: where deferred regions go: ``"patch"`` or ``"in-order"``, as for
            :func:`~streamtmpl.render_stream`; the setting ``STREAMTMPL_DEFERRED``, unless given.
        :param nonce: what the Content-Security-Policy allows the inline script by, or what the
            function gives that the setting ``STREAMTMPL_NONCE`` has.
        :param executor: whose threads render deferred regions of a sync template, or that of the
            setting ``STREAMTMPL_EXECUTOR``.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :param observe: a function that is called with the events of the stream, those of
            :mod:`streamtmpl.observing`; the environment's, unless given.
        :raises ValueError: *headers* has a ``Content-Length``, which nobody can know yet.
        """
        self.template_name = template
        self.context_data = context
        self.using = using
        self.is_rendered = False
        self._request = request
        self._options = StreamOptions(chunk_size, None, commit_after, block=block, observe=observe)
        self._regions = deferred, nonce, executor
        self._post_render_callbacks: list[Callable[[Any], Any]] = []
        # The handlers' requests differ by this, also inside those that wrap one.
        kind = AsyncBody if hasattr(request, "scope") else SyncBody
        self._body: Body = kind(LateChanges(request, template))
        super().__init__(
            self._body, content_type=content_type, status=status, charset=charset, headers=headers
        )
        if self.has_header("Content-Length"):
            raise ValueError("a streamed response has no 'Content-Length': leave it away")
        self.headers.setdefault("X-Accel-Buffering", "no")

    @property
    def render(self) -> Callable[[], Any]:
        """Render up to the first chunk, once; Django calls this. To be awaited in an event loop.

        For a HEAD request nothing is rendered, unless *commit_after* was given.

        :return: a function, which gives this response, or what a callback has put in its place.
        :raises NotStreamingError: (the function) the template is none of a streaming environment.
        :raises UnknownBlockError: (the function) the template has no block of a name that is given.
        :raises ValueError: (the function) the mode for deferred regions is none.
        :raises ImproperlyConfigured: (the function) a setting for deferred regions is wrong.
        """
        if isinstance(self._body, AsyncBody) and asyncio_runs():
            return self._render_async
        return self._render  # also under ASGI: error pages are made in a thread

    async def _render_async(self) -> Any:
        try:
            return await sync_to_async(self._render, thread_sensitive=True)()
        except asyncio.CancelledError:
            # The thread goes on to the end of its step; then this is its next.
            await sync_to_async(self._body.close, thread_sensitive=True)()
            raise

    def _render(self) -> Any:
        if self.is_rendered:
            return self
        head = self._request.method == "HEAD"
        vary = self._begin(head)
        if head:
            self._body.leave_out()
        add_vary(self.headers, vary)
        session = getattr(self._request, "session", None)
        if session is not None and not session.accessed:
            # Nobody knows yet whether the rest of the page will: shared caches must be careful.
            add_vary(self.headers, ("Cookie",))
        length = None if self._is_taken else self._body.length
        if length is not None and self.status_code not in WITHOUT_CONTENT:
            self.headers["Content-Length"] = str(length)
        self.is_rendered = True
        response: Any = self
        for callback in self._post_render_callbacks:
            changed = callback(response)
            response = response if changed is None else changed
        return response

    def _begin(self, head: bool) -> Collection[str]:
        """Render up to the first chunk; gives the headers of the request by which regions go."""
        template = _resolve(self.template_name, self.using)
        regions = self._shown(template)
        if not head or self._options.commit_after is not None:
            self._begin_template(template, regions)
        return regions.vary(over=self._body.length is not None)

    def _begin_template(self, template: Any, regions: RegionOptions) -> None:
        variables = variables_of(self.context_data)
        _add_request(variables, self._request, template.backend)
        options = self._options
        options.encoding, options.regions = self.charset, regions
        environment = template.template.environment
        timing = timed(options, environment)
        is_async = environment.is_async
        make = async_stream_of if is_async else stream_of
        try:
            self._body.begin(partial(make, template.template, variables, options), is_async)
        except jinja2.TemplateSyntaxError as error:  # of one that it includes
            syntax_error = TemplateSyntaxError(error.args)
            syntax_error.template_debug = get_exception_info(error)
            raise syntax_error from error
        if timing is not None:
            timing.add_to(self.headers)

    def _shown(self, template: Any) -> RegionOptions:
        """How deferred regions are shown, those in threads with what Django keeps per thread."""
        environment = template.template.environment
        # To make all headers of the request would take longer than all else in here.
        header = partial(_header, self._request.META)
        regions = region_options(
            policy(), self._request, environment, *self._regions, header=header
        )
        if regions.executor is None:
            return regions
        return regions.but(executor=_RequestExecutor(regions.executor))

    def add_post_render_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call *callback* with this response when its first chunk is there.

        It may return another response. View decorators made of middleware work by this.
        """
        if self.is_rendered:
            callback(self)
        else:
            self._post_render_callbacks.append(callback)

    @property
    def streaming_content(self) -> Any:
        """The chunks. Who takes them before the head is sent may send others in their place."""
        self._is_taken = True
        self.headers.pop("Content-Length", None)
        return super().streaming_content

    @streaming_content.setter
    def streaming_content(self, value: Any) -> None:
        self._set_streaming_content(value)

    def _set_streaming_content(self, value: Any) -> None:
        """Django's: what middleware has made of the body is to arrive in chunks as well."""
        if hasattr(self, "_iterator"):
            value = each_to_be_read(value, self.streaming_content)
        super()._set_streaming_content(value)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            # Generators of middleware around the body do not close it when they are closed.
            async with aclosing(self._body), aclosing(super().__aiter__()) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception:
            # Django does not close a response that has failed under ASGI.
            await sync_to_async(self.close, thread_sensitive=True)()
            raise

    def close(self) -> None:
        """Close the stream, then do what Django does at the end of a request; once."""
        if not self.closed:
            super().close()


class StreamResponse(StreamTemplateResponse):
    """A response that sends a stream or an iterable, such as :func:`~streamtmpl.csv_rows` of rows.

    Like a :class:`StreamTemplateResponse` it begins when the view has returned, up to the first
    chunk. Under ASGI what is not async is read in the thread that Django runs the request's sync
    code in, which has its database connections.
    """

    def __init__(
        self,
        request: HttpRequest,
        source: Any,
        *,
        content_type: str | None = None,
        status: int | None = None,
        charset: str | None = None,
        headers: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Prepare to stream *source*; the other arguments are those of ``HttpResponse``.

        :param source: a stream of either kind, or an iterable, async or not, of ``str`` or
            ``bytes``.
        :param content_type: that of the stream, or of HTML, unless given.
        :param chunk_size: this and *observe* are those of :func:`~streamtmpl.rechunk`; not for
            streams.
        :raises ValueError: *headers* has a ``Content-Length``, which nobody can know yet.
        """
        if content_type is None and charset is None:
            content_type = content_type_of(source)
        super().__init__(
            request,
            source,
            content_type=content_type,
            status=status,
            charset=charset,
            headers=headers,
            chunk_size=chunk_size,
            observe=observe,
        )
        self.template_name = None
        self._source = source

    def _begin(self, head: bool) -> Collection[str]:
        if head:
            close_unread(self._source)
        else:
            is_async = hasattr(self._source, "__aiter__")
            make = async_byte_stream if is_async else byte_stream
            options = self._options.but(encoding=self.charset)
            self._body.begin(partial(make, self._source, None, options), is_async)
        return ()


def _header(meta: Mapping[str, Any], name: str) -> str | None:
    value: str | None = meta.get("HTTP_" + name.upper().replace("-", "_"))
    return value


def patch_script(request: HttpRequest) -> HttpResponse:
    """A view that serves the script for browsers that do not patch by themselves.

    Its URL goes into the environment as ``patch_script``, one of the backend's ``OPTIONS``.
    """
    return _response_of(PATCH, request)


def page_script(request: HttpRequest) -> HttpResponse:
    """A view that serves the page script.

    A page refers to it in a ``<script src="...">`` at the end of its content.
    """
    return _response_of(PAGE, request)


def _response_of(script: Script, request: HttpRequest) -> HttpResponse:
    known = request.headers.get("If-None-Match")
    status, headers, body = script_response(script, request.method, known)
    return HttpResponse(body, status=status, headers=dict(headers))
