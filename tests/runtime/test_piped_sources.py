"""Pipes of filters: over plain data they are not watched, unless a filter is the users' own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import ChainableUndefined, DebugUndefined, Undefined

from streamtmpl.runtime.sources import Source
from tests.support.clocks import SLOW, replaced_clock
from tests.support.compact import compiled_to

from .slow_pulls import KINDS, TimedTrace


@pytest.fixture(params=KINDS)
def trace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TimedTrace:
    return TimedTrace(request.param, replaced_clock(monkeypatch))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What sources are made of, as it happens."""
    iterables: list[object] = []
    make = Source.__init__

    def noted(self: Source, iterable: object, *args: Any) -> None:
        iterables.append(iterable)
        make(self, iterable, *args)

    monkeypatch.setattr(Source, "__init__", noted)
    return iterables


class Own:
    """A filter that is slow over whatever it is given."""

    def __init__(self, trace: TimedTrace, *names: str) -> None:
        self._trace, self._names = trace, names
        self.closed = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[int]:
        try:
            yield from self._trace.source([SLOW] * 3)
        finally:
            self.closed += 1

    def replace(self, environment: Any) -> None:
        environment.filters.update(dict.fromkeys(self._names, self))


# What is looped over, and which of its filters is replaced when the template is compiled.
PIPES = {
    **{f"rows|{name}": name.partition("(")[0] for name in ("map('int')", "select", "reject")},
    **{f"rows|{name}": name.partition("(")[0] for name in ("batch(2)", "unique", "items")},
    "rows|default('d')": "default",
    "rows|select|default('d')": "default",
    "rows|map('int')|trim": "trim",
    "rows|batch(2)|string": "string",
    "rows|map('int')|select": "map",
    "rows|select|map('int')": "select",
    "rows|select|reject('none')|map('int')": "select",
    "rows|select|reject('none')|selectattr('real')|map('int')": "reject",
    "rows|list|select": "list",
    "rows|sort|map('int')|select": "sort",
    "(rows|map('int') if rows else rows)|select": "map",
    "[1, 2]|map('int')|default('d')|select": "default",
}
pipes = pytest.mark.parametrize(("iterable", "replaced"), PIPES.items())
BODIES = ["<{{ r }}>", "<{{ r }}{{ loop.index0 * '' }}>"]


@pytest.mark.parametrize("code", ["quick", "compact"])
@pipes
def test_a_filter_that_is_replaced_is_watched_and_closed(
    iterable: str, replaced: str, code: str, trace: TimedTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled_to(monkeypatch, code)
    for body in BODIES:
        own = Own(trace, replaced)
        trace.change = own.replace
        source = "head{% for r in " + iterable + " %}" + body + "{% endfor %}tail"
        trace.events.clear()
        events = trace.consume(source, {"rows": [1]})
        assert events == ["head", 1, "<1>", 2, "<2>", 3, "<3>", "tail"]
        trace.events.clear()
        trace.leaving = 2
        assert trace.consume(source, {"rows": [1]}) == ["head", 1, "<1>"]
        assert own.closed == 2
        trace.leaving = None


@pytest.mark.parametrize("drain", ["join", "list|length", "first", "sum", "sort|length"])
@pytest.mark.parametrize("pipe", ["map('int')", "select", "batch(1)", "unique", "default('d')"])
def test_the_head_leaves_before_a_replaced_filter_is_drained(
    pipe: str, drain: str, trace: TimedTrace
) -> None:
    own = Own(trace, pipe.partition("(")[0])
    trace.change = own.replace
    source = "head{% set x = rows|" + pipe + "|" + drain + " %}{{ x }}"
    assert trace.consume(source, {"rows": [1]})[:2] == ["head", 1]
    assert own.closed == 1


@pytest.mark.parametrize("pipe", ["map('int')", "select|map('int')", "batch(2)", "reject('none')"])
def test_a_lazy_source_below_is_watched_and_closed(pipe: str, trace: TimedTrace) -> None:
    closed = Own(trace)
    source = "head{% for r in rows|" + pipe + " %}<{{ r }}>{% endfor %}"
    trace.leaving = 2
    events = trace.consume(source, {"rows": closed()})
    assert events[:2] == ["head", 1]
    assert events[-1] in ("<1>", "<[1, 2]>")
    assert closed.closed == 1


@pytest.mark.parametrize("rows", [[1, 2], {1: 2}, "12"], ids=repr)
@pytest.mark.parametrize(
    "pipe",
    [
        *("map('int')", "select", "reject('none')|map('int')", "selectattr('real')", "batch(2)"),
        *("unique|batch(2)", "batch(2)|batch(1)", "items", "slice(1)", "reverse", "list|reverse"),
        *("reverse|batch(2)", "reverse|slice(1)"),
    ],
)
def test_no_source_is_made_of_plain_data(
    pipe: str, rows: Any, trace: TimedTrace, made: list[object]
) -> None:
    if pipe == "items":
        rows = {1: 2}
    drained = trace.kind == "async" and ("unique" in pipe or "slice" in pipe)
    for body in BODIES:
        trace.events.clear()
        trace.consume(
            "head{% for r in rows|" + pipe + " %}" + body + "{% endfor %}", {"rows": rows}
        )
        assert len(trace.chunks) == 1
    assert bool(made) == drained


@pytest.mark.parametrize("rows", ["nothing", "empty|select", "empty|map('int')", "nothing|reverse"])
@pytest.mark.parametrize("undefined", [Undefined, ChainableUndefined, DebugUndefined])
def test_no_source_is_made_of_what_is_missing(
    rows: str, undefined: type[Undefined], trace: TimedTrace, made: list[object]
) -> None:
    trace.change = lambda environment: setattr(environment, "undefined", undefined)
    for body in BODIES:
        trace.events.clear()
        source = "head{% for r in " + rows + " %}" + body + "{% else %}none{% endfor %}"
        assert trace.consume(source, {"empty": None}) == ["headnone"]
    assert made == []
