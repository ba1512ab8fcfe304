"""Turns: one thread at a time, for next to nothing as long as no other one wants it."""

from __future__ import annotations

from threading import Event, Lock, get_ident

from streamtmpl.exceptions import StreamBusyError

Turn = list[None]
"""A list of one element while it is nobody's turn: to delete it is to take the turn.

``del`` and ``append`` are atomic, and with them a step of a stream takes a fraction of the time
that it takes with a lock.
"""

waiting: list[tuple[Turn, Event]] = []
"""Who waits for which turn, in the order of coming, and what tells that it has come."""

_lock = Lock()
"""Held while somebody begins or ends to wait. Hardly any stream needs it: all share it."""


def wait_for_turn(turn: Turn, thread: int | None) -> None:
    """Wait until *thread*, whose turn it is, has ended it, and take the turn.

    :raises StreamBusyError: it is the current thread's already.
    """
    if thread == get_ident():
        raise StreamBusyError(
            "the stream is running: it cannot be stepped or closed from inside its own template"
        )
    place = (turn, Event())
    with _lock:
        waiting.append(place)
        if turn:  # it may have ended before anybody could see who waits
            _give(turn)
    try:
        place[1].wait()
    except BaseException:
        with _lock:
            if place in waiting:
                waiting.remove(place)
            else:
                turn.append(None)
                _give(turn)
        raise


def turn_ended(turn: Turn) -> None:
    """Give *turn*, which has ended, to the first that waits for it.

    The thread that has ended it would often take it again before anybody else has woken up.
    """
    with _lock:
        _give(turn)


def _give(turn: Turn) -> None:
    for place in waiting:
        if place[0] is turn:
            try:
                del turn[0]
            except IndexError:  # somebody has just taken it, and will give it on
                return
            waiting.remove(place)
            place[1].set()
            return
