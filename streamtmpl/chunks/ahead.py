"""A render in worker threads whose first hop goes on behind the first cuts.

Chunks begin short and grow, so that the first one is soon there. A hop for each of the short ones
takes longer than to render them. So the first hop goes on behind a cut that was made for the length
alone, until as much has been cut as a long chunk has. What has been cut is handed over when the hop
ends, or after a moment if it goes on; from then on each chunk at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from .cuts import MOMENT
from .threads import ThreadRender, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from .stream import ChunkStream


class RenderAhead(ThreadRender):
    """A render of a sync environment, which is ahead of the consumer by the first short chunks."""

    _running: asyncio.Future[Any] | None = None
    """The hop that goes on behind cuts."""
    _waiter: asyncio.Future[None] | None = None
    _tells = False
    """Whether the thread tells of each cut: the consumer has waited for a moment."""
    _stops = False
    _ended = False
    """Whether that hop has ended and its outcome is known."""
    _failure: BaseException | None = None

    def __init__(self, stream: ChunkStream[Any], commit: Callable[[], object]) -> None:
        """Step *stream* in threads of the event loop's executor.

        :param commit: called in the thread when the first chunk is cut and is not the last one.
        """
        super().__init__(stream)
        self._commit: Callable[[], object] | None = commit
        self._cut: deque[Any] = deque()

    @property
    def over(self) -> bool:
        """Whether nothing comes any more: to learn that takes no further hop."""
        return self._ended and self._failure is None and self.stream.over

    async def step(self) -> Any:
        """What has been cut and not been handed over, as one chunk; ``None`` at the end."""
        if not self._ended and (chunk := await self._ahead()):
            return chunk
        if self._failure is not None:
            raise self._failure
        return None if self.stream.over else await super().step()

    async def _ahead(self) -> Any:
        running = self._running
        if running is None:
            self._loop = asyncio.get_running_loop()
            running = self._running = self._hop(outcome, self._run, ())
            running.add_done_callback(self._wake)
            await self._wait(MOMENT)
        if not running.done():
            self._tells = True
            while not self._cut and not running.done():
                await self._wait()
        if running.done():  # before what has been cut is looked at: no more comes
            self._ended = True
            self._failure = running.result()[1]
        chunks = [self._cut.popleft() for _ in range(len(self._cut))]
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _run(self) -> None:
        """In the thread: render until as much has been cut as a long chunk has, or a flush."""
        stream, left = self.stream, self.stream.chunk_size
        while not self._stops:
            chunk, by_length = stream.next_by_length()
            if chunk is None:
                return
            if self._commit is not None and not stream.over:
                self._commit()
                self._commit = None
            self._cut.append(chunk)
            left -= len(chunk)
            if not by_length or left <= 0 or stream.over:
                return
            if self._tells:
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self, ended: object = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, seconds: float | None = None) -> None:
        """Wait until the hop has ended or, if it tells, has cut a chunk; *seconds* at most."""
        self._waiter = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, self._wake)
        try:
            await self._waiter
        except asyncio.CancelledError:
            await self._hop_over()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _hop_over(self) -> None:
        """Have the hop end with its next cut, and wait for that."""
        self._stops = True
        if self._running is not None and not self._running.done():
            self.stream.interrupt()
            await asyncio.wait({self._running})

    async def close(self) -> None:
        """Close the stream in a worker thread, when the hop has ended."""
        await self._hop_over()
        await super().close()

    def abandon(self) -> None:
        """Have the hop end with its next cut; the stream itself is closed when it is dropped."""
        self._stops = True
