"""The first chunk is taken before the head is sent: what fails up to there may be another page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

Chunk = TypeVar("Chunk")


class Begun(Iterator[Chunk], Generic[Chunk]):
    """The chunks of a stream of which the first has been taken.

    :ivar first: that chunk, until it is asked for; ``None``: there is none.
    """

    __slots__ = ("_stream", "first")

    def __init__(self, stream: Any, first: Chunk | None = None) -> None:
        """Take the first chunk of *stream*, an iterator with ``close()``, unless it is given."""
        self._stream = stream
        self.first = next(stream, None) if first is None else first

    def __next__(self) -> Chunk:
        first, self.first = self.first, None
        return next(self._stream) if first is None else first

    def close(self) -> None:
        """End the render, however much of it has been sent."""
        self._stream.close()


class BegunAsync(AsyncIterator[Chunk], Generic[Chunk]):
    """The chunks of an async stream of which the first has been taken.

    :ivar first: that chunk, until it is asked for; ``None``: there is none.
    """

    __slots__ = ("_stream", "first")

    def __init__(self, first: Chunk | None, stream: AsyncIterator[Chunk]) -> None:
        self.first = first
        self._stream = stream

    async def __anext__(self) -> Chunk:
        first, self.first = self.first, None
        return await self._stream.__anext__() if first is None else first


async def begun_async(stream: AsyncIterator[Chunk]) -> BegunAsync[Chunk]:
    """Take the first chunk of *stream*, and give them all."""
    return BegunAsync(await anext(stream, None), stream)
