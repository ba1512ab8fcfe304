"""What a streamed response consists of, whatever it is sent by: bytes of any source.

No framework and no protocol in here; the adapters send what this module has checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jinja2

from streamtmpl.chunks.async_stream import AsyncChunkStream, thread_stream
from streamtmpl.chunks.encoder import Encoder
from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.exceptions import NotStreamingError
from streamtmpl.rechunking import rechunk, rechunk_async
from streamtmpl.rendering import render_stream, render_stream_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Executor


def byte_stream(
    source: Any,
    context: Mapping[str, Any] | None = None,
    *,
    charset: str = "utf-8",
    chunk_size: int | None = None,
    commit_after: str | None = None,
    deferred: str = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
) -> ChunkStream[bytes]:
    """The chunks of *source* as bytes, in the current context variables.

    :param source: a template of a sync environment, rendered with *context*; a stream of
        :func:`~streamtmpl.render_stream` or :func:`~streamtmpl.rechunk`; or an iterable of either
        ``str`` or ``bytes``. A stream that gives bytes goes out as it is.
    :param deferred: this, *nonce* and *executor* are those of :func:`~streamtmpl.render_stream`.
    :raises NotStreamingError: *source* is none of these.
    :raises TypeError: *chunk_size* is given for a stream, or what goes with a template only for
        anything else. The first step raises it if *source* mixes ``str`` and ``bytes``.
    :raises ValueError: *deferred* is no mode.
    """
    if _is_async(source):
        raise NotStreamingError(
            f"{source!r} is async: send it with streamtmpl.asgi, or get the template from an"
            " environment without enable_async"
        )
    if isinstance(source, jinja2.Template):
        return render_stream(
            source,
            context,
            chunk_size=chunk_size,
            encoding=charset,
            commit_after=commit_after,
            deferred=deferred,
            nonce=nonce,
            executor=executor,
        )
    options = (context, commit_after, deferred, nonce, executor)
    _check_source(source, chunk_size, *options)
    if isinstance(source, ChunkStream):
        source.encode_as(charset)
        return source
    if isinstance(source, (str, bytes)) or not isinstance(source, Iterable):
        raise NotStreamingError(
            f"cannot stream {source!r}: expected a template of a sync environment, a ChunkStream,"
            " or an iterable of str or bytes"
        )
    return rechunk(_Wire(charset).items(source), chunk_size=chunk_size, encoding="latin-1")


def async_byte_stream(
    source: Any,
    context: Mapping[str, Any] | None = None,
    *,
    charset: str = "utf-8",
    chunk_size: int | None = None,
    commit_after: str | None = None,
    deferred: str = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
) -> AsyncChunkStream[bytes]:
    """The same in an event loop, where templates, streams and iterables may be async as well.

    What is sync is stepped in a worker thread, one hop for each chunk, which needs asyncio.
    """
    if isinstance(source, jinja2.Template):
        return render_stream_async(
            source,
            context,
            chunk_size=chunk_size,
            encoding=charset,
            commit_after=commit_after,
            deferred=deferred,
            nonce=nonce,
            executor=executor,
        )
    options = (context, commit_after, deferred, nonce, executor)
    _check_source(source, chunk_size, *options)
    if isinstance(source, AsyncChunkStream):
        source.encode_as(charset)
        return source
    if hasattr(source, "__aiter__"):
        texts = _Wire(charset).async_items(source)
        return rechunk_async(texts, chunk_size=chunk_size, encoding="latin-1")
    return thread_stream(byte_stream(source, charset=charset, chunk_size=chunk_size))


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


def _check_source(
    source: object,
    chunk_size: int | None,
    context: Mapping[str, Any] | None,
    commit_after: str | None,
    deferred: str,
    nonce: str | None,
    executor: Executor | None,
) -> None:
    """Refuse what does not go with *source*, which is no template."""
    given = {
        "context": context is not None,
        "commit_after": commit_after is not None,
        "deferred": deferred != "patch",
        "nonce": nonce is not None,
        "executor": executor is not None,
    }
    for name, is_given in given.items():
        if is_given:
            raise TypeError(f"{name} goes with a template, which {source!r} is not")
    if chunk_size is not None and isinstance(source, (ChunkStream, AsyncChunkStream)):
        raise TypeError(f"chunk_size: {source!r} has one already")
