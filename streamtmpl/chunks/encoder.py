"""The encoder: the text of chunks as the consumer receives it."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Encoder:
    """Turns the text of chunks into what the consumer receives: bytes, or the text itself."""

    __slots__ = ("_encode",)

    def __init__(self, encoding: str | None) -> None:
        """Encode as *encoding* (a codec's name), or not at all (``None``).

        :raises LookupError: there is no such text encoding.
        """
        self._encode = None if encoding is None else _text_encoder(encoding)

    @property
    def gives_text(self) -> bool:
        """Whether chunks are text, not bytes."""
        return self._encode is None

    def __call__(self, text: str, final: bool = False) -> Any:
        """The chunk for *text*, empty if there is none; *final* adds what the codec still holds."""
        if self._encode is None:
            return text
        return self._encode(text, final) if text or final else b""


AS_TEXT = Encoder(None)
"""The one that does not encode, which has no state."""


def encoder(encoding: str) -> Encoder:
    """What encodes as *encoding*; UTF-8 has no state between chunks, so that all share one.

    :raises LookupError: there is no such text encoding.
    """
    return _AS_UTF8 if encoding == "utf-8" else Encoder(encoding)


def _utf8(text: str, final: bool) -> bytes:
    return text.encode()


def _text_encoder(encoding: str) -> Callable[[str, bool], bytes]:
    if encoding == "utf-8":
        return _utf8
    try:
        codec = codecs.lookup(encoding)
        # Some codecs, such as "hex", turn bytes into bytes: str.encode() refuses them by this.
        if codec._is_text_encoding and codec.incrementalencoder is not None:
            return codec.incrementalencoder().encode
    except LookupError:
        pass
    raise LookupError(
        f"unknown encoding {encoding!r}: give the name of a text codec of Python's, such as"
        " 'utf-8', or leave it away to get str chunks"
    )


_AS_UTF8 = Encoder("utf-8")
