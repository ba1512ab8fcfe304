"""Streaming templates in Quart: the request's contexts stay until the stream ends.

As in Flask, a stream holds the contexts of the view below Quart's own pushes, in a
:mod:`contextvars` context that nobody else runs in, and its end runs the teardown functions. Here
the pops are coroutines: they are stepped in that context by the task that reads or closes the
stream.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jinja2 import Template
from quart import Quart, Response, current_app, request
from quart.signals import before_render_template, template_rendered

from streamtmpl.chunks.options import AutoDeferred, Block, RegionOptions, StreamOptions
from streamtmpl.context import variables_of
from streamtmpl.events.response import add_event_headers, decoded_id
from streamtmpl.events.streams import KEEP_ALIVE, event_stream_async
from streamtmpl.pallets.config import policy_of
from streamtmpl.pallets.environment import streaming_environment
from streamtmpl.pallets.extension import Extension, response_of_script, streams_of
from streamtmpl.rendering import async_stream_of
from streamtmpl.responses.body import async_byte_stream, check_no_template, content_type_of
from streamtmpl.responses.head import ResponseHead
from streamtmpl.responses.policy import region_options
from streamtmpl.responses.script import PAGE, PATCH
from streamtmpl.responses.timing import timed

from .hold import HeldContexts, cv_app, cv_request, request_context
from .streams import _iterate, _register, _start, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Executor

    from streamtmpl.events.event import Event
    from streamtmpl.observing import Observer
    from streamtmpl.responses.head import HeaderItems


Item = TypeVar("Item", str, bytes)


class StreamTemplates(Extension[Quart]):
    """The extension: makes the template environment of an application a streaming one.

    Quart's ``render_template()`` and ``stream_template()`` use it as well. Without the extension
    the first stream does the same.
    """

    _connect = staticmethod(connect)


async def stream_template(
    template_name_or_list: str | Template | list[str | Template], **context: Any
) -> AsyncIterator[str]:
    """Render a template as a stream, to be returned from a view.

    In a request, the first chunk is rendered at once: an error up to there is raised here, and
    Quart answers with its error page. A HEAD request renders nothing.

    :param template_name_or_list: as of :func:`quart.render_template`.
    :param context: the variables for the template.
    :return: an async generator of chunks.
    """
    app = _app()
    template = streaming_environment(app).get_or_select_template(template_name_or_list)
    return await _rendered(app, template, context, StreamOptions(regions=_regions(app, template)))


async def stream_template_string(source: str, **context: Any) -> AsyncIterator[str]:
    """Render a template that is given as its *source*, as :func:`stream_template` does."""
    app = _app()
    template = streaming_environment(app).from_string(source)
    return await _rendered(app, template, context, StreamOptions(regions=_regions(app, template)))


@overload
def stream_with_context(
    generator_or_function: AsyncIterable[Item],
) -> AsyncIterator[Item]: ...
@overload
def stream_with_context(
    generator_or_function: Callable[..., AsyncIterable[Item]],
) -> Callable[..., AsyncIterator[Item]]: ...
def stream_with_context(generator_or_function: Any) -> Any:
    """Keep the contexts of the request for an async iterable, until it ends or is closed.

    :param generator_or_function: an async iterable of ``str`` or ``bytes``, whose items are passed
        on as they are; or a function that returns one, which makes this a decorator.
    :raises RuntimeError: there is no request.
    :raises TypeError: it is neither.
    """
    if not hasattr(generator_or_function, "__aiter__"):
        if not callable(generator_or_function):
            raise TypeError(
                f"expected an async iterable or a function that returns one, not"
                f" {generator_or_function!r}"
            )

        def decorated(*args: Any, **kwargs: Any) -> Any:
            return stream_with_context(generator_or_function(*args, **kwargs))

        return update_wrapper(decorated, generator_or_function)
    if request_context() is None:
        raise RuntimeError(
            "stream_with_context() keeps the contexts of a request: call it in a view function"
        )
    iterator = generator_or_function.__aiter__()
    sources = [iterator]
    if iterator is not generator_or_function:
        sources.insert(0, generator_or_function)
    hold = HeldContexts()
    stream = _iterate(hold, iterator, sources)
    try:
        # Up to where it has begun nothing is waited for.
        stream.__anext__().send(None)
    except StopIteration:
        pass
    _register(hold, stream)
    return stream


async def stream_response(
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

    :param source: the name of a template or a template, rendered with *context*; or a stream of
        either kind or an iterable, async or not, of ``str`` or ``bytes``.
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
        body = await _rendered(app, source, variables_of(context), options)
    else:
        check_no_template(source, deferred=deferred, nonce=nonce, executor=executor)
        hold = HeldContexts()
        chunks = await hold.make(async_byte_stream, source, context, options)
        body = await _start(hold, chunks)
    return app.response_class(body, status=head.status, headers=dict(head.sent()))


async def event_response(
    source: AsyncIterable[Event | None] | Iterable[Event | None],
    *,
    keep_alive: float | None = KEEP_ALIVE,
    stop_on_error: bool = False,
    status: int | str = 200,
    headers: HeaderItems = (),
) -> Response:
    """Make a response that sends events as they come, of the application's class for responses.

    :param source: an async iterable of events, or an ordinary one.
    :param keep_alive: this and *stop_on_error* are those of
        :func:`~streamtmpl.events.event_stream_async`, as are the errors.
    :param status: a code, or code and reason.
    :param headers: a mapping, or pairs; those of an event stream are added.
    :raises ValueError: a header or the status could not be sent.
    """
    head = ResponseHead(status, headers)
    add_event_headers(head.headers)
    hold = HeldContexts()
    stream = await hold.make(event_stream_async, source, keep_alive, stop_on_error=stop_on_error)
    body = await _start(hold, stream)
    response: Response = _app().response_class(body, status=head.status, headers=dict(head.sent()))
    response.timeout = None  # Quart would end it after RESPONSE_TIMEOUT
    return response


def last_event_id() -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(request.headers.get("Last-Event-ID"))


async def patch_script() -> Response:
    """The view function that serves the patch script, for ``app.add_url_rule("/patch.js", ...)``.

    Templates refer to it when the configuration's ``STREAMTMPL_PATCH_SCRIPT`` is its URL.
    """
    response: Response = response_of_script(PATCH, _app(), request)
    return response


async def page_script() -> Response:
    """The view function that serves the page script, for ``app.add_url_rule("/page.js", ...)``.

    A page refers to it in a ``<script src="/page.js">`` at the end of its content.
    """
    response: Response = response_of_script(PAGE, _app(), request)
    return response


def _app() -> Quart:
    app: Quart = current_app._get_current_object()  # type: ignore[attr-defined] # it is a proxy
    return app


def _regions(app: Quart, template: Template, *given: Any) -> RegionOptions:
    """How the deferred regions of *template* are shown; what is not *given* is configured."""
    streams_of(app, connect)  # sets up the configuration
    context = request_context()
    answered = None if context is None else context.request
    return region_options(policy_of(app), answered, template.environment, *given)


async def _rendered(
    app: Quart, template: Template, context: dict[str, Any], options: StreamOptions
) -> AsyncGenerator[Any, None]:
    """The chunks of *template*, with Quart's signals and what its context processors add."""
    extend: Any = app.update_template_context
    await (extend(context) if cv_request is not None else extend(cv_app.get(), context))
    signal: dict[str, Any] = {
        "_sync_wrapper": app.ensure_async,
        "template": template,
        "context": context,
    }
    await before_render_template.send_async(app, **signal)
    timing = timed(options, template.environment)
    hold = HeldContexts()
    chunks = await hold.make(async_stream_of, template, context, options)

    async def completed() -> None:
        await template_rendered.send_async(app, **signal)

    return await _start(hold, chunks, completed, options.regions, timing)
