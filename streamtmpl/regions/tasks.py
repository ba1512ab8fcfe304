"""The deferred regions of templates of async environments: each in an asyncio task of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from streamtmpl.chunks.buffer import NEVER
from streamtmpl.chunks.closing import OpenIterators, open_iterators, report
from streamtmpl.chunks.cuts import cut
from streamtmpl.chunks.render import HeldTasks, asyncio_runs, task_in
from streamtmpl.runtime.loops import AsyncLoopContext

from .document import AHEAD, Deferral, deferral_of
from .failures import rewritten
from .region import Region
from .snapshot import changing_of, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterator

    from jinja2 import Environment
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer
    from streamtmpl.chunks.options import RegionOptions


_late = HeldTasks()
"""The tasks of regions that took too long and show their error already: they have been cancelled,
and nobody waits for them."""


_unwinding: WeakSet[asyncio.Task[Any]] = WeakSet()
"""Those whose closing has begun: it is not interrupted."""


def _cancel(task: asyncio.Task[Any]) -> None:
    """Have *task* unwind, unless it does already."""
    if task not in _unwinding:
        _unwinding.add(task)
        task.cancel()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Around a closing in the current task, which nothing of ours is to cancel meanwhile."""
    task = asyncio.current_task() if asyncio_runs() else None
    if task is None or task in _unwinding:
        yield
        return
    _unwinding.add(task)
    try:
        yield
    finally:
        _unwinding.discard(task)


class AsyncRegion(Region):
    """A region of an async environment."""

    async def into(self, out: Buffer) -> None:
        """Render it right here, into *out*; what stands above it is handed over before."""
        main = out.main
        if main.tell() > main.flush_limit:
            main.reason = "region"
            await cut()
        self.start_clock()
        if self.timeout is None or not asyncio_runs():
            await self.render()
        else:
            await self._render_in_time(self.timeout)
        out.write(self.text or "")

    async def _render_in_time(self, timeout: float) -> None:
        task = asyncio.ensure_future(self._fully())
        try:
            await asyncio.wait({task}, timeout=timeout)
        finally:
            if late := not task.done():
                _cancel(task)
                await asyncio.wait({task})
        error = self.timed_out() if late and task.cancelled() else task.result()
        if error is not None:
            await self.fail(error)

    async def render(self) -> None:
        """Render it: what it shows is :attr:`text` then."""
        if self.dropped:
            return
        error = await self._fully()
        if error is not None:
            await self.fail(error)

    async def _fully(self) -> BaseException | None:
        """Render its body; returns the error, if there is one."""
        self.begins()
        try:
            text = await self._captured(self._body, self.context, self.deadline)
        except Exception as error:  # noqa: BLE001 - shown in its place
            return rewritten(self.context, error)
        if self.claim():
            self.shows(text)
        return None

    async def fail(self, error: BaseException) -> None:
        """Show its part for errors, if it shows nothing yet."""
        if self.dropped or not self.claim():
            return
        context = self._fails(error)
        if context is None:
            self.shows("")
            return
        try:
            self.shows(await self._captured(self._on_error, context, None))
        except Exception as second:  # noqa: BLE001 - logged: there is nothing else to show
            self._fails_again(second)

    async def _captured(self, function: Any, context: Context, deadline: float | None) -> str:
        iterators = OpenIterators().within(open_iterators.get())
        iterators.watch = self.watch
        token = open_iterators.set(iterators)
        out = self._buffer(function, iterators, None)
        try:
            self._check_timeout()
            if self.watch is None:
                await function(context, out)
            else:
                from streamtmpl.chunks.observed_async import seen  # noqa: PLC0415 - few streams

                await seen(function(context, out), self.watch)
            self._check_time(deadline)
            return out.getvalue()
        finally:
            with _uninterrupted():
                report(await iterators.aclose())
            open_iterators.reset(token)


class AsyncDeferral(Deferral[AsyncRegion]):
    """The regions of a template of an async environment."""

    def __init__(self, out: Buffer, environment: Environment, options: RegionOptions) -> None:
        """For the stream that takes its text from *out*.

        On event loops other than asyncio's, regions render in turn.
        """
        super().__init__(out, environment, options)
        self._loop = asyncio.get_running_loop() if asyncio_runs() else None
        self.keeps_alive = self._loop is not None
        self._waiting: deque[AsyncRegion] = deque()
        self._tasks: dict[AsyncRegion, asyncio.Task[None]] = {}
        self._ready: deque[AsyncRegion] = deque()
        self._untaken = 0
        """Characters of those that are ready."""
        self.notify: Callable[[], None] | None = None
        """To be called when the document waits and there is more to hand over."""
        self._wake: asyncio.Future[None] | None = None
        self._fatal: BaseException | None = None

    @staticmethod
    def can_defer(options: RegionOptions) -> bool:
        """In order, regions render beside the document only in tasks of asyncio's."""
        return options.patches or asyncio_runs()

    def add(self, region: AsyncRegion, parent: AsyncRegion | None) -> None:
        """Defer *region*."""
        super().add(region, parent)
        self._waiting.append(region)
        self._begin_next()

    def _begin_next(self) -> None:
        while (
            self._waiting
            and self._loop is not None
            and len(self._tasks) < self._limit
            and self._untaken <= AHEAD
        ):
            region = self._waiting.popleft()
            if region.dropped:
                continue
            self._run(region, self._render(region))

    def _run(self, region: AsyncRegion, render: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        task = task_in(region.variables, self._loop, render)
        self._tasks[region] = task
        task.add_done_callback(partial(self._ended, region))

    async def _render(self, region: AsyncRegion) -> None:
        timer = None
        if region.timeout is not None:
            assert self._loop is not None
            timer = self._loop.call_later(region.timeout, self._expire, region)
        try:
            await region.render()
        except asyncio.CancelledError as error:
            if not region.dropped and not region.expired:  # by itself, or by somebody else
                await region.fail(error)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _expire(self, region: AsyncRegion) -> None:
        """Show the error of *region* at once, however long it takes its task to end."""
        if region.dropped or region.is_claimed:  # its part for errors takes what it takes
            return
        region.expires()
        task = self._tasks[region]
        _late.of(task.get_loop()).add(task)
        self._run(region, region.fail(region.timed_out()))
        _cancel(task)

    def _ended(self, region: AsyncRegion, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal = error  # no error that a page could show
        if task in (late := _late.of(task.get_loop())):
            late.discard(task)
            return
        del self._tasks[region]
        self._ready.append(region)
        if self.patches:  # in order, the document waits for its regions
            self._untaken += len(region.text or "")
        self._begin_next()
        if self._wake is not None and not self._wake.done():
            self._wake_up()
        elif self.notify is not None and not self.patches:
            self.settle()
            if self._out.tell() > self._out.flush_limit:
                self.notify()

    def forget(self, region: AsyncRegion) -> None:
        """The region is not to be shown: cancel it."""
        super().forget(region)
        task = self._tasks.get(region)
        if task is not None and self._loop is not None and not self._loop.is_closed():
            _cancel(task)

    async def catch_up(self) -> None:
        """Wait, while the document is far ahead of a region that is not ready."""
        self.settle()
        while not self.patches and not self._settled and self.is_far_ahead():
            self._raise_fatal()
            await self._wait()
            self.settle()

    async def rest(self) -> None:
        """Write what follows the document."""
        out = self._out
        self.end_document()
        while self._open:
            self._raise_fatal()
            out.reason = "region"
            if self._ready:
                self._take(self._ready.popleft())
                if out.tell() > out.limit:
                    await cut()
                self._begin_next()
            elif self._tasks:
                await self._wait(self.due())
                self.do_what_is_due()
            elif self._waiting:  # no asyncio: one after the other
                if out.tell() > out.flush_limit:
                    await cut()
                region = self._waiting.popleft()
                region.start_clock()
                await region.render()
                self._take(region)
            else:
                break
        self.write_groups(all_there=True)
        self.end()

    def _take(self, region: AsyncRegion) -> None:
        if self.patches:
            self._untaken -= len(region.text or "")
            self.write_patch(region)
        else:
            self.settle()

    def _raise_fatal(self) -> None:
        fatal, self._fatal = self._fatal, None
        if fatal is not None:
            raise fatal

    async def _wait(self, until: float = NEVER) -> None:
        """Wait until another region is ready, or *until* then (:func:`time.perf_counter`)."""
        assert self._loop is not None
        self._wake = wake = self._loop.create_future()
        if until == NEVER:
            await wake
            return
        timer = self._loop.call_later(max(until - perf_counter(), 0), self._wake_up)
        try:
            await wake
        finally:
            timer.cancel()

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def aclose(self) -> None:
        """Cancel what is running, and wait until it has ended."""
        self._waiting.clear()
        self._drop_all()
        if tasks := list(self._tasks.values()):
            for task in tasks:
                _cancel(task)
            await asyncio.wait(tasks)

    def close(self) -> None:
        """Cancel what is running, where nothing can be awaited any more."""
        self._waiting.clear()
        self._drop_all()


async def begin_region_async(
    out: Buffer,
    context: Context,
    variables: dict[str, Any],
    used: Collection[str],
    body: Callable[..., Any],
    on_error: Callable[..., Any] | None,
    timeout: Any,
    line: int,
    *group: Any,
) -> AsyncRegion:
    """A region that begins where *out* is being written to, deferred if that can be.

    :param variables: the local ones.
    :param used: the names that the region uses.
    :param group: its group and that one's timeout, if it has one.
    """
    region = AsyncRegion(body, on_error, timeout, line, *group)
    deferral, parent = deferral_of(region, out, context, AsyncDeferral)
    if deferral is None:
        region.see(context, variables)
    else:
        for loop in changing_of(context, variables, used).values():
            if isinstance(loop, AsyncLoopContext):
                await _look_ahead(loop, used)
        region.see(context, snapshot(context, variables, used))
        deferral.add(region, parent)
    return region


async def _look_ahead(loop: AsyncLoopContext, used: Collection[str]) -> None:
    """Find out what the region may ask of *loop*, which has gone on when it does."""
    if ".length" in used:
        await loop.length
    if ".last" in used:
        await loop._peek_next()
