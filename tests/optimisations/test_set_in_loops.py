"""What a loop sets is kept for calls that take the context, where the function has any calls."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context

from .agreement import Notes, Pair, every_kind, sync_and_async

CALLS = ["", "{{ seen() }}", "{{ x|seen }}", "{{ 'x' if x is seen }}", "{% do seen() %}"]
SETS = [
    "{% set x = i %}",
    "{% set x %}{{ i }}{% endset %}",
    "{% set x, y = i, 2 %}",
    "{% if i == 1 %}{% set x = i %}{% else %}{% set y = i %}{% endif %}",
    "{% with y = i %}{% set x = y %}CALL{% endwith %}",
    "{% set ns.x = i %}",
    "{% macro x() %}{{ i }}{% endmacro %}",
    "{% import 'lib' as x %}",
    "{% from 'lib' import f as x %}",
]
LOOPS = {
    "one": "{% for i in [1, 2] %}SETCALL{{ x }}{% endfor %}CALL",
    "before it": "{% for i in [1, 2] %}CALLSET{{ x }}{% endfor %}",
    "in the inner": "{% for i in [1, 2] %}CALL{% for j in [3, 4] %}SET{% endfor %}CALL{% endfor %}",
    "in the outer": "{% for i in [1, 2] %}SET{% for j in [3, 4] %}CALL{{ x }}{% endfor %}CALL"
    "{% endfor %}",
    "in both": "{% for i in [1, 2] %}SET{% for i in [3, 4] %}SETCALL{% endfor %}CALL{% endfor %}",
    "with a row": "{% for i in [1, 2] %}SET<{% for j in [3, 4] %}<{{ j }}>{% endfor %}>CALL"
    "{% endfor %}",
    "in the third": "{% for i in [1] %}{% for j in [1] %}{% for k in [1, 2] %}SET{% endfor %}CALL"
    "{% endfor %}{% for j in [2] %}SETCALL{% endfor %}{% endfor %}",
    "beside": "{% for i in [1, 2] %}SET{% endfor %}{% for i in [3] %}CALL{% endfor %}CALL",
    "in a macro": "{% for i in [1, 2] %}SET{% macro m() %}{% for i in [3] %}SETCALL{% endfor %}CALL"
    "{% endmacro %}{{ m() }}CALL{% endfor %}",
    "a macro without": "{% for i in [1, 2] %}{% macro m() %}{% for i in [3] %}SET{{ x }}"
    "{% endfor %}{% endmacro %}{% set z = m %}CALL{% endfor %}",
    "in a call block": "{% macro m() %}{{ caller() }}{% endmacro %}{% for i in [1] %}SET"
    "{% call m() %}CALL{% endcall %}{% endfor %}",
    "included": "{% for i in [1, 2] %}SET{% include 'part' %}{% endfor %}",
    "in a block": "{% block b %}{% set x = 0 %}{% for i in [1, 2] %}SETCALL{% endfor %}CALL"
    "{% endblock %}",
    "in a scoped block": "{% for i in [1, 2] %}SET{% block b scoped %}CALL{{ x }}{% endblock %}CALL"
    "{% endfor %}",
    "recursive": "{% for i in [[[1]], 2] recursive %}SETCALL{% if i is iterable %}{{ loop(i) }}"
    "{% endif %}CALL{% endfor %}",
    "with else": "{% for i in [] %}SET{% else %}SETCALL{% endfor %}CALL",
    "with a test": "{% for i in [1, 2, 3] if i != 2 %}SETCALL{% endfor %}",
    "left early": "{% for i in [1, 2, 3] %}SET{% if i == 2 %}{% break %}{% endif %}CALL"
    "{% endfor %}",
    "trans": "{% for i in [1, 2] %}SET{% trans z=x %}of {{ z }}{% endtrans %}CALL{% endfor %}",
}
OTHERS = {
    "part": "[{{ x }}{{ seen() }}{% for i in [5] %}{% set x = i %}{{ seen() }}{% endfor %}]",
    "lib": "{% macro f() %}f{% endmacro %}",
}


def context(notes: Notes) -> dict[str, Any]:
    return {"seen": seen, "x": "<x>", "i": "<i>"}


@pass_context
def seen(context: Context, *args: object) -> str:
    """What the context says of the variables."""
    said = [context.get(name, "-") for name in ("x", "y", "i", "j")]
    return ",".join(each if isinstance(each, str) else type(each).__name__ for each in said)


def change(environment: Any) -> None:
    environment.filters["seen"] = environment.tests["seen"] = seen


@every_kind
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_who_sees_what_is_set(loop: str, kind: str) -> None:
    for setting in SETS[:: 1 if kind == "sync" else 4]:
        for call in CALLS:
            source = "{% set ns = namespace() %}" + loop.replace("SET", setting)
            pair = Pair({"page.html": source.replace("CALL", call), **OTHERS}, kind, change=change)
            pair.agree(context, source)


@sync_and_async
def test_values_too(kind: str) -> None:
    """Numbers are told apart, of which the other test tells the type alone."""
    told = pass_context(lambda context, name: repr(context.get(name)))
    source = (
        "{% for i in [1, 2] %}{% set x = i %}{{ told('x') }}{% for j in [3, 4] %}{{ told('x') }}"
        "{% set x = x + j %}{{ told('x') }}{{ x }}{% endfor %}{{ told('x') }}{{ x }};{% endfor %}"
        "{{ told('x') }}{{ x }}"
    )
    assert Pair(source, kind).text(lambda notes: {"told": told, "x": 0}).startswith("1")
