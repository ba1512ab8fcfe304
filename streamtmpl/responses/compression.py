"""Compressors that keep nothing back: what has gone in can be read from what has come out.

A compressor for files waits until it has enough for a block; a browser would wait with it. Those in
here are flushed after each chunk. They take the place of what frameworks' extensions have.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from struct import pack
from typing import Any, NamedTuple


class Compressor(NamedTuple):
    """What compresses one body."""

    compress: Callable[[bytes], bytes]
    flush: Callable[[], bytes]
    """Gives what has been kept back."""
    finish: Callable[[], bytes]
    """Gives what has been kept back, and the end of the body."""

    def iterate(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """*chunks* compressed, each to be read when it arrives."""
        for chunk in chunks:
            yield self.compress(chunk) + self.flush()
        yield self.finish()

    async def iterate_async(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """*chunks* of an async iterator compressed, each to be read when it arrives."""
        async for chunk in chunks:
            yield self.compress(chunk) + self.flush()
        yield self.finish()


def deflate(level: int = -1) -> Compressor:
    """For the encoding ``deflate``, which is the format of zlib (RFC 9110, section 8.4.1.2)."""
    compressor = zlib.compressobj(level)
    flush = partial(compressor.flush, zlib.Z_SYNC_FLUSH)
    return Compressor(compressor.compress, flush, compressor.flush)


def gzip(level: int = 6, name: str = "") -> Compressor:
    """For the encoding ``gzip``: one member (RFC 1952), since browsers read no second one.

    :param name: of a file, for the head; one of random length hides the length of what follows.
    """
    compressor = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    head = b"\x1f\x8b\x08" + (b"\x08" if name else b"\0") + bytes(5) + b"\xff"
    if name:
        head += name.encode("latin-1") + b"\0"
    checksum = size = 0

    def compress(data: bytes) -> bytes:
        nonlocal head, checksum, size
        begun, head = head, b""
        checksum, size = zlib.crc32(data, checksum), size + len(data)
        return begun + compressor.compress(data)

    def finish() -> bytes:
        tail = pack("<II", checksum, size & 0xFFFFFFFF)
        return head + compressor.flush() + tail

    return Compressor(compress, partial(compressor.flush, zlib.Z_SYNC_FLUSH), finish)


def _brotli(package: Any, **options: int) -> Compressor:
    compressor = package.Compressor(**options)
    return Compressor(compressor.process, compressor.flush, compressor.finish)


def _zstd(package: Any, level: int = 3) -> Compressor:
    compressor = package.ZstdCompressor(level=level)
    flush = partial(compressor.flush, compressor.FLUSH_BLOCK)
    return Compressor(compressor.compress, flush, compressor.flush)


_PACKAGES: dict[str, tuple[Callable[..., Compressor], tuple[str, str]]] = {
    "br": (_brotli, ("brotlicffi", "brotli")),
    "zstd": (_zstd, ("compression.zstd", "backports.zstd")),  # the former from Python 3.14 on
}


def maker(encoding: str) -> Callable[..., Compressor] | None:
    """What makes compressors for a content encoding: a function that takes options of the format.

    :param encoding: ``"deflate"``, ``"gzip"``; ``"br"`` (RFC 7932) and ``"zstd"`` (RFC 8878) where
        a package that has them is installed.
    :return: ``None`` where there is none.
    """
    if encoding in _PACKAGES:
        make, names = _PACKAGES[encoding]
        for name in names:
            with suppress(ImportError):
                return partial(make, import_module(name))
    return {"deflate": deflate, "gzip": gzip}.get(encoding)
