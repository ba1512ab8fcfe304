"""A template and its context become a stream.

``render_stream`` and ``render_stream_async`` are for users; ``stream_of`` and ``async_stream_of``
take the same arguments as one value.
"""

from __future__ import annotations

from contextlib import aclosing
from functools import cache
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, overload

from jinja2 import Template
from jinja2.utils import internalcode

from .chunks.buffer import Buffer
from .chunks.cuts import DEFAULT_CHUNK_SIZE
from .chunks.options import (
    NOTHING_SAID,
    PATCHED,
    Block,
    Deferred,
    StreamOptions,
    regions_shown,
)
from .chunks.stream import ChunkStream
from .context import lazy_context, variables_of
from .exceptions import NotStreamingError
from .tracing import GENERATE, GENERATE_ASYNC, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping
    from concurrent.futures import Executor

    from jinja2.runtime import Context

    from .chunks.async_stream import AsyncChunkStream
    from .observing import Observer


@overload
def render_stream(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: None = None,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> ChunkStream[str]: ...
@overload
def render_stream(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: str,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> ChunkStream[bytes]: ...
def render_stream(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: str | None = None,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> ChunkStream[Any]:
    """Render *template* piece by piece.

    :param template: a template of a streaming, not async, environment.
    :param context: the variables for the template.
    :param chunk_size: characters that must have collected before a boundary cuts a chunk; 0 cuts
        at every boundary. The environment's, unless given. The first chunk is cut at 1024
        characters, if that is less, each further one at four times as many up to the chunk size.
    :param encoding: the codec to encode chunks with, such as ``"utf-8"``; without it they are
        ``str``.
    :param commit_after: the name of a block. Nothing is handed over until it has been rendered, so
        that what comes up before can still turn the response into another one.
    :param deferred: where deferred regions are rendered: ``"patch"`` behind the document, to be
        patched in by the browser, or ``"in-order"`` each in its place.
    :param nonce: what the response's Content-Security-Policy allows the inline script by.
    :param executor: whose threads render deferred regions, beside the document. Without one they
        are rendered one after the other.
    :param block: the name of a block: it is rendered alone, as it is in the whole page; or several
        names, which are rendered in this order.
    :param observe: a function that is called with the events of this stream, those of
        :mod:`streamtmpl.observing`; the environment's, unless given.
    :return: an iterator of chunks, each one or more whole runs of the template, never empty.
    :raises NotStreamingError: the template is none that streams, or belongs to an async
        environment.
    :raises ValueError: *chunk_size* is negative, *deferred* is neither, *executor* has been shut
        down, or *block* is empty or given with *commit_after*.
    :raises TypeError: *executor* is no executor of threads, *block* is not of names, or *observe*
        is no function.
    :raises LookupError: there is no such encoding.
    :raises UnknownBlockError: (by the first step) the template has no block *commit_after* or
        *block*; it names those that there are.
    """
    options = _options(
        chunk_size, encoding, commit_after, deferred, nonce, executor, block, observe
    )
    return stream_of(template, context, options)


@overload
def render_stream_async(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: None = None,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[str]: ...
@overload
def render_stream_async(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: str,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[bytes]: ...
def render_stream_async(
    template: Template,
    context: Mapping[str, Any] | None = None,
    *,
    chunk_size: int | None = None,
    encoding: str | None = None,
    commit_after: str | None = None,
    deferred: Deferred = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
    block: Block | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[Any]:
    """Render *template* piece by piece in an event loop.

    The arguments and errors are those of :func:`render_stream`. Templates of async environments
    render in a task of their own; those of sync environments in a worker thread, one hop for each
    chunk, which needs asyncio.

    :return: an async iterator of chunks.
    """
    options = _options(
        chunk_size, encoding, commit_after, deferred, nonce, executor, block, observe
    )
    return async_stream_of(template, context, options)


def _options(
    chunk_size: int | None,
    encoding: str | None,
    commit_after: str | None,
    deferred: Deferred,
    nonce: str | None,
    executor: Executor | None,
    block: Block | None,
    observe: Observer | None,
) -> StreamOptions:
    """What the public functions are told, as one value."""
    # To make options would be a tenth of what it takes to make the stream of a small page.
    if deferred == "patch" and nonce is None and executor is None:
        regions = PATCHED
        if (
            (chunk_size is None and encoding is None and commit_after is None)
            and block is None
            and observe is None
        ):
            return NOTHING_SAID
    else:
        regions = regions_shown(deferred, nonce, executor)
    return StreamOptions(chunk_size, encoding, commit_after, regions, block, observe)


def stream_of(
    template: Template, context: Mapping[str, Any] | None, options: StreamOptions
) -> ChunkStream[Any]:
    """A stream as :func:`render_stream` gives it."""
    try:
        _ = template.root_render_func.into  # type: ignore[attr-defined]
    except AttributeError:
        raise _cannot_stream(template) from None
    environment = template.environment
    if environment.is_async:
        raise NotStreamingError(
            f"{template!r} belongs to an async environment: use render_stream_async()"
        )
    # A call less where it is a dict, as nearly always.
    variables = dict(context) if type(context) is dict else variables_of(context)
    begin = _begin if Template.generate is GENERATE else _begin_shown
    size = options.chunk_size
    observe = options.observe
    try:
        if size is None:
            size = environment.chunk_size  # type: ignore[attr-defined]
        if observe is None:
            observe = environment.observe  # type: ignore[attr-defined]
    except AttributeError:  # it has our code generator, and is none of ours
        size = DEFAULT_CHUNK_SIZE if size is None else size
    if observe is not None:
        steps = MethodType(begin, (template, variables, options))
        stream: ChunkStream[Any] = _watched(observe, template, options, steps, size)
        return stream
    return ChunkStream(
        MethodType(begin, (template, variables, options)),
        size,
        options.encoding,
        environment.handle_exception,
    )


def async_stream_of(
    template: Template, context: Mapping[str, Any] | None, options: StreamOptions
) -> AsyncChunkStream[Any]:
    """A stream as :func:`render_stream_async` gives it."""
    try:
        _ = template.root_render_func.into  # type: ignore[attr-defined]
    except AttributeError:
        raise _cannot_stream(template) from None
    environment = template.environment
    if not environment.is_async:
        rendered = stream_of(template, context, options)
        hopping: AsyncChunkStream[Any] = _async_streams().thread_stream(rendered)
        return hopping
    # A call less where it is a dict, as nearly always.
    variables = dict(context) if type(context) is dict else variables_of(context)
    if Template.generate_async is GENERATE_ASYNC or getattr(template, "is_seen", False):
        begin = _begin
    else:
        begin = _begin_shown_async
    size = options.chunk_size
    observe = options.observe
    try:
        if size is None:
            size = environment.chunk_size  # type: ignore[attr-defined]
        if observe is None:
            observe = environment.observe  # type: ignore[attr-defined]
    except AttributeError:  # it has our code generator, and is none of ours
        size = DEFAULT_CHUNK_SIZE if size is None else size
    steps = MethodType(begin, (template, variables, options))
    stream: AsyncChunkStream[Any]
    if observe is not None:
        stream = _watched(observe, template, options, steps, size)
    else:
        stream = _async_streams().coroutine_stream(
            steps, size, options.encoding, environment.handle_exception
        )
    return stream


def _watched(
    observe: Observer, template: Template, options: StreamOptions, begin: Any, size: int
) -> Any:
    """A stream of what *begin* writes, whose events *observe* is called with."""
    environment = template.environment
    about = template.name, options.blocks or ()
    rest = observe, begin, size, options.encoding, environment.handle_exception, *about
    if not environment.is_async:
        from .chunks.observed import watched_stream  # noqa: PLC0415 - few streams

        return watched_stream(*rest)
    from .chunks.observed_async import watched_coroutine_stream  # noqa: PLC0415

    return watched_coroutine_stream(*rest)


@cache  # of a small page an import statement would take a tenth of the time
def _async_streams() -> ModuleType:
    # asyncio takes as long to import as Jinja2: only those who use it pay for it.
    from .chunks import async_stream  # noqa: PLC0415

    return async_stream


_Page = tuple[Template, dict[str, Any], StreamOptions]
"""A template, the variables and the options: what a stream is made of.

One value, so that a method of it begins the render: a `partial` of three takes twice as long.
"""


@internalcode
def begin_root(template: Any, variables: dict[str, Any], out: Buffer) -> Any:
    """Begin to render the root of *template*, which streams, into *out*.

    :return: its generator, or its coroutine. One that has no cut has been rendered already.
    """
    root = template.root_render_func
    context = lazy_context(template, variables) if root.reads_at_once else None
    try:
        if context is not None:  # it is handed what it reads: few ever look at its context
            return root.into(context, out, variables, context.far)
        return root.into(template.new_context(variables), out)
    except StopIteration as error:
        from .chunks.compiled import raising  # noqa: PLC0415 - hardly ever

        return raising(error)


@internalcode
def _begin(page: _Page, out: Buffer) -> Any:
    """Begin to render into *out*: the generator or the coroutine of the compiled function."""
    template, variables, options = page
    out.defers = options.regions
    if options.blocks is None and options.commit_after is None:
        return begin_root(template, variables, out)
    return _begin_with(template, template.new_context(variables), options, out)


def _begin_with(template: Any, context: Context, options: StreamOptions, out: Buffer) -> Any:
    """As :func:`_begin`, with a context that has been made."""
    out.defers = options.regions
    if options.blocks is not None:
        from .chunks.parts import parts_of_page  # noqa: PLC0415 - few streams

        return parts_of_page(options.blocks, template, context, out)
    root = template.root_render_func.into
    if options.commit_after is None:
        return root(context, out)
    from .chunks.commit import Withheld  # noqa: PLC0415 - few streams

    withheld = Withheld(context, out, options.commit_after)
    return (withheld.over_async if template.environment.is_async else withheld.over)(root)


def _begin_shown(page: _Page, out: Buffer) -> Any:
    """As :func:`_begin`, where tools that wrap ``generate()`` see it."""
    template, variables, options = page

    def pieces(context: Any) -> Iterator[str]:
        # The text is in the buffer; what passes through the tools says what they have seen of it.
        for _ in _begin_with(template, context, options, out):
            yield out.getvalue()

    yield from shown("generate", template, variables, pieces)


async def _begin_shown_async(page: _Page, out: Buffer) -> None:
    """As :func:`_begin`, where tools that wrap ``generate_async()`` see it."""
    template, variables, options = page

    async def pieces(context: Any) -> AsyncGenerator[str, None]:
        await _begin_with(template, context, options, out)
        yield ""

    async with aclosing(shown("generate_async", template, variables, pieces)) as passing:
        async for _ in passing:
            pass


def streams(template: Template) -> bool:
    """Whether *template* was compiled by streamtmpl."""
    return hasattr(getattr(template, "root_render_func", None), "into")


def _cannot_stream(template: object) -> NotStreamingError:
    """The error for what is given as a template and is none that streams."""
    if not isinstance(template, Template):
        return NotStreamingError(
            f"cannot stream {template!r}: expected a template, as StreamEnvironment.get_template()"
            " or from_string() gives"
        )
    return NotStreamingError(
        f"{template!r} was compiled by jinja2 and cannot stream. Load it from a"
        " streamtmpl.StreamEnvironment, or call streamtmpl.enable_streaming(environment) and"
        " get the template from the environment again."
    )
