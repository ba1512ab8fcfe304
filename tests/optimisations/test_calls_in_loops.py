"""A call in a loop mostly calls the macro that it called before: how it streams is known then.

It is found out anew when something else is called, and when the text of the macro might have to be
escaped: that can change in the midst of a loop. What is a plain function or method is called at
once; each is looked at for what it wants to be passed.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context, pass_eval_context
from jinja2.runtime import Context

from .agreement import Notes, Pair, each_escaping, every_kind, given
from .callables import CALLABLES, of_class
from .callables import told as told_of

MACROS = (
    "{% macro a(x) %}<a{{ x }}>{% endmacro %}"
    "{% macro b(x, y='<y>') %}<b{{ x }}{{ y }}>{% endmacro %}"
    "{% macro c() %}<{{ caller(1) }}{{ varargs }}{{ kwargs }}>{% endmacro %}"
)
LOOPS = {
    "one macro": "{% for i in rows %}{{ a(i) }}{% endfor %}",
    "in turn": "{% for m in [a, b, a, a, b] %}{{ m('<') }}{% endfor %}",
    "other arguments": "{% for i in rows %}{{ b(i) }}{{ b(i, 1) }}{{ b(x=i, y=2) }}{% endfor %}",
    "not the macro's": "{% for m in [b, a] %}{{ m(1, y=2) }}{% endfor %}",
    "a function among them": "{% for m in [a, f, a, f] %}{{ m('<') }}{% endfor %}",
    "no function": "{% for m in [a, a, none, a] %}{{ m('<') }}{% endfor %}",
    "undefined": "{% for m in [a, a, nope, a] %}{{ m('<') }}{% endfor %}",
    "set in the loop": "{% for i in rows %}{% macro m(x) %}({{ x }}{{ i }}){% endmacro %}{{ m(i) }}"
    "{% endfor %}",
    "another one by set": "{% for i in rows %}{% set m = a if i == 2 else b %}{{ m(i) }}"
    "{% endfor %}",
    "call blocks": "{% for i in rows %}{% call(y) c(i, z=i) %}"
    "{{ y }}{{ i }}<{% endcall %}{% endfor %}",
    "caller": "{% macro d() %}{% for i in [1, 2] %}{{ caller(i) }}{% endfor %}{% endmacro %}"
    "{% for i in rows %}{% call(y) d() %}{{ y }}{{ i }}<{% endcall %}{% endfor %}",
    "in an inner loop": "{% for i in rows %}{% for m in [a, b] %}{{ m(i) }}{% endfor %}{{ a(i) }}"
    "{% endfor %}",
    "recursive": "{% for i in [[[]], []] recursive %}{{ a('<') }}{{ loop(i) }}{{ loop(i)|upper }}"
    "{% endfor %}",
    "blocks": "{% block q %}<q>{% endblock %}"
    "{% for i in rows %}{{ self.q() }}{{ a(i) }}{% endfor %}",
    "no text": "{% for i in rows %}{{ a(i)|upper }}{{ a(a(i)) }}{% endfor %}",
    "in a filter block": "{% filter upper %}{% for i in rows %}{{ a(i) }}"
    "{% endfor %}{% endfilter %}",
}
ESCAPING = {
    "left on": "{% for i in rows %}{{ a(i) }}{% autoescape true %}{% if i == 2 %}{% continue %}"
    "{% endif %}{% endautoescape %}{{ a('<') }}{% endfor %}{{ a('<') }}",
    "left off": "{% for i in rows %}{{ a(i) }}{% autoescape false %}{% if i == 2 %}{% continue %}"
    "{% endif %}{% endautoescape %}{{ a('<') }}{% endfor %}{{ a('<') }}",
    "left by a macro": "{% macro off() %}{% for i in [1] %}{% autoescape false %}{% break %}"
    "{% endautoescape %}{% endfor %}{% endmacro %}"
    "{% for i in rows %}{{ a('<') }}{% if i == 2 %}{{ off() }}{% endif %}{% endfor %}",
    "set by a function": "{% for i in rows %}{{ a('<') }}{{ escape(i % 2) }}{% endfor %}",
    "set by a function of the context": "{% for i in rows %}{{ a('<') }}{{ told(i % 2) }}"
    "{% endfor %}",
    "around calls": "{% for i in rows %}{% autoescape false %}{{ a('<') }}{% endautoescape %}"
    "{{ a('<') }}{% autoescape true %}{{ a('<') }}{% endautoescape %}{% endfor %}",
    "by a value": "{% for i in rows %}{% autoescape i == 2 %}{{ a('<') }}{% endautoescape %}"
    "{{ a('<') }}{% endfor %}",
}


@pass_eval_context
def escape(eval_ctx: Any, on: object) -> str:
    eval_ctx.autoescape = bool(on)
    return ""


@pass_context
def told(context: Context, on: object) -> str:
    context.eval_ctx.autoescape = bool(on)
    return ""


def context(notes: Notes) -> dict[str, Any]:
    def f(*args: object) -> str:
        notes.append(args)
        return f"<f{args}>"

    return {"rows": [1, 2, 3, 4], "f": f, "escape": escape, "told": told}


@each_escaping
@every_kind
def test_calls_in_loops(kind: str, autoescape: bool) -> None:
    for name, loop in {**LOOPS, **ESCAPING}.items():
        Pair(MACROS + loop, kind, autoescape=autoescape).agree(context, name)
        inside = "{% macro page(rows) %}" + loop + "{% endmacro %}{{ page(rows) }}"
        if "block q" not in loop:
            Pair(MACROS + inside, kind, autoescape=autoescape).agree(context, f"{name}, in a macro")


@pytest.mark.parametrize("name", LOOPS)
def test_imported_macros(name: str) -> None:
    source = "{% from 'lib' import a, b, c %}{% from 'lib.txt' import a as p %}" + LOOPS[name]
    mixed = source + "{% for m in [a, p, a, p] %}{{ m('<') }}{% endfor %}"

    def by_name(name: str | None) -> bool:
        return name is not None and not name.endswith(".txt")

    files = {"page.html": mixed, "lib": MACROS, "lib.txt": MACROS}
    Pair(files, autoescape=by_name).agree(context)


IN_TURN = {
    "callables and macros": "{% for f in callables %}{{ f('<') }}{{ a(1) }}{% endfor %}",
    "twice": "{% for f in callables %}{{ f('<') }}{{ f(1) }}{% endfor %}",
    "a call as the argument": "{% for f in callables %}{{ a(f('<')) }}{{ f(f(1)) }}{% endfor %}",
    "with variables": "{% for f in callables %}{% set v = 1 %}{{ f(v) }}{% endfor %}",
    "call blocks": "{% for f in callables %}{% call f(1) %}<{% endcall %}{% endfor %}",
    "macros between": "{% for f in callables %}{% for m in [a, f, a, f] %}{{ m('<') }}{% endfor %}"
    "{% endfor %}",
}


@each_escaping
@every_kind
@pytest.mark.parametrize("loop", IN_TURN.values(), ids=IN_TURN)
def test_all_that_can_be_called_in_turn(loop: str, kind: str, autoescape: bool) -> None:
    pair = Pair(MACROS + loop, kind, autoescape=autoescape)
    for name, value in CALLABLES.items():
        pair.agree(given(callables=[str.upper, value, value, "a".join]), name)


class Marked:
    """Its method and its function want the context from the second row on."""

    def __init__(self) -> None:
        self.function = lambda *args: told_of(*args)
        self.method = of_class(m=lambda self, *args: told_of(*args))().m

    def mark(self) -> str:
        for function in (self.function, self.method.__func__):
            pass_context(function)
        return ""


@every_kind
def test_what_a_function_wants_may_change_between_rows(kind: str) -> None:
    source = "{% for i in rows %}{{ o.function(i) }}{{ o.method(i) }}{{ o.mark() }}{% endfor %}"
    Pair(source, kind).agree(lambda notes: {"rows": [1, 2, 3], "o": Marked()})
