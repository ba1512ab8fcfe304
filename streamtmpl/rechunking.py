"""Chunks out of any iterable of strings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from .chunks.buffer import clock
from .chunks.cuts import DEFAULT_CHUNK_SIZE, cut
from .chunks.stream import ChunkStream
from .exceptions import NotStreamingError, not_iterable
from .runtime.sources import PATIENCE, Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Generator, Iterable

    from .chunks.async_stream import AsyncChunkStream
    from .chunks.buffer import Buffer
    from .observing import Observer


@overload
def rechunk(
    iterable: Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: None = None,
    observe: Observer | None = None,
) -> ChunkStream[str]: ...
@overload
def rechunk(
    iterable: Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: str,
    observe: Observer | None = None,
) -> ChunkStream[bytes]: ...
def rechunk(
    iterable: Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: str | None = None,
    observe: Observer | None = None,
) -> ChunkStream[Any]:
    """Collect the strings of *iterable* into chunks.

    Each string is a run, and after each is a boundary; chunk size, context, encoding, slow sources
    and closing follow the rules of :func:`~streamtmpl.render_stream`.

    :param iterable: strings, each one to be sent whole.
    :param chunk_size: characters that must have collected before a chunk is cut (16384 unless
        given); 0 makes every string a chunk.
    :param encoding: the codec to encode chunks with; without it they are ``str``.
    :param observe: a function that is called with the events of the stream, those of
        :mod:`streamtmpl.observing`.
    :raises NotStreamingError: *iterable* is a string itself, or cannot be iterated.
    :raises ValueError: *chunk_size* is negative.
    :raises LookupError: there is no such encoding.
    """
    _check(iterable, "__iter__", "an iterable of strings")
    size = DEFAULT_CHUNK_SIZE if chunk_size is None else chunk_size
    if observe is None:
        return ChunkStream(partial(_write_all, iterable), size, encoding)
    from .chunks.observed import watched_stream  # noqa: PLC0415 - few streams

    return watched_stream(observe, partial(_write_all, iterable), size, encoding)


@overload
def rechunk_async(
    iterable: AsyncIterable[str] | Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[str]: ...
@overload
def rechunk_async(
    iterable: AsyncIterable[str] | Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: str,
    observe: Observer | None = None,
) -> AsyncChunkStream[bytes]: ...
def rechunk_async(
    iterable: AsyncIterable[str] | Iterable[str],
    *,
    chunk_size: int | None = None,
    encoding: str | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[Any]:
    """Collect the strings of an async (or ordinary) iterable into chunks.

    What has collected is handed over before the iterable is waited for; all else is as with
    :func:`rechunk`.
    """
    # asyncio takes as long to import as Jinja2: only those who use it pay for it.
    from .chunks.async_stream import coroutine_stream  # noqa: PLC0415

    if not hasattr(iterable, "__aiter__"):
        _check(iterable, "__iter__", "an async or ordinary iterable of strings")
    size = DEFAULT_CHUNK_SIZE if chunk_size is None else chunk_size
    if observe is None:
        return coroutine_stream(partial(_write_all_async, iterable), size, encoding)
    from .chunks.observed_async import watched_coroutine_stream  # noqa: PLC0415 - few streams

    return watched_coroutine_stream(observe, partial(_write_all_async, iterable), size, encoding)


def _check(iterable: Any, method: str, expected: str) -> None:
    if isinstance(iterable, (str, bytes)):
        raise NotStreamingError(
            f"expected {expected}, not one {type(iterable).__name__}: put it in a list"
        )
    if not hasattr(iterable, method):
        raise NotStreamingError(f"expected {expected}, not {not_iterable(iterable)}")


def _write_item(item: Any, write: Callable[[str], Any]) -> None:
    if not isinstance(item, str):
        raise NotStreamingError(f"expected a string from the iterable, not {item!r}")
    write(item)


def _write_all(iterable: Iterable[str], out: Buffer) -> Generator[None, None, None]:
    source = Source(iterable, out)
    looks = _Looks(source)
    for item in source.iterator:
        looks.pulled()
        _write_item(item, out.write)
        if looks.ends(out):
            yield
            looks.cut()
    source.done()


async def _write_all_async(iterable: Any, out: Buffer) -> None:
    source = Source(iterable, out, hasattr(iterable, "__aiter__"))
    looks = _Looks(source)
    for item in source.iterator:
        if source.awaits:
            try:
                item = await item
            except StopAsyncIteration:
                break
        looks.pulled()
        _write_item(item, out.write)
        if looks.ends(out):
            await cut()
            looks.cut()
    source.done()


class _Looks:
    """The looks at the clock around the pulls of a source, as generated loops take them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._countdown, self._looked = source.stride, clock()

    def pulled(self) -> None:
        self._countdown -= 1
        if not self._countdown:
            self._countdown, now = self._source.stride, clock()
            if now - self._looked > PATIENCE:
                self._countdown = self._source.late(self._looked, now)
            self._looked = now

    def ends(self, out: Buffer) -> bool:
        return out.tell() > out.limit or (self._source.suspect and self._source.ends())

    def cut(self) -> None:
        self._source.cut(self._looked)
