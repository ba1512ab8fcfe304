"""`{% autoescape %}` around values alone changes nothing that anybody could ask for at run time."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context, pass_eval_context
from jinja2.runtime import Context
from markupsafe import Markup

from .agreement import Notes, Pair, each_escaping, every_kind, given

BODIES = {
    "a value": "<{{ x }}>{{ h }}{{ n }}{{ nope }}",
    "a constant": "{{ '<' }}{{ 1 }}{{ '<' if n else '&' }}",
    "attributes": "{{ d.x }}{{ d['h'] }}{{ d.nope }}{{ d.x.y }}",
    "conditions": "{% if n > 1 and not z %}{{ x }}{% elif h %}{{ h }}{% else %}&{% endif %}",
    "choices": "{{ x if n else h }}{{ x or h }}{{ z and x }}{{ h if z }}",
    "nested": "{{ x }}{% autoescape true %}{{ x }}{% endautoescape %}{{ x }}",
    "nested, told at run time": "{{ x }}{% autoescape on %}{{ x }}{% endautoescape %}{{ x }}",
    "joined": "{{ x ~ '<' }}{{ h ~ x }}",
    "filters": "{{ x|e }}{{ x|upper }}{{ [x, h]|join('<') }}{{ x|replace('<', '&') }}{{ x|told }}",
    "tests": "{{ x is told }}{% if x is told %}{{ x }}{% endif %}",
    "calls": "{{ told(x) }}{{ m(x) }}{{ asked() }}",
    "a call block": "{% call c() %}{{ x }}{{ told(x) }}{% endcall %}",
    "captured": "{% set y %}{{ x }}{% endset %}{{ y }}{% set z = x %}{{ z }}",
    "filtered": "{% filter told %}{{ x }}{% endfilter %}",
    "a loop": "{% for y in [x, h] %}{{ y }}{% endfor %}",
    "a lazy filter": "{% for y in l|map('told') %}{{ y }}{% endfor %}",
    "an include": "{% include 'part' %}",
    "an import": "{% import 'lib' as lib with context %}{{ lib.m(x) }}{{ lib.y }}",
    "a macro": "{% macro k(a) %}{{ a }}{{ told(a) }}{% endmacro %}{{ k(x) }}",
    "a block": "{% block b scoped %}{{ x }}{{ told(x) }}{% endblock %}",
}
AROUND = {
    "switched off": "{% autoescape false %}BODY{% endautoescape %}",
    "switched on": "{% autoescape true %}BODY{% endautoescape %}",
    "by a number": "{% autoescape 0 %}BODY{% endautoescape %}",
    "by a text": "{% autoescape 'no' %}BODY{% endautoescape %}",
    "told at run time": "{% autoescape off %}BODY{% endautoescape %}",
    "in such": "{% autoescape off %}{% autoescape true %}BODY{% endautoescape %}{{ x }}"
    "{% endautoescape %}",
    "captured": "{% set s %}{% autoescape false %}BODY{% endautoescape %}{% endset %}{{ s }}",
    "in a loop": "{% for i in [1, 2] %}{% autoescape false %}BODY{% endautoescape %}{{ x }}"
    "{% endfor %}",
}
PARTS = {
    "part": "[{{ x }}{{ told(x) }}]",
    "lib": "{% macro m(a) %}{{ a }}{{ told(a) }}{% endmacro %}{% set y %}{{ x }}{% endset %}",
}
HEAD = (
    "{% macro m(a) %}({{ a }}{{ told(a) }}){% endmacro %}"
    "{% macro c() %}{{ caller() }}{{ told(x) }}{% endmacro %}"
)
TAIL = "{{ x }}{{ told(x) }}{{ h }}"


def _register(environment: Any) -> None:
    @pass_eval_context
    def told(eval_ctx: Any, value: Any = None) -> str:
        return f"<{bool(eval_ctx.autoescape)}>"

    environment.filters["told"] = environment.globals["told"] = told
    environment.tests["told"] = pass_eval_context(lambda ctx, value: bool(ctx.autoescape))
    environment.globals["asked"] = pass_context(lambda context: str(context.eval_ctx.autoescape))


def _values(notes: Notes) -> dict[str, Any]:
    values = {"x": "<x>", "h": Markup("<h>"), "n": 3, "z": 0, "on": True, "off": False}
    return {**values, "l": ["<x>"], "d": dict(values)}


@each_escaping
@every_kind
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies(body: str, kind: str, autoescape: bool) -> None:
    for label, around in AROUND.items():
        page = f"{HEAD}{around.replace('BODY', body)}{TAIL}"
        pair = Pair({"page.html": page, **PARTS}, kind, change=_register, autoescape=autoescape)
        pair.agree(_values, label)


@every_kind
def test_finalize_is_told(kind: str) -> None:
    @pass_eval_context
    def finalize(eval_ctx: Any, value: Any) -> str:
        return f"{value}{bool(eval_ctx.autoescape)}"

    source = "{{ x }}{% autoescape false %}{{ x }}{{ '<' }}{% endautoescape %}{{ x }}"
    pair = Pair(source, kind, finalize=finalize, autoescape=True)
    assert pair.text(given(x="<")) == "&lt;True<False<False&lt;True"


class _Asking(Context):
    def resolve_or_missing(self, key: str) -> Any:
        return f"<{key} {bool(self.eval_ctx.autoescape)}>"


@every_kind
def test_a_context_that_looks_variables_up_by_itself(kind: str) -> None:
    def exchange(environment: Any) -> None:
        environment.context_class = _Asking

    source = "{{ x }}{% autoescape false %}{{ x }}{% endautoescape %}{{ x }}"
    Pair(source, kind, change=exchange, autoescape=True).agree()
