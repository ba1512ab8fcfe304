"""Constant defaults of macros are those of a Python function, whose parameters are the locals.

Nothing that a default could be told by changes: when it is evaluated, what it sees, and what names
around the macro are called.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.differential.outcomes import Raised, Rendered

from .agreement import Notes, Pair, sync_and_async

SOURCES = {
    "constants": "{% macro m(a, b='<b>', c=2, d=true, e=none, f=-1, g='x' ~ 'y') %}"
    "[{{ a }}|{{ b }}|{{ c }}|{{ d }}|{{ e }}|{{ f }}|{{ g }}]{% endmacro %}"
    "{{ m() }}{{ m(1, c=3) }}{{ m(1, 2, 3, 4, 5, 6, 7) }}{{ m(g='<') ~ m(none, none) }}",
    "floats": "{% macro m(a=1.5, b=1e999, c=-0.0) %}[{{ a }}{{ c }}{{ b is number }}]{% endmacro %}"
    "{{ m(b=1) }}{{ m(2, 3, 4) }}",
    "an infinite float": "{% macro m(a=1e999) %}{{ a }}{% endmacro %}{{ m() }}",
    "an expression before": "{% macro m(a=b, b=1, c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}"
    "{{ m() }}{{ m(b=2) }}{{ m(3) }}",
    "an expression behind": "{% macro m(a=1, b=a, c=2) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}"
    "{{ m() }}{{ m(b=2) }}{{ m(3) }}",
    "in order": "{% macro m(a=1, b=f('b'), c=2, d=f(a ~ c)) %}[{{ a }}{{ b }}{{ c }}{{ d }}]"
    "{% endmacro %}{{ m() }}{{ m(4, c=5) }}",
    "assigned": "{% macro m(a=1, b=2) %}{{ a }}{% set a = b %}{{ a }}{% set b %}x{% endset %}"
    "{{ b }}{% endmacro %}{{ m() }}{{ m(3) }}{{ m() }}",
    "the same twice": "{% macro m(a, a=1) %}{{ a }}{% endmacro %}{{ m(1) }}",
    "names around": "{% for a in [1, 2] %}{% macro m(a=7, b=a) %}({{ a }}{{ b }}"
    "{% macro n(b, a=b) %}<{{ a }}{{ b }}>{% endmacro %}{{ n(a) }}{{ n(8, a=9) }}){% endmacro %}"
    "{{ m() }}{{ m(3) }}{{ a }}{% endfor %}",
    "names as ours": "{% macro m(l_1_a=7, a=3, p_a=4) %}[{{ l_1_a }}{{ a }}{{ p_a }}]{% endmacro %}"
    "{{ m() }}{{ m(l_1_a=2) }}{{ m(a=5) }}{{ m(**{'a': 6}) }}{{ m(**{'l_1_a': 6}) }}",
    "no such name": "{% macro m(a=1) %}[{{ a }}]{% endmacro %}{{ m(l_1_a=2) }}",
    "called with a block": "{% macro m(x=1) %}{{ caller(x) }}{{ caller() }}{% endmacro %}"
    "{% for y in 'ab' %}{% call(x='d', z=5) m() %}{{ x }}{{ y }}{{ z }}{% endcall %}{% endfor %}",
    "implicit ones": "{% macro m(a=1, b='x') %}[{{ a }}{{ b }}{{ varargs }}{{ kwargs }}"
    "{{ caller() if caller }}]{% endmacro %}"
    "{{ m() }}{{ m(1, 2, 3) }}{{ m(c=4) }}{% call m(5) %}!{% endcall %}{{ m(b=6)|upper }}",
    "a loop in it": "{% macro m(a=2, x=1) %}{% for x in range(a) recursive %}{{ x }}{{ a }}"
    "{{ loop(range(x)) }}{% endfor %}{{ x }}{% endmacro %}{{ m() }}{{ m(3, 4) }}",
    "itself": "{% macro m(a=2, b='b') %}{{ a }}{{ b }}{% if a %}{{ m(a - 1) }}{% endif %}"
    "{% endmacro %}{{ m() }}{{ m(b='c') }}",
    "given to code": "{% macro m(a=2, b='b') %}{{ a }}{{ b }}{% endmacro %}"
    "{{ apply(m) }}{{ apply(m, 3) }}{{ [1, 2]|map('string')|map('upper')|join(m()) }}",
}


def _context(notes: Notes) -> dict[str, Any]:
    def noted(value: object) -> object:
        notes.append(("called", value))
        return value

    return {"f": noted, "apply": lambda macro, *args: macro(*args)}


@sync_and_async
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_defaults(source: str, kind: str) -> None:
    Pair(source, kind, autoescape=True).agree(_context)


def test_what_is_compared_are_not_errors_alone() -> None:
    came_to = [type(Pair(source).agree(_context)) for source in SOURCES.values()]
    assert came_to.count(Raised) == 3
    assert came_to.count(Rendered) == len(SOURCES) - 3
