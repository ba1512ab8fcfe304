"""Bodies of responses, decoded as browsers do: as they arrive, and no further than their end."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any


class BrowserBody:
    """What a browser has of a body: the bytes and the text of what has arrived.

    A browser reads one member of gzip or one frame, and drops whatever follows it.

    :ivar is_complete: whether the compressed data has ended.
    """

    def __init__(self, encoding: str | None = None, charset: str = "utf-8") -> None:
        """A body with that ``Content-Encoding``, ``None`` for one that is not compressed.

        :raises ValueError: browsers know no such encoding.
        :raises ModuleNotFoundError: what decodes it is not installed.
        """
        self._decompress, self._has_ended = _decoder(encoding)
        self._decode = codecs.getincrementaldecoder(charset)(errors="replace").decode
        self._content = bytearray()
        self._texts: list[str] = []
        self.is_complete = False

    @property
    def content(self) -> bytes:
        """The decompressed bytes so far."""
        return bytes(self._content)

    @property
    def text(self) -> str:
        """Their text."""
        return "".join(self._texts)

    def arrive(self, data: bytes) -> str:
        """Take what has arrived; gives the text so far."""
        self.more(data)
        return self.text

    def more(self, data: bytes) -> str:
        """Take what has arrived; gives the text that can be read with it."""
        if self.is_complete:
            return ""
        content = self._decompress(data)
        self.is_complete = self._has_ended()
        self._content += content
        self._texts.append(self._decode(content, self.is_complete))
        return self._texts[-1]


def _decoder(encoding: str | None) -> tuple[Callable[[bytes], bytes], Callable[[], bool]]:
    if encoding in (None, "", "identity"):
        return bytes, lambda: False
    if encoding in ("gzip", "deflate"):
        inflate = zlib.decompressobj(zlib.MAX_WBITS + 16 * (encoding == "gzip"))
        return inflate.decompress, lambda: inflate.eof
    if encoding == "br":
        decompressor = _module("brotli", "brotlicffi", package="Brotli").Decompressor()
        return decompressor.process, decompressor.is_finished
    if encoding == "zstd":
        modules = ("compression.zstd", "backports.zstd")
        frame = _module(*modules, package="backports.zstd").ZstdDecompressor()
        return frame.decompress, lambda: frame.eof
    raise ValueError(f"browsers do not know the Content-Encoding {encoding!r}")


def _module(*names: str, package: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            pass
    raise ModuleNotFoundError(f"to decode the body, pip install {package}")
