"""What comes of a render in async environments: text or exception, and all that happened in it."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import jinja2
import pytest

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, render_stream_async
from tests.support.loops import run

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
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


class Raised(NamedTuple):
    kind: type[BaseException]
    message: str
    place: tuple[str, int] | None


def _place(traceback: TracebackType | None) -> tuple[str, int] | None:
    place = None
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            place = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return place


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


Change = Callable[[jinja2.Environment], object]


def outcome(
    compiled: Callable[[], jinja2.Template], stream: bool, source: str = "lazy"
) -> tuple[Any, Notes]:
    """The text or the exception of a render, and what happened in it.

    ``source`` in the template is what the context has under the name *source*.
    """
    notes: Notes = []
    given = context(notes)
    given["source"] = given[source]
    result: Any
    try:
        template = compiled()
        if stream:

            async def render() -> str:
                chunks = render_stream_async(template, given)
                return "".join([chunk async for chunk in chunks])

        else:

            async def render() -> str:
                return await template.render_async(given)

        result = run(render())
    except Exception as error:
        result = Raised(type(error), str(error), _place(error.__traceback__))
    return re.sub("0x[0-9a-f]+", "0x", result) if isinstance(result, str) else result, notes


def assert_same(
    page: str,
    change: Change = lambda _: None,
    sources: Sequence[str] = ("lazy",),
    **options: Any,
) -> Any:
    """Streamtmpl and Jinja2 come to the same with each source; returns what, with the last one."""
    options = {"enable_async": True, "extensions": EXTENSIONS, "autoescape": True, **options}
    expected_environment = prepare(jinja2.Environment(**options))
    change(expected_environment)
    compiled = functools.cache(functools.partial(expected_environment.from_string, page))
    expected = [outcome(compiled, False, source) for source in sources]
    for kind_of_environment in (StreamEnvironment, SandboxedStreamEnvironment):
        environment = prepare(kind_of_environment(**options))
        change(environment)
        compiled = functools.cache(functools.partial(environment.from_string, page))
        for stream in (False, True):
            assert [outcome(compiled, stream, source) for source in sources] == expected
    return expected[-1][0]


never_awaited = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
SOURCES = {
    "list": "items",
    "lazy": "lazy()",
    "lazy async": "lazy_async()",
    "empty": "lazy(0)",
    "fails": "fails(2)",
    "map": "lazy()|map(attribute='number')",
    "map noted": "lazy()|map(attribute='noted')",
    "map awaitable": "lazy()|map(attribute='later')",
    "map, async filter": "lazy()|map('afilter')",
    "map, sometimes async": "[0, 1, 2, 3, 0]|map('sometimes')",
    "map, two kinds": "nested|map('join', '-')",
    "map of async": "lazy_async()|map(attribute='number')",
    "map, broken": "lazy()|map(attribute='broken')",
    "map, broken later": "lazy()|map('abroken')",
    "map, stops": "lazy()|map(attribute='stops')",
    "map, stops async": "lazy()|map(attribute='stops_async')",
    "map, stops by filter": "lazy()|map('stop')",
    "map, stops async by filter": "lazy()|map('stop_async')",
    "map, stops later": "lazy()|map('astopped')",
    "map without a filter": "lazy()|map",
    "map with an unknown filter": "lazy()|map('nothing')",
    "map with an unknown keyword": "lazy()|map(attribute='number', x=1)",
    "map with too much": "lazy()|map('upper', value=1)",
    "map with context": "lazy()|map('upper', context=1)",
    "map, dynamic": "lazy()|map(*['string'], **{})",
    "map, default": "lazy()|map(attribute='nothing', default='d')",
    "select": "lazy()|select('defined')",
    "select, async test": "lazy()|select('async_is')",
    "select, broken": "lazy()|select('broken')",
    "select, unknown": "lazy()|select('nothing')",
    "reject": "lazy()|reject('none')",
    "selectattr": "lazy()|selectattr('noted', 'odd')",
    "selectattr, awaitable": "lazy()|selectattr('later')",
    "selectattr, stops": "lazy()|selectattr('stops')",
    "selectattr, stops async": "lazy()|selectattr('stops_async')",
    "selectattr of nothing": "lazy()|selectattr",
    "rejectattr": "lazy()|rejectattr('number', 'odd')",
    "chain": "lazy(5)|selectattr('noted', 'odd')|map(attribute='number')|map('string')"
    "|reject('in', '3')",
    "chain, awaited": "lazy(5)|map(attribute='later')|select|map('afilter')|reject('none')",
    "chain, awaited, broken": "lazy(5)|map(attribute='later')|select|map('broken')",
    "chain, awaited, test broken": "lazy(5)|map('afilter')|select('broken')",
    "chain, awaited, stops": "lazy(5)|map('afilter')|map('stop')",
    "chain, awaited, stops async": "lazy(5)|map('afilter')|map('stop_async')",
    "chain, awaited, nothing left": "lazy(5)|map(attribute='later')|reject('number')",
    "chain over drained": "lazy(4)|map(attribute='number')|unique|map('afilter')|list|map('upper')",
    "unique": "lazy()|unique",
    "slice": "lazy()|slice(2)",
    "sort": "lazy()|sort|map(attribute='number')",
    "not iterable": "5",
    "not iterable, map": "5|map('string')",
    "zero, map": "0|map('string')",
    "undefined": "nothing",
    "undefined, map": "nothing|map('string')",
    "text": "'a<b'",
    "text, map": "'a<b'|map('upper')",
    "unsized": "unsized",
    "unsized, map": "unsized|map('string')",
    "falsy": "falsy",
    "falsy, map": "falsy|map('string')",
    "awaitables": "awaitables()",
    "both": "both",
    "both, map": "both|map('string')",
    "ends like async": "stops_async()",
    "ends like async, map": "stops_async()|map('string')",
    "ends like async, select": "stops_async()|select",
    "no iterator": "broken_iter()",
    "no iterator, map": "broken_iter()|map('string')",
    "stopped iterator": "stopped_iter()",
    "awaited iterable": "later(numbers)|map('string')",
    "in a condition": "(numbers if true else texts)|select('odd')",
}
every_source = pytest.mark.parametrize("iterable", SOURCES.values(), ids=SOURCES)


def assert_same_sync(source: str) -> None:
    options: dict[str, Any] = {"extensions": EXTENSIONS, "undefined": jinja2.ChainableUndefined}
    results = []
    for kind_of_environment in (jinja2.Environment, StreamEnvironment):
        notes: Notes = []
        result: Any
        template = prepare(kind_of_environment(**options)).from_string(source)
        try:
            result = template.render(context(notes))
        except Exception as error:
            result = Raised(type(error), str(error), _place(error.__traceback__))
        result = re.sub("0x[0-9a-f]+", "0x", result) if isinstance(result, str) else result
        results.append((result, notes))
    assert results[0] == results[1]
