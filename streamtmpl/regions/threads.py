"""Where the deferred regions of a sync environment are rendered: one by one, or in an executor."""

from __future__ import annotations

from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.buffer import NEVER
from streamtmpl.exceptions import StreamClosedError

from .document import AHEAD, Deferral, deferral_of
from .failures import ends_render
from .region import SyncRegion
from .snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator
    from concurrent.futures import Executor, Future

    from jinja2 import Environment
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer
    from streamtmpl.chunks.options import RegionOptions

    _Ended = tuple[SyncRegion, int, BaseException | None]
    """A region, the characters it shows, and what it raised that is none of a template's errors."""


A_WHILE = 3600.0
"""Seconds that are waited at a time: the operating system takes no number of any size."""


class OneByOne:
    """Renders one region after the other, when the document has been rendered."""

    def __init__(self) -> None:
        self._waiting: deque[SyncRegion] = deque()

    def add(self, region: SyncRegion) -> None:
        """Render *region* when it is its turn."""
        self._waiting.append(region)

    def ready(self) -> SyncRegion | None:
        """A region that has become ready meanwhile."""
        return None

    def drain(self) -> None:
        """Take those that have become ready: none does before it is waited for."""

    def is_busy(self) -> bool:
        """Whether there is a region to wait for."""
        return bool(self._waiting)

    def wait(self, until: float = NEVER) -> SyncRegion | None:
        """Render the next region, however long it takes, and return it; ``None``: there is none."""
        if not self._waiting:
            return None
        region = self._waiting.popleft()
        region.start_clock()
        region.variables.run(region.render)
        return region

    def close(self) -> None:
        """Render nothing any more."""
        self._waiting.clear()


class Threads:
    """Renders regions in the threads of an executor, no more than *limit* of a stream at once."""

    def __init__(self, executor: Executor, limit: int) -> None:
        self._executor = executor
        self._limit = limit
        self._lock = Lock()
        self._waiting: deque[SyncRegion] = deque()
        self._running: dict[SyncRegion, None] = {}
        self._ended: SimpleQueue[_Ended | None] = SimpleQueue()
        """The regions that have ended, and ``None`` where a waiting thread must look again."""
        self._interrupted = False
        self._untaken = 0
        """Characters of the regions that have ended and have not been asked for."""

    def add(self, region: SyncRegion) -> None:
        """Render *region* as soon as it may run."""
        self._waiting.append(region)
        self._fill()

    def _fill(self) -> None:
        """Begin what may run."""
        while (region := self._next()) is not None:
            region.takes_thread()
            try:
                future = self._executor.submit(region.variables.run, self._render, region)
            except BaseException as error:  # noqa: BLE001 - raised where it is taken
                # It has been shut down, or takes no more for now; this may be one of its threads.
                self._end(region, error)
            else:
                future.add_done_callback(partial(self._done, region))

    def _render(self, region: SyncRegion) -> None:
        if region.timeout is not None:  # it does not run while it waits for a thread
            region.begins()  # before its time may be over
            region.start_clock()
            self._ended.put(None)
        region.render()

    def _next(self) -> SyncRegion | None:
        with self._lock:
            while self._waiting and len(self._running) < self._limit and self._untaken <= AHEAD:
                region = self._waiting.popleft()
                if not region.dropped:
                    self._running[region] = None
                    return region
        return None

    def _done(self, region: SyncRegion, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        self._end(region, error)
        # Else it never began: the executor ends, and holds a lock now that submit() wants.
        if not future.cancelled() and (error is None or ends_render(error)):
            self._fill()

    def _end(self, region: SyncRegion, error: BaseException | None) -> None:
        with self._lock:
            length = len(region.text or "")
            self._untaken += length
            # Noted in one step: else, for a moment, there would be nothing to wait for.
            self._ended.put((region, length, error))
            self._running.pop(region, None)

    def ready(self) -> SyncRegion | None:
        """A region that has become ready meanwhile."""
        try:
            while (ended := self._ended.get_nowait()) is None:
                pass
        except Empty:
            return None
        return self._take(*ended)

    def drain(self) -> None:
        """Take all that have become ready: nothing waits for their reader."""
        while self.ready() is not None:
            pass

    def is_busy(self) -> bool:
        """Whether there is a region to wait for."""
        with self._lock:
            return bool(self._running) or not self._ended.empty()

    def wait(self, until: float = NEVER) -> SyncRegion | None:
        """Wait until a region is ready, or has taken too long, and return it.

        :param until: when to stop waiting (seconds, :func:`time.perf_counter`).
        :return: ``None``: there is none, or it is not ready by then.
        :raises StreamClosedError: the wait was interrupted.
        """
        while not self._interrupted:
            if not self.is_busy():
                return None
            with self._lock:
                running = list(self._running)
            now = perf_counter()
            deadlines = [region.deadline for region in running if region.deadline is not None]
            if deadlines and min(deadlines) <= now:
                late = min(running, key=lambda region: region.deadline or NEVER)
                if self._expire(late):
                    return late
                continue
            try:
                wait = max(min([*deadlines, until]) - now, 0)
                ended = self._ended.get(timeout=min(wait, A_WHILE))
            except Empty:
                if until <= perf_counter():
                    return None
                continue
            if ended is not None:
                return self._take(*ended)
        raise StreamClosedError("the stream was closed while a chunk was awaited")

    def _expire(self, region: SyncRegion) -> bool:
        """Show the error of *region*, whose thread cannot be stopped, and count on it no more.

        :return: whether there is no need to wait for it: not if it shows its error already.
        """
        if not region.variables.copy().run(region.expire) and not region.dropped:
            region.stop_clock()
            return False
        with self._lock:
            self._running.pop(region, None)
        self._fill()
        return True

    def interrupt(self) -> None:
        """Have a thread that waits for a region stop waiting, or the next one that wants to."""
        self._interrupted = True
        self._ended.put(None)

    def _take(self, region: SyncRegion, length: int, error: BaseException | None) -> SyncRegion:
        with self._lock:
            self._untaken -= length
        self._fill()
        if error is not None and ends_render(error):
            raise error  # such as KeyboardInterrupt: no error that a page could show
        if not region.is_claimed:
            error = error or RuntimeError("the executor was shut down before the region began")
            region.variables.run(region.fail, error)
        return region

    def close(self) -> None:
        """Begin no further region; those that run see at their next boundary that they must end."""
        with self._lock:
            self._waiting.clear()


class SyncDeferral(Deferral[SyncRegion]):
    """The regions of a template of a sync environment."""

    def __init__(self, out: Buffer, environment: Environment, options: RegionOptions) -> None:
        """For the stream that takes its text from *out*.

        Without an executor one region is rendered after the other.
        """
        super().__init__(out, environment, options)
        self._renders: OneByOne | Threads = OneByOne()
        if options.executor is not None:
            self.keeps_alive = True
            self._renders = Threads(options.executor, self._limit)
            out.interrupt = self._renders.interrupt

    @staticmethod
    def can_defer(options: RegionOptions) -> bool:
        """In order, regions render beside the document only in an executor."""
        return options.patches or options.executor is not None

    def add(self, region: SyncRegion, parent: SyncRegion | None) -> None:
        """Defer *region*."""
        super().add(region, parent)
        self._renders.add(region)

    def settle(self, taken: bool = False) -> None:
        """Leave in the buffer what can be handed over; wait if the document is far ahead."""
        if not self.patches and self._in_document:
            self._renders.drain()
        super().settle()
        while taken and self._in_document and self.is_far_ahead() and not self._settled:
            self._renders.wait()
            super().settle()
        if taken:
            self._settled = 0

    def rest(self) -> Generator[None, None, None] | None:
        """What follows the document, as the steps of a render; once."""
        return self._rest() if self._in_document else None

    def _rest(self) -> Generator[None, None, None]:
        out = self._out
        self.end_document()
        while self._open:
            region = self._renders.ready()
            if region is None:
                if out.tell() > out.flush_limit:
                    out.reason = "region"
                    yield  # before it is waited for
                region = self._renders.wait(self.due())
                if region is None:
                    if not self._renders.is_busy():
                        break
                    self.do_what_is_due()
                    continue
            if self.patches:
                self.write_patch(region)
            else:
                self.settle()
            if out.tell() > out.limit:
                out.reason = "region"
                yield
        self._renders.drain()  # in order, a region may be written before it is taken
        self.write_groups(all_there=True)
        self.end()

    def close(self) -> None:
        """End what is running, as far as threads can be ended: at the next boundary."""
        self._drop_all()
        self._renders.close()


def begin_region(
    out: Buffer,
    context: Context,
    variables: dict[str, Any],
    used: Collection[str],
    body: Callable[..., Any],
    on_error: Callable[..., Any] | None,
    timeout: Any,
    line: int,
    *group: Any,
) -> SyncRegion:
    """A region that begins where *out* is being written to, deferred if that can be.

    :param variables: the local ones.
    :param used: the names that the region uses.
    :param group: its group and that one's timeout, if it has one.
    """
    region = SyncRegion(body, on_error, timeout, line, *group)
    deferral, parent = deferral_of(region, out, context, SyncDeferral)
    if deferral is None:
        region.see(context, variables)
    else:
        region.see(context, snapshot(context, variables, used))
        deferral.add(region, parent)
    return region
