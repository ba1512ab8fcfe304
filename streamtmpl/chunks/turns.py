"""Turns: one thread at a time, for next to nothing as long as no other one wants it."""

from __future__ import annotations

from threading import Condition, get_ident

from streamtmpl.exceptions import StreamBusyError

_ended = Condition()
"""Notified when a turn ends that somebody waits for. Hardly any stream needs it: all share it."""

waiting: list[int] = []
"""The threads that wait for a turn."""

Turn = list[None]
"""A list of one element while it is nobody's turn: to pop it is to take the turn.

``pop`` and ``append`` are atomic, and with them a step of a stream takes a fraction of the time
that it takes with a lock.
"""


def wait_for_turn(turn: Turn, thread: int | None) -> None:
    """Wait until *thread*, whose turn it is, has ended it, and take the turn.

    :raises StreamBusyError: it is the current thread's already.
    """
    if thread == get_ident():
        raise StreamBusyError(
            "the stream is running: it cannot be stepped or closed from inside its own template"
        )
    with _ended:
        waiting.append(get_ident())
        try:
            while True:
                try:
                    turn.pop()
                except IndexError:
                    _ended.wait()
                else:
                    return
        finally:
            waiting.remove(get_ident())


def turn_ended() -> None:
    """Tell those who wait that a turn has ended, after it has been given back."""
    with _ended:
        _ended.notify_all()
