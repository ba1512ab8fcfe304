"""Loops over filters that Jinja2 has in two kinds, in async environments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator

import jinja2
import pytest

from .async_outcomes import SOURCES, assert_same, assert_same_sync, never_awaited

pytestmark = [never_awaited, pytest.mark.comparison]

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
    for iterable in ("items", "source(4)", "items|map(attribute='none')"):
        loop = "{% for x in " + iterable + " if " + test + " %}" + body + after
        if test == "loop.index":
            loop = "{% for z in [1, 2] %}" + loop + "{% endfor %}"
        page = before + "\n" + loop
        sources = ("lazy", "lazy_async") if "source" in iterable else ("lazy",)
        assert_same(page, sources=sources, undefined=jinja2.ChainableUndefined)
        if "later" not in test:
            assert_same_sync(page)


class Awaitable:
    """A row that could be awaited, as lazy objects of some libraries can."""

    def __await__(self) -> Generator[None, None, str]:
        yield from ()
        return "awaited"

    def __str__(self) -> str:
        return "itself"


async def _one_by_one(rows: list[Awaitable]) -> AsyncIterator[Awaitable]:
    for row in rows:
        yield row


ROWS = [Awaitable(), Awaitable(), Awaitable()]


@pytest.mark.parametrize("rows", [list, iter, _one_by_one])
@pytest.mark.parametrize("use", ["", "{{ loop.index }}", "{{ loop.last }}{{ loop.nextitem }}"])
def test_rows_that_are_awaitable(use: str, rows: Callable[[list[Awaitable]], object]) -> None:
    """Are themselves in the loop and as the next item, and awaited as the one before."""
    loop = "{% for x in rows() %}{{ x }} {{ loop.previtem }} {{ loop.nextitem }}" + use

    def change(environment: jinja2.Environment) -> None:
        environment.globals["rows"] = lambda: rows(ROWS)

    text = assert_same(loop + ";{% endfor %}", change)
    assert text.startswith("itself  itself")
    assert "itself awaited itself" in text


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
