"""Where the deferred regions of a sync environment are rendered: in turn, or in an executor."""

from __future__ import annotations

from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from .buffer import NEVER
from .exceptions import StreamClosedError
from .sources import clock

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .regions import SyncRegion


AHEAD = 1 << 18
"""Characters that may be ready and wait for what stands before them, or for their reader."""


class InTurn:
    """Renders one region after the other, when the document has been rendered."""

    def __init__(self) -> None:
        self._waiting: deque[SyncRegion] = deque()

    def add(self, region: SyncRegion) -> None:
        """Render *region* when it is its turn."""
        self._waiting.append(region)

    def ready(self) -> SyncRegion | None:
        """A region that has become ready meanwhile."""
        return None

    def wait(self) -> SyncRegion | None:
        """Render the next region and return it; ``None``: there is none."""
        if not self._waiting:
            return None
        region = self._waiting.popleft()
        region.start_clock()
        region.variables.run(region.render)
        return region

    def close(self) -> None:
        """Render nothing any more."""
        self._waiting.clear()


class Pool:
    """Renders regions in the threads of an executor, no more than *limit* of a stream at once."""

    def __init__(self, executor: Executor, limit: int) -> None:
        self._executor = executor
        self._limit = limit
        self._lock = Lock()
        self._waiting: deque[SyncRegion] = deque()
        self._running: dict[SyncRegion, None] = {}
        self._ended: SimpleQueue[tuple[SyncRegion | None, BaseException | None]] = SimpleQueue()
        self._untaken = 0
        """Characters of the regions that have ended and have not been asked for."""

    def add(self, region: SyncRegion) -> None:
        """Render *region* as soon as it may run."""
        self._waiting.append(region)
        self._fill()

    def _fill(self) -> None:
        """Begin what may run."""
        while (region := self._next()) is not None:
            region.threaded = True
            region.start_clock()
            try:
                future = self._executor.submit(region.variables.run, region.render)
            except RuntimeError as error:  # the executor has been shut down
                region.fail(error)
                self._end(region, None)
            else:
                future.add_done_callback(partial(self._done, region))

    def _next(self) -> SyncRegion | None:
        with self._lock:
            while self._waiting and len(self._running) < self._limit and self._untaken <= AHEAD:
                region = self._waiting.popleft()
                if not region.dropped:
                    self._running[region] = None
                    return region
        return None

    def _done(self, region: SyncRegion, future: Future[None]) -> None:
        self._end(region, None if future.cancelled() else future.exception())
        self._fill()

    def _end(self, region: SyncRegion, error: BaseException | None) -> None:
        with self._lock:
            self._untaken += len(region.text or "")
            # Noted in one step: else, for a moment, there would be nothing to wait for.
            self._ended.put((region, error))
            self._running.pop(region, None)

    def ready(self) -> SyncRegion | None:
        """A region that has become ready meanwhile."""
        try:
            return self._take(*self._ended.get_nowait())
        except Empty:
            return None

    def wait(self) -> SyncRegion | None:
        """Wait until a region is ready, or has taken too long, and return it.

        ``None``: there is none.
        """
        while True:
            with self._lock:
                running = list(self._running)
                if not running and self._ended.empty():
                    return None
            now = clock()
            deadlines = [region.deadline for region in running if region.deadline is not None]
            if deadlines and min(deadlines) <= now:
                return self._expire(min(running, key=lambda region: region.deadline or NEVER))
            try:
                timeout = min(deadlines) - now if deadlines else None
                return self._take(*self._ended.get(timeout=timeout))
            except Empty:
                continue

    def _expire(self, region: SyncRegion) -> SyncRegion:
        """Show the error of *region*, whose thread cannot be stopped, and count on it no more."""
        region.variables.copy().run(region.expire)
        with self._lock:
            self._running.pop(region, None)
        self._fill()
        return region

    def interrupt(self) -> None:
        """Have a thread that waits for a region stop waiting, or the next one that wants to."""
        self._ended.put((None, None))

    def _take(self, region: SyncRegion | None, error: BaseException | None) -> SyncRegion:
        if region is None:
            raise StreamClosedError("the stream was closed while a chunk was awaited")
        with self._lock:
            self._untaken -= len(region.text or "")
        self._fill()
        if error is not None:
            raise error  # such as KeyboardInterrupt: no error that a page could show
        return region

    def close(self) -> None:
        """Begin no further region; those that run see at their next boundary that they must end."""
        with self._lock:
            self._waiting.clear()
