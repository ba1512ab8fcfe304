"""Slow sources are not waited for with text in hand; fast ones do not make chunks small.

The clock is one that the tests move, so a "slow" pull is exactly as slow as a test says.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async, sources

EXTENSIONS = ["jinja2.ext.loopcontrols"]
QUICK, FAST, SLOW = 0.0001, 0.0019, 0.0021
"""Seconds of a pull: the last two are around the 2 ms from which on a pull is slow."""

KINDS = ("sync", "async", "threads")


class Clock:
    """Seconds that pass only when the test says so, and with every look at it by *tick*."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.tick = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the real one, wherever the package has it."""
    fake, real = Clock(), sources.clock
    found = 0
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "streamtmpl" and getattr(module, "clock", None) is real:
            monkeypatch.setattr(module, "clock", fake)
            found += 1
    assert found >= 2
    return fake


@dataclass
class Trace:
    """What happened in which order: numbers are pulls from a source, strings are chunks."""

    kind: str
    clock: Clock
    events: list[int | str] = field(default_factory=list)
    consuming: float = 0.0
    """Seconds that the consumer spends on a chunk."""

    def source(self, pulls: Iterable[float]) -> Iterator[int]:
        """A lazy source whose pulls take these seconds."""
        for number, seconds in enumerate(pulls, 1):
            self.events.append(number)
            self.clock.now += seconds
            yield number

    def _take(self, chunk: str) -> None:
        self.events.append(chunk)
        self.clock.now += self.consuming

    def consume(
        self,
        templates: str | dict[str, str],
        context: Mapping[str, Any],
        chunk_size: int | None = None,
    ) -> list[int | str]:
        environment = StreamEnvironment(
            loader=jinja2.DictLoader(
                {"main": templates} if isinstance(templates, str) else templates
            ),
            extensions=EXTENSIONS,
            enable_async=self.kind == "async",
        )
        template = environment.get_template("main")
        if self.kind == "sync":
            for chunk in render_stream(template, context, chunk_size=chunk_size):
                self._take(chunk)
        else:
            stream = render_stream_async(template, context, chunk_size=chunk_size)

            async def consume() -> None:
                async for chunk in stream:
                    self._take(chunk)

            asyncio.run(consume())
        return self.events

    @property
    def chunks(self) -> list[str]:
        return [event for event in self.events if isinstance(event, str)]


@pytest.fixture(params=KINDS)
def trace(request: pytest.FixtureRequest, clock: Clock) -> Trace:
    return Trace(request.param, clock)


LOOP = "head{% for r in rows %}<{{ r }}>{% endfor %}tail"


# -- the head


def test_the_head_is_there_before_the_first_pull(trace: Trace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([0, 0, 0])}) == [
        "head", 1, 2, 3, "<1><2><3>tail",
    ]  # fmt: skip


def test_the_head_of_a_source_without_items(trace: Trace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([])}) == ["head", "tail"]


def test_no_head_no_chunk(trace: Trace) -> None:
    source = "{% for r in rows %}<{{ r }}>{% endfor %}tail"
    assert trace.consume(source, {"rows": trace.source([0, 0])}) == [1, 2, "<1><2>tail"]


def test_only_the_head_is_cut_for_a_fast_source(trace: Trace) -> None:
    source = "a{% for r in one %}{{ r }}{% endfor %}b{% for r in two %}{{ r }}{% endfor %}c"
    context = {"one": trace.source([0, 0]), "two": trace.source([0, 0])}
    assert trace.consume(source, context) == ["a", 1, 2, 1, 2, "12b12c"]


def test_a_head_from_in_memory_loops(trace: Trace) -> None:
    source = "{% for x in xs %}{{ x }}{% endfor %}{% for r in rows %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"xs": ["a", "b"], "rows": trace.source([0])})
    assert events == ["ab", 1, "<1>"]


# The law for all constructs: (templates, the head, what one iteration writes as a format string).
PLACES: dict[str, tuple[str | dict[str, str], str, str]] = {
    "loop": (LOOP, "head", "<{0}>"),
    "loop object": (
        "head{% for r in rows %}<{{ r }}-{{ loop.index }}>{% endfor %}tail",
        "head",
        "<{0}-{0}>",
    ),
    "filtered loop": ("head{% for r in rows if r %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "filtered loop with loop object": (
        "head{% for r in rows if r %}<{{ r }}-{{ loop.index }}>{% endfor %}tail",
        "head",
        "<{0}-{0}>",
    ),
    "loop with else": (
        "head{% for r in rows %}<{{ r }}>{% else %}none{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "continue": (
        "head{% for r in rows %}<{{ r }}>{% continue %}no{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "if in the body": (
        "head{% for r in rows %}<{% if r %}{{ r }}{% endif %}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "macro": (
        "{% macro m(rows) %}{% for r in rows %}<{{ r }}>{% endfor %}{% endmacro %}"
        "head{{ m(rows) }}tail",
        "head",
        "<{0}>",
    ),
    "macro in the body": (
        "{% macro m(r) %}<{{ r }}>{% endmacro %}head{% for r in rows %}{{ m(r) }}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "imported macro": (
        {
            "main": "{% import 'lib' as lib %}head{{ lib.m(rows) }}tail",
            "lib": "{% macro m(rows) %}{% for r in rows %}<{{ r }}>{% endfor %}{% endmacro %}",
        },
        "head",
        "<{0}>",
    ),
    "caller": (
        "{% macro m() %}[{{ caller() }}]{% endmacro %}"
        "head{% call m() %}{% for r in rows %}<{{ r }}>{% endfor %}{% endcall %}tail",
        "head[",
        "<{0}>",
    ),
    "include": (
        {
            "main": "head{% include 'part' %}tail",
            "part": "{% for r in rows %}<{{ r }}>{% endfor %}",
        },
        "head",
        "<{0}>",
    ),
    "include in the body": (
        {
            "main": "head{% for r in rows %}{% include 'part' %}{% endfor %}tail",
            "part": "<{{ r }}>",
        },
        "head",
        "<{0}>",
    ),
    "block": (
        "head{% block b %}{% for r in rows %}<{{ r }}>{% endfor %}{% endblock %}tail",
        "head",
        "<{0}>",
    ),
    "super": (
        {
            "main": "{% extends 'base' %}{% block b %}[{{ super() }}]{% endblock %}",
            "base": "head{% block b %}{% for r in rows %}<{{ r }}>{% endfor %}{% endblock %}tail",
        },
        "head[",
        "<{0}>",
    ),
    "recursive loop": (
        "head{% for r in rows recursive %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "recursion": (
        "head{% for r in [rows] recursive %}"
        "{% if r is number %}<{{ r }}>{% else %}{{ loop(r) }}{% endif %}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "loop in an in-memory loop": (
        "head{% for x in [1] %}{% for r in rows %}<{{ r }}>{% endfor %}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "in-memory loop in the body": (
        "head{% for r in rows %}<{% for x in [r] %}{{ x }}{% endfor %}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "map": ("head{% for r in rows|map('string') %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "select": ("head{% for r in rows|select %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "reject": ("head{% for r in rows|reject('none') %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "selectattr": (
        "head{% for r in rows|selectattr('real') %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "unique": ("head{% for r in rows|unique %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "filters over filters": (
        "head{% for r in rows|map('int')|select|unique %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
}
places = pytest.mark.parametrize("place", PLACES)


def leave_out_what_drains(name: str, trace: Trace) -> None:
    """In async environments these filters of Jinja2's drain what they are given at once."""
    if trace.kind == "async" and name in ("unique", "slice", "filters over filters"):
        pytest.skip("nothing is lazy about it")


@places
def test_slow_pulls_in_every_place(place: str, trace: Trace) -> None:
    """Whatever has a boundary after it is in the consumer's hands before the next slow pull."""
    leave_out_what_drains(place, trace)
    templates, head, row = PLACES[place]
    events = trace.consume(templates, {"rows": trace.source([SLOW] * 4)})
    assert events[:2] == [head, 1]
    for number in range(2, 5):
        before = events[: events.index(number)]
        text = "".join(event for event in before if isinstance(event, str))
        assert text == head + "".join(row.format(done) for done in range(1, number))


@places
def test_fast_pulls_in_every_place(place: str, trace: Trace) -> None:
    leave_out_what_drains(place, trace)
    templates, head, _row = PLACES[place]
    events = trace.consume(templates, {"rows": trace.source([QUICK] * 4)})
    assert events[:-1] == [head, 1, 2, 3, 4]


def test_the_head_is_not_kept_by_a_set_block(trace: Trace) -> None:
    source = "head{% set x %}{% for r in rows %}<{{ r }}>{% endfor %}{% endset %}[{{ x }}]"
    events = trace.consume(source, {"rows": trace.source([SLOW, SLOW])})
    assert events == ["head", 1, 2, "[<1><2>]"]


# -- which pulls are slow


def test_each_finished_iteration_is_there_before_the_next_slow_pull(trace: Trace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([SLOW] * 3)}) == [
        "head", 1, "<1>", 2, "<2>", 3, "<3>", "tail",
    ]  # fmt: skip


def test_one_slow_pull_hands_over_once(trace: Trace) -> None:
    pulls = [0, SLOW, 0, 0, SLOW, 0]
    assert trace.consume(LOOP, {"rows": trace.source(pulls)}) == [
        "head", 1, 2, "<1><2>", 3, 4, 5, "<3><4><5>", 6, "<6>tail",
    ]  # fmt: skip


def test_a_pull_just_below_the_limit_is_fast(trace: Trace) -> None:
    assert len(trace.consume(LOOP, {"rows": trace.source([FAST] * 100)})) == 102


def test_pulls_do_not_add_up(trace: Trace) -> None:
    """Each of them is below the limit, however long all of them take together."""
    source = "{% for r in rows if r % 50 == 0 %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([0.001] * 200)})
    assert trace.chunks == ["<50><100><150><200>"]
    assert events[-1] == trace.chunks[0]


@pytest.mark.parametrize("body", ["<{{ r }}>", "<{{ r }}{{ loop.index0 * '' }}>"])
def test_what_was_found_does_not_wait_for_the_next_find(trace: Trace, body: str) -> None:
    """A slow source of which few items pass the loop's test: a pull follows, so text leaves."""
    source = "head{% for r in rows if r in (1, 6) %}" + body + "{% endfor %}tail"
    pulls = [0, SLOW, SLOW, SLOW, SLOW, SLOW, SLOW]
    events = trace.consume(source, {"rows": trace.source(pulls)})
    assert events == ["head", 1, 2, "<1>", 3, 4, 5, 6, "<6>", 7, "tail"]


def test_peeking_ahead_hands_over_what_is_finished(trace: Trace) -> None:
    """``loop.last`` pulls the next item in the middle of an iteration."""
    source = "head{% for r in rows %}<{{ r }}{{ '.' if loop.last else ',' }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 6)})
    for number in range(3, 7):
        before = "".join(
            event for event in events[: events.index(number)] if isinstance(event, str)
        )
        assert before == "head" + "".join(f"<{done},>" for done in range(1, number - 1))


def test_a_source_in_the_body_of_another(trace: Trace) -> None:
    source = (
        "head{% for a in outer %}[{{ a }}{% for b in inner() %}<{{ b }}>{% endfor %}]{% endfor %}"
    )
    context = {
        "outer": trace.source([0, 0]),
        "inner": lambda: trace.source([SLOW, SLOW]),
    }
    events = trace.consume(source, context)
    first_row = events[: events.index("<2>") + 1]
    assert first_row == ["head", 1, 1, "[1<1>", 2, "<2>"]


def test_a_slow_body_is_taken_for_a_slow_source_once(trace: Trace) -> None:
    def work() -> str:
        trace.clock.now += 1
        return ""

    source = "{% for r in rows %}<{{ r }}{{ work() }}>{% endfor %}"
    trace.consume(source, {"rows": trace.source([0, 0, 0, 0, 0]), "work": work})
    # Between the first two pulls nothing was measured: it is known only then where the time goes.
    assert trace.chunks == ["<1><2>", "<3><4><5>"]


@pytest.mark.parametrize("pulls", [[0] * 5, [SLOW] * 5], ids=["fast", "slow"])
def test_slow_consumers_do_not_count(trace: Trace, pulls: list[float]) -> None:
    """The same chunks, however long each of them is held."""
    source = (
        "head{% for r in rows %}{% if 1 %}{{ 'x' * 600 }}{% endif %}{% include 'part' %}"
        "{% for x in 'ab' %}{{ x * 600 }}{% endfor %}{% endfor %}tail"
    )
    templates = {"main": source, "part": "{% for x in [1, 2] %}{{ 'y' * 600 }}{% endfor %}"}
    quick = Trace(trace.kind, trace.clock)
    quick.consume(templates, {"rows": quick.source(pulls)}, 1000)
    trace.consuming = 1
    trace.consume(templates, {"rows": trace.source(pulls)}, 1000)
    assert trace.chunks == quick.chunks


def test_a_slow_consumer_of_every_boundary(trace: Trace) -> None:
    trace.consuming = 1
    events = trace.consume(LOOP, {"rows": trace.source([0] * 3)}, 0)
    assert events == ["head", 1, "<1>", 2, "<2>", 3, "<3>", "tail"]


# -- chunks of fast sources


def test_chunks_are_full_again_when_a_source_is_fast_again(trace: Trace) -> None:
    source = "{% for r in rows %}{{ 'x' * 100 }}{% endfor %}"
    pulls = [0] * 50 + [SLOW] * 5 + [0] * 50
    trace.consume(source, {"rows": trace.source(pulls)}, 1000)
    lengths = [len(chunk) for chunk in trace.chunks]
    assert lengths == [1000] * 5 + [100] * 5 + [1000] * 5


def test_a_fast_source_has_the_chunks_of_a_list(trace: Trace) -> None:
    source = "{% for r in rows %}<p>{{ r }}{% if r % 3 %}!{% endif %}</p>{% endfor %}"
    in_memory = Trace(trace.kind, trace.clock)
    in_memory.consume(source, {"rows": list(range(1, 5001))})
    trace.consume(source, {"rows": trace.source([QUICK] * 5000)})
    assert trace.chunks == in_memory.chunks
    assert len(trace.chunks) < 10


# -- in-memory data, with a clock by which everything is slow


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


def assert_no_small_chunk(trace: Trace, iterable: str, context: dict[str, Any]) -> None:
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
def test_in_memory_data_is_not_watched(data: str, trace: Trace) -> None:
    trace.clock.tick = 1.0
    trace.consume(LOOP, {"rows": IN_MEMORY[data]()})
    assert len(trace.chunks) == 1


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("data", ["list", "tuple", "range", "values", "subclass", "deque", "sized"])
def test_filters_over_in_memory_data(name: str, data: str, trace: Trace) -> None:
    assert_no_small_chunk(trace, f"rows|{name}", {"rows": IN_MEMORY[data]()})


@pytest.mark.parametrize("name", RECORD_FILTERS)
def test_filters_over_records(name: str, trace: Trace) -> None:
    assert_no_small_chunk(trace, f"rows|{name}", {"rows": [Item(2), Item(1)]})


@pytest.mark.parametrize("iterable", [each for some in SOME.values() for each in some])
def test_other_filters(iterable: str, trace: Trace) -> None:
    assert_no_small_chunk(trace, iterable, {"mapping": {"a": 1}})


def test_a_filter_that_was_set_before(trace: Trace) -> None:
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
def test_batches_of_a_slow_source(iterable: str, rows: list[str], trace: Trace) -> None:
    source = "head{% for r in " + iterable + " %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 4)})
    assert events[0] == "head"
    # The third item is what tells batch() that the first batch is full; the fifth pull ends it.
    assert events.index(rows[0]) < events.index(4)
    assert [event for event in events if isinstance(event, str)] == ["head", *rows]


def test_a_slow_source_that_is_sliced(trace: Trace) -> None:
    """``slice`` needs all of its items first: only the head can leave."""
    leave_out_what_drains("slice", trace)
    source = "head{% for r in rows|slice(2) %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 2)})
    assert events[:3] == ["head", 1, 2]
    assert "".join(trace.chunks) == "head<[1]><[2]>"


def test_a_filter_of_the_users_own_is_lazy(trace: Trace) -> None:
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
def test_all_kinds_of_lazy_sources(make: Callable[[Trace], Any], trace: Trace) -> None:
    events = trace.consume(LOOP, {"rows": make(trace)})
    assert events == ["head", 1, "<1>", 2, "<2>", "tail"]
