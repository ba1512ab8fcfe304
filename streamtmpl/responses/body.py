"""What a streamed response consists of, whatever it is sent by: bytes of any source.

No framework and no protocol in here; the adapters send what this module has checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jinja2

from streamtmpl.chunks.async_stream import AsyncChunkStream, thread_stream
from streamtmpl.chunks.encoder import Encoder
from streamtmpl.chunks.options import StreamOptions
from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.exceptions import NotStreamingError, not_iterable
from streamtmpl.rechunking import rechunk, rechunk_async
from streamtmpl.rendering import async_stream_of, stream_of

from .head import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UTF_8 = StreamOptions(encoding="utf-8")
"""What a stream of bytes is told, unless it is told more."""


def byte_stream(
    source: Any, context: Mapping[str, Any] | None = None, options: StreamOptions = UTF_8
) -> ChunkStream[bytes]:
    """The chunks of *source* as bytes, in the current context variables.

    :param source: a template of a sync environment, rendered with *context*; a stream of
        :func:`~streamtmpl.render_stream` or :func:`~streamtmpl.rechunk`; or an iterable of either
        ``str`` or ``bytes``. A stream that gives bytes goes out as it is.
    :param options: with an encoding.
    :raises NotStreamingError: *source* is none of these.
    :raises TypeError: a chunk size is given for a stream, or what goes with a template only for
        anything else. The first step raises it if *source* mixes ``str`` and ``bytes``.
    """
    if _is_async(source):
        raise NotStreamingError(
            f"{source!r} is async: send it with streamtmpl.asgi, or get the template from an"
            " environment without enable_async"
        )
    if isinstance(source, jinja2.Template):
        return stream_of(source, context, options)
    charset = _check_source(source, context, options)
    if isinstance(source, ChunkStream):
        source.encode_as(charset)
        return source
    if isinstance(source, (str, bytes)) or not isinstance(source, Iterable):
        raise NotStreamingError(
            "expected a template of a sync environment, a ChunkStream, or an iterable of str or"
            f" bytes, not {not_iterable(source)}"
        )
    texts = _Wire(charset).items(source)
    return rechunk(
        texts, chunk_size=options.chunk_size, encoding="latin-1", observe=options.observe
    )


def async_byte_stream(
    source: Any, context: Mapping[str, Any] | None = None, options: StreamOptions = UTF_8
) -> AsyncChunkStream[bytes]:
    """The chunks of *source* in an event loop, where it may be async as well.

    What is sync is stepped in a worker thread, one hop for each chunk, which needs asyncio. The
    errors are those of :func:`byte_stream`.
    """
    if isinstance(source, jinja2.Template):
        return async_stream_of(source, context, options)
    charset = _check_source(source, context, options)
    if isinstance(source, AsyncChunkStream):
        source.encode_as(charset)
        return source
    if hasattr(source, "__aiter__"):
        texts = _Wire(charset).async_items(source)
        return rechunk_async(
            texts, chunk_size=options.chunk_size, encoding="latin-1", observe=options.observe
        )
    return thread_stream(byte_stream(source, None, options))


def content_type_of(source: Any) -> str:
    """The content type of a response with *source*, unless it is told another one."""
    is_stream = isinstance(source, (ChunkStream, AsyncChunkStream))
    return (source.content_type if is_stream else None) or CONTENT_TYPE


def close_unread(source: Any) -> None:
    """Close what was to be sent and is not: an iterator that has ``close()``.

    What a stream has begun to read, it closes itself. This is for what it has not.
    """
    close = getattr(source, "close", None)
    if callable(close) and hasattr(type(source), "__next__"):
        close()


def _is_async(source: Any) -> bool:
    if isinstance(source, jinja2.Template):
        return bool(source.environment.is_async)
    return hasattr(source, "__aiter__") and not isinstance(source, Iterable)


class _Wire:
    """Turns the items of an iterable, ``str`` or ``bytes``, into text that stands for bytes.

    Each character is one byte, so that streams, which are of text, can carry it.
    """

    def __init__(self, charset: str) -> None:
        self._encode = Encoder(charset)
        self._kind: type | None = None

    def items(self, source: Iterable[Any]) -> Iterator[str]:
        iterator = iter(source)
        try:
            for item in iterator:
                yield self._text(item)
            if last := self._encode("", final=True):
                yield last.decode("latin-1")
        finally:
            # It is this generator that the stream closes.
            close = getattr(iterator, "close", None)
            if callable(close):
                close()

    async def async_items(self, source: AsyncIterable[Any]) -> AsyncIterator[str]:
        iterator = source.__aiter__()
        try:
            async for item in iterator:
                yield self._text(item)
            if last := self._encode("", final=True):
                yield last.decode("latin-1")
        finally:
            close = getattr(iterator, "aclose", None)
            if callable(close):
                await close()

    def _text(self, item: Any) -> str:
        kind = str if isinstance(item, str) else bytes
        if not isinstance(item, kind) or self._kind not in (None, kind):
            expected = "str or bytes" if self._kind is None else self._kind.__name__
            raise TypeError(f"expected {expected} from the iterable, not {item!r}")
        self._kind = kind
        encoded: bytes = self._encode(item) if isinstance(item, str) else item
        return encoded.decode("latin-1")


def _check_source(source: object, context: Mapping[str, Any] | None, options: StreamOptions) -> str:
    """Refuse what does not go with *source*, which is no template; returns the encoding."""
    regions = options.regions
    check_no_template(
        source,
        context=context,
        commit_after=options.commit_after,
        block=options.blocks,
        deferred=None if regions.patches else "in-order",
        nonce=regions.nonce,
        executor=regions.executor,
    )
    if isinstance(source, (ChunkStream, AsyncChunkStream)):
        for name in ("chunk_size", "observe"):
            if getattr(options, name) is not None:
                raise TypeError(f"{name}: {source!r} has been made already, give it there")
    assert options.encoding is not None
    return options.encoding


def check_no_template(source: object, **arguments: object) -> None:
    """Refuse the *arguments* that only a template has.

    :raises TypeError: one is not ``None``.
    """
    for name, value in arguments.items():
        if value is not None:
            raise TypeError(f"{name} goes with a template, which {source!r} is not")
