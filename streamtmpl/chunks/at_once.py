"""A task whose first step is run at once, for Pythons before 3.12, whose tasks cannot begin so.

Most pages wait for nothing: then there is no task to be made, and the event loop is not asked for
a turn. While the first step runs, the current task is one all the same, which is made when somebody
looks at it, or when the step has to wait.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.tasks import _enter_task, _leave_task
from types import coroutine
from typing import TYPE_CHECKING, Any

from .compiled import drive

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator
    from contextvars import Context

    Body = Coroutine[Any, Any, None]


class _FirstStep:
    """What becomes of the first step of *body*, which is run in *context*."""

    __slots__ = ("body", "context", "over", "waits_for")

    def __init__(self, body: Body, context: Context) -> None:
        self.body, self.context = body, context
        self.over = True
        """Whether it was the only one."""
        self.waits_for: Any = None
        """What it has suspended with: a future, or ``None`` for a turn of the event loop."""


KNOWN = asyncio.Task.__module__ == "_asyncio"
"""Whether tasks are those written in C, which may be left unmade. PyPy's are not."""

_not_made: dict[asyncio.Task[None], tuple[_FirstStep, asyncio.AbstractEventLoop]] = {}
"""The tasks whose first step is running and that nobody has looked at."""
references: Any = getattr(sys, "getrefcount", None)
"""Counts the references to a task; PyPy has none to count."""
_OURS = 3
"""References to such a task: the dict's, that of its local, and the one that is counted with."""


class _Task(asyncio.Task):  # type: ignore[type-arg] # none before Python 3.9 can be subscribed
    """A task that has been made."""

    __slots__ = ()


class _NotMade(asyncio.Task):  # type: ignore[type-arg]
    """A task that is made when something of it is asked for."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        _make(self)
        return getattr(self, name)


for _kind in (_Task, _NotMade):
    _kind.__name__ = _kind.__qualname__ = asyncio.Task.__name__


def begin_task(
    context: Context, loop: asyncio.AbstractEventLoop, body: Body
) -> asyncio.Task[None] | None:
    """Run *body* in *context* up to its first wait, in a task of *loop*; ``None`` if it has ended.

    What *body* raises is its own matter.
    """
    consumer = asyncio.current_task(loop)
    task = _NotMade.__new__(_NotMade)
    first = _FirstStep(body, context)
    _not_made[task] = first, loop
    if consumer is not None:
        _leave_task(loop, consumer)
    _enter_task(loop, task)
    try:
        first.waits_for = context.run(body.send, None)
        first.over = False
    except StopIteration:
        pass
    finally:
        _leave_task(loop, task)
        if consumer is not None:
            _enter_task(loop, consumer)
        if type(task) is _NotMade:
            if not first.over or references(task) > _OURS:  # or somebody may look at it later
                _make(task)
            else:
                del _not_made[task]
    return None if first.over else task


def _make(task: asyncio.Task[None]) -> None:
    first, loop = _not_made.pop(task)
    object.__setattr__(task, "__class__", _Task)
    rest: Any = _rest(first)
    body: Any = first.body
    rest.__name__, rest.__qualname__ = body.__name__, body.__qualname__  # what repr(task) shows
    rest.send(None)
    if sys.version_info >= (3, 11):
        task.__init__(rest, loop=loop, context=first.context)  # type: ignore[misc]
    else:
        task.__init__(rest, loop=loop)  # type: ignore[misc]


@coroutine
def _rest(first: _FirstStep) -> Generator[Any, Any, None]:
    """All further steps; it is at its first ``yield`` before its task has a step."""
    body, error = first.body, None
    try:
        yield
    except BaseException as raised:  # noqa: BLE001 - of the body to handle
        error = raised
    if first.over:
        if error is not None:
            raise error
        return
    signal = first.waits_for
    if signal is not None and not _is_ready(signal, error):
        error = yield from _waited(signal)
    if sys.version_info < (3, 11):  # the task has a context of its own
        yield from drive(body, run=first.context.run, error=error)
    elif error is not None:
        yield from drive(body, error=error)
    else:
        yield from body


def _is_ready(signal: Any, error: BaseException | None) -> bool:
    """Whether the task goes on at once, for *signal* is done, or for *error* is thrown in."""
    if asyncio.isfuture(signal):
        # To cancel a task that waits is to cancel what it waits for.
        is_cancelled = isinstance(error, asyncio.CancelledError) and signal.cancel(*error.args)
        if is_cancelled or (error is None and not signal.done()):
            return False
        signal._asyncio_future_blocking = False
        return True
    return error is not None


def _waited(signal: Any) -> Generator[Any, Any, BaseException | None]:
    """Have the event loop wait for *signal*; the error that it throws in."""
    try:
        yield signal
    except BaseException as raised:  # noqa: BLE001 - of the body to handle
        return raised
    return None
