"""The ``loop`` object: built where its attributes are not enough, and always the same to look at.

Counters that generated code keeps itself, look-ahead in what is iterated, lists that change their
length while they are looped over, and every way to hand the object to other code.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context

from .agreement import Make, Notes, Pair, sync_and_async
from .iterables import ITERABLES

BODIES = {
    "nothing": "{{ x }}",
    "index": "{{ loop.index }}{{ loop.index0 }}{{ x }}",
    "first": "{{ loop.first }}{{ x }}",
    "last": "{{ loop.last }}{{ x }}",
    "a comma unless last": "{{ ',' if not loop.last }}{{ x }}",
    "length": "{{ loop.length }}{{ x }}",
    "from the end": "{{ loop.revindex }}{{ loop.revindex0 }}{{ x }}",
    "the one before": "{{ loop.previtem }}|{{ loop.previtem is defined }}{{ x }}",
    "the one after": "{{ loop.nextitem }}|{{ loop.nextitem is defined }}{{ x }}",
    "attributes of neighbours": "{{ loop.previtem|attr('a') }}{{ loop.nextitem|default('d') }}",
    "cycle": "{{ loop.cycle('a', '<b>', x) }}",
    "cycle of nothing": "{{ loop.cycle() }}",
    "changed": "{{ loop.changed(x) }}{{ loop.changed(1) }}",
    "changed in all ways": "{{ loop.changed() }}{{ loop.changed(x, 1) }}{{ loop.changed(x) }}",
    "depth": "{{ loop.depth }}{{ loop.depth0 }}",
    "all": "{{ loop.index }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}"
    "{{ loop.previtem }}{{ loop.nextitem }}{{ x }}",
    "length at first": "{% if loop.first %}{{ loop.length }}{% endif %}{{ x }}",
    "length in between": "{% if loop.index == 2 %}{{ loop.length }}{{ loop.revindex }}{% endif %}"
    "{{ x }}",
    "length at last": "{% if loop.last %}{{ loop.length }}{% endif %}{{ x }}",
    "length after a look ahead": "{{ loop.nextitem }}{{ loop.length }}{{ x }}",
    "calculated with": "{{ loop.index ~ loop.last }}{{ loop.index * 2 }}{{ loop.index is odd }}",
    "methods of attributes": "{{ loop.index.bit_length() }}{{ loop.first.real }}",
    "items": "{{ loop['index'] }}{{ loop['last'] }}{{ loop['nothing'] }}",
    "what it has not": "{{ loop.nothing }}{{ loop.nothing is defined }}",
    "no recursive loop": "{{ loop([]) }}",
    "continue": "{% if loop.index == 2 %}{% continue %}{% endif %}{{ x }}{{ loop.last }}",
    "break": "{% if loop.index == 2 %}{% break %}{% endif %}{{ x }}{{ loop.length }}",
    "inner loop": "{% for y in [1, 2] %}{{ loop.index }}{{ loop.last }}{% endfor %}"
    "{{ loop.index }}",
    "outer loop in an inner": "{% set o = loop %}{% for y in [1, 2] %}{{ o.index }}{{ o.last }}"
    "{{ loop.index }}{% endfor %}",
    "another name": "{% set l = loop %}{{ l.index }}{{ l.revindex }}{{ l.cycle(1, 2) }}",
    "in with": "{% with l = loop %}{{ l.index }}{{ l.last }}{% endwith %}",
    "in a namespace": "{% set ns = namespace(l=loop) %}{{ ns.l.index }}{{ ns.l.last }}",
    "in a filter block": "{% filter upper %}{{ loop.index }}{{ loop.last }}{% endfilter %}",
    "in a set block": "{% set s %}{{ loop.index }}{{ loop.last }}{% endset %}{{ s }}",
    "given to a macro": "{% macro m(l) %}{{ l.index }}{{ l.last }}{% endmacro %}{{ m(loop) }}",
    "seen by a macro": "{% macro m() %}{{ loop is defined }}{% endmacro %}{{ m() }}",
    "called with a body": "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}"
    "{{ loop.index }}"
    "{{ loop.last }}{% endcall %}",
    "seen by an include": "{% include 'part' %}{{ loop.index }}",
    "seen by an import": "{% import 'lib' as lib with context %}{{ lib.m() }}{{ loop.last }}",
    "seen by a block": "{% block b scoped %}{{ loop.index }}{{ x }}{% endblock %}{{ loop.last }}",
}
GIVEN_AWAY = {
    "printed": "{{ loop }}",
    "to a function": "{{ see(loop) }}{{ see(loop, 'last') }}{{ see(loop, 'length') }}{{ x }}",
    "to a function, later": "{{ see(loop, 'index') }}{{ x }}{{ loop.last }}",
    "to filters": "{{ loop|attr('index') }}{{ [loop]|map(attribute='last')|list }}",
    "to a function of the context": "{{ of_context() }}{{ loop.index }}",
    "iterated": "{% for z in loop %}{{ z[0] }}{% break %}{% endfor %}{{ x }}",
    "pulled from": "{{ x }}{{ pulled(loop) }}{{ loop.index }}{{ loop.previtem }}",
    "pulled from after a look ahead": "{{ loop.last }}{{ pulled(loop) }}{{ x }}{{ loop.last }}",
    "pulled from, then its length": "{{ pulled(loop) }}{{ x }}{{ loop.length }}{{ loop.last }}",
    "its length, then pulled from": "{{ loop.length }}{{ x }}{{ pulled(loop) }}{{ loop.revindex }}",
    "as a list": "{{ loop|list|length }}",
    "length by a filter": "{{ loop|length }}{{ x }}",
    "as a name in expressions": "{{ 1 if loop else 2 }}{{ (loop or 1).index }}"
    "{{ [loop][0].index }}",
    "assigned": "{% set loop = 3 %}{{ loop }}",
}
LOOPS = {
    "plain": "{% for x in rows %}BODY;{% endfor %}",
    "else": "{% for x in rows %}BODY;{% else %}none{% endfor %}.",
    "tested": "{% for x in rows if x %}BODY;{% endfor %}",
    "in a macro": "{% macro mm(rows) %}{% for x in rows %}BODY;{% endfor %}{% endmacro %}"
    "{{ mm(rows) }}",
}
OTHERS = {
    "part": "[{{ x }}{{ loop.index if loop is defined }}]",
    "lib": "{% macro m() %}{{ loop is defined }}{{ loop.index if loop is defined }}{% endmacro %}",
}


@pass_context
def of_context(context: Context) -> str:
    loop = context.get("loop")
    return f"{context.get('x')}{loop and loop.index0}"


def see(loop: Any, name: str = "index0") -> Any:
    return getattr(loop, name)


def pulled(loop: Any) -> Any:
    """The next item, of which the loop itself learns nothing."""
    return next(loop, ("none",))[0]


def context_of(make: Make) -> Make:
    return lambda notes: {
        "rows": make(notes),
        "see": see,
        "pulled": pulled,
        "of_context": of_context,
    }


def agree(loop: str, body: str, kind: str, iterables: dict[str, Make] = ITERABLES) -> None:
    pair = Pair({"page.html": loop.replace("BODY", body), **OTHERS}, kind, autoescape=True)
    for label, make in iterables.items():
        pair.agree(context_of(make), label)


@sync_and_async
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_loops(body: str, kind: str) -> None:
    for loop in LOOPS.values():
        agree(loop, body, kind)


# In async environments it is no length that they get, but an awaitable.
@pytest.mark.parametrize("body", GIVEN_AWAY.values(), ids=GIVEN_AWAY)
def test_loops_given_away(body: str) -> None:
    for loop in LOOPS.values():
        agree(loop, body, "sync")


# In async environments the attributes of a recursive loop's object are awaitable, and counted
# before the loop begins.
COUNTED = ("length", "end", "all", "in between", "at first", "at last", "another name", "break")


@sync_and_async
@pytest.mark.parametrize("name", BODIES)
def test_recursive_loops(name: str, kind: str) -> None:
    if name == "no recursive loop" or (kind == "async" and any(word in name for word in COUNTED)):
        return
    loop = "{% for x in rows recursive %}BODY{{ loop([]) }};{% endfor %}"
    agree(loop, BODIES[name], kind)


@sync_and_async
@pytest.mark.parametrize("name", ["last", "length", "from the end", "all", "changed", "cycle"])
def test_loops_in_loops(name: str, kind: str) -> None:
    for around in (
        "{% for o in [1, 2] %}LOOP{{ loop.index }}{% endfor %}",
        "{% set q %}LOOP{% endset %}{{ q }}",
        "{% block b %}LOOP{% endblock %}",
        "{% filter upper %}LOOP{% endfilter %}",
    ):
        agree(around.replace("LOOP", LOOPS["plain"]), BODIES[name], kind)


# -- what changes while it is looped over

CHANGES = {
    "grows": "{% if loop.index < 3 %}{% do rows.append(9) %}{% endif %}",
    "grows at its end": "{% if x == 'c' %}{% do rows.append(9) %}{% endif %}",
    "shrinks": "{% if loop.index == 1 %}{% do rows.pop() %}{% endif %}",
    "is emptied": "{% do rows.clear() %}",
    "is reversed": "{% if loop.first %}{% do rows.reverse() %}{% endif %}",
    "is another one": "{% set rows = [] %}",
}
ASKED = {
    "nothing": ("", "{{ x }}"),
    "index": ("", "{{ x }}{{ loop.index }}"),
    "last before": ("{{ loop.last }}", "{{ x }}"),
    "last after": ("", "{{ x }}{{ loop.last }}"),
    "length before": ("{{ loop.length }}", "{{ x }}{{ loop.revindex }}"),
    "length after": ("", "{{ x }}{{ loop.length }}{{ loop.revindex }}"),
    "the next before": ("{{ loop.nextitem }}", "{{ x }}"),
    "the next after": ("", "{{ x }}{{ loop.nextitem }}"),
    "both": ("{{ loop.length }}{{ loop.last }}", "{{ x }}{{ loop.length }}{{ loop.nextitem }}"),
    "both, the other way": ("{{ loop.nextitem }}", "{{ x }}{{ loop.last }}{{ loop.length }}"),
}


class Changing:
    """Changes the list that it is in when it is shown, as other tasks and threads may."""

    def __init__(self, rows: list[object], change: str) -> None:
        self._rows, self._change = rows, change

    def __str__(self) -> str:
        if self._change == "append" and len(self._rows) < 6:
            self._rows.append("new")
        elif self._change == "pop":
            self._rows.pop()
        elif self._change == "clear":
            self._rows.clear()
        return f"{len(self._rows)}"


def changing(change: str, at: int) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        rows: list[object] = ["a", "b", "c"]
        rows[at] = Changing(rows, change)
        return {"rows": rows}

    return context


@sync_and_async
@pytest.mark.parametrize(
    "body",
    [
        *(
            "{{ x }}{{ loop.last }}",
            "{{ loop.last }}{{ x }}",
            "{{ loop.last }}{{ x }}{{ loop.last }}",
        ),
        *("{{ x }}{{ loop.length }}", "{{ loop.length }}{{ x }}{{ loop.revindex }}"),
        "{% if loop.first %}{{ loop.length }}{% endif %}{{ x }}{{ loop.revindex0 }}{{ loop.last }}",
    ],
)
def test_lists_that_change_unseen(body: str, kind: str) -> None:
    """Where one gets shorter before its last row, what was seen to follow is not kept."""
    parts = {"row": "[{{ x }}]"}
    for around in (body, body + "{% include 'row' %}", "{% include 'row' %}" + body):
        page = "{% for x in rows %}" + around + ";{% endfor %}"
        pair = Pair({"page.html": page, **parts}, kind)
        for at in range(3):
            for change in ("append", "pop", "clear") if at == 2 else ("append",):
                pair.agree(changing(change, at), f"{around}, {change} at {at}")


@sync_and_async
def test_an_object_that_is_made_after_the_last_row_was_told(kind: str) -> None:
    asked = "{% if x is not string %}{% include 'asks' %}{% endif %};"  # at one row alone
    page = "{% for x in rows %}{{ loop.last }}{{ x }}" + asked + "{% endfor %}"
    pair = Pair({"page.html": page, "asks": "[{{ loop.index }}{{ loop.last }}]"}, kind)
    for at in range(3):
        pair.agree(changing("append", at), f"append at {at}")


class Rows(list):
    """A list of the user's."""


def rows(kind: type[list[Any]]) -> Make:
    return lambda notes: {"rows": kind(["a", "b", "c"])}


@sync_and_async
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_lists_that_change(change: str, asked: tuple[str, str], kind: str) -> None:
    for loop in LOOPS.values():
        pair = Pair(loop.replace("BODY", change.join(asked)), kind)
        for each in (list, Rows):
            pair.text(rows(each), each.__name__)


@sync_and_async
def test_dicts_that_change(kind: str) -> None:
    def make(notes: Notes) -> dict[str, Any]:
        return {"rows": {"a": 1, "b": 2, "c": 3}}

    for body in ("{% do rows.update(z=1) %}", "{{ loop.last }}{% do rows.clear() %}"):
        assert (
            "during iteration"
            in Pair(LOOPS["plain"].replace("BODY", body), kind).error(make).message
        )


@sync_and_async
@pytest.mark.parametrize(
    "loop", ["{{ loop.index }}", "{{ loop.last }}", "{% if false %}{{ loop }}{% endif %}"]
)
def test_macros_that_keep_the_variables_of_a_loop(loop: str, kind: str) -> None:
    """Called again where the test looks at the next item, they see the last one that passed."""
    source = (
        "{% for x in rows if keeps(x) %}" + loop + "{% macro m() %}{{ x }}{{ y }}{% endmacro %}"
        "{% set y = x ~ '!' %}{% do saved.append(m) %}{{ x }};{% endfor %}"
    )

    def make(notes: Notes) -> dict[str, Any]:
        saved: list[Any] = []

        def keeps(value: int) -> bool:
            notes.append((value, [str(macro()) for macro in saved] if kind == "sync" else ()))
            return value % 2 == 1

        return {"rows": [1, 2, 3, 4, 5, 6], "saved": saved, "keeps": keeps}

    assert Pair(source, kind).text(make).count(";") == 3


@sync_and_async
def test_a_filter_that_grows_the_list(kind: str) -> None:
    def register(environment: Any) -> None:
        environment.filters["grow"] = lambda rows: rows.append(1) or len(rows)

    source = (
        "{% for x in r %}{{ loop.length }}{{ r|grow if r|length < 4 }}{{ loop.last }},{% endfor %}"
    )
    pair = Pair(source, kind, change=register)
    pair.agree(lambda notes: {"r": [1, 2]})


@pytest.mark.parametrize("attribute", ["last", "length", "revindex"])
def test_a_source_whose_look_ahead_fails(attribute: str) -> None:
    def rows() -> Any:
        yield 1
        raise AttributeError("of the source's own")

    source = "{% for x in rows %}[{{ x }}{{ loop." + attribute + " }}]{% endfor %}"
    Pair(source, "sync").agree(lambda notes: {"rows": rows()})


class _Broken:
    @property
    def rows(self) -> Any:
        raise ValueError("broken")


@sync_and_async
@pytest.mark.parametrize("iterable", ["broken\n.rows", "\nbroken.rows", "\nfail()", "fail(\n1)"])
def test_the_line_of_an_iterable_on_another_line(iterable: str, kind: str) -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("failed")

    source = "\n{% for x in " + iterable + " %}{{ x }}{% endfor %}"
    Pair(source, kind).error(lambda notes: {"broken": _Broken(), "fail": fail})
