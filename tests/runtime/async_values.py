"""What templates of async environments are given to deal with, and the filters and tests for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import jinja2

Notes = list[Any]


class Item:
    """What templates look at; its attribute ``later`` has to be awaited."""

    def __init__(self, number: int, notes: Notes) -> None:
        self.number = number
        self.none = None
        self.text = f"<{number}>"
        self._notes = notes

    @property
    def noted(self) -> int:
        self._notes.append(("noted", self.number))
        return self.number

    @property
    def later(self) -> Coroutine[Any, Any, int]:
        async def get() -> int:
            await asyncio.sleep(0)
            self._notes.append(("later", self.number))
            return self.number % 2

        return get()

    @property
    def broken(self) -> int:
        raise ValueError(f"broken {self.number}")

    @property
    def stops(self) -> int:
        if self.number == 2:
            raise StopIteration("stopped")
        return self.number

    @property
    def stops_async(self) -> int:
        if self.number == 2:
            raise StopAsyncIteration("stopped")
        return self.number

    def __repr__(self) -> str:
        return f"Item {self.number}"

    def __lt__(self, other: Item) -> bool:
        return self.number < other.number


class Unsized:
    """Something iterable that is not to be counted."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        raise AssertionError("counted")

    def __bool__(self) -> bool:
        return True


class Falsy(Unsized):
    def __bool__(self) -> bool:
        return False


class OnlyAwaitable:
    """Awaitable, but not made to be awaited by templates that merely pass it on."""

    def __await__(self) -> Iterator[None]:
        raise AssertionError("awaited")

    def __repr__(self) -> str:
        return "an awaitable"

    def __radd__(self, other: Any) -> OnlyAwaitable:
        return self


class StopsAsync:
    """An ordinary iterator that ends in the manner of async ones."""

    def __init__(self) -> None:
        self._count = 0

    def __iter__(self) -> StopsAsync:
        return self

    def __next__(self) -> int:
        self._count += 1
        if self._count > 2:
            raise StopAsyncIteration
        return self._count


class BrokenIter:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        raise self._error


class Both:
    """Iterable in both ways, and not the same."""

    def __iter__(self) -> Iterator[int]:
        return iter([-1])

    async def __aiter__(self) -> AsyncIterator[int]:
        yield 1
        yield 2


def context(notes: Notes) -> dict[str, Any]:
    """Everything is new for each render, and notes what happens to it."""

    def lazy(count: int = 3) -> Iterator[Item]:
        for number in range(1, count + 1):
            notes.append(("pull", number))
            yield Item(number, notes)
        notes.append("end")

    async def lazy_async(count: int = 3) -> AsyncIterator[Item]:
        for item in lazy(count):
            await asyncio.sleep(0)
            yield item

    def fails(count: int) -> Iterator[Item]:
        yield from lazy(count)
        raise LookupError("no more")

    def note(value: Any = None) -> str:
        notes.append(("note", str(value)))
        return ""

    async def later(value: Any) -> Any:
        await asyncio.sleep(0)
        notes.append(("awaited", str(value)))
        return value

    return {
        "items": [Item(number, notes) for number in (3, 1, 2)],
        "numbers": [3, 1, 2, 1],
        "floats": [0.1] * 10,
        "nested": [[1, 2], [3]],
        "texts": ["b", "<a>", "B"],
        "pairs": [(1, "a"), (2, "b"), (3, "c")],
        "lazy": lazy,
        "lazy_async": lazy_async,
        "source": lazy,
        "fails": fails,
        "note": note,
        "later": later,
        "unsized": Unsized([1, 2]),
        "falsy": Falsy([1, 2]),
        "awaitables": lambda: [OnlyAwaitable(), OnlyAwaitable()],
        "stops_async": StopsAsync,
        "broken_iter": lambda: BrokenIter(ValueError("no iterator")),
        "stopped_iter": lambda: BrokenIter(StopIteration()),
        "both": Both(),
        "start": [0],
    }


async def async_filter(value: Any) -> Any:
    await asyncio.sleep(0)
    return f"({value})"


async def async_broken(value: Any) -> Any:
    await asyncio.sleep(0)
    raise ValueError(f"broken {value}")


async def async_stopped(value: Any) -> Any:
    await asyncio.sleep(0)
    raise StopAsyncIteration("later")


def sometimes_async(value: Any) -> Any:
    return async_filter(value) if str(value) > "1" else value


async def async_is(value: Any) -> bool:
    await asyncio.sleep(0)
    return bool(value)


def raises(error: type[Exception]) -> Callable[..., Any]:
    def function(value: Any) -> Any:
        raise error("from a filter")

    return function


def kind(value: Any) -> str:
    """What user code is handed."""
    return type(value).__name__


async def drained(value: Any) -> list[Any]:
    return [item async for item in value]


def prepare(environment: jinja2.Environment) -> jinja2.Environment:
    environment.filters |= {
        "afilter": async_filter,
        "abroken": async_broken,
        "astopped": async_stopped,
        "sometimes": sometimes_async,
        "kind": kind,
        "drained": drained,
        "stop": raises(StopIteration),
        "stop_async": raises(StopAsyncIteration),
        "broken": raises(ValueError),
    }
    environment.tests |= {"async_is": async_is, "broken": raises(ValueError)}
    return environment
