"""A stream in a request of Quart's: begun, iterated, closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, ref

from quart import Quart, Response, after_this_request
from quart.signals import got_request_exception, request_finished
from quart.wrappers.response import DataBody

from streamtmpl.pallets.config import ACCEL, NAME, configure
from streamtmpl.pallets.environment import setting_up
from streamtmpl.pallets.session import guard_session

from .hold import Hold, request_context

_Streams = WeakKeyDictionary[Any, WeakSet[AsyncGenerator[Any, None]]]

_END: Any = object()


async def _nothing() -> None:
    """What there is to do after a stream that is not a template's."""


async def _next(iterator: AsyncIterator[Any]) -> Any:
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return _END


async def _start(
    hold: Hold,
    chunks: AsyncIterator[Any],
    completed: Callable[[], Coroutine[Any, Any, None]] = _nothing,
) -> AsyncGenerator[Any, None]:
    """A generator of *chunks* which has begun, in a request with the first chunk."""
    stream = _iterate(hold, chunks, [chunks], hold.shows, completed)
    await stream.__anext__()
    _register(hold, stream)
    return stream


async def _iterate(
    hold: Hold,
    iterator: AsyncIterator[Any],
    sources: list[Any],
    eager: bool = False,
    completed: Callable[[], Coroutine[Any, Any, None]] = _nothing,
) -> AsyncGenerator[Any, None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hold.until_end())
        for source in sources:  # closed in the end, the last one first
            if callable(getattr(source, "aclose", None)):
                stack.push_async_callback(hold.step, source.aclose)
        item = await hold.step(_next, iterator) if eager else None
        try:
            yield None
        except GeneratorExit:  # nothing was sent: for the teardown functions that is no error
            return
        if hold.request_context is not None and not hold.shows:
            return  # Quart would have servers throw away what it iterates for a HEAD request
        if not eager:
            item = await hold.step(_next, iterator)
        while item is not _END:
            yield item
            item = await hold.step(_next, iterator)
        await hold.step(completed)


def _register(hold: Hold, stream: AsyncGenerator[Any, None]) -> None:
    """Have the response to this request, if it is *stream*, pass proxies in chunks.

    A stream that a view has made and not returned is closed then.
    """
    context = hold.request_context
    if context is None:
        return
    _streams(context.app).setdefault(context, WeakSet()).add(stream)
    dropped = ref(stream)  # the request must not keep what keeps the request

    async def prepare(response: Any) -> Any:
        stream = dropped()
        body = response.response
        if stream is None:
            return response
        if getattr(body, "iter", None) is stream:
            response.headers.setdefault(ACCEL, "no")
        elif not isinstance(response, Response) or isinstance(body, DataBody):
            await _close_idle(stream)
        return response

    after_this_request(prepare)


async def _close_idle(stream: Any) -> None:
    if not stream.ag_running:
        await stream.aclose()


def _streams(app: Quart) -> _Streams:
    """The streams of each request to *app*, which is set up for them if it is not yet."""
    if NAME not in app.extensions:
        with setting_up:
            configure(app)
            got_request_exception.connect(_request_failed, app)
            request_finished.connect(_response_ready, app)
            app.extensions.setdefault(NAME, _Streams())
    streams: _Streams = app.extensions[NAME]
    return streams


async def _request_failed(app: Quart, **signal: Any) -> None:
    """Close what the view had begun: Quart answers with another page."""
    context = request_context()
    for stream in list(_streams(app).get(context, ())):
        await _close_idle(stream)


async def _response_ready(app: Quart, **signal: Any) -> None:
    """The session has been saved: what a stream does to it from here on is lost."""
    context = request_context()
    if context is not None and context in _streams(app):
        guard_session(context.session)
