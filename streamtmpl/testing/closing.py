"""Whether a source has been closed."""

from __future__ import annotations

import inspect
from time import monotonic, sleep
from typing import Any

from .monitor import Monitor

LOOK = 0.005
"""Seconds between two looks at an object, which cannot tell when it is closed."""


def closed(source: Any) -> bool:
    """Whether nothing of *source* runs any more: it was closed, or has come to its end.

    :param source: a generator, async generator or coroutine, a gate, a source of
        :meth:`Recorder.source`, or anything with a true or false ``closed``, such as a file.
    """
    if inspect.isgenerator(source):
        return source.gi_frame is None
    if inspect.isasyncgen(source):
        return source.ag_frame is None
    if inspect.iscoroutine(source):
        return source.cr_frame is None
    state = getattr(source, "closed", None)
    if not isinstance(state, bool):
        raise TypeError(
            f"whether {source!r} is closed cannot be told: it is no generator and has no 'closed'"
        )
    return state


def assert_closed(source: Any, timeout: float = 10.0) -> None:
    """Block the thread until *source* is closed, in another thread.

    :raises AssertionError: it is not within *timeout* seconds.
    """
    end = monotonic() + timeout
    while not closed(source):
        _check(source, end, timeout)
        sleep(LOOK)


async def assert_closed_async(source: Any, timeout: float = 10.0) -> None:
    """Wait likewise in a task, while the event loop goes on."""
    end, monitor = monotonic() + timeout, Monitor()
    while not closed(source):
        _check(source, end, timeout)
        await monitor.wait_async(lambda: False, LOOK)


def _check(source: Any, end: float, timeout: float) -> None:
    if monotonic() >= end:
        raise AssertionError(f"{source!r} is still open after {timeout:g} s")
