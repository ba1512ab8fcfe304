"""Where chunks are made: in a thread, in a task of the test's, in the thread of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from threading import Thread
from typing import Any

from .delivery import Data, Delivery
from .monitor import Monitor, running_trio

Make = Callable[[], Awaitable[None]]

_tasks: set[Any] = set()  # an event loop refers to its tasks weakly


def start_thread(delivery: Delivery, chunks: Iterator[Data], name: str) -> None:
    """Hand over *chunks* from a thread of their own."""
    thread = Thread(target=delivery.run, args=(chunks,), name=f"test of {name}", daemon=True)
    delivery.thread = thread
    thread.start()


def start_task(delivery: Delivery, make: Make) -> None:
    """Have a task of the running event loop call *make*, which hands over chunks."""
    trio = running_trio()
    if trio is None:
        task = asyncio.get_running_loop().create_task(_made(delivery, make))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        delivery.cancel = task.cancel
    else:
        scope = trio.CancelScope()
        delivery.cancel = scope.cancel
        trio.lowlevel.spawn_system_task(_made_within, scope, delivery, make)


async def _made_within(scope: Any, delivery: Delivery, make: Make) -> None:
    with scope:
        await _made(delivery, make)


async def _made(delivery: Delivery, make: Make) -> None:
    try:
        await make()
    except Exception as error:  # noqa: BLE001 - raised to the reader
        delivery.fail(error)
    finally:
        delivery.end()


class LoopThread:
    """A thread with an event loop, for the applications of tests that have none."""

    def __init__(self) -> None:
        """Start it."""
        self._monitor = Monitor()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        self._thread = Thread(
            target=lambda: asyncio.run(self._main()), name="test of ASGI", daemon=True
        )
        self._thread.start()
        self._monitor.wait(lambda: self._loop is not None, None)

    def start(self, delivery: Delivery, make: Make) -> None:
        """Do there what :func:`start_task` does."""
        assert self._loop is not None
        delivery.loop_thread = self._thread
        self._loop.call_soon_threadsafe(start_task, delivery, make)

    def stop(self, timeout: float) -> bool:
        """End the loop as :func:`asyncio.run` does: tasks that are left are cancelled.

        :return: whether that is done within *timeout* seconds.
        """
        with self._monitor.change():
            self._stopped = True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    async def _main(self) -> None:
        with self._monitor.change():
            self._loop = asyncio.get_running_loop()
        await self._monitor.wait_async(lambda: self._stopped, None)
