"""Where the deferred regions of a sync environment are rendered: in turn, or in an executor."""

from __future__ import annotations

from collections import deque
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from .sources import clock

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .regions import SyncRegion


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
        self._ended: SimpleQueue[tuple[SyncRegion, BaseException | None]] = SimpleQueue()

    def add(self, region: SyncRegion) -> None:
        """Render *region* as soon as a thread is free.

        :raises RuntimeError: the executor has been shut down.
        """
        with self._lock:
            if len(self._running) >= self._limit:
                self._waiting.append(region)
                return
            self._running[region] = None
        try:
            self._submit(region)
        except BaseException:
            self._next(region)
            raise

    def _submit(self, region: SyncRegion) -> None:
        region.threaded = True
        region.start_clock()
        future = self._executor.submit(region.variables.run, region.render)
        future.add_done_callback(lambda future: self._end(region, future))

    def _end(self, region: SyncRegion, future: Future[None]) -> None:
        # Noted before it is no longer running: else, for a moment, there would be nothing to wait
        # for.
        self._ended.put((region, None if future.cancelled() else future.exception()))
        following = self._next(region)
        while following is not None:
            try:
                self._submit(following)
            except RuntimeError as error:  # the executor has been shut down
                following.fail(error)
                self._ended.put((following, None))
                following = self._next(following)
            else:
                following = None

    def _next(self, region: SyncRegion) -> SyncRegion | None:
        """*region* has ended: the one that may run instead."""
        with self._lock:
            self._running.pop(region, None)
            while self._waiting:
                following = self._waiting.popleft()
                if not following.dropped:
                    self._running[following] = None
                    return following
        return None

    def ready(self) -> SyncRegion | None:
        """A region that has become ready meanwhile."""
        try:
            return self._result(*self._ended.get_nowait())
        except Empty:
            return None

    def wait(self) -> SyncRegion | None:
        """Wait until a region is ready, or has taken too long, and return it."""
        while True:
            now = clock()
            running = [region for region in list(self._running) if not region.expired]
            for region in running:
                if region.deadline is not None and region.deadline <= now:
                    region.variables.copy().run(region.expire)
                    return region
            if not running and self._ended.empty():
                return None
            deadlines = [region.deadline for region in running if region.deadline is not None]
            try:
                timeout = min(deadlines) - now if deadlines else None
                return self._result(*self._ended.get(timeout=timeout))
            except Empty:
                continue

    def _result(self, region: SyncRegion, error: BaseException | None) -> SyncRegion:
        if error is not None:
            raise error  # such as KeyboardInterrupt: no error that a page could show
        return region

    def close(self) -> None:
        """Begin no further region; those that run see at their next boundary that they must end."""
        with self._lock:
            self._waiting.clear()
