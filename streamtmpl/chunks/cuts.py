"""Cutting a chunk in an async environment, and the one driver that steps a render."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from types import coroutine
from typing import TYPE_CHECKING, Any

from jinja2.utils import internalcode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from .closing import OpenIterators


open_iterators: ContextVar[OpenIterators | None] = ContextVar("open_iterators", default=None)
"""Those of the stream that is running, for calls that are not handed a buffer."""

CUT = object()
"""What a render in an async environment suspends with when a chunk is to be cut."""

NO_SIGNAL = object()
"""That a coroutine has not been stepped yet."""


@coroutine
def cut() -> Generator[object, None, None]:
    """Suspend the render so that a chunk is cut here."""
    yield CUT


@internalcode
@coroutine
def drive(
    body: Coroutine[Any, Any, Any],
    *,
    run: Callable[..., Any] | None = None,
    at_cut: Callable[[], Generator[Any, Any, None]] | None = None,
    before_wait: Callable[[], None] | None = None,
    after_wait: Callable[[], None] | None = None,
    error: BaseException | None = None,
    signal: Any = NO_SIGNAL,
) -> Generator[Any, Any, Any]:
    """Step the coroutine *body* to its end, or to its next cut if nothing is said for cuts.

    Whatever else *body* waits for passes through to the event loop, whichever that is, and what
    the event loop raises there is raised in *body*.

    :param run: calls each step, a function and its argument, in a context of the caller's.
    :param at_cut: waits until *body* may go on behind a cut.
    :param before_wait: called when *body* is about to wait for something that is not ready.
    :param after_wait: called when it is ready, or is not to be waited for any more.
    :param error: what is raised in *body* where it stands, before all else.
    :param signal: what *body* has suspended with, if its first step has been run already.
    :return: :data:`CUT`, or what *body* has returned.
    """
    send: Callable[[Any], Any] = body.send
    throw: Callable[[Any], Any] = body.throw
    if run is not None:
        send, throw = partial(run, send), partial(run, throw)
    resume, value = (send, None) if error is None else (throw, error)
    if signal is not NO_SIGNAL:
        resume, value = _given, signal
    while True:
        try:
            signal = resume(value)
        except StopIteration as stop:
            return stop.value
        resume, value = send, None
        try:
            if signal is CUT:
                if at_cut is None:
                    return CUT
                yield from at_cut()
            else:
                if before_wait is not None:
                    before_wait()
                value = yield signal
                if after_wait is not None:
                    after_wait()
        except BaseException as raised:  # noqa: BLE001 - the template's to handle
            resume, value = throw, raised
            if after_wait is not None:
                after_wait()


def _given(signal: Any) -> Any:
    return signal
