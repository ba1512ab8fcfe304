"""A stream in a request of Quart's: begun, iterated, closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakSet, ref

from quart import Quart, Response
from quart.signals import got_request_exception, request_finished
from quart.wrappers.response import DataBody

from streamtmpl.chunks.async_stream import AsyncChunkStream
from streamtmpl.chunks.options import PATCHED, RegionOptions
from streamtmpl.pallets.compression import After, compressor_for, prepare_first
from streamtmpl.pallets.config import ACCEL
from streamtmpl.pallets.extension import streams_of
from streamtmpl.pallets.session import guard_session, vary_on
from streamtmpl.responses.compression import Compressor
from streamtmpl.responses.first import begun_async
from streamtmpl.responses.timing import ServerTiming

from .hold import HeldContexts, request_context

_END: Any = object()


async def _nothing() -> None:
    """What there is to do after a stream that is not a template's."""


async def _next(iterator: AsyncIterator[Any]) -> Any:
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return _END


async def _start(
    hold: HeldContexts,
    chunks: AsyncChunkStream[Any],
    completed: Callable[[], Coroutine[Any, Any, None]] = _nothing,
    regions: RegionOptions = PATCHED,
    timing: ServerTiming | None = None,
) -> AsyncGenerator[Any, None]:
    """A generator of *chunks* which has begun, in a request with the first chunk.

    :param regions: how its deferred regions are shown.
    :param timing: what the response's head says of the time up to the first chunk.
    """
    stream = _iterate(hold, chunks, [chunks], hold.shows, completed)
    await stream.__anext__()
    _register(hold, stream, regions.vary(over=chunks.over), timing, over=chunks.over)
    return stream


async def _iterate(
    hold: HeldContexts,
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
        if eager:
            iterator = await hold.step(begun_async, iterator)
        try:
            yield None
        except GeneratorExit:  # nothing was sent: for the teardown functions that is no error
            return
        if hold.request_context is not None and not hold.shows:
            return  # Quart would have servers throw away what it iterates for a HEAD request
        while (item := await hold.step(_next, iterator)) is not _END:
            yield item
        await hold.step(completed)


def _register(
    hold: HeldContexts,
    stream: AsyncGenerator[Any, None],
    vary: Collection[str] = (),
    timing: ServerTiming | None = None,
    *,
    over: bool = False,
) -> None:
    """Have the response to this request, if it is *stream*, pass proxies in chunks.

    A stream that a view has made and not returned is closed then. One that is *over* with its first
    chunk becomes a whole body, with its length.
    """
    context = hold.request_context
    if context is None:
        return
    streams_of(context.app, connect).setdefault(context, WeakSet()).add(stream)
    dropped = ref(stream)  # the request must not keep what keeps the request

    async def prepare(response: Any) -> Any:
        stream = dropped()
        body = response.response
        if stream is None:
            return response
        if getattr(body, "iter", None) is stream:
            if over:
                chunks = [chunk async for chunk in body.iter]  # which also ends it
                response.set_data(chunks[0] if chunks else b"")
            else:
                response.headers.setdefault(ACCEL, "no")
            # Not every version knows whether a session has been read.
            vary_on(response, context.app, context.session, vary)
            if timing is not None:
                timing.add_to(response.headers)
        elif not isinstance(response, Response) or isinstance(body, DataBody):
            await _close_idle(stream)
        return response

    prepare_first(context, prepare, _compressing)


def _compressing(function: After) -> After:
    """Does what an extension would do to a response with a stream, and keeps no chunk back."""

    async def compressing(response: Any) -> Any:
        context: Any = request_context()
        body = response.response
        if context in streams_of(context.app, connect) and hasattr(body, "iter"):
            compressor = compressor_for(response, context.app, context.request)
            if compressor is not None:
                body.iter = compressed = _compressed(body.iter, compressor)
                await compressed.__anext__()
        return await function(response)

    return compressing


async def _compressed(stream: AsyncIterator[Any], compressor: Compressor) -> Any:
    """A generator of the chunks of *stream*, which has begun: to close it closes the stream."""

    async def encoded() -> AsyncIterator[bytes]:
        async for chunk in stream:
            yield chunk.encode() if isinstance(chunk, str) else chunk

    async with AsyncExitStack() as stack:
        close = getattr(stream, "aclose", None)
        if close is not None:
            stack.push_async_callback(close)
        yield None
        async for chunk in compressor.iterate_async(encoded()):
            yield chunk


async def _close_idle(stream: Any) -> None:
    if not stream.ag_running:
        await stream.aclose()


def connect(app: Quart) -> None:
    """Connect the signals that tell how requests to *app* end; once, however often it is called."""
    got_request_exception.connect(_request_failed, app)
    request_finished.connect(_response_ready, app)


async def _request_failed(app: Quart, **signal: Any) -> None:
    """Close what the view had begun: Quart answers with another page."""
    context = request_context()
    for stream in list(streams_of(app, connect).get(context, ())):
        await _close_idle(stream)


async def _response_ready(app: Quart, **signal: Any) -> None:
    """The session has been saved: what a stream does to it from here on is lost."""
    context = request_context()
    if context is not None and context in streams_of(app, connect):
        guard_session(context.session)
