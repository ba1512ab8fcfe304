"""What a server sends for the chunks of a page: HTTP/1.1 framing, and compression."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GZIP = 16 + zlib.MAX_WBITS
END = b"0\r\n\r\n"


def frame(chunk: bytes) -> bytes:
    """A chunk in HTTP/1.1's chunked transfer coding; nothing for an empty one, which would end."""
    return b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunk else b""


def framing_size(chunks: Iterable[bytes]) -> int:
    """How many bytes the coding adds to the body, with the last chunk that ends it."""
    return sum(len(frame(chunk)) - len(chunk) for chunk in chunks) + len(END)


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress with gzip, at zlib's default level, so that each chunk can be read on arrival."""
    compressor = zlib.compressobj(wbits=GZIP)
    for chunk in chunks:
        if chunk:
            yield compressor.compress(chunk) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush(zlib.Z_FINISH)
