"""A stream in a request of Flask's: begun, iterated, closed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from weakref import WeakSet, ref

from flask import Flask, Response
from flask.signals import got_request_exception, request_finished
from werkzeug.wsgi import ClosingIterator

from streamtmpl.chunks.options import PATCHED, RegionOptions
from streamtmpl.pallets.compression import After, compressor_for, prepare_first
from streamtmpl.pallets.config import ACCEL
from streamtmpl.pallets.extension import streams_of
from streamtmpl.pallets.session import add_vary, guard_session, vary_on
from streamtmpl.responses.first import Begun
from streamtmpl.responses.timing import ServerTiming

from .hold import HeldContexts, request_context

_END: Any = object()


def _start(
    hold: HeldContexts,
    iterator: Iterator[Any],
    sources: Iterable[Any],
    eager: bool = False,
    completed: Callable[[], Any] = lambda: None,
    regions: RegionOptions = PATCHED,
    timing: ServerTiming | None = None,
) -> Generator[Any, None, None]:
    """A generator of the items of *iterator*, which has begun: to drop it is to close it.

    :param sources: what is closed in the end, the last one first.
    :param eager: whether the first item is taken now.
    :param completed: called after the last item.
    :param regions: how its deferred regions are shown.
    :param timing: what the response's head says of the time up to the first item.
    """
    stream = _iterate(hold, iterator, sources, eager, completed)
    next(stream)
    context = hold.request_context
    if context is not None:
        streams_of(context.app, connect).setdefault(context, WeakSet()).add(stream)
        _answer_with(stream, hold, regions.vary(over=False), timing)
    return stream


def _iterate(
    hold: HeldContexts,
    iterator: Iterator[Any],
    sources: Iterable[Any],
    eager: bool,
    completed: Callable[[], Any],
) -> Generator[Any, None, None]:
    with ExitStack() as stack:
        stack.enter_context(hold.until_end())
        for source in sources:
            if callable(getattr(source, "close", None)):
                stack.callback(hold.run, source.close)
        if eager:
            iterator = hold.run(Begun, iterator)
        try:
            yield None
        except GeneratorExit:  # nothing was sent: for the teardown functions that is no error
            return
        while (item := hold.run(next, iterator, _END)) is not _END:
            yield item
        hold.run(completed)


def _answer_with(
    stream: Generator[Any, None, None],
    hold: HeldContexts,
    vary: Collection[str],
    timing: ServerTiming | None,
) -> None:
    """Have the response to this request, if it is *stream*, pass proxies in chunks.

    A stream that a view has made and not returned is closed then: often an error's traceback is
    what keeps it, and with it the contexts.
    """
    dropped, held = ref(stream), ref(hold)  # the request must not keep what keeps the request

    def prepare(response: Response) -> Response:
        stream = dropped()
        if stream is None:
            return response
        if response.response is stream:
            hold = held()
            assert hold is not None, "the stream keeps it"
            hold.served_here()
            response.headers.setdefault(ACCEL, "no")
            context = hold.request_context
            vary_on(response, context.app, context.session, vary)
            if timing is not None:
                timing.add_to(response.headers)
        elif not response.is_streamed or response.content_length is not None:
            _close_idle(stream)
        return response

    prepare_first(hold.request_context, prepare, _compressing)


def _ended(
    chunk: Any, vary: Collection[str], timing: ServerTiming | None
) -> Generator[Any, None, None]:
    """A generator of *chunk*, with which a page has ended: nothing is held for it.

    A response to this request that consists of it becomes one with a whole body, and its length.
    """
    page = (each for each in (chunk,) if each is not None)
    context = request_context()
    if context is not None:

        def prepare(response: Response) -> Response:
            if response.response is page:
                if inspect.getgeneratorstate(page) == inspect.GEN_CREATED:
                    response.set_data(b"" if chunk is None else chunk)
                add_vary(response, vary)
                if timing is not None:
                    timing.add_to(response.headers)
            return response

        context._after_request_functions.insert(0, prepare)
    return page


def _compressing(function: After) -> After:
    """Does what an extension would do to a response with a stream, and keeps no chunk back."""

    def compressing(response: Response) -> Any:
        context = request_context()
        if context in streams_of(context.app, connect) and response.is_streamed:
            close = getattr(response.response, "close", None)
            compressor = compressor_for(response, context.app, context.request)
            if compressor is not None:
                chunks = compressor.iterate(iter(response.iter_encoded()))
                response.response = ClosingIterator(chunks, close)
        return function(response)

    return compressing


def _close_idle(stream: Generator[Any, None, None]) -> None:
    if inspect.getgeneratorstate(stream) != inspect.GEN_RUNNING:
        stream.close()


def connect(app: Flask) -> None:
    """Connect the signals that tell how requests to *app* end; once, however often it is called."""
    got_request_exception.connect(_request_failed, app)
    request_finished.connect(_response_ready, app)


def _request_failed(app: Flask, **signal: Any) -> None:
    """Close what the view had begun: Flask answers with another page."""
    context = request_context()
    for stream in list(streams_of(app, connect).get(context, ())):
        _close_idle(stream)


def _response_ready(app: Flask, **signal: Any) -> None:
    """The session has been saved: what a stream does to it from here on is lost."""
    context = request_context()
    if context is not None and context in streams_of(app, connect):
        guard_session(context.session)
