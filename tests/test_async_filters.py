"""Filters that Jinja2 has in two kinds, and loops over them, in async environments.

Where streamtmpl takes the sync way nobody may be able to tell: the text, the exception with its
message and template line, what was called in which order and what user code is handed are those
of Jinja2's async code.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, NamedTuple

import jinja2
import pytest

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, render_stream_async

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


def outcome(environment: jinja2.Environment, source: str, stream: bool) -> tuple[Any, Notes]:
    """The text or the exception of a render, and what happened in it."""
    notes: Notes = []
    result: Any
    try:
        template = environment.from_string(source)
        if stream:

            async def render() -> str:
                chunks = render_stream_async(template, context(notes))
                return "".join([chunk async for chunk in chunks])

        else:

            async def render() -> str:
                return await template.render_async(context(notes))

        result = asyncio.run(render())
    except Exception as error:
        result = Raised(type(error), str(error), _place(error.__traceback__))
    return re.sub("0x[0-9a-f]+", "0x", result) if isinstance(result, str) else result, notes


def assert_same(source: str, change: Change = lambda _: None, **options: Any) -> Any:
    """Streamtmpl and Jinja2 come to the same; returns what."""
    options = {"enable_async": True, "extensions": EXTENSIONS, "autoescape": True, **options}
    expected_environment = prepare(jinja2.Environment(**options))
    change(expected_environment)
    expected = outcome(expected_environment, source, False)
    for kind_of_environment in (StreamEnvironment, SandboxedStreamEnvironment):
        environment = prepare(kind_of_environment(**options))
        change(environment)
        for stream in (False, True):
            assert outcome(environment, source, stream) == expected
    return expected[0]


pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

DRAINING = {
    "list": "list",
    "first": "first",
    "join": "join('<')",
    "join, attribute": "join(attribute='text')",
    "sum": "sum(attribute='number')",
    "unique": "unique(attribute='number')|list",
    "slice": "slice(2, 'x')|list",
    "groupby": "groupby('number')",
    "groupby, default": "groupby('nothing', default='d')",
}
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


@every_source
@pytest.mark.parametrize("name", DRAINING.values(), ids=DRAINING)
def test_draining(name: str, iterable: str) -> None:
    assert_same("a\n{{ (" + iterable + ")|" + name + " }}\nb")


BODIES = {
    "item": "{{ x }}",
    "noted": "{{ x }}{{ note(x) }}",
    "loop": "{{ x }}{{ note(loop.index) }}{{ loop.first }}{{ loop.previtem }}",
    "loop's methods": "{{ loop.cycle('a', 'b') }}{{ loop.changed(x) }}{{ note(x) }}",
    "look ahead": "{{ x }}{{ loop.last }}{{ note(x) }}",
    "count": "{{ x }}{{ loop.length }}{{ note(x) }}",
    "given away": "{{ loop|kind }}{{ x }}",
}
# What raises the end of an iterator where it should not is seen by loops as Python sees it.
ODD = ("ends like async", "stopped iterator")
LOOPS = {name: source for name, source in SOURCES.items() if name not in ODD}


@pytest.mark.parametrize("iterable", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_loops(body: str, iterable: str) -> None:
    loop = "{% for x in " + iterable + " %}\n" + body + "\n{% else %}none{% endfor %}"
    assert_same("a\n" + loop + "\nb")


@every_source
def test_user_code_is_handed_what_jinja2_gives(iterable: str) -> None:
    assert_same("{{ (" + iterable + ")|kind }}")


SUMS = {
    "floats": "{{ floats|sum }}",
    "text": "{{ texts|sum(start='') }}",
    "text and number": "a\n{{ texts|sum }}",
    "lists": "{{ nested|sum(start=[]) }}",
    "the start is changed": "{{ nested|sum(start=start) }}{{ start }}",
    "in turn": "a\n{{ fails(2)|sum }}",
    "in turn, awaited": "a\n{{ fails(2)|map('afilter')|sum }}",
    "awaited": "{{ numbers|map('afilter')|sum(start='') }}",
    "awaited attribute": "{{ lazy()|map(attribute='later')|sum }}",
    "skipped": "{{ lazy(5)|map(attribute='later')|select|sum }}",
}


@pytest.mark.parametrize("source", SUMS.values(), ids=SUMS)
def test_sum_adds_like_jinja2s_async_one(source: str) -> None:
    assert_same(source)


ARGUMENTS = [
    *("list(1)", "list(value=1)", "list(x=1)", "first(1)", "first(seq=1)", "first(x=1)"),
    *("join('-', 'real', 3)", "join(d='-')", "join(x=1)", "join('-', d='+')", "sum(x=1)"),
    *("sum('real', 0, 1)", "sum(iterable=1)", "unique(1, 2, 3)", "unique(x=1)|list", "slice"),
    *("slice(1, 2, 3)", "slice(value=1)", "slice(fill_with=1)", "slice('a')|list", "slice(0)|list"),
    *("groupby", "groupby(1, 2, 3, 4)", "groupby(x=1)", "groupby(environment=1)"),
    *("join(*['-'])", "join(**{'d': '-'})", "list(*[1])", "join(attribute='²')"),
    *("groupby('²')", "unique(attribute='²')|list", "sum('²')", "join(1)", "join(none)"),
]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str) -> None:
    assert_same("a\n{{ fails(1)|" + name + " }}")
    assert_same("a\n{{ numbers|" + name + " }}")


PLACES = {
    "set": "{% set x = lazy()|map('afilter')|list %}{{ x }}",
    "set block": "{% set x %}{{ lazy()|map('afilter')|join }}{% endset %}{{ x }}",
    "filtered set block": "{% set x|list %}ab{% endset %}{{ x }}",
    "filter block": "{% filter list|string %}{{ lazy()|map('string')|first }}{% endfilter %}",
    "argument": "{{ note(lazy()|map(attribute='number')|list) }}",
    "argument, not drained": "{{ (lazy()|map('string'))|drained }}{{ (numbers|select)|kind }}",
    "in a macro": "{% macro m(xs=numbers|map('string')|list) %}{{ xs|map('afilter')|join }}"
    "{% for x in xs|map('afilter') %}{{ x }}{{ loop.index }}{% endfor %}{% endmacro %}"
    "{{ m() }}{{ m([1])|upper }}",
    "in a block": "{% block b %}{{ numbers|map('afilter')|join }}{% endblock %}",
    "condition": "{% if numbers|select('odd')|list %}a{% endif %}{{ 1 if numbers|sum > 3 }}",
    "test": "{{ numbers|select('odd')|list is iterable }}{{ 1 in numbers|map('string')|list }}",
    "item": "{{ (numbers|map('afilter')|list)[0] }}{{ (items|first).text }}",
    "kept": "{% set x = lazy()|map('string') %}{{ x|kind }}{{ x|first }}{{ x|list }}",
    "kept in a loop": "{% for x in nested|map('map', 'string') %}{{ x|kind }}{{ x|list }}"
    "{% endfor %}",
    "unpacked": "{% for a, b in pairs|selectattr(0, 'odd') %}{{ a }}{{ b }}{% endfor %}",
    "unpacked, awaited": "{% for a, b in numbers|map('afilter') %}{{ a }}{{ b }}{% endfor %}",
    "unpacked, too few": "a\n{% for a, b in numbers|map('string') %}{{ a }}{% endfor %}",
    "nested": "{% for x in nested|map('list') %}{{ loop.index }}"
    "{% for y in x|map('afilter') %}{{ loop.index }}{{ y }}{% endfor %}{% endfor %}",
    "break": "{% for x in lazy()|map('afilter') %}{{ x }}{% break %}{% endfor %}{{ note() }}",
    "continue": "{% for x in lazy()|map('afilter') %}{{ x }}{% continue %}no{% endfor %}",
    "recursive": "{% for x in nested|map('list') recursive %}"
    "{{ loop(x|map('list')) if x is not number else x }}{% endfor %}",
    "unknown filter": "{% if 0 %}{{ numbers|nothing|list }}{% endif %}{{ numbers|list }}",
    "includes": "{% for x in numbers|map('string') %}{{ loop.index }}"
    "{% include part %}{% endfor %}",
    "autoescape": "{% autoescape false %}{{ texts|map('upper')|join('<') }}{% endautoescape %}"
    "{{ texts|map('upper')|join('<') }}{{ texts|map('e')|join('<') }}",
}


@pytest.mark.parametrize("source", PLACES.values(), ids=PLACES)
def test_places(source: str) -> None:
    assert_same(source)


# -- filters of somebody's own under the names of Jinja2's

CHAIN = (
    "{{ numbers|map('string')|list }}{{ numbers|select|map('string')|join }}"
    "{{ numbers|select|kind }}"
    "{% for x in numbers|select('odd')|map('string') %}{{ x }}{{ loop.index }}{% endfor %}"
)


@pytest.mark.parametrize("name", ["list", "join", "map", "select"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_registered_filters_are_called(name: str, when: str) -> None:
    def own(value: Any, *args: Any, **kwargs: Any) -> Any:
        return [f"own {kind(value)} {args}"]

    async def own_async(value: Any, *args: Any, **kwargs: Any) -> Any:
        return [f"own {kind(value)} {args}"]

    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, value: Any, *args: Any) -> Any:
            return own(value, *args)

    for function in (own, own_async, Unhashable()):

        def change(environment: jinja2.Environment, function: Any = function) -> None:
            if when == "before":
                environment.filters[name] = function
            else:
                from_string = environment.from_string

                def later(*args: Any, **kwargs: Any) -> Any:
                    template = from_string(*args, **kwargs)
                    environment.filters[name] = jinja2.pass_context(
                        lambda context, value, *args: function(value, *args)
                    )
                    return template

                environment.from_string = later  # type: ignore[method-assign]

        source = CHAIN
        if when == "after" and name in ("list", "join"):
            # What is passed is settled when compiling: the evaluation context comes first.
            source = "{{ numbers|select|" + name + "|string|replace('<', '')|first }}"
        assert_same(source, change)


def test_a_filter_under_another_name() -> None:
    def change(environment: jinja2.Environment) -> None:
        filters = environment.filters
        filters["each"] = filters["map"]
        filters["all"] = filters["list"]
        filters["join"], filters["list"] = filters["list"], filters["join"]

    assert_same(
        "{{ numbers|each('string')|all }}{{ numbers|map('string')|join }}"
        "{{ numbers|map('afilter')|list }}",
        change,
    )


def test_what_a_loop_gives_to_user_code_is_no_marker() -> None:
    seen: list[Any] = []

    def see(*values: Any) -> Any:
        seen.extend(values)
        return values[0]

    def change(environment: jinja2.Environment) -> None:
        environment.globals["see"] = see
        environment.filters["see"] = see

    assert_same(
        "{% for x in numbers|map('afilter')|select %}{{ see(x, loop.previtem) }}"
        "{{ loop.changed(x) }}{% endfor %}{{ numbers|map('afilter')|map('see')|list }}"
        "{{ numbers|map('afilter')|first|see }}{{ numbers|map('afilter')|unique|map('see')|list }}",
        change,
    )
    assert {type(value) for value in seen} == {str, jinja2.Undefined}


# -- what is pulled when

LAZINESS = {
    "loop": "{% for x in lazy()|map(attribute='noted') %}{{ note(x) }}{% endfor %}",
    "loop, awaited": "{% for x in lazy()|map(attribute='later') %}{{ note(x) }}{% endfor %}",
    "loop object": "{% for x in lazy()|select %}{{ note(loop.index) }}{% endfor %}",
    "chain": "{% for x in lazy()|map(attribute='later')|select|map('afilter') %}{{ note(x) }}"
    "{% endfor %}",
    "first": "{{ lazy()|map(attribute='noted')|first }}",
    "first, awaited": "{{ lazy(5)|map(attribute='later')|reject|first }}",
    "first of none": "{{ lazy(0)|map(attribute='noted')|first }}",
    "unique drains": "{% for x in lazy()|unique %}{{ note(x) }}{% endfor %}",
    "not pulled at all": "{% set x = lazy()|map('string') %}{% set y = lazy()|select %}",
    "prepared at the first pull": "{% set x = lazy()|map %}{{ note() }}{% for y in x %}"
    "{% endfor %}",
    "prepared at the first pull of a loop": "{% for y in note('a') or lazy()|map %}{% endfor %}",
}


@pytest.mark.parametrize("source", LAZINESS.values(), ids=LAZINESS)
def test_pulls_are_as_lazy_as_jinja2s(source: str) -> None:
    assert_same(source)


@pytest.mark.parametrize("last", ["", "{{ loop.index }}"])
def test_sources_below_a_pipe_are_closed(last: str) -> None:
    closed: list[str] = []

    def source(name: str) -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            closed.append(name)

    environment = prepare(StreamEnvironment(enable_async=True, chunk_size=0))
    template = environment.from_string(
        "{{ one|map('afilter')|select|first }}{{ two|select|first }}{% if 1 %}{% endif %}"
        "{% for x in three|map('afilter')|select %}{{ x }}" + last + "{% endfor %}"
    )
    names = {"one": source("one"), "two": source("two"), "three": source("three")}

    async def consume() -> None:
        async with render_stream_async(template, names) as stream:
            assert (await anext(stream)).startswith("(0)1")
            await anext(stream)
        assert sorted(closed) == ["one", "three", "two"]

    asyncio.run(consume())


def test_pipes_are_not_kept() -> None:
    """The memory of a render does not grow with the number of pipes that were drained."""
    environment = prepare(StreamEnvironment(enable_async=True))
    template = environment.from_string(
        "{% for x in rows %}{{ [x]|map('string')|join }}{{ count() }}{% endfor %}"
    )
    counts: list[int] = []

    def count() -> str:
        if len(counts) < 2 or len(counts) == 199:
            generators = [each for each in gc.get_objects() if inspect.isgenerator(each)]
            counts.append(len(generators))
        else:
            counts.append(0)
        return ""

    asyncio.run(template.render_async(rows=range(200), count=count))
    assert counts[199] <= counts[1] + 2


# -- loops with a test

TESTS = {
    "attribute": "x.number != 2",
    "noted attribute": "x.noted is odd",
    "awaited attribute": "x.later",
    "call": "later(x.number) == 2",
    "name": "x",
    "never": "not x",
    "broken": "x.broken",
    "constant": "true",
    "operators": "(x < x or not x) or [x][0:1] == [x]",
    "outer loop": "loop.index",
}
FILTERED_BODIES = {
    **BODIES,
    "all": "{{ loop.index0 }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.revindex }}"
    "{{ loop.nextitem }}{{ loop.revindex0 }}",
    "inner loop": "{% for y in [1, 2] if y %}{{ loop.index }}{{ loop.last }}{% endfor %}",
    "inner and outer": "{{ loop.index }}{% for y in [1, 2] if y == loop.index %}{{ loop.last }}"
    "{{ y }}{% else %}{{ loop.index }}{% endfor %}{{ loop.first }}",
    "alias": "{% set l = loop %}{{ l.index }}{{ l.first }}",
    "item of loop": "{{ loop['index'] }}{{ loop.nothing }}",
    "method": "{{ loop.cycle }}",
    "method of nothing": "\n{{ loop.cycle() }}",
    "repr": "{{ loop }}",
    "scoped block": "{% block b scoped %}{{ loop.index }}{{ x }}{% endblock %}",
    "continue": "{{ loop.index }}{% if loop.first %}{% continue %}{% endif %}{{ x }}",
    "break": "{{ loop.index }}{% break %}",
    "closures": "{{ loop.index }}{% macro m() %}{{ x }}{{ loop.index }}{% endmacro %}"
    "{% do ns.update(m=m) %}{{ m() }}",
    "caller": "{{ loop.index }}{% call call() %}{{ x }}{% endcall %}",
    "set": "{% set x = 5 %}{{ x }}{{ loop.index }}{{ loop.previtem }}",
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
@pytest.mark.parametrize("body", FILTERED_BODIES.values(), ids=FILTERED_BODIES)
def test_filtered_loops(body: str, test: str) -> None:
    before = "{% set ns = {} %}{% macro call() %}{{ caller() }}{% endmacro %}"
    after = "{% else %}none{{ loop }}{% endfor %}{{ ns.m() if ns.m }}{{ x }}{{ loop }}"
    for iterable in ("items", "lazy(4)", "lazy_async(4)", "items|map(attribute='none')"):
        loop = "{% for x in " + iterable + " if " + test + " %}" + body + after
        if test == "loop.index":
            loop = "{% for z in [1, 2] %}" + loop + "{% endfor %}"
        assert_same(before + "\n" + loop, undefined=jinja2.ChainableUndefined)
        if "later" not in test and "async" not in iterable:
            assert_same_sync(before + "\n" + loop)


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


ON_TWO_LINES = ["x", "x.number", "1 // 0", "x.broken"]


@pytest.mark.parametrize("test", ON_TWO_LINES)
@pytest.mark.parametrize("body", ["{{ x }}", "{{ loop.index }}", "{{ loop.last }}"])
@pytest.mark.parametrize("target", ["x", "x, y"])
@pytest.mark.parametrize("iterable", ["fails(1)", "lazy()", "numbers", "5", "lazy()|map('broken')"])
def test_errors_of_a_test_on_another_line(target: str, test: str, body: str, iterable: str) -> None:
    loop = (
        "{% for " + target + " in\n" + iterable + "\nif " + test + " %}\n" + body + "{% endfor %}"
    )
    assert_same(loop)
    assert_same_sync(loop)
