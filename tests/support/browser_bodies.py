"""Compressed bodies, decoded as browsers do: as they arrive, and no further than their end."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import Any


class BrowserBody:
    """What a browser has of a body: the text of what has arrived.

    A browser reads one member of gzip or one frame, and drops whatever follows it.
    """

    def __init__(self, encoding: str | None) -> None:
        """A body with that ``Content-Encoding``, ``None`` for one that is not compressed."""
        self._decode, self._has_ended = _decoder(encoding)
        self.text = ""
        self.is_complete = False

    def arrive(self, data: bytes) -> str:
        """Take what has arrived; gives the text so far."""
        if not self.is_complete:
            self.text += self._decode(data).decode()
            self.is_complete = self._has_ended()
        return self.text


def _decoder(encoding: str | None) -> tuple[Any, Any]:
    if encoding is None:
        return bytes, lambda: False
    if encoding in ("gzip", "deflate"):
        inflate = zlib.decompressobj(zlib.MAX_WBITS + 16 * (encoding == "gzip"))
        return inflate.decompress, lambda: inflate.eof
    if encoding == "br":
        brotli: Any = import_module("brotli")
        decompressor = brotli.Decompressor()
        return decompressor.process, decompressor.is_finished
    assert encoding == "zstd"
    frame = _zstd().ZstdDecompressor()
    return frame.decompress, lambda: frame.eof


def _zstd() -> Any:
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")
