"""The buffer that a whole render writes into, and when what it holds becomes a chunk.

Generated code writes runs with :attr:`Buffer.write` and asks at every boundary
``tell() > out.limit``: true means "cut here", and the code suspends so that whoever drives it may
:meth:`~Buffer.take` the text. No Jinja2 and no IO in here.
"""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .sources import Sources

DEFAULT_CHUNK_SIZE = 16384
"""Characters that must have collected before a boundary cuts a chunk, unless told otherwise."""

FIRST_CHUNK_SIZE = 1024
"""Characters of the first chunk; each further one doubles up to the chunk size."""

NEVER = sys.maxsize


def check_chunk_size(size: object) -> int:
    """Return *size* if it is a chunk size: a number of characters, 0 or more.

    :raises TypeError: it is no ``int``.
    :raises ValueError: it is negative.
    """
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(
            f"chunk_size must be a number of characters (an int), not {size!r}."
            " Use 0 to cut at every boundary."
        )
    if size < 0:
        raise ValueError(
            f"chunk_size must be 0 or more characters, not {size!r}."
            " Use 0 to cut at every boundary."
        )
    return size


class Buffer:
    """Collects the text of one render, or of one captured part of it.

    :ivar write: appends a ``str``.
    :ivar tell: the number of characters collected and not taken yet.
    :ivar limit: a boundary cuts when more characters than this have collected.
    :ivar flush_limit: ``{% flush %}`` cuts when more characters than this have collected.
    :ivar main: the buffer whose text is handed over: this one, or the one this captures for.
    :ivar sources: where iterators register to be closed with the stream; ``None`` where nobody
        closes them (``render()``).
    :ivar resumed: the moment (seconds, :func:`time.perf_counter`) the render last got control back.
    """

    __slots__ = (
        "_next_size",
        "_size",
        "_text",
        "flush_limit",
        "limit",
        "main",
        "resumed",
        "sources",
        "taken",
        "tell",
        "write",
    )

    write: Callable[[str], Any]
    tell: Callable[[], int]
    main: Buffer

    def __init__(self, chunk_size: int | None = None, sources: Sources | None = None) -> None:
        """A buffer that cuts at *chunk_size* characters, or never (``None``)."""
        self._text = text = StringIO()
        self.write = text.write
        self.tell = text.tell
        self.main = self
        self.sources = sources
        self.resumed = 0.0
        self.taken = False
        if chunk_size is None:
            self._size = self._next_size = 0
            self.limit = self.flush_limit = NEVER
        else:
            self._size = chunk_size
            self._next_size = first = (
                FIRST_CHUNK_SIZE if chunk_size > FIRST_CHUNK_SIZE else chunk_size
            )
            self.limit = first - 1 if first else 0
            self.flush_limit = 0

    def capture(self) -> Buffer:
        """A buffer for text that is to become a value: it never cuts."""
        inner = Buffer(None, self.sources)
        inner.main = self.main
        return inner

    def take(self) -> str:
        """Remove and return what has collected; the next chunk may be twice as long."""
        text = self._text.getvalue()
        if text:
            self._text.seek(0)
            self._text.truncate()
            self.taken = True
            self._next_size = min(2 * self._next_size, self._size)
            self.limit = max(self._next_size - 1, 0)
        return text

    def holds_head(self) -> bool:
        """Whether there is text to hand over, and none has been yet."""
        return not self.taken and self.flush_limit == 0 and self.tell() > 0

    def getvalue(self) -> str:
        """What has collected, left in place."""
        return self._text.getvalue()

    def __iter__(self) -> Iterator[str]:
        """The text as one piece, so that ``concat(buffer)`` is the captured text."""
        return iter((self._text.getvalue(),))
