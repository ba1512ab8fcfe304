"""State that a test and an application share, and that threads and tasks can wait for."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any


class Monitor:
    """A lock around some state, and everybody who waits for the state to change.

    A thread waits in :meth:`wait`, a task of asyncio or trio in :meth:`wait_async`; whoever changes
    the state need not know which.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._naps: list[Nap] = []

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock while the state changes, then have everybody look at it."""
        with self._condition:
            yield
            self._condition.notify_all()
            for nap in self._naps:
                nap.wake()

    def wait(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        """Block the thread until *ready*, called with the lock held, or for *timeout* seconds.

        :return: whether it is ready.
        """
        with self._condition:
            return self._condition.wait_for(ready, timeout)

    async def wait_async(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        """Wait likewise in a task, whose event loop goes on."""
        end = None if timeout is None else monotonic() + timeout
        while True:
            with self._condition:
                if ready():
                    return True
                left = None if end is None else end - monotonic()
                if left is not None and left <= 0:
                    return False
                nap = nap_of_task()
                self._naps.append(nap)
            try:
                await nap.sleep(left)
            finally:
                with self._condition:
                    self._naps.remove(nap)


class Nap:
    """A task of asyncio sleeps until another task or thread wakes it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._woken: asyncio.Future[None] = loop.create_future()

    def wake(self) -> None:
        """End the sleep soon."""
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:  # its event loop has been closed
            pass

    def _end(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)

    async def sleep(self, seconds: float | None) -> None:
        """Sleep until woken, or for so many seconds."""
        alarm = None if seconds is None else self._loop.call_later(seconds, self._end)
        try:
            await self._woken
        finally:
            if alarm is not None:
                alarm.cancel()


class TrioNap(Nap):
    """A nap on trio."""

    def __init__(self, trio: Any) -> None:
        self._trio = trio
        self._token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()

    def wake(self) -> None:
        try:
            self._token.run_sync_soon(self._event.set)
        except self._trio.RunFinishedError:
            pass

    async def sleep(self, seconds: float | None) -> None:
        with self._trio.move_on_after(float("inf") if seconds is None else seconds):
            await self._event.wait()


def nap_of_task() -> Nap:
    """A sleep for the current task."""
    trio = running_trio()
    return Nap(asyncio.get_running_loop()) if trio is None else TrioNap(trio)


def running_trio() -> Any | None:
    """The module trio, if that is what the current task runs on."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return sys.modules.get("trio")
    return None
