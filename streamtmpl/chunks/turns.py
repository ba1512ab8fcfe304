"""Turns: one thread at a time runs a stream, for nothing as long as no other one wants it.

A stream runs in a context of :mod:`contextvars` of its own, and Python lets no thread enter one
that another one is in. That is all the lock there is.
"""

from __future__ import annotations

from threading import Event, RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


class _Place:
    """The place of somebody who waits for *context*, and is told that it may be free."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.told = Event()


waiting: list[_Place] = []
"""Who waits for a context, in the order of coming."""

_lock = RLock()
"""Held while somebody begins or ends to wait. Hardly any stream needs it: all share it.

A thread that has it may come again, if a stream is collected just now, and closed.
"""


def is_refusal(error: RuntimeError) -> bool:
    """Whether *error*, caught where ``Context.run()`` is called, says that the context is taken."""
    # What comes up inside comes from a frame of its own; a RecursionError may have none either.
    if type(error) is not RuntimeError or error.__traceback__ is None:
        return False
    return error.__traceback__.tb_next is None


def run_in_turn(context: Context, function: Callable[[], Any]) -> Any:
    """Run *function* in *context*, after all who have come before, when no thread is in it."""
    place = _Place(context)
    try:
        with _lock:
            waiting.append(place)
        while True:
            if _first(context) is place:
                place.told.clear()  # before it is tried: who is in it tells when it has left
                try:
                    return context.run(function)
                except RuntimeError as error:
                    if not is_refusal(error):
                        raise
            place.told.wait()
    finally:
        with _lock:
            if place in waiting:  # else it was interrupted before it came in
                waiting.remove(place)
        turn_ended(context)


def turn_ended(context: Context) -> None:
    """Tell the first that waits for *context* that it may be free."""
    first = _first(context)
    if first is not None:
        first.told.set()


def _first(context: Context) -> _Place | None:
    with _lock:
        return next((each for each in waiting if each.context is context), None)
