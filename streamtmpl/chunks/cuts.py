"""Where a chunk is cut: how long chunks are, and suspending there.

A :class:`~.buffer.Buffer` has the length that it is cut at, its ``limit``.
"""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

DEFAULT_CHUNK_SIZE = 16384
"""Characters that must have collected before a boundary cuts a chunk, unless told otherwise."""

FIRST_CHUNK_SIZE = 1024
"""Characters of the first chunk."""

GROWTH = 4
"""How many times as long each further chunk is, up to the chunk size: each costs servers a send."""

MOMENT = 0.002
"""Seconds for which a render may go on behind its first short chunks, where a response is sent."""

CUT = object()
"""What a render in an async environment suspends with when a chunk is to be cut."""


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


@coroutine
def cut() -> Generator[object, None, None]:
    """Suspend the render so that a chunk is cut here."""
    yield CUT
