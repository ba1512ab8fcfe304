"""What is watched for slow pulls and what is not: filters, lazy sources, data in memory."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.clocks import SLOW, replaced_clock

from .slow_pulls import KINDS, LOOP, TimedTrace, leave_out_what_drains


@pytest.fixture(params=KINDS)
def trace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TimedTrace:
    return TimedTrace(request.param, replaced_clock(monkeypatch))


class Rows(list[Any]):
    """A list of somebody's own."""


class Sized:
    """Something with a length that is no collection Python knows, such as a result set."""

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])


@dataclass(frozen=True)
class Item:
    n: int
    seen: bool = True

    def __str__(self) -> str:
        return str(self.n)


IN_MEMORY: dict[str, Callable[[], Any]] = {
    "list": lambda: [3, 1, 2],
    "tuple": lambda: (3, 1, 2),
    "dict": lambda: {"c": 3, "a": 1},
    "set": lambda: {1},
    "frozenset": lambda: frozenset({1}),
    "str": lambda: "cab",
    "range": lambda: range(3),
    "deque": lambda: deque([3, 1, 2]),
    "keys": lambda: {"c": 3, "a": 1}.keys(),
    "values": lambda: {"c": 3, "a": 1}.values(),
    "subclass": lambda: Rows([3, 1, 2]),
    "sized": Sized,
    "iterator": lambda: iter([3, 1, 2]),
    "reversed": lambda: reversed([3, 1, 2]),
}
FILTERS = [
    "map('string')",
    "map('string')|map('upper')",
    "select",
    "reject('none')",
    "batch(2)",
    "slice(2)",
    "unique",
    "list",
    "sort",
    "map('string')|select|unique|batch(2)",
]
RECORD_FILTERS = [
    "map(attribute='n')",
    "selectattr('seen')",
    "rejectattr('n', 'none')",
    "selectattr('seen')|map(attribute='n')|batch(2)",
    "groupby('n')",
    "reverse",
    "batch(2)|reverse",
]
SOME: dict[str, list[str]] = {
    "items": ["{'a': 1, 'b': 2}|items", "{'a': 1, 'b': 2}|items|map('first')", "mapping|items"],
    "dictsort": ["{'b': 1, 'a': 2}|dictsort"],
    "reverse": ["[1, 2]|reverse", "[1, 2]|reverse|map('string')", "'ab'|reverse", "(1, 2)|reverse"],
}


def assert_no_small_chunk(trace: TimedTrace, iterable: str, context: dict[str, Any]) -> None:
    if trace.kind == "async" and re.search(r"(map|select\w*)\(.*\|batch", iterable):
        pytest.skip("batch is for ordinary iterables only")
    trace.clock.tick = 1.0
    for loop in ("{{ r }}", "{{ r }}{{ loop.index }}"):
        trace.events.clear()
        source = "head{% for r in " + iterable + " %}<" + loop + ">{% endfor %}tail"
        trace.consume(source, context)
        assert len(trace.chunks) == 1
        assert trace.chunks[0].startswith("head<")


@pytest.mark.parametrize("data", IN_MEMORY)
def test_in_memory_data_is_not_watched(data: str, trace: TimedTrace) -> None:
    trace.clock.tick = 1.0
    trace.consume(LOOP, {"rows": IN_MEMORY[data]()})
    assert len(trace.chunks) == 1


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("data", ["list", "tuple", "range", "values", "subclass", "deque", "sized"])
def test_filters_over_in_memory_data(name: str, data: str, trace: TimedTrace) -> None:
    assert_no_small_chunk(trace, f"rows|{name}", {"rows": IN_MEMORY[data]()})


@pytest.mark.parametrize("name", RECORD_FILTERS)
def test_filters_over_records(name: str, trace: TimedTrace) -> None:
    assert_no_small_chunk(trace, f"rows|{name}", {"rows": [Item(2), Item(1)]})


@pytest.mark.parametrize("iterable", [each for some in SOME.values() for each in some])
def test_other_filters(iterable: str, trace: TimedTrace) -> None:
    assert_no_small_chunk(trace, iterable, {"mapping": {"a": 1}})


def test_a_filter_that_was_set_before(trace: TimedTrace) -> None:
    trace.clock.tick = 1.0
    source = "head{% set xs = rows|map('string') %}{% for r in xs %}<{{ r }}>{% endfor %}tail"
    trace.consume(source, {"rows": [1, 2]})
    assert trace.chunks == ["head<1><2>tail"]


@pytest.mark.parametrize(
    ("iterable", "rows"),
    [
        ("rows|batch(2)", ["<[1, 2]>", "<[3, 4]>"]),
        ("rows|batch(2)|map('first')", ["<1>", "<3>"]),
    ],
)
def test_batches_of_a_slow_source(iterable: str, rows: list[str], trace: TimedTrace) -> None:
    source = "head{% for r in " + iterable + " %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 4)})
    assert events[0] == "head"
    # The third item is what tells batch() that the first batch is full; the fifth pull ends it.
    assert events.index(rows[0]) < events.index(4)
    assert [event for event in events if isinstance(event, str)] == ["head", *rows]


def test_a_slow_source_that_is_sliced(trace: TimedTrace) -> None:
    """``slice`` needs all of its items first: only the head can leave."""
    leave_out_what_drains("slice", trace)
    source = "head{% for r in rows|slice(2) %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 2)})
    assert events[:3] == ["head", 1, 2]
    assert "".join(trace.chunks) == "head<[1]><[2]>"


def test_a_filter_of_the_users_own_is_lazy(trace: TimedTrace) -> None:
    """Whatever is no filter of Jinja2's may be slow."""

    def doubled(rows: list[int]) -> Iterator[int]:
        return trace.source([SLOW] * len(rows))

    source = "head{% for r in doubled(rows) %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": [7, 7], "doubled": doubled})
    assert events == ["head", 1, "<1>", 2, "<2>"]


class Cursor:
    """An iterator that is no generator, as databases have it."""

    def __init__(self, rows: Iterator[int]) -> None:
        self._rows = rows

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> int:
        return next(self._rows)


class Query:
    """Iterable without a length: each loop runs the query."""

    def __init__(self, rows: Callable[[], Iterator[int]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[int]:
        return self._rows()


class OldSequence:
    """Iterable by index only, and without a length."""

    def __init__(self, rows: Iterator[int]) -> None:
        self._rows = rows

    def __getitem__(self, index: int) -> int:
        for row in self._rows:
            return row
        raise IndexError(index)


@pytest.mark.parametrize(
    "make",
    [
        lambda trace: Cursor(trace.source([SLOW, SLOW])),
        lambda trace: Query(lambda: trace.source([SLOW, SLOW])),
        lambda trace: OldSequence(trace.source([SLOW, SLOW])),
        lambda trace: map(int, trace.source([SLOW, SLOW])),
        lambda trace: filter(None, trace.source([SLOW, SLOW])),
        lambda trace: (row for row in trace.source([SLOW, SLOW])),
    ],
    ids=["cursor", "query", "old sequence", "map", "filter", "generator"],
)
def test_all_kinds_of_lazy_sources(make: Callable[[TimedTrace], Any], trace: TimedTrace) -> None:
    events = trace.consume(LOOP, {"rows": make(trace)})
    assert events == ["head", 1, "<1>", 2, "<2>", "tail"]
