"""Responses that are there as soon as their head has left the application."""

from __future__ import annotations

from wsgiref.headers import Headers as HeaderItems

from .bodies import BrowserBody
from .delivery import Delivery, Head
from .readers import AsyncChunkReader, ChunkReader, Received


class _Response(Received):
    """Status and headers, beside what has been read; :class:`StreamResponse` says what they are."""

    _what = "the response"

    def __init__(self, delivery: Delivery, timeout: float, raises: bool) -> None:
        """The response with the head that *delivery* has.

        :param raises: raise what the application raises.
        """
        head = delivery.head or Head(0, "", [])
        self.status, self.reason = head.status, head.reason
        self.headers = HeaderItems(list(head.headers))
        encoding = (self.headers["Content-Encoding"] or "").strip().lower()
        body = BrowserBody(encoding, self.headers["Content-Type"] or "")
        super().__init__(delivery, timeout, body)
        self._raises = raises

    @property
    def content(self) -> bytes:
        """The bytes so far, decompressed."""
        return self._body.content


class StreamResponse(_Response, ChunkReader):
    """A response of :class:`StreamClient`, which is read on as a :class:`ChunkReader`.

    :ivar status: the code.
    :ivar reason: what stands behind it, under WSGI.
    :ivar headers: a mapping that knows no case and gives ``None`` for what is not there;
        ``headers.get_all(name)``, ``headers.items()``.
    """


class AsyncStreamResponse(_Response, AsyncChunkReader):
    """A response of :class:`AsyncStreamClient`, read on as an :class:`AsyncChunkReader`."""
