"""A thread that waits for the items of an iterator, so that whoever wants them need not."""

from __future__ import annotations

from contextvars import copy_context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from streamtmpl.chunks.closing import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Answer(NamedTuple):
    """What has come of an order: an item, or an error; :class:`StopIteration` at the end."""

    item: Any = None
    error: BaseException | None = None


Tell = Any
"""A function that takes an :class:`Answer`; it is called in the thread, and returns at once."""


class InThread:
    """Steps an iterator, and closes it, in one thread and in a copy of the context variables.

    An item is taken when it is asked for. ``None`` among the items is passed over, and the thread
    looks there whether it is still wanted.
    """

    def __init__(self, items: Iterator[Any]) -> None:
        """Step *items*, which has a ``close()``."""
        self._items: Any = items
        self._orders: SimpleQueue[tuple[Callable[[], Answer], Tell] | None] = SimpleQueue()
        self._lock = Lock()
        self._begun = self._busy = self._closed = False

    def ask(self, tell: Tell) -> None:
        """Have the next item taken."""
        if not self._begun:
            self._begun = True
            # As a daemon it keeps no server from ending while it waits.
            context = copy_context()
            name = "streamtmpl-events"
            Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()
        self._busy = True
        self._orders.put((self._next, tell))

    def close(self, tell: Tell) -> None:
        """Have the iterator closed, once.

        If an item is being waited for, nobody can interrupt that: the iterator is closed when it
        has come, and the answer is given at once.
        """
        with self._lock:
            if self._closed:
                tell(Answer())
                return
            self._closed, is_waited_for = True, self._busy
        if not self._begun:
            tell(self._close())
        elif is_waited_for:
            self._orders.put((self._close, _log))
            self._orders.put(None)
            tell(Answer())
        else:
            self._orders.put((self._close, tell))
            self._orders.put(None)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            function, tell = order
            answer = function()
            with self._lock:
                self._busy = False
            tell(answer)
            del answer  # not to be kept until the next one comes

    def _next(self) -> Answer:
        try:
            while not self._closed:
                item = next(self._items)
                if item is not None:
                    return Answer(item)
        except BaseException as error:  # noqa: BLE001 - raised where the item is wanted
            return Answer(error=error)
        return Answer(error=StopIteration())

    def _close(self) -> Answer:
        try:
            self._items.close()
        except BaseException as error:  # noqa: BLE001 - raised where the close is waited for
            return Answer(error=error)
        return Answer()


def _log(answer: Answer) -> None:
    if answer.error is not None:
        report([answer.error])
