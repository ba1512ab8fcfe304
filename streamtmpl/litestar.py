"""Streaming templates for Litestar."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from .extras import missing

try:
    from litestar.exceptions import ImproperlyConfiguredException
    from litestar.plugins.jinja import JinjaTemplateEngine
    from litestar.response.base import ASGIResponse, Response
    from litestar.response.template import Template
except ModuleNotFoundError as error:
    raise missing(error, "litestar", "litestar") from None

from .asgi import last_event_id as last_event_id_of
from .chunks.options import PATCHED, AutoDeferred, Block, RegionOptions, StreamOptions
from .enabling import enable_streaming
from .events.response import add_event_headers
from .events.streams import KEEP_ALIVE, event_stream_async
from .rendering import async_stream_of
from .responses.delivery import send_stream
from .responses.headers import check_headers
from .responses.late import LateDict
from .responses.policy import RegionPolicy, region_options
from .responses.timing import timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Collection, Iterable
    from concurrent.futures import Executor
    from pathlib import Path

    import jinja2
    from litestar import Litestar, Request

    from .chunks.async_stream import AsyncChunkStream
    from .events.event import Event
    from .observing import Observer
    from .responses.timing import ServerTiming


class StreamTemplateEngine(JinjaTemplateEngine):
    """Litestar's engine for Jinja2, whose templates stream where they are asked to.

    Its environment becomes a streaming one in place. Litestar's own ``Template`` renders at once,
    as with Litestar's own engine.
    """

    def __init__(
        self,
        directory: Path | list[Path] | None = None,
        engine_instance: jinja2.Environment | None = None,
        *,
        chunk_size: int | None = None,
        deferred: str | Callable[[Any], str] = "auto",
        nonce: Callable[[Any], str | None] | None = None,
        executor: Executor | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Make or take the environment, as Litestar's engine does.

        :param chunk_size: as :class:`~streamtmpl.StreamEnvironment` takes it.
        :param deferred: where deferred regions go, ``"patch"`` or ``"in-order"``; ``"auto"``, as it
            suits who asks; or a function of the request that says one of these.
        :param nonce: a function of the request that gives what its Content-Security-Policy allows
            the inline script by, if anything; it is asked where regions are patched in.
        :param executor: whose threads render deferred regions of sync templates.
        :param observe: as :class:`~streamtmpl.StreamEnvironment` takes it.
        :raises NotStreamingError: the environment given cannot stream.
        """
        super().__init__(directory, engine_instance)
        enable_streaming(self.engine, chunk_size=chunk_size, observe=observe)
        keys = "StreamTemplateEngine(deferred=)", "StreamTemplateEngine(nonce=)"
        self.policy = RegionPolicy(deferred, nonce, executor, *keys)


class StreamTemplateResponse(Template):
    """A response that renders its template while it is sent.

    Background tasks run after the stream has ended, also if the client has disconnected, but not
    after an error.
    """

    def __init__(
        self,
        template_name: str | None = None,
        *,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred | None = None,
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
        observe: Observer | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what to render; the other arguments are those of ``litestar.response.Template``.

        :param chunk_size: as in :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block of the template; nothing is sent before it has been
            rendered.
        :param deferred: where deferred regions go: ``"patch"``, ``"in-order"`` or ``"auto"``, as it
            suits who asks; this and the next two are the engine's, unless given.
        :param nonce: what the response's Content-Security-Policy allows the inline script by.
        :param executor: whose threads render deferred regions of a sync template.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :param observe: a function that is called with the events of the stream, those of
            :mod:`streamtmpl.observing`; the environment's, unless given.
        :raises ValueError: there is no such mode, or *block* does not go with *commit_after*.
        """
        super().__init__(template_name, **kwargs)
        self._options = StreamOptions(
            chunk_size, self.encoding, commit_after, block=block, observe=observe
        )
        self._regions = deferred, nonce, executor

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **given: Any
    ) -> ASGIResponse:
        """The application that sends the response; Litestar calls this.

        :param given: what the application and the handler say of their responses.
        :raises NotStreamingError: the environment of the application's engine cannot stream.
        :raises litestar.exceptions.ImproperlyConfiguredException: its engine is none of Jinja2's.
        """
        engine = request.app.template_engine
        if not isinstance(engine, JinjaTemplateEngine):
            raise ImproperlyConfiguredException(
                f"StreamTemplateResponse renders Jinja2's templates, and template_config has"
                f" {engine!r}: give it a streamtmpl.litestar.StreamTemplateEngine"
            )
        environment = enable_streaming(engine.engine)
        template = (
            engine.get_template(self.template_name)
            if self.template_name is not None
            else environment.from_string(self.template_str or "")
        )
        policy = getattr(engine, "policy", RegionPolicy())
        regions = region_options(policy, request, environment, *self._regions)
        options = self._options.but(regions=regions)
        timing = timed(options, environment)
        stream = async_stream_of(template, self.create_template_context(request), options)
        kind = self.media_type or given.get("media_type") or _media_type(self.template_name)
        return _StreamedResponse(self, given, stream, regions, timing, media_type=kind)


def _media_type(template_name: str | None) -> str:
    """What a page is that nobody has said it of: the same as Litestar's ``Template``."""
    if template_name is None:
        return "text/html"
    guesses = (guess_type(f"name{suffix}")[0] for suffix in PurePath(template_name).suffixes)
    return next(filter(None, guesses), "text/plain")


class EventResponse(Response[Any]):
    """A response that sends events as they come.

    Background tasks run after the stream has ended, also if the client has disconnected, but not
    after an error.
    """

    def __init__(
        self,
        source: AsyncIterable[Event | None] | Iterable[Event | None],
        *,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
        **kwargs: Any,
    ) -> None:
        """Prepare the stream; no event is asked for yet.

        The other arguments are those of ``litestar.Response``.

        :param source: an async iterable of events, or an ordinary one.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream_async`, as are the errors.
        """
        super().__init__(None, **kwargs)
        self._stream = event_stream_async(source, keep_alive, stop_on_error=stop_on_error)

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **given: Any
    ) -> ASGIResponse:
        """The application that sends the response; Litestar calls this.

        :param given: what the application and the handler say of their responses.
        """
        response = _StreamedResponse(self, given, self._stream)
        add_event_headers(response.headers)
        return response


def last_event_id(request: Request[Any, Any, Any]) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    scope: Any = request.scope
    return last_event_id_of(scope)


class _StreamedResponse(ASGIResponse):
    _should_set_content_length = False

    def __init__(
        self,
        response: Response[Any],
        given: dict[str, Any],
        stream: AsyncChunkStream[bytes],
        regions: RegionOptions = PATCHED,
        timing: ServerTiming | None = None,
        **kwargs: Any,
    ) -> None:
        """Send *stream* as *response* says, or else what Litestar has *given*."""
        super().__init__(
            background=response.background or given.get("background"),
            cookies=[*response.cookies, *(given.get("cookies") or ())],
            encoding=response.encoding,
            headers={**(given.get("headers") or {}), **response.headers},
            is_head_response=given.get("is_head_response", False),
            status_code=response.status_code or given.get("status_code"),
            **kwargs,
        )
        self.headers.setdefault("X-Accel-Buffering", "no")  # names are in any case
        self._stream = stream
        self._regions, self._timing = regions, timing

    def _vary_on(self, names: Collection[str]) -> None:
        for name in names:
            self.headers.extend_header_value("vary", name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        has_session = isinstance(scope.get("session"), dict)
        # Nobody knows yet whether the rest of the page will read the session.
        if has_session:
            self._vary_on(("Cookie",))

        def start(over: bool) -> Any:
            self._vary_on(self._regions.vary(over=over))
            if self._timing is not None:
                self._timing.add_to(self.headers)
            check_headers(self.headers.items())
            return {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.encode_headers(),
            }

        async def sent(message: Any) -> None:
            await send(message)
            if has_session and message["type"] == "http.response.start":
                way_out = "StreamTemplateResponse(..., commit_after=...)"
                scope["session"] = LateDict(scope["session"], way_out)

        await send_stream(self._stream, start, scope, receive, sent)
        await self.after_response()
