"""Filters that Jinja2 has in two kinds, in async environments.

Where streamtmpl takes the sync way nobody may be able to tell: the text, the exception with its
message and template line, what was called in which order and what user code is handed are those
of Jinja2's async code.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from types import GeneratorType
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream_async

from .async_outcomes import assert_same, every_source, never_awaited
from .async_values import kind, prepare

pytestmark = [never_awaited, pytest.mark.comparison]

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


@every_source
@pytest.mark.parametrize("name", DRAINING.values(), ids=DRAINING)
def test_draining(name: str, iterable: str) -> None:
    assert_same("a\n{{ (" + iterable + ")|" + name + " }}\nb")


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
            # Not isinstance(): other packages have objects that do much when asked for their class.
            generators = [each for each in gc.get_objects() if type(each) is GeneratorType]
            counts.append(len(generators))
        else:
            counts.append(0)
        return ""

    asyncio.run(template.render_async(rows=range(200), count=count))
    assert counts[199] <= counts[1] + 2
