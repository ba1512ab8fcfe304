"""Streaming templates in Flask: the request's contexts stay until the stream ends.

The functions have the names and arguments of Flask's own. A stream holds the request context and
the application context of the view, pushed in a :mod:`contextvars` context that nobody else runs
in. So Flask's own pop at the end of the view is not the last one, and it is the end of the stream
that runs the teardown functions, once, in whatever thread that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flask import Flask, Response, abort, current_app, request
from flask.signals import before_render_template, template_rendered
from jinja2 import Template

from streamtmpl.chunks.blocking import iterate
from streamtmpl.chunks.options import AutoDeferred, Block, RegionOptions, StreamOptions
from streamtmpl.context import variables_of
from streamtmpl.events.response import add_event_headers, decoded_id
from streamtmpl.events.streams import KEEP_ALIVE, event_stream
from streamtmpl.pallets.config import policy_of
from streamtmpl.pallets.contexts import in_stream
from streamtmpl.pallets.environment import streaming_environment
from streamtmpl.pallets.extension import Extension, response_of_script, streams_of
from streamtmpl.rendering import async_stream_of, stream_of
from streamtmpl.responses.body import byte_stream, check_no_template, content_type_of
from streamtmpl.responses.first import Begun
from streamtmpl.responses.head import ResponseHead
from streamtmpl.responses.policy import region_options
from streamtmpl.responses.script import PAGE, PATCH
from streamtmpl.responses.timing import timed

from .hold import HeldContexts, cv_app, request_context
from .regions import RegionExecutor
from .streams import _ended, _start, connect
from .supported import MERGED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from streamtmpl.events.event import Event
    from streamtmpl.observing import Observer
    from streamtmpl.responses.head import HeaderItems
    from streamtmpl.timeline import Timeline


Item = TypeVar("Item", str, bytes)


class StreamTemplates(Extension[Flask]):
    """The extension: makes the template environment of an application a streaming one.

    Flask's ``render_template()`` and ``stream_template()`` use it as well. Without the extension
    the first stream does the same.
    """

    _connect = staticmethod(connect)


def stream_template(
    template_name_or_list: str | Template | list[str | Template], **context: Any
) -> Iterator[str]:
    """Render a template as a stream, to be returned from a view.

    In a request, the first chunk is rendered at once: an error up to there is raised here, and
    Flask answers with its error page. A HEAD request renders nothing.

    :param template_name_or_list: as of :func:`flask.render_template`.
    :param context: the variables for the template.
    :return: a generator of chunks.
    """
    app = _app()
    template = streaming_environment(app).get_or_select_template(template_name_or_list)
    return _rendered(app, template, context, StreamOptions(regions=_regions(app, template)))


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """Render a template that is given as its *source*, as :func:`stream_template` does."""
    app = _app()
    template = streaming_environment(app).from_string(source)
    return _rendered(app, template, context, StreamOptions(regions=_regions(app, template)))


@overload
def stream_with_context(generator_or_function: Iterable[Item]) -> Iterator[Item]: ...
@overload
def stream_with_context(
    generator_or_function: Callable[..., Iterable[Item]],
) -> Callable[..., Iterator[Item]]: ...
def stream_with_context(generator_or_function: Any) -> Any:
    """Keep the contexts of the request for an iterable, until it ends or is closed.

    :param generator_or_function: an iterable of ``str`` or ``bytes``, whose items are passed on as
        they are; or a function that returns one, which makes this a decorator.
    :raises RuntimeError: there is no request.
    :raises TypeError: it is neither.
    """
    try:
        iterator = iter(generator_or_function)
    except TypeError:
        if not callable(generator_or_function):
            raise TypeError(
                f"expected an iterable or a function that returns one, not"
                f" {generator_or_function!r}; Flask cannot send async generators"
            ) from None

        def decorated(*args: Any, **kwargs: Any) -> Any:
            return stream_with_context(generator_or_function(*args, **kwargs))

        return update_wrapper(decorated, generator_or_function)
    if request_context() is None:
        raise RuntimeError(
            "stream_with_context() keeps the contexts of a request: call it in a view function"
        )
    sources = [iterator]
    if iterator is not generator_or_function:  # an iterable of WSGI has a close() of its own
        sources.insert(0, generator_or_function)
    return _start(HeldContexts(), iterator, sources)


def stream_response(
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
) -> Response:
    """Make a response that streams, of the application's class for responses.

    In a request, the first chunk is rendered at once, as by :func:`stream_template`. Status and
    headers of the response may be changed as those of any other.

    :param source: the name of a template or a template, rendered with *context*; or a
        :class:`~streamtmpl.ChunkStream` or an iterable of ``str`` or ``bytes``.
    :param status: a code, or code and reason.
    :param headers: a mapping, or pairs; ``X-Accel-Buffering: no`` unless they say other.
    :param content_type: the type, whose charset the text is encoded in; that of the stream, or of
        HTML, unless given.
    :param chunk_size: as of :func:`~streamtmpl.render_stream`.
    :param commit_after: a block of the template: the first chunk is held until after it.
    :param deferred: where deferred regions are rendered: ``"patch"``, ``"in-order"`` or ``"auto"``,
        as it suits who asks; this and the next two are the configuration's, unless given.
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
    app = _app()
    if isinstance(source, str):
        source = streaming_environment(app).get_template(source)
    if isinstance(source, Template):
        options = options.but(regions=_regions(app, source, deferred, nonce, executor))
        body = _rendered(app, source, variables_of(context), options)
    else:
        check_no_template(source, deferred=deferred, nonce=nonce, executor=executor)
        hold = HeldContexts()
        chunks = hold.make(byte_stream, source, context, options)
        body = _start(hold, chunks, [chunks], _is_eager())
    return app.response_class(body, status=head.status_line, headers=head.sent())


def event_response(
    source: Iterable[Event | None],
    *,
    keep_alive: float | None = KEEP_ALIVE,
    stop_on_error: bool = False,
    status: int | str = 200,
    headers: HeaderItems = (),
) -> Response:
    """Make a response that sends events as they come, of the application's class for responses.

    :param source: an iterable of events.
    :param keep_alive: this and *stop_on_error* are those of
        :func:`~streamtmpl.events.event_stream`, as are the errors.
    :param status: a code, or code and reason.
    :param headers: a mapping, or pairs; those of an event stream are added.
    :raises ValueError: a header or the status could not be sent.
    """
    head = ResponseHead(status, headers)
    add_event_headers(head.headers)
    hold = HeldContexts()
    stream = hold.make(event_stream, source, keep_alive, stop_on_error=stop_on_error)
    body = _start(hold, stream, [stream], _is_eager())
    return _app().response_class(body, status=head.status_line, headers=head.sent())


def last_event_id() -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(request.headers.get("Last-Event-ID"))


def patch_script() -> Response:
    """The view function that serves the patch script, for ``app.add_url_rule("/patch.js", ...)``.

    Templates refer to it when the configuration's ``STREAMTMPL_PATCH_SCRIPT`` is its URL.
    """
    response: Response = response_of_script(PATCH, _app(), request)
    return response


def page_script() -> Response:
    """The view function that serves the page script, for ``app.add_url_rule("/page.js", ...)``.

    A page refers to it in a ``<script src="/page.js">`` at the end of its content.
    """
    response: Response = response_of_script(PAGE, _app(), request)
    return response


def timeline_view(timeline: Timeline) -> Callable[[], Response]:
    """Make the view function of a page that shows the last streams, in debug mode only.

    It is for ``app.add_url_rule("/_streamtmpl/timeline", view_func=timeline_view(timeline))``.
    Without debug mode there is no such page: status 404.

    :param timeline: what observes the streams.
    """

    def timeline_page() -> Response:
        app = _app()
        if not app.debug:
            abort(404)
        response: Response = app.response_class(
            timeline.html(), content_type="text/html; charset=utf-8"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    return timeline_page


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # it is a proxy
    return app


def _is_eager() -> bool:
    """Whether the first chunk is wanted at once: there is a request that will show it."""
    context = request_context()
    return context is not None and context.request.method != "HEAD"


def _regions(app: Flask, template: Template, *given: Any) -> RegionOptions:
    """How the deferred regions of *template* are shown; what is not *given* is configured."""
    streams_of(app, connect)  # sets up the configuration
    context = request_context()
    answered = None if context is None else context.request
    shown = region_options(policy_of(app), answered, template.environment, *given)
    if shown.executor is None:
        return shown
    return shown.but(executor=RegionExecutor(shown.executor, cv_app.get()))


def _rendered(
    app: Flask, template: Template, context: dict[str, Any], options: StreamOptions
) -> Generator[Any, None, None]:
    """The chunks of *template*, with Flask's signals and what its context processors add."""
    update: Any = app.update_template_context
    update(cv_app.get(), context) if MERGED else update(context)
    before_render_template.send(
        app, _async_wrapper=app.ensure_sync, template=template, context=context
    )

    def completed() -> None:
        template_rendered.send(
            app, _async_wrapper=app.ensure_sync, template=template, context=context
        )

    regions, timing = options.regions, timed(options, template.environment)
    if template.environment.is_async:  # not begun here: an event loop may be running
        hold = HeldContexts()
        steps = iterate(hold.make(async_stream_of, template, context, options))
        return _start(hold, steps, [steps], False, completed, regions, timing)
    if not _is_eager():
        hold = HeldContexts()
        stream = hold.make(stream_of, template, context, options)
        return _start(hold, stream, [stream], False, completed, regions, timing)
    token = in_stream.set(True)  # in the context variables that the stream keeps
    try:
        stream = stream_of(template, context, options)
    finally:
        in_stream.reset(token)
    first = next(stream, None)
    if stream.over and not stream.has_regions:
        # A small page: nothing comes later that the contexts would have to be held for.
        completed()
        return _ended(first, regions.vary(over=True), timing)
    begun = Begun(stream, first)
    return _start(HeldContexts(), begun, [stream], False, completed, regions, timing)
