"""What is set in a namespace is looked up and set without the functions that it has for it."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2.utils import Namespace

from .agreement import Make, Notes, Pair, every_kind

USES = {
    "a sum": "{% set ns.a = ns.a + x %}{{ ns.a }}",
    "a flag": "{% if x == 2 %}{% set ns.found = true %}{% endif %}{{ ns.found }}{{ ns.a }}",
    "several": "{% set ns.a = ns.b %}{% set ns.b = x %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}",
    "in a tuple": "{% set ns.a, y = x, ns.a %}{{ ns.a }}{{ y }}{{ ns.nothing }}",
    "both at once": "{% set ns.a, ns.b = ns.b, ns.a %}{{ ns.a }}{{ ns.b }}",
    "block": "{% set ns.a %}<{{ ns.a }}{% endset %}{{ ns.a|length }}",
    "missing": "{{ ns.nothing }}{{ ns.nothing is defined }}{{ ns.nothing|default('d') }}"
    "{% set ns.nothing = x %}{{ ns.nothing }}",
    "names of its own": "{{ ns.items }}{{ ns._Namespace__attrs }}{{ ns.__class__ }}"
    "{{ ns.__init__ }}{% set ns.items = x %}{% set ns.get = x %}{{ ns.items }}{{ ns.get }}",
    "names of dicts": "{% set ns.keys = x %}{{ ns.keys }}{{ ns.values is defined }}",
    "constants": "{% set ns.a = 1 %}{% set ns.b = 'b' %}{% set ns.c = none %}{{ ns }}",
    "nested": "{% set ns.a = namespace(b=x) %}{{ ns.a.b }}{{ ns.a.c }}",
    "in itself": "{% set ns.a = ns %}{{ ns.a.b }}",
    "called": "{% set ns.a = f(ns) %}{{ ns.a }}{{ f(ns.a) }}",
    "in a condition": "{{ ns.a and ns.b }}{{ 'y' if ns.a else 'n' }}{% set ns.a = ns.b or x %}",
    "in a loop": "{% for y in [1, 2] %}{% set ns.a = ns.a ~ y %}{% endfor %}{{ ns.a }}",
    "macro": "{% macro m() %}{% set ns.a = x %}{{ ns.a }}{% endmacro %}{{ m() }}{{ ns.a }}",
    "another one": "{% set ns = namespace(a=x) %}{% set ns.b = ns.a %}{{ ns.b }}",
    "fails": "{% set ns.a = 1 // (x - 2) %}{{ ns.a }}",
}


class _Subclass(Namespace):
    def __getattribute__(self, name: str) -> Any:
        return "<own>" if name == "a" else super().__getattribute__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, f"<set {value}>")


class _Object:
    a, b = 1, 2


VALUES: dict[str, Make] = {
    "namespace": lambda notes: Namespace(a=1, b="<b>"),
    "empty": lambda notes: Namespace(),
    "subclass": lambda notes: _Subclass(a=1, b=2),
    "dict": lambda notes: {"a": 1, "b": 2},
    "object": lambda notes: _Object(),
    "none": lambda notes: None,
}


@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_given(use: str, kind: str) -> None:
    def context(make: Make) -> Make:
        def given(notes: Notes) -> dict[str, Any]:
            def f(value: Any) -> str:
                notes.append(("called", type(value).__name__))
                return "<f>"

            return {"outer": make(notes), "f": f}

        return given

    for loop in ("{% for x in [1, 2, 3] %}USE,{% endfor %}", "{% set x = 2 %}USE"):
        # A name that is set in the template, and one that is not.
        for before in ("{% set ns = outer %}", ""):
            source = before + loop.replace("USE", use)
            pair = Pair(source if before else source.replace("ns", "outer"), kind, autoescape=True)
            for label, make in VALUES.items():
                pair.agree(context(make), f"{label} in {source}")


@every_kind
def test_made_by_the_template(kind: str) -> None:
    source = (
        "{% set ns = namespace(sum=0, seen=[]) %}{% for x in rows %}{% set ns.sum = ns.sum + x %}"
        "{% set ns.seen = ns.seen + [x] %}{% endfor %}{{ ns.sum }} {{ ns.seen }} {{ ns }}"
    )
    text = Pair(source, kind).text(lambda notes: {"rows": [1, 2, 3]})
    assert text == "6 [1, 2, 3] <Namespace {'sum': 6, 'seen': [1, 2, 3]}>"
