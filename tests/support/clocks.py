"""A clock that the tests move: a "slow" pull is exactly as slow as a test says."""

from __future__ import annotations

import asyncio
import functools
import pkgutil
import selectors
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from time import perf_counter
from typing import Any

import pytest

from streamtmpl import chunks, rows, runtime
from streamtmpl.chunks import buffer
from streamtmpl.regions import document, groups, region, tasks, threads

# Else one that is first imported in the middle of a test would have that test's clock for ever.
for _package in (chunks, rows, runtime):
    for _module in pkgutil.iter_modules(_package.__path__, f"{_package.__name__}."):
        if sys.version_info < (3, 12) or not _module.name.endswith(".at_once"):
            import_module(_module.name)
import_module("streamtmpl.rechunking")

QUICK, FAST, SLOW = 0.0001, 0.0019, 0.0021
"""Seconds of a pull: the last two are around the 2 ms from which on a pull is slow."""


class Clock:
    """Seconds that pass only when the test says so, and with every look at it by *tick*."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.tick = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.now += self.tick
        self.looks += 1
        return self.now


def replaced_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the real one, wherever the package has it."""
    fake, real = Clock(), buffer.clock
    assert runtime.clock is real  # fetched now, else it would keep the fake one
    found = 0
    for name, module in sys.modules.copy().items():  # a thread may import meanwhile
        if name.partition(".")[0] == "streamtmpl" and getattr(module, "clock", None) is real:
            monkeypatch.setattr(module, "clock", fake)
            found += 1
    assert found >= 5
    assert buffer.clock() == fake.now
    return fake


def replaced_clock_of_regions(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the one that times of regions and groups are told by.

    How long a thread waits for regions is still the system's matter: it looks at the clock again
    when that is over.
    """
    fake = Clock()
    for module in (document, groups, region, tasks, threads):
        assert module.perf_counter is perf_counter
        monkeypatch.setattr(module, "perf_counter", fake)
    return fake


class _Selector(selectors.SelectSelector):
    """Waits by moving a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout > 0:
            self._clock.now += timeout
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop of which *clock* tells the time: it passes only while nothing else is to do.

    What runs in it must wait for nothing but its own tasks and timers.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(_Selector(clock))
        self.time = clock  # type: ignore[method-assign]


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a coroutine function as a test whose waits, and those of its regions, take no time."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            loop = Loop(replaced_clock_of_regions(patch))
            try:
                loop.run_until_complete(test(*args, **kwargs))
                assert not asyncio.all_tasks(loop)
            finally:
                loop.close()

    return run
