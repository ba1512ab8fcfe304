"""How far a loop pulls ahead of its body: as far as Jinja2 does, never further."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from jinja2 import DictLoader

from tests.support.loops import run
from tests.support.tracing import Consumer, Kind, Trace, every_kind

ROWS = list(range(4))

# What a body asks of its loop: expression -> rows pulled when the body of the first row has shown
# itself. The marks stand after the expression, so that asking comes before showing.
PEEKS_NONE = {
    "nothing": "",
    "index": "{{ loop.index }}{{ loop.index0 }}",
    "first": "{{ loop.first }}",
    "previtem": "{{ loop.previtem is defined }}",
    "depth": "{{ loop.depth }}{{ loop.depth0 }}",
    "cycle": "{{ loop.cycle('a', 'b') }}",
    "changed": "{{ loop.changed(row) }}",
    "loop as a value": "{% set l = loop %}{{ l.index }}",
    "last that is not asked": "{% if false %}{{ loop.last }}{% endif %}",
}
PEEKS_ONE = {
    "last": "{{ loop.last }}",
    "nextitem": "{{ loop.nextitem is defined }}",
    "last and nextitem": "{{ loop.last }}{{ loop.nextitem }}{{ loop.last }}",
}
DRAINS = {
    "length": "{{ loop.length }}",
    "revindex": "{{ loop.revindex }}",
    "revindex0": "{{ loop.revindex0 }}",
    "last, then length": "{{ loop.last }}{{ loop.length }}",
}
LOOPS = {
    "loop": "{{% for row in rows %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}",
    "loop with test": (
        "{{% for row in rows if row is number %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
    ),
    "recursive loop": (
        "{{% for row in rows recursive %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
    ),
    "loop with else": (
        "{{% for row in rows %}}{}[{{{{ note('shown', row) }}}}]{{% else %}}x{{% endfor %}}"
    ),
    "loop in a macro": (
        "{{% macro m(rows) %}}{{% for row in rows %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
        "{{% endmacro %}}{{{{ m(rows) }}}}"
    ),
    "captured loop": (
        "{{% set text %}}{{% for row in rows %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
        "{{% endset %}}"
    ),
    "unpacking loop": (
        "{{% for row, _ in rows|map('pair') %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
    ),
    "selecting loop": (
        "{{% for row in rows|select('number') %}}{}[{{{{ note('shown', row) }}}}]{{% endfor %}}"
    ),
}


def pair(value: Any) -> tuple[Any, Any]:
    return value, value


def events(kind: Kind, source: str, chunk_size: int = 0) -> list[tuple[str, Any]]:
    """Pulls and showings of a streamed render."""
    trace = Trace()
    context = {"rows": trace.rows(kind, ROWS), "note": trace.note}
    consumer = Consumer(kind, source, context, trace=trace, chunk_size=chunk_size)
    consumer.environment.filters["pair"] = pair
    with consumer:
        consumer.rest()
    return [event for event in trace.events if event[0] != "got"]


def events_of_jinja2(kind: Kind, source: str) -> list[tuple[str, Any]]:
    """Pulls and showings of Jinja2's ``generate()``."""
    trace = Trace()
    context = {"rows": trace.rows(kind, ROWS), "note": trace.note}
    environment = jinja2.Environment(
        loader=DictLoader({"main": source}), enable_async=kind.async_environment
    )
    environment.filters["pair"] = pair
    template = environment.get_template("main")
    if kind.async_environment:
        run(template.render_async(context))
    else:
        template.render(context)
    return trace.events


@pytest.mark.comparison
@every_kind
@pytest.mark.parametrize("loop", LOOPS)
def test_pulls_when_jinja2_pulls(kind: Kind, loop: str) -> None:
    for asked in (PEEKS_NONE | PEEKS_ONE | DRAINS).values():
        source = LOOPS[loop].format(asked)
        theirs = events_of_jinja2(kind, source)
        assert events(kind, source, 0) == theirs
        assert events(kind, source, 1_000_000) == theirs


@every_kind
@pytest.mark.parametrize("loop", [name for name in LOOPS if name != "captured loop"])
@pytest.mark.parametrize(
    ("asked", "pulls"),
    [(PEEKS_NONE, 1), (PEEKS_ONE, 2), (DRAINS, len(ROWS))],
    ids=["none", "one", "all"],
)
def test_pulls_before_the_first_row_is_shown(
    kind: Kind, loop: str, asked: dict[str, str], pulls: int
) -> None:
    for source in asked.values():
        happened = events(kind, LOOPS[loop].format(source))
        assert happened.index(("shown", 0)) == pulls


@every_kind
def test_nothing_is_pulled_before_the_loop_begins(kind: Kind) -> None:
    trace = Trace()
    source = (
        "{% for row in first %}[{{ row }}]{% endfor %}{{ note('between') }}"
        "{% if rows %}{% set again = rows %}"
        "{% for row in again %}({{ row }}){% endfor %}{% endif %}"
    )
    context = {
        "first": trace.rows(kind, [0, 1]),
        "rows": trace.rows(kind, [2, 3]),
        "note": trace.note,
    }
    with Consumer(kind, source, context, trace=trace) as consumer:
        assert consumer.text() == "[0][1](2)(3)"
    happened = [event for event in trace.events if event[0] != "got"]
    assert happened == [("pull", 0), ("pull", 1), ("between", None), ("pull", 2), ("pull", 3)]


@every_kind
def test_nothing_is_pulled_before_the_first_step(kind: Kind) -> None:
    trace = Trace()
    with Consumer(
        kind, "{% for row in rows %}{{ row }}{% endfor %}", {"rows": trace.rows(kind, ROWS)}
    ):
        assert trace.events == []
    assert trace.events == []


@every_kind
def test_a_break_pulls_no_further(kind: Kind) -> None:
    trace = Trace()
    source = "{% for row in rows %}[{{ row }}]{% if row == 1 %}{% break %}{% endif %}{% endfor %}x"
    context = {"rows": trace.rows(kind, ROWS)}
    with Consumer(
        kind, source, context, trace=trace, extensions=["jinja2.ext.loopcontrols"]
    ) as consumer:
        assert consumer.text() == "[0][1]x"
    assert trace.of("pull") == [0, 1]


@every_kind
def test_an_iterator_goes_on_where_a_loop_has_left_it(kind: Kind) -> None:
    source = (
        "{% for row in rows %}[{{ row }}]{% break %}{% endfor %}|"
        "{% for row in rows %}[{{ row }}]{% endfor %}"
    )
    context = {"rows": Trace().rows(kind, ROWS)}
    with Consumer(kind, source, context, extensions=["jinja2.ext.loopcontrols"]) as consumer:
        assert consumer.text() == "[0]|[1][2][3]"
