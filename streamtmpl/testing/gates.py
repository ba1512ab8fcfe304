"""Sources that give nothing until a test says so."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from threading import Lock
from types import FrameType
from typing import Any, TypeVar
from weakref import WeakSet

from .iterations import Iteration
from .moments import Moment, moment
from .monitor import Monitor

T = TypeVar("T")
_PACKAGE = __name__.rpartition(".")[0]
_gates: WeakSet[Gate] = WeakSet()
_lock = Lock()


def gate(*items: Any, name: str = "gate", timeout: float | None = 20.0) -> Gate:
    """Make a source that blocks whoever reads it until the test opens it.

    :param items: what an iteration gives once the gate is open.
    :param name: what messages call it.
    :param timeout: seconds after which waiting is an error, which says where it was waited;
        ``None``: never. It is above that of :class:`StreamClient`, so that a test fails first.
    """
    return Gate(items, name, timeout)


class Gate:
    """A source that opens when told: made by :func:`gate`.

    It is for ``for`` and ``async for``, and a place to wait at, :meth:`wait` and
    :meth:`wait_async`, all at once and from any thread, on asyncio and on trio.

    :ivar name: what messages call it.
    :ivar opened: the moment it was opened at; ``None``: it is not open.
    :ivar closed: whether an iteration has ended or was closed, and none goes on; or
        :meth:`close` was called.
    """

    def __init__(self, items: tuple[Any, ...], name: str, timeout: float | None) -> None:
        """See :func:`gate`."""
        self.name = name
        self.opened: Moment | None = None
        self.closed = False
        self._kept = items
        self._queue = _Queue()
        self._failure: BaseException | None = None
        self._timeout = timeout
        self._monitor = Monitor()
        self._iterations = 0
        with _lock:
            _gates.add(self)

    def send(self, item: Any) -> Moment:
        """Let one item through, ahead of those that the gate was made with."""
        with self._monitor.change():
            if self.opened:
                raise RuntimeError(f"gate {self.name!r} is open: nothing can be sent through it")
            self._queue.sent.append(item)
            return moment(f"gate {self.name!r} sent", item)

    def open(self) -> Moment:
        """Let everything through from now on: an iteration gives what there is, and ends."""
        with self._monitor.change():
            if self.opened is None:
                self._queue.sent.extend(self._kept)
                self._queue.ends = True
                self.opened = moment(f"gate {self.name!r} opened")
            return self.opened

    def fail(self, error: BaseException) -> Moment:
        """Raise *error* wherever the gate is waited at, behind what has been sent."""
        with self._monitor.change():
            self._failure = error
            self._queue.ends = True
            return moment(f"gate {self.name!r} failed", error)

    def close(self) -> None:
        """What servers and frameworks call when they need a source no more; see :attr:`closed`."""
        with self._monitor.change():
            self.closed = True

    def wait(self, result: T = None) -> T:  # type: ignore[assignment]
        """Block the thread until the gate is open, and give *result*.

        :raises AssertionError: it was not opened within the timeout.
        """
        with self._waiting() as waiter:
            self._passed(self._monitor.wait(waiter.passes, self._timeout), waiter)
        return result

    async def wait_async(self, result: T = None) -> T:  # type: ignore[assignment]
        """Wait likewise in a task."""
        with self._waiting() as waiter:
            self._passed(await self._monitor.wait_async(waiter.passes, self._timeout), waiter)
        return result

    def __iter__(self) -> Iteration:
        """Give items as they come through."""
        return self._iteration()

    def __aiter__(self) -> Iteration:
        """Give items as they come through, to ``async for``."""
        return self._iteration()

    @property
    def places(self) -> list[str]:
        """Where in the code it is waited at the gate now."""
        return (
            []
            if self._queue.ends or self._queue.sent
            else [each.place for each in list(self._queue.waiters)]
        )

    @property
    def waiting(self) -> int:
        """How many threads and tasks wait there."""
        return len(self.places)

    def reached(self, timeout: float = 10.0) -> None:
        """Block the thread until somebody waits at the gate.

        :raises AssertionError: nobody has come within *timeout* seconds.
        """
        self._come(self._monitor.wait(lambda: bool(self.places), timeout), timeout)

    async def reached_async(self, timeout: float = 10.0) -> None:
        """Wait likewise in a task."""
        self._come(await self._monitor.wait_async(lambda: bool(self.places), timeout), timeout)

    def _come(self, somebody: bool, timeout: float) -> None:
        if not somebody:
            others = waited_at()
            raise AssertionError(
                f"nobody has come to gate {self.name!r} within {timeout:g} s"
                + (f"; waited at: {others}" if others else "")
            )

    def _passed(self, ready: bool, waiter: _Waiter) -> None:
        if not ready:
            late = f"gate {self.name!r} was not opened within {self._timeout:g} s"
            raise AssertionError(f"{late}; waited at in {waiter.place}")
        if self._failure is not None and not waiter.taken:
            raise self._failure

    @contextmanager
    def _waiting(self) -> Iterator[_Waiter]:
        waiter = _Waiter(self._queue, place_of(sys._getframe()) or "a thread of its own")
        with self._monitor.change():
            self._queue.waiters.append(waiter)
        try:
            yield waiter
        finally:
            with self._monitor.change():
                waiter.leave()

    def _pull(self) -> list[Any]:
        with self._waiting() as waiter:
            self._passed(self._monitor.wait(waiter.takes, self._timeout), waiter)
        return waiter.taken

    async def _pull_async(self) -> list[Any]:
        with self._waiting() as waiter:
            self._passed(await self._monitor.wait_async(waiter.takes, self._timeout), waiter)
        return waiter.taken

    def _iteration(self) -> Iteration:
        with self._monitor.change():
            self._iterations += 1
            self.closed = False
        return Iteration(self._pull, self._pull_async, self._end)

    def _end(self) -> None:
        with self._monitor.change():
            self._iterations -= 1
            self.closed = not self._iterations


class _Queue:
    """What has been let through, and who waits for it."""

    def __init__(self) -> None:
        self.sent: deque[Any] = deque()
        self.ends = False
        self.waiters: list[_Waiter] = []


class _Waiter:
    """One thread or task that waits. Its methods are called while the gate does not change."""

    def __init__(self, queue: _Queue, place: str) -> None:
        self.place, self.taken, self._queue = place, list[Any](), queue

    def passes(self) -> bool:
        """Go on if the gate is open."""
        if self._queue.ends:
            self.leave()
        return self._queue.ends

    def takes(self) -> bool:
        """Go on with the next item, or without one if none will come."""
        if not self._queue.sent:
            return self.passes()
        self.taken.append(self._queue.sent.popleft())
        self.leave()
        return True

    def leave(self) -> None:
        """Wait no more."""
        if self in self._queue.waiters:
            self._queue.waiters.remove(self)


def waited_at() -> str:
    """The gates of the process that are waited at, and where; empty if none is."""
    with _lock:
        gates = sorted(_gates, key=lambda each: each.name)
    return ", ".join(f"gate {each.name!r} in {place}" for each in gates for place in each.places)


def place_of(frame: FrameType | None) -> str | None:
    """The code that has called this package, or is run by it: function, file and line."""
    while frame is not None and _is_passed_over(frame):
        frame = frame.f_back
    if frame is None:
        return None
    code = frame.f_code
    return f"{code.co_name}, {PurePath(code.co_filename).name} line {frame.f_lineno}"


_PASSED_OVER: tuple[str, ...] = (
    _PACKAGE,
    "contextlib",
    "asyncio",
    "threading",
    "concurrent",
    "selectors",
)


def _is_passed_over(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return any(name == each or name.startswith(each + ".") for each in _PASSED_OVER)
