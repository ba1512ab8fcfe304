"""What a name holds, and whether that is a dict, is found out once where nothing can change it.

A name holds something else after it is set, in a branch or an iteration of its own, in another
scope, and in a macro that is called again.
"""

from __future__ import annotations

import itertools
from typing import Any

import jinja2
import pytest

from .agreement import Make, Notes, Pair, every_kind, given, sync_and_async

LOOKUPS = {
    "three": "{{ x.a }}{{ x.b }}{{ x.c }};",
    "mixed": "{{ x.a }}{{ x.b ~ x['a'] }}{{ x.a }};",
}
SCOPES = {
    "one with after the other": "{% with x = y %}IT{% endwith %}{% with x = z %}IT{% endwith %}IT",
    "with in with": "{% with x = y %}IT{% with x = z %}IT{% endwith %}IT{% endwith %}IT",
    "another scope": "{% autoescape true %}IT{% endautoescape %}{% with %}IT{% endwith %}",
    "set": "IT{% set x = y %}IT{% set x = z %}IT",
    "swapped": "IT{% set x, y = y, x %}IT{{ y.a }}{{ y.b }}{{ y.c }}",
    "set in a branch": "{% if t %}IT{% set x = y %}{% endif %}IT",
    "set in the other branch": "{% if f %}IT{% set x = y %}{% else %}IT{% endif %}IT",
    "first in a branch that does not run": "{% if f %}IT{% endif %}IT{% if t %}IT{% endif %}IT",
    "branches in a loop in a branch": "{% if t %}{% for i in [1] %}{% if f %}IT{% else %}"
    "{% if t %}IT"
    "{% endif %}{% endif %}{% endfor %}{% endif %}IT",
    "conditions": "{% if x.a == 5 %}IT{% elif x.b %}IT{% else %}{{ x.c }}{% endif %}IT",
    "inline conditions": "{{ x.a if t else x.b }}{{ x.b if f else x.c }}{{ x.a or x.b }}"
    "{{ x.a and x.b and x.c }}{{ [x.a, x.b] }}{{ x.a == x.b }}",
    "a loop's variable": "{% for x in [x, y, z] %}IT{% endfor %}IT",
    "one loop after the other": "{% for x in [y] %}IT{% endfor %}{% for x in [z] %}IT{% endfor %}"
    "IT",
    "unpacked": "{% for x, w in [(y, 1), (z, 2)] %}IT{% endfor %}IT",
    "set in a loop": "{% for i in [1, 2, 3] %}IT{% set x = y %}IT{% endfor %}IT",
    "first in a loop without items": "{% for i in [] %}IT{% endfor %}IT",
    "else of a loop": "IT{% for i in [] %}IT{% else %}IT{% endfor %}IT",
    "tested loop": "{% for x in [x, y, z] if x.a %}IT{% endfor %}IT",
    "recursive loop": "{% for x in [x, y] recursive %}IT{{ loop([z]) if loop.depth < 2 }}"
    "IT{% endfor %}IT",
    "after continue": "{% for i in [1, 2] %}{% if i == 1 %}{% continue %}{% endif %}"
    "IT{% endfor %}IT",
    "after break": "{% for i in [1, 2] %}{% if t %}{% break %}{% endif %}IT{% endfor %}IT",
    "loops in loops": "{% for x in [x, y, z] %}{{ x.a }}{% for s in [1, 2] %}IT{% endfor %}"
    "IT{% endfor %}",
    "a macro that sees it": "{% macro m() %}IT{% endmacro %}{{ m() }}{% set x = y %}{{ m() }}",
    "an argument": "{% macro m(x) %}IT{% endmacro %}{{ m(x) }}{{ m(y) }}{{ m(z) }}{{ m() }}",
    "a default": "{% macro m(x=y) %}IT{% set x = z %}IT{% endmacro %}{{ m() }}{{ m(x) }}",
    "a caller's argument": "{% macro m() %}{{ caller(y) }}{{ caller(z) }}{% endmacro %}"
    "{% call(x) m() %}IT"
    "{% endcall %}IT",
    "with": "{% with x = y %}IT{% endwith %}IT",
    "captured": "{% filter upper %}IT{% endfilter %}IT{% set q %}IT{% endset %}IT{{ q }}",
    "set to text": "IT{% set x %}IT{% endset %}IT",
    "autoescape": "{% autoescape t %}IT{% endautoescape %}IT",
    "block": "{% block b %}IT{% set x = y %}IT{% endblock %}IT{{ self.b() }}",
    "scoped block": "{% for x in [y, z] %}{% block b scoped %}IT{% endblock %}{% endfor %}IT",
    "child's block": "{% extends 'base' %}{% set x = y %}{% block b %}IT{% endblock %}",
    "namespace": "{% set x = namespace(a=x, b=1) %}IT{% set x.a = y %}IT",
    "import": "IT{% import 'lib' as x %}IT",
    "from import": "IT{% from 'lib' import v as x %}IT",
    "include": "{% include 'part' %}{% set x = y %}{% include 'part' %}",
    "views": "{% for k, v in x.items() %}{{ k }}{% endfor %}IT{% set x = y %}"
    "{% for k, v in x.items() %}{{ k }}{% endfor %}IT",
    "changed": "IT{% do change(x) %}IT{% for i in [1, 2] %}IT{% do change(x) %}{% endfor %}IT",
}


class Fields:
    a, b, c = "<a>", "b", "c"

    def items(self) -> list[tuple[str, int]]:
        return [("own", 1)]


class FieldsOfDict(dict):
    a = "attribute"


OBJECTS: dict[str, Make] = {
    "dict": lambda notes: {"a": 1, "b": 2, "c": "<"},
    "object": lambda notes: Fields(),
    "dict subclass": lambda notes: FieldsOfDict(a=1, b=2, c=3),
    "empty dict": lambda notes: {},
    "none": lambda notes: None,
}


def change(value: Any) -> None:
    """Give a dict an item, or an object an attribute, that it had in another form."""
    if isinstance(value, dict):
        value["a"] = "changed"
        value.pop("b", None)
    elif isinstance(value, Fields):
        value.a = "changed"


def context(x: str, y: str) -> Make:
    def make(notes: Notes) -> dict[str, Any]:
        made = {"x": OBJECTS[x](notes), "y": OBJECTS[y](notes), "z": Fields()}
        return {**made, "t": True, "f": False, "change": change}

    return make


def pair(scope: str, lookups: str, kind: str, **options: Any) -> Pair:
    templates = {
        "page.html": SCOPES[scope].replace("IT", lookups),
        "lib": "{% set v = {'a': 3} %}{% set a = 1 %}{% macro b() %}{% endmacro %}",
        "part": lookups,
        "base": "{% block b %}{% endblock %}" + lookups,
    }
    return Pair(templates, kind, autoescape=True, **options)


@every_kind
@pytest.mark.parametrize("scope", SCOPES)
def test_names(scope: str, kind: str) -> None:
    for lookups in LOOKUPS.values():
        templates = pair(scope, lookups, kind)
        for x, y in itertools.product(OBJECTS, OBJECTS):
            templates.agree(context(x, y), f"{x}, {y}")


@sync_and_async
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("undefined", [jinja2.StrictUndefined, jinja2.ChainableUndefined])
def test_names_of_nothing(undefined: Any, scope: str, kind: str) -> None:
    templates = pair(scope, LOOKUPS["three"], kind, undefined=undefined)
    templates.agree(context("none", "dict"))
    templates.agree(given(y={"a": 1}, z=Fields(), t=True, f=False, change=change))
