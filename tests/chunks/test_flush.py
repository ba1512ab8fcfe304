"""``{% flush %}`` hands over what has been rendered, at any chunk size."""

from __future__ import annotations

import pytest
from jinja2 import TemplateSyntaxError

from streamtmpl import StreamEnvironment
from tests.support.tracing import Consumer, Kind, Trace, every_kind

HUGE = 1_000_000

PLACES = {
    "top level": {"main": "a{% flush %}{{ note('after') }}b"},
    "condition": {"main": "a{% if true %}{% flush %}{% endif %}{{ note('after') }}b"},
    "with": {"main": "a{% with x = 1 %}{% flush %}{{ note('after') }}{% endwith %}b"},
    "block": {"main": "{% block it %}a{% flush %}{{ note('after') }}b{% endblock %}"},
    "overriding block": {
        "main": (
            "{% extends 'base' %}{% block it %}a{% flush %}{{ note('after') }}b{% endblock %}"
        ),
        "base": "{% block it %}{% endblock %}",
    },
    "between blocks of a base": {
        "main": "{% extends 'base' %}{% block second %}{{ note('after') }}b{% endblock %}",
        "base": "{% block first %}a{% endblock %}{% flush %}{% block second %}{% endblock %}",
    },
    "super": {
        "main": "{% extends 'base' %}{% block it %}{{ super() }}{{ note('after') }}b{% endblock %}",
        "base": "{% block it %}a{% flush %}{% endblock %}",
    },
    "self": {
        "main": (
            "{% if false %}{% block it %}a{% flush %}{{ note('after') }}b{% endblock %}{% endif %}"
            "{{ self.it() }}"
        )
    },
    "loop": {"main": "a{% for x in [1] %}{% flush %}{{ note('after') }}b{% endfor %}"},
    "loop over nothing": {
        "main": "a{% for x in [] %}{% else %}{% flush %}{{ note('after') }}b{% endfor %}"
    },
    "recursive loop": {
        "main": (
            "{% for x in [1] recursive %}{% if x %}a{{ loop([0]) }}{% else %}{% flush %}"
            "{{ note('after') }}b{% endif %}{% endfor %}"
        )
    },
    "macro": {"main": "{% macro m() %}a{% flush %}{{ note('after') }}b{% endmacro %}{{ m() }}"},
    "imported macro": {
        "main": "{% import 'lib' as lib %}{{ lib.m(note) }}",
        "lib": "{% macro m(note) %}a{% flush %}{{ note('after') }}b{% endmacro %}",
    },
    "call": {
        "main": (
            "{% macro m() %}{{ caller() }}{% endmacro %}"
            "{% call m() %}a{% flush %}{{ note('after') }}b{% endcall %}"
        )
    },
    "after caller": {
        "main": (
            "{% macro m() %}{{ caller() }}{% flush %}{{ note('after') }}b{% endmacro %}"
            "{% call m() %}a{% endcall %}"
        )
    },
    "include": {"main": "{% include 'part' %}", "part": "a{% flush %}{{ note('after') }}b"},
    "include in a macro": {
        "main": "{% macro m() %}{% include 'part' %}{% endmacro %}{{ m() }}",
        "part": "a{% flush %}{{ note('after') }}b",
    },
    "autoescape": {
        "main": "{% autoescape true %}a{% flush %}{{ note('after') }}b{% endautoescape %}"
    },
    "whitespace control": {"main": "a  {%- flush -%}  {{ note('after') }}b"},
}


@every_kind
@pytest.mark.parametrize("place", PLACES)
def test_cuts_here(kind: Kind, place: str) -> None:
    trace = Trace()
    with Consumer(
        kind, PLACES[place], {"note": trace.note}, chunk_size=HUGE, trace=trace
    ) as consumer:
        chunks = consumer.rest()
    assert chunks == ["a", "b"]
    if not kind.ahead:
        assert trace.events == [("got", "a"), ("after", None), ("got", "b")]


@every_kind
def test_cuts_at_every_iteration_and_no_further_ahead(kind: Kind) -> None:
    trace = Trace()
    source = "{% for row in rows %}[{{ row }}]{% flush %}{% endfor %}"
    rows = list(range(5))
    with Consumer(
        kind, source, {"rows": trace.rows(kind, rows)}, chunk_size=HUGE, trace=trace
    ) as consumer:
        assert consumer.rest() == [f"[{row}]" for row in rows]
    for row in rows[: -1 - kind.ahead]:
        assert trace.received(f"[{row}]") < trace.pulled(row + 1 + kind.ahead)


@every_kind
@pytest.mark.parametrize("size", [0, 1, HUGE])
def test_cuts_only_if_there_is_text(kind: Kind, size: int) -> None:
    source = "{% flush %}{% flush %}a{% flush %}{% flush %}{{ '' }}{% flush %}b{% flush %}"
    with Consumer(kind, source, chunk_size=size) as consumer:
        assert consumer.rest() == ["a", "b"]


@every_kind
def test_nothing_but_flush_is_no_chunk(kind: Kind) -> None:
    with Consumer(kind, "{% for x in [1, 2] %}{% flush %}{% endfor %}{% flush %}") as consumer:
        assert consumer.rest() == []


@every_kind
@pytest.mark.parametrize("size", [2, HUGE])
def test_without_it_nothing_is_cut(kind: Kind, size: int) -> None:
    with Consumer(kind, "a{% if true %}{% endif %}b", chunk_size=size) as consumer:
        assert consumer.rest() == ["ab"]


INSIDE = {
    "set": "\n{% set x %}\na{% flush %}{% endset %}",
    "set with a filter": "\n{% set x|upper %}\na{% flush %}{% endset %}",
    "filter": "\n{% filter upper %}\na{% flush %}{% endfilter %}",
    "condition in set": "\n{% set x %}{% if y %}\na{% flush %}{% endif %}{% endset %}",
    "else of a condition in set": (
        "\n{% set x %}{% if y %}{% else %}\na{% flush %}{% endif %}{% endset %}"
    ),
    "loop in filter": (
        "\n{% filter upper %}{% for y in z %}\na{% flush %}{% endfor %}{% endfilter %}"
    ),
    "else of a loop in filter": (
        "\n{% filter upper %}{% for y in z %}{% else %}\n{% flush %}{% endfor %}{% endfilter %}"
    ),
    "recursive loop in set": (
        "\n{% set x %}{% for y in z recursive %}\na{% flush %}{{ loop(y) }}{% endfor %}{% endset %}"
    ),
    "with in set": "\n{% set x %}{% with y = 1 %}\na{% flush %}{% endwith %}{% endset %}",
    "autoescape in set": (
        "\n{% set x %}{% autoescape true %}\na{% flush %}{% endautoescape %}{% endset %}"
    ),
    "filter in a macro": (
        "{% macro m() %}\n{% filter upper %}\na{% flush %}{% endfilter %}{% endmacro %}"
    ),
    "set in a block": "{% block b %}\n{% set x %}\n{% flush %}{% endset %}{% endblock %}",
    "filter in a call": (
        "{% call m() %}\n{% filter upper %}\n{% flush %}{% endfilter %}{% endcall %}"
    ),
    "filter in a recursive loop": (
        "{% for x in y recursive %}\n{% filter upper %}\n{% flush %}{% endfilter %}{% endfor %}"
    ),
    "set in a set": "{% set x %}\n{% set y %}{% endset %}\n{% flush %}{% endset %}",
}


@pytest.mark.parametrize("enable_async", [False, True])
@pytest.mark.parametrize("place", INSIDE)
def test_inside_a_captured_block_is_an_error_that_says_why(place: str, enable_async: bool) -> None:
    environment = StreamEnvironment(enable_async=enable_async)
    with pytest.raises(TemplateSyntaxError, match="captured") as caught:
        environment.from_string(INSIDE[place])
    assert "flush" in str(caught.value)
    assert caught.value.lineno == 3


CAPTURED = {
    "macro in a filter": "{{ m()|upper }}",
    "macro in an assignment": "{% set x = m() %}{{ x|upper }}",
    "macro in a set block": "{% set x %}{{ m() }}{% endset %}{{ x|upper }}",
    "macro in a filter block": "{% filter upper %}{{ m() }}{% endfilter %}",
    "caller in a set block": "{% macro n() %}{{ caller() }}{% endmacro %}"
    "{% set x %}{% call n() %}{{ m() }}{% endcall %}{% endset %}{{ x|upper }}",
    "macro in a macro in a filter": "{% macro n() %}{{ m() }}{% endmacro %}{{ n()|upper }}",
    "include in a filter block": "{% filter upper %}{% include 'part' %}{% endfilter %}",
    "self in a filter": "{% if false %}{% block it %}a{% flush %}b{% endblock %}{% endif %}"
    "{{ self.it()|upper }}",
    "include without context": "{% set x %}{% include 'part' without context %}{% endset %}"
    "{{ x|upper }}",
}


@every_kind
@pytest.mark.parametrize("place", CAPTURED)
def test_does_nothing_in_what_happens_to_be_captured(kind: Kind, place: str) -> None:
    files = {
        "main": "{% macro m() %}a{% flush %}b{% endmacro %}" + CAPTURED[place],
        "part": "a{% flush %}b",
    }
    with Consumer(kind, files, chunk_size=HUGE) as consumer:
        assert consumer.rest() == ["AB"]


@every_kind
def test_in_a_captured_macro_it_does_not_hand_over_what_is_around(kind: Kind) -> None:
    files = (
        "{% macro m() %}a{% flush %}b{% endmacro %}before{% if true %}{{ m()|upper }}{% endif %}"
    )
    with Consumer(kind, files, chunk_size=HUGE) as consumer:
        assert consumer.rest() == ["beforeAB"]


def test_changes_nothing_about_the_text() -> None:
    template = StreamEnvironment().from_string(
        "a{% flush %}b{% for x in [1] %}{% flush %}c{% endfor %}"
    )
    assert template.render() == "abc"
    assert list(template.generate()) == ["a", "b", "c"]


@every_kind
def test_at_the_top_of_a_child_template_it_is_as_void_as_other_text(kind: Kind) -> None:
    files = {"main": "{% extends 'base' %}x{% flush %}y", "base": "a{% block it %}{% endblock %}b"}
    with Consumer(kind, files, chunk_size=HUGE) as consumer:
        assert consumer.rest() == ["ab"]
