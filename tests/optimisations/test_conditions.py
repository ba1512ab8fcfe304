"""A condition of several sides is statements, where a look-up precedes the second side.

Each value is looked up, and its truth asked for, just as often and in the same order as in Jinja2.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import jinja2
import pytest

from .agreement import Notes, Pair, every_kind, sync_and_async

CONDITIONS = [
    *("a.x and b.x", "a.x or b.x", "not a.x and b.x", "not (a.x or b.x)", "a and b.x", "a.x and b"),
    *("a.x and b.x and c.x", "a.x or b.x or c.x", "a.x and b.x or c.x", "a.x or b.x and c.x"),
    *("a.x and (b.x or c.x)", "(a.x or b.x) and c.x", "not a.x or not (b.x and c.x)"),
    *("a.f() and b.x", "a.x and b.f()", "a.x == b.x and c.x", "a.x is none or b.x", "nope or a.x"),
    *(
        "a.x and nope",
        "nope.y or a.x",
        "a.nope or b.x",
        "a.x and b.nope.deeper",
        "a['x'] and b['x']",
    ),
    *("(a.x if b.x else c.x) and a.x", "a.x and b.x|default(c.x)", "1 and a.x", "a.x and 0"),
]
STATEMENTS = {
    "if": "{% if C %}yes{% endif %}",
    "else": "before {% if C %}yes{% else %}no{% endif %}",
    "elif": "{% if false and a.x %}{% elif C %}yes{{ a.x }}{% else %}no{% endif %}",
    "elif behind": "{% if C %}first{% elif c.x and C %}second{% elif not a.x %}third{% endif %}",
    "in a loop": "{% for i in [0, 1] %}{{ i }}{% if C %}yes{% endif %}{% if C %}{{ i }}{% endif %}"
    "{% endfor %}",
    "nested": "{% if C %}{% if a.x and C %}both{% endif %}{% endif %}",
    "inline": "{{ 'yes' if C else 'no' }}{{ (C) is none }}",
    "a loop's test": "{% for i in [0, 1] if C %}{{ i }}{% endfor %}",
    "in a macro": "{% macro m(a, b, c) %}{% if C %}yes{% endif %}{% endmacro %}{{ m(a, b, c) }}",
}


class Truth:
    """Notes who asks for its truth."""

    def __init__(self, name: str, value: Any, notes: Notes) -> None:
        self._name, self._value, self._notes = name, value, notes

    def __bool__(self) -> bool:
        self._notes.append(("truth", self._name))
        if self._value is None:
            raise ValueError(self._name)
        return bool(self._value)


class Side:
    """Notes who looks for its attribute."""

    def __init__(self, name: str, value: Any, notes: Notes) -> None:
        self._name, self._notes = name, notes
        self._truth = Truth(name, value, notes)

    @property
    def x(self) -> Truth:
        self._notes.append(("look-up", self._name))
        return self._truth

    def f(self) -> Truth:
        self._notes.append(("call", self._name))
        return self._truth

    def __bool__(self) -> bool:
        self._notes.append(("side", self._name))
        return bool(self._truth)


def _sides(values: tuple[Any, ...]) -> Any:
    def context(notes: Notes) -> dict[str, Any]:
        return {name: Side(name, value, notes) for name, value in zip("abc", values, strict=True)}

    return context


@every_kind
@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_side_is_asked_once(condition: str, kind: str) -> None:
    for statement in STATEMENTS.values():
        pair = Pair(statement.replace("C", condition), kind)
        for values in (*product([True, False], repeat=3), (None, True, True), (True, None, False)):
            pair.agree(_sides(values), f"{statement}, {values}")


@sync_and_async
@pytest.mark.parametrize(
    "undefined", [jinja2.StrictUndefined, jinja2.ChainableUndefined, jinja2.DebugUndefined]
)
def test_what_is_missing(undefined: type[jinja2.Undefined], kind: str) -> None:
    for condition in CONDITIONS:
        pair = Pair(STATEMENTS["else"].replace("C", condition), kind, undefined=undefined)
        for values in ((True, True, True), (False, False, False)):
            pair.agree(_sides(values), condition)


def test_the_line_of_an_error() -> None:
    source = "{% if a.x and\n b.x and\n c.x / 0 %}{% endif %}"
    error = Pair(source).error(lambda notes: {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}})
    assert error.kind is ZeroDivisionError
