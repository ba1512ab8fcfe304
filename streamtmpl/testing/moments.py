"""Moments, and which came first: of everything that happens in a process, whichever thread."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, NamedTuple

from .iterations import Iteration
from .monitor import Monitor

_places = itertools.count(1)


class Moment(NamedTuple):
    """Something that has happened.

    :ivar place: its place in the order of all moments of the process.
    :ivar name: what has happened.
    :ivar value: what came with it.
    :ivar by: the name of the task or thread.
    """

    place: int
    name: str
    value: Any
    by: str

    def __str__(self) -> str:
        """Name and value, as messages show them."""
        return self.name if self.value is None else f"{self.name} {self.value!r}"


def moment(name: str, value: Any = None) -> Moment:
    """The moment that is now."""
    return Moment(next(_places), name, value, _current())


def _current() -> str:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.current_thread().name if task is None else task.get_name()


Named = str | tuple[str, Any]
"""A moment is asked for by its name, or by name and value."""


class Recorder:
    """Notes moments, from any thread or task, and tells in which order they came.

    :ivar moments: all of them, the first one first.
    """

    def __init__(self) -> None:
        """A recorder without moments."""
        self.moments: list[Moment] = []
        self._monitor = Monitor()

    def note(self, name: str, value: Any = None) -> Moment:
        """Record that something happens now."""
        with self._monitor.change():
            noted = moment(name, value)
            self.moments.append(noted)
        return noted

    @property
    def names(self) -> list[str]:
        """The names of all moments, in order."""
        return [each.name for each in self.moments]

    def __getitem__(self, name: Named) -> Moment:
        """The first moment of that name, or of that name and value.

        :raises AssertionError: there is none.
        """
        found = self._find(name)
        if found is None:
            raise AssertionError(f"{_shown(name)} has not been noted{self._record()}")
        return found

    def __contains__(self, name: Named) -> bool:
        """Whether there is such a moment."""
        return self._find(name) is not None

    def wait_for(self, name: Named, timeout: float = 10.0) -> Moment:
        """Block the thread until such a moment has been noted, and give it.

        :raises AssertionError: it has not been within *timeout* seconds.
        """
        return self._waited(self._monitor.wait(lambda: name in self, timeout), name, timeout)

    async def wait_for_async(self, name: Named, timeout: float = 10.0) -> Moment:
        """Wait likewise in a task."""
        noted = await self._monitor.wait_async(lambda: name in self, timeout)
        return self._waited(noted, name, timeout)

    def source(self, name: str, items: Iterable[Any] | AsyncIterable[Any]) -> Source:
        """An iterable of *items* that notes *name* with each item before it gives it out.

        It is for ``for`` as well as ``async for``. When an iteration has ended or was closed, it
        notes ``name + " closed"``.
        """
        return Source(self, name, items)

    def assert_order(self, *names: Named) -> None:
        """Assert that these were noted, the first time each, in this order; others may be between.

        :raises AssertionError: they were not. The message shows all that was noted.
        """
        noted = [self[name] for name in names]
        for earlier, later in itertools.pairwise(noted):
            if earlier.place > later.place:
                raise AssertionError(
                    f"'{earlier}' was to come before '{later}', but came after it"
                    f"{self._record(earlier, later)}"
                )

    def _find(self, name: Named) -> Moment | None:
        for each in list(self.moments):
            if name in (each.name, (each.name, each.value)):
                return each
        return None

    def _waited(self, noted: bool, name: Named, timeout: float) -> Moment:
        if not noted:
            raise AssertionError(
                f"{_shown(name)} was not noted within {timeout:g} s{self._record()}"
            )
        return self[name]

    def _record(self, *marked: Moment) -> str:
        moments = list(self.moments)
        if not moments:
            return "; nothing has been noted"
        lines = (
            f"{'->' if each in marked else '  '} {number:3} {each}  ({each.by})"
            for number, each in enumerate(moments, 1)
        )
        return "\n".join([". All that was noted:", *lines])


def _shown(name: Named) -> str:
    return f"'{name}'" if isinstance(name, str) else f"'{name[0]} {name[1]!r}'"


class Source:
    """What :meth:`Recorder.source` gives.

    :ivar closed: whether an iteration has ended or was closed, and none goes on.
    """

    def __init__(
        self, recorder: Recorder, name: str, items: Iterable[Any] | AsyncIterable[Any]
    ) -> None:
        """*items* under that name."""
        self._recorder, self._name, self._items = recorder, name, items
        self._open = 0
        self.closed = False

    def __iter__(self) -> Iteration:
        """An iteration in a thread."""
        if not isinstance(self._items, Iterable):
            raise TypeError("an async iterable is for 'async for'")
        return self._iteration(iter(self._items), None)

    def __aiter__(self) -> Iteration:
        """An iteration in a task."""
        if isinstance(self._items, AsyncIterable):
            return self._iteration(iter(()), aiter(self._items))
        return self._iteration(iter(self._items), None)

    def _iteration(self, items: Iterator[Any], async_items: AsyncIterator[Any] | None) -> Iteration:
        def pull() -> list[Any]:
            return [self._noted(item) for item in itertools.islice(items, 1)]

        async def pull_async() -> list[Any]:
            if async_items is None:
                return pull()
            try:
                return [self._noted(await anext(async_items))]
            except StopAsyncIteration:
                return []

        self._open += 1
        self.closed = False
        return Iteration(pull, pull_async, self._end)

    def _noted(self, item: Any) -> Any:
        self._recorder.note(self._name, item)
        return item

    def _end(self) -> None:
        self._open -= 1
        self.closed = not self._open
        self._recorder.note(f"{self._name} closed")
