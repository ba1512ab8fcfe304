"""Turns: one thread at a time runs a stream, for nothing as long as no other one wants it.

A stream runs in a context of :mod:`contextvars` of its own, and Python lets no thread enter one
that another one is in. That is all the lock there is.
"""

from __future__ import annotations

import sys
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import StreamBusyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from types import FrameType


waiting: list[tuple[Context, Event]] = []
"""Who waits for which context, in the order of coming, and what tells that it may be free."""

_lock = Lock()
"""Held while somebody begins or ends to wait. Hardly any stream needs it: all share it."""


def is_refusal(error: RuntimeError) -> bool:
    """Whether *error*, caught where ``Context.run()`` is called, says that the context is taken."""
    # What comes up inside comes from a frame of its own; a RecursionError may have none either.
    assert error.__traceback__ is not None
    return type(error) is RuntimeError and error.__traceback__.tb_next is None


def check_outside(stream: object, *methods: str) -> None:
    """Refuse to wait for *stream* in what it runs itself, by one of its *methods*.

    :raises StreamBusyError: the caller has been called by it.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in methods and frame.f_locals.get("self") is stream:
            raise StreamBusyError(
                "the stream is running: it cannot be stepped or closed from inside its own template"
            )
        frame = frame.f_back


def run_in_turn(context: Context, function: Callable[[], Any]) -> Any:
    """Run *function* in *context*, after all who have come before, when no thread is in it."""
    place = (context, Event())
    with _lock:
        waiting.append(place)
    try:
        while True:
            if _first(context) is place:
                place[1].clear()  # before it is tried: who is in it tells when it has left
                try:
                    return context.run(function)
                except RuntimeError as error:
                    if not is_refusal(error):
                        raise
            place[1].wait()
    finally:
        with _lock:
            waiting.remove(place)
        turn_ended(context)


def turn_ended(context: Context) -> None:
    """Tell the first that waits for *context* that it may be free."""
    first = _first(context)
    if first is not None:
        first[1].set()


def _first(context: Context) -> tuple[Context, Event] | None:
    with _lock:
        return next((each for each in waiting if each[0] is context), None)
