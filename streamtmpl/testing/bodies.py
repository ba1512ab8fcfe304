"""Bodies of responses, decoded as browsers do: as they arrive, and no further than their end."""

from __future__ import annotations

from ..decoding import WANTED, Decoder, can_decode


class BrowserBody:
    """What a browser has of a body: the bytes and the text of what has arrived.

    A browser reads one member of gzip or one frame, and drops whatever follows it.
    """

    def __init__(self, encoding: str | None = None, content_type: str = "") -> None:
        """A body with that ``Content-Encoding``, ``None`` for one that is not compressed.

        :param content_type: may tell its charset.
        :raises ValueError: browsers know no such encoding.
        :raises ModuleNotFoundError: what decodes it is not installed.
        """
        encoding = encoding or ""
        if not can_decode(encoding):
            if encoding in WANTED:
                raise ModuleNotFoundError(f"to decode the body, pip install {WANTED[encoding]}")
            raise ValueError(f"browsers do not know the Content-Encoding {encoding!r}")
        self._decoder = Decoder(encoding, content_type)
        self._content = bytearray()
        self._texts: list[str] = []

    @property
    def content(self) -> bytes:
        """The decompressed bytes so far."""
        return bytes(self._content)

    @property
    def text(self) -> str:
        """Their text."""
        return "".join(self._texts)

    @property
    def is_complete(self) -> bool:
        """Whether the compressed data has ended."""
        return self._decoder.ended

    def arrive(self, data: bytes) -> str:
        """Take what has arrived; gives the text so far."""
        self.more(data)
        return self.text

    def more(self, data: bytes) -> str:
        """Take what has arrived; gives the text that can be read with it.

        :raises AssertionError: it is not what the ``Content-Encoding`` says.
        """
        content = self._decoder.decompress(data)
        if self._decoder.problem is not None:
            raise AssertionError(f"the body {self._decoder.problem}")
        self._content += content
        self._texts.append(self._decoder.text(content))
        return self._texts[-1]
