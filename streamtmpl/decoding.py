"""Bodies decoded as browsers do: as far as what has come allows, and no further than their end.

A compressed body is one member of gzip or one frame; what follows it, browsers drop.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

Decompress = Callable[[bytes], tuple[bytes, bytes | None]]
"""Gives the decompressed bytes and, once the end has come, those behind it."""

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_BUILT_IN = ("", "identity", "gzip", "x-gzip", "deflate")
_PACKAGES = {
    "br": ("brotlicffi", "brotli"),
    "zstd": ("compression.zstd", "backports.zstd", "zstandard"),
}
WANTED = {"br": "brotli", "zstd": "backports.zstd"}
"""What to install for an encoding that cannot be decoded here."""

_ERRORS = ("error", "ZstdError")  # how packages call what they raise


def can_decode(encoding: str) -> bool:
    """Whether a body of this ``Content-Encoding`` can be decoded here."""
    return encoding in _BUILT_IN or _package(encoding) is not None


def _package(encoding: str) -> Any:
    for name in _PACKAGES.get(encoding, ()):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


class Decoder:
    """Bytes of a body become text.

    :ivar ended: whether the compressed data has ended.
    :ivar dropped: bytes behind the end of the first member or frame, which browsers do not read.
    :ivar more_members: whether those look like another member of gzip.
    :ivar problem: why nothing more can be decoded; ``None`` if it can.
    """

    def __init__(self, encoding: str, content_type: str) -> None:
        """A decoder for a ``Content-Encoding``, ``""`` for none, and a ``Content-Type``."""
        self._decompress = _decompressor(encoding)
        self._text = _text_decoder(content_type)
        self.ended = False
        self.dropped = 0
        self.more_members = False
        self.problem: str | None = None
        if self._decompress is None:
            self.problem = f"cannot be decoded here: {encoding}"

    def feed(self, data: bytes) -> str:
        """Take bytes of the body; gives the text that can be read by them."""
        return self.text(self.decompress(data))

    def decompress(self, data: bytes) -> bytes:
        """Take bytes of the body; gives what they are when decompressed."""
        if self.problem is not None or self._decompress is None:
            return b""
        if self.ended:
            self._drop(data)
            return b""
        try:
            content, rest = self._decompress(data)
        except Exception as error:
            if type(error).__name__ not in _ERRORS:
                raise
            self.problem = f"cannot be decoded: {error}"
            return b""
        if rest is not None:
            self.ended = True
            self._drop(rest)
        return content

    def text(self, content: bytes) -> str:
        """The text that can be read with more of what was decompressed."""
        try:
            return self._text.decode(content, self.ended)
        except UnicodeError:  # of idna, and of UTF-16 without a byte order mark
            self._text = _text_decoder("")
            return self._text.decode(content, self.ended)

    def _drop(self, data: bytes) -> None:
        if not self.dropped:
            self.more_members = data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
        self.dropped += len(data)


def _text_decoder(content_type: str) -> codecs.IncrementalDecoder:
    found = _CHARSET.search(content_type)
    charset = found[1] if found else "utf-8"
    try:
        "".encode(charset)  # refuses what is known, but no text, such as hex
        return codecs.getincrementaldecoder(charset)("replace")
    except (LookupError, UnicodeError):
        return codecs.getincrementaldecoder("utf-8")("replace")


def _decompressor(encoding: str) -> Decompress | None:
    if encoding in ("", "identity"):
        return lambda data: (data, None)
    if encoding in ("gzip", "x-gzip"):
        return _inflating(zlib.decompressobj(zlib.MAX_WBITS | 16))
    if encoding == "deflate":
        return _inflating(zlib.decompressobj())
    package = _package(encoding)
    if package is None:
        return None
    if encoding == "br":
        return _unbrotli(package.Decompressor())
    if package.__name__ == "zstandard":
        return _inflating(package.ZstdDecompressor().decompressobj())
    return _inflating(package.ZstdDecompressor())


def _inflating(decompressor: Any) -> Decompress:
    def decompress(data: bytes) -> tuple[bytes, bytes | None]:
        decoded = decompressor.decompress(data)
        return decoded, decompressor.unused_data if decompressor.eof else None

    return decompress


def _unbrotli(decompressor: Any) -> Decompress:
    def decompress(data: bytes) -> tuple[bytes, bytes | None]:
        decoded = decompressor.process(data)
        return decoded, b"" if decompressor.is_finished() else None

    return decompress
