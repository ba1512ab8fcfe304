"""Data in memory is looped over as it is, by its exact type; anything else through a source.

What is pulled, when, how often, and what a filter finds of it, does not depend on which.
"""

from __future__ import annotations

from typing import Any

import pytest

from .agreement import Make, Pair, given, sync_and_async
from .iterables import ITERABLES

LOOPS = {
    "plain": "{% for x in rows %}{{ x }};{% endfor %}",
    "twice": "{% for x in rows %}{{ x }};{% endfor %}{% for x in rows %}{{ x }},{% endfor %}",
    "else": "{% for x in rows %}{{ x }};{% else %}none{% endfor %}.",
    "test": "{% for x in rows if x != 'b' %}{{ x }};{% endfor %}",
    "test and else": "{% for x in rows if x == 'z' %}{{ x }};{% else %}none{% endfor %}",
    "test and loop": "{% for x in rows if x != 'b' %}{{ x }}{{ loop.index }};{% endfor %}",
    "test and look ahead": "{% for x in rows if x != 'b' %}{{ x }}{{ loop.last }}{{ loop.length }};"
    "{% endfor %}",
    "unpacked": "{% for x, y in rows %}{{ x }}{{ y }};{% endfor %}",
    "unpacked, with loop": "{% for x, y in rows %}{{ x }}{{ y }}{{ loop.last }};{% endfor %}",
    "unpacked, tested": "{% for x, y in rows if x %}{{ x }}{{ y }};{% endfor %}",
    "recursive": "{% for x in rows recursive %}{{ x }}"
    "{{ loop(x) if x is iterable and x is not string"
    "}};{% endfor %}",
    "break": "{% for x in rows %}{{ x }}{% break %}{% endfor %}{% for x in rows %}{{ x }}"
    "{% endfor %}",
    "continue": "{% for x in rows %}{{ x }}{% if x == 'b' %}{% continue %}{% endif %};{% endfor %}",
    "the variable after it": "{% set x = 'o' %}{% for x in rows %}{{ x }}{% endfor %}{{ x }}",
    "assignments": "{% for x in rows %}{% set y = x %}{{ y }}{% endfor %}{{ y }}",
    "a namespace": "{% set ns = namespace(n=0) %}{% for x in rows %}{% set ns.n = ns.n + 1 %}"
    "{% endfor %}{{ ns.n }}",
    "of an attribute": "{% for x in d.rows %}{{ x }};{% endfor %}",
    "of a call": "{% for x in f(rows) %}{{ x }};{% endfor %}",
    "of a condition": "{% for x in (rows if rows else [0]) %}{{ x }};{% endfor %}",
    "of a slice": "{% for x in rows[:2] %}{{ x }};{% endfor %}",
    "of a literal": "{% for x in [rows, 1] %}{% for y in [x] %}{{ y is iterable }}{% endfor %}"
    "{% endfor %}",
    "in a macro": "{% macro m(rows) %}{% for x in rows %}{{ x }};{% endfor %}{% endmacro %}"
    "{{ m(rows) }}"
    "{{ m(rows)|length }}",
    "in a call": "{% macro m(r) %}{{ caller(r) }}{% endmacro %}{% call(r) m(rows) %}"
    "{% for x in r %}"
    "{{ x }};{% endfor %}{% endcall %}",
    "captured": "{% set s %}{% for x in rows %}{{ x }};{% endfor %}{% endset %}{{ s }}",
    "included": "{% include 'part' %}",
}
FILTERS = {
    **{
        name: f"{{% for x in rows|{name} %}}{{{{ x }}}};{{% endfor %}}{{{{ rows|{name} is none }}}}"
        for name in ("list", "reverse", "sort", "unique", "batch(2)", "slice(2)", "select", "items")
    },
    **{
        name: f"{{{{ rows|{name} }}}}"
        for name in ("first", "last", "length", "join(',')", "sum", "min", "max", "list", "string")
    },
    "attributes": "{{ d.rows|join('-') }}{% for x in d.rows|map('string') %}{{ x }};{% endfor %}",
    "a pipe": "{{ rows|select|map('string')|reject('none')|list }}",
    "a pipe, looped over": "{% for x in rows|map('string')|select %}{{ x }}{{ loop.index }}"
    "{% endfor %}",
    "tests": "{{ rows is iterable }}{{ rows is sequence }}{{ rows is mapping }}{{ 1 in rows }}",
}


def context_of(make: Make) -> Make:
    def context(notes: Any) -> dict[str, Any]:
        rows = make(notes)
        return {"rows": rows, "d": {"rows": rows}, "f": lambda value: value}

    return context


@sync_and_async
@pytest.mark.parametrize("source", [*LOOPS.values(), *FILTERS.values()], ids=[*LOOPS, *FILTERS])
def test_iterables(source: str, kind: str) -> None:
    part = "[{% for x in rows %}{{ x }}{{ loop.index }};{% endfor %}]"
    pair = Pair({"page.html": source, "part": part}, kind, autoescape=True)
    for label, make in ITERABLES.items():
        # Printed, it is its type and its address.
        if not (label in ("until a value", "groups") and "string" in source):
            pair.agree(context_of(make), label)


ROWS: list[Any] = [
    *([(1, 2)], [(1, (2, 3))], [((1, 2), 3)], [(1, 2, 3)], [[1, 2]], ["ab"], ["abc"], [range(2)]),
    *([(1,)], [1], [None], [{}], [{"x": 1, "y": 2}], [(1, 2), 3], {"ab": 1}, [((1,), 2)], [()]),
]


@pytest.mark.parametrize("target", ["a, b", "a, (b, c)", "a, b, c", "(a, b), c"])
def test_unpacking(target: str) -> None:
    names = "".join(f"{{{{ {name} }}}}" for name in "abc" if name in target)
    for end in ("", "{{ loop.index }}", "{{ loop.last }}"):
        pair = Pair(f"\n{{% for {target} in rows %}}\n{names}{end};{{% endfor %}}")
        for rows in ROWS:
            pair.agree(given(rows=rows), str(rows))
            pair.agree(lambda notes, rows=rows: {"rows": iter(rows)}, str(rows))  # type: ignore[misc]


@sync_and_async
@pytest.mark.parametrize("tail", ["", "{{ loop.index }}", "{{ loop.last }}", "{{ [loop]|length }}"])
@pytest.mark.parametrize(
    "head", ["n", "n\n\n if x", "n\n recursive", "n\n if x recursive", "n|map('upper')\n\n if x"]
)
def test_the_line_of_what_cannot_be_looped_over(head: str, tail: str, kind: str) -> None:
    pair = Pair(f"a\n{{% for x\n in {head} %}}{{{{ x }}}}{tail}{{% endfor %}}", kind)
    for value in (None, 3):
        pair.agree(given(n=value), str(value))
