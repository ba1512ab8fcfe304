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
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import jinja2
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.template import TemplateSyntaxError
from django.template.backends.jinja2 import get_exception_info
from django.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from django.template.loader import get_template, select_template
from django.template.response import ContentNotRenderedError
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from .async_stream import thread_stream
from .bridge import iterate
from .environment import StreamEnvironment
from .exceptions import NotStreamingError
from .rendering import render_stream, render_stream_async
from .renders import asyncio_runs
from .sources import report

if TYPE_CHECKING:
    from .stream import ChunkStream

logger = logging.getLogger("streamtmpl")


def environment(**options: Any) -> StreamEnvironment:
    """An environment for Django's Jinja2 backend, to be named in its ``OPTIONS``.

    :param options: what the backend hands over: the other ``OPTIONS``, among them ``chunk_size``
        and any argument of :class:`jinja2.Environment`.
    :return: a streaming environment with the globals ``static`` and ``url``, which is
        :func:`django.urls.reverse`.
    """
    made = StreamEnvironment(**options)
    made.globals.update(static=static, url=reverse)
    return made


class StreamTemplateResponse(StreamingHttpResponse):
    """A response that sends a template while it renders; to be returned by a view of any kind.

    Like :class:`~django.template.response.TemplateResponse` it renders after the view has
    returned, when Django calls :meth:`render`: up to the first chunk. Until then middleware may
    change ``template_name`` and ``context_data``, and until the head is sent anybody may change
    status, headers and cookies.
    """

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
    ) -> None:
        """Prepare to stream *template*; the other arguments are those of ``TemplateResponse``.

        :param template: the name of a template, several of which the first that exists is taken,
            or a template of the backend's.
        :param chunk_size: as for :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block. Nothing is sent until it has been rendered, so
            that it can still change status and headers or raise ``Http404``.
        :raises ValueError: *headers* has a ``Content-Length``, which nobody can know yet.
        """
        self.template_name = template
        self.context_data = context
        self.using = using
        self.is_rendered = False
        self._request = request
        self._options = {"chunk_size": chunk_size, "commit_after": commit_after}
        self._post_render_callbacks: list[Callable[[Any], Any]] = []
        # The handlers' requests differ by this, also inside those that wrap one.
        kind = _AsyncBody if hasattr(request, "scope") else _SyncBody
        self._body: _Body = kind(_LateChanges(request, template))
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
        :raises UnknownBlockError: (the function) the template has no block *commit_after*.
        """
        if isinstance(self._body, _AsyncBody) and asyncio_runs():
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
        if not head or self._options["commit_after"] is not None:
            self._begin()
        if head:
            self._body.leave_out()
        session = getattr(self._request, "session", None)
        if session is not None and not session.accessed:
            # Nobody knows yet whether the rest of the page will: shared caches must be careful.
            patch_vary_headers(self, ("Cookie",))
        self.is_rendered = True
        response: Any = self
        for callback in self._post_render_callbacks:
            changed = callback(response)
            response = response if changed is None else changed
        return response

    def _begin(self) -> None:
        template = _resolve(self.template_name, self.using)
        variables = dict(self.context_data or {})
        _add_request(variables, self._request, template.backend)
        try:
            self._body.begin(template.template, variables, encoding=self.charset, **self._options)
        except jinja2.TemplateSyntaxError as error:  # of one that it includes
            syntax_error = TemplateSyntaxError(error.args)
            syntax_error.template_debug = get_exception_info(error)
            raise syntax_error from error

    def add_post_render_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call *callback* with this response when its first chunk is there.

        It may return another response. View decorators made of middleware work by this.
        """
        if self.is_rendered:
            callback(self)
        else:
            self._post_render_callbacks.append(callback)

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


def _resolve(template: Any, using: str | None) -> Any:
    """The backend's template for what a view has named."""
    if isinstance(template, str):
        template = get_template(template, using=using)
    elif isinstance(template, Sequence):
        template = select_template(template, using=using)
    if isinstance(getattr(template, "template", None), jinja2.Template):
        return template
    name = getattr(getattr(template, "origin", None), "template_name", None) or template
    raise NotStreamingError(
        f"cannot stream {name!r}: it is no template of Django's Jinja2 backend but of"
        f" {type(template).__module__!r}. Keep it where that backend looks, or name the backend"
        " with using=."
    )


def _add_request(variables: dict[str, Any], request: HttpRequest, backend: Any) -> None:
    """Add what templates of the backend find beside the context of the view."""
    variables["request"] = request
    variables["csrf_input"] = csrf_input_lazy(request)
    variables["csrf_token"] = csrf_token_lazy(request)
    for processor in backend.template_context_processors:
        variables.update(processor(request))


class _LateChanges:
    """Tells of what the rest of a page does that should have happened before the commit.

    The middleware that would have stored it, or sent a cookie for it, has run by then.
    """

    def __init__(self, request: HttpRequest, template: Any) -> None:
        self._request = request
        self._template = template
        self._before: list[str] | None = None

    def committed(self) -> None:
        """The response's head is being sent: what has happened so far is on its way."""
        if self._before is None:
            self._before = self._pending()

    def tell(self) -> None:
        """Log what has happened since, once."""
        if self._before is not None:
            for what in self._pending():
                if what not in self._before:
                    logger.warning(
                        "%r: %s after the first chunk had left. Do that in the view, or in a"
                        " block named by commit_after.",
                        self._template,
                        what,
                    )
            self._before = self._pending()

    def _pending(self) -> list[str]:
        session = getattr(self._request, "session", None)
        messages = getattr(self._request, "_messages", None)
        happened = {
            "the session was modified, and not saved,": getattr(session, "modified", False),
            "a CSRF token was made, and its cookie not sent,": "CSRF_COOKIE" in self._request.META,
            "messages were shown, and not discarded,": getattr(messages, "used", False),
            "a message was added, and not stored,": getattr(messages, "added_new", False),
        }
        return [what for what, whether in happened.items() if whether]


class _Body(ABC):
    """The chunks of a response, the first of which :meth:`begin` has pulled."""

    _rendered = False
    _stream: Any = None
    _first = b""

    def __init__(self, late: _LateChanges) -> None:
        self._late = late

    def begin(self, template: jinja2.Template, variables: dict[str, Any], **options: Any) -> None:
        """Render up to the first chunk; *options* are those of :func:`render_stream`."""
        self._rendered = True
        if template.environment.is_async:
            self._begin_async(template, variables, options)
        else:
            self._begin_sync(template, variables, options)

    @abstractmethod
    def _begin_sync(self, template: Any, variables: Any, options: Any) -> None: ...

    @abstractmethod
    def _begin_async(self, template: Any, variables: Any, options: Any) -> None: ...

    def leave_out(self) -> None:
        """Send nothing, whether rendering has begun or not."""
        self.close()
        self._rendered = True
        self._stream, self._first = None, b""

    def _take_first(self) -> bytes:
        if not self._rendered:
            raise ContentNotRenderedError(
                "the response has not been rendered: Django does that with what a view returns,"
                " anybody else calls its render() first"
            )
        self._late.committed()
        first, self._first = self._first, b""
        return first

    @abstractmethod
    def close(self) -> None:
        """Close the stream. What that raises is logged: Django would swallow it."""

    @abstractmethod
    async def aclose(self) -> None:
        """The same in an event loop."""


class _SyncBody(_Body, Iterator[bytes]):
    """The chunks under WSGI."""

    def _begin_sync(self, template: Any, variables: Any, options: Any) -> None:
        self._stream = render_stream(template, variables, **options)
        self._first = next(self._stream, b"")

    def _begin_async(self, template: Any, variables: Any, options: Any) -> None:
        self._stream = iterate(render_stream_async(template, variables, **options).in_lockstep())
        self._first = next(self._stream, b"")

    def __next__(self) -> bytes:
        if first := self._take_first():
            return first
        if self._stream is None:
            raise StopIteration
        try:
            chunk: bytes = next(self._stream)
        except BaseException:
            self._late.tell()
            raise
        return chunk

    def close(self) -> None:
        if self._stream is not None:
            _close(self._stream)
        self._late.tell()

    async def aclose(self) -> None:
        await sync_to_async(self.close, thread_sensitive=True)()


class _AsyncBody(_Body, AsyncIterator[bytes]):
    """The chunks under ASGI: :meth:`begin` and :meth:`close` are called in the request's thread."""

    _sync: ChunkStream[bytes] | None = None
    _ended = False

    def _begin_sync(self, template: Any, variables: Any, options: Any) -> None:
        self._sync = render_stream(template, variables, **options)
        self._first = next(self._sync, b"")
        self._stream = thread_stream(self._sync, _into_request_thread)

    def _begin_async(self, template: Any, variables: Any, options: Any) -> None:
        async def begin() -> None:
            # Made in the event loop's thread: some of Django's context variables, such as the
            # active language, hold in one thread only.
            self._stream = render_stream_async(template, variables, **options)
            self._first = await anext(self._stream, b"")

        async_to_sync(begin)()

    async def __anext__(self) -> bytes:
        if first := self._take_first():
            return first
        if self._stream is None:
            raise StopAsyncIteration
        try:
            chunk: bytes = await anext(self._stream)
        except BaseException:
            self._ended = True
            self._late.tell()
            raise
        return chunk

    def close(self) -> None:
        if self._sync is not None:
            _close(self._sync)
        elif self._stream is not None:
            self._stream.abandon()
        self._late.tell()

    async def aclose(self) -> None:
        if not self._ended and self._stream is not None:
            self._ended = True
            if self._sync is not None:
                await _into_request_thread(_close, self._sync)
            else:
                try:
                    await self._stream.aclose()
                except Exception as error:  # noqa: BLE001 - logged, as by close()
                    report([error])
        self._late.tell()


def _close(stream: Any) -> None:
    try:
        stream.close()
    except Exception as error:  # noqa: BLE001 - logged: Django would swallow it
        report([error])


def _into_request_thread(function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
    call: Coroutine[Any, Any, Any] = sync_to_async(function, thread_sensitive=True)(*args)
    return asyncio.ensure_future(call)
