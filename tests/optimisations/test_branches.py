"""The text before an ``if`` is written with the first of its branch: nobody can tell.

Values are looked up, asked whether they are true and made text in Jinja2's order; what is in the
way of one write, such as a wait, gets two.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.compiler.analysis import LONG
from tests.runtime.slow_pulls import KINDS, TimedTrace
from tests.support.clocks import SLOW, replaced_clock

from .agreement import (
    EXTENSIONS,
    Make,
    Notes,
    Pair,
    each_escaping,
    every_kind,
    given,
    sync_and_async,
)
from .test_undefined import CLASSES, becoming, context

BEFORE = ["{{ a }}", "<t>{{ a }}{{ b }}{{ n }}", "{{ say(a) }}, {{ u }}"]
FIRST = {
    "text": "text",
    "a value": "{{ c }}",
    "values": "{{ a }}'{{ b }}{{ c }}",
    "a call": "[{{ say(c) }}{{ m(a) }}{{ b }}]",
    "a lazy filter": "[{{ b }}{{ gen()|first }}{{ a }}]",
    "nothing": "",
    "a constant": "{{ '<' }}{{ 1 }}",
    "a loop": "{% for x in [a, b] %}{{ x }}{{ c }}{% endfor %}",
    "a loop behind text": "[{% for x in [a, b] %}{{ x }}{% endfor %}]",
    "an include": "{% include 'part' %}",
    "a macro": "{% macro k(x) %}{{ x }}{{ c }}{% endmacro %}{{ k(b) }}",
    "a call block": "{% call m(b) %}{{ c }}{{ b }}{% endcall %}",
    "set": "{% set b = c %}{{ b }}",
    "set behind a run": "{{ c }}{% set b = a %}{{ c }}{{ b }}",
    "a set block": "{% set b %}{{ c }}{{ a }}{% endset %}{{ b }}",
    "with": "{% with b = a %}{{ b }}{{ c }}{% endwith %}",
    "a filter block": "{% filter upper %}{{ c }}{{ b }}{% endfilter %}",
    "escaping": "{% autoescape n %}{{ c }}{% endautoescape %}{{ c }}",
    "an if": "{% if b %}{{ c }}{% else %}none{% endif %}{{ a }}",
    "an if behind a run": "{{ c }}{% if b %}{{ a }}{{ c }}{% elif n %}{% endif %}{{ a }}",
    "do": "{% do say(b) %}{{ c }}",
    "trans": "{% trans x=c %}it: {{ x }}{% endtrans %}",
    "an error": "{{ c }}{{ a.no.no }}",
}
IFS = {
    "alone": "{% if T %}FIRST{% endif %}",
    "with else": "{% if T %}{{ c }}FIRST{% else %}FIRST{{ a }}{% endif %}",
    "chained": "{% if T %}x{{ c }}{% set q = 1 %}{{ b }}{% elif c.yes is defined %}FIRST"
    "{% elif n == 1 %}{{ b }}{{ a }}{% else %}FIRST{% endif %}{{ c }}",
    "in a chain": "{% if not T %}{{ a }}{{ c }}{{ a }}{% include 'part' %}{{ c }}"
    "{% elif T or say(b) %}y{{ c }}FIRST{% endif %}FIRST",
    "two": "{% if T %}FIRST{% endif %}{{ b }}{% if T %}{% else %}FIRST{% endif %}",
}
PLACES = {
    "bare": "BODY",
    "in a loop": "{% for n in [1, 2] %}BODY{{ loop.last }}BODY{% endfor %}",
    "in a loop's runs": "{% for a in [a, b] %}{{ loop.index }}{{ a }}BODY{{ a }}{% endfor %}",
    "in a loop that ends": "{% for n in [1, 2, 3] %}BODY{{ n }}{% if n == 2 %}{{ a }}{% break %}"
    "{% endif %}{{ n }}{% if b %}{{ n }}{% continue %}{% endif %}{% endfor %}",
    "in a recursive loop": "{% for n in [[[]], []] recursive %}BODY{{ loop(n) }}{% endfor %}",
    "in a macro": "{% macro o(a, n=3) %}BODY{% endmacro %}{{ o(b) }}{{ o(1, a)|upper }}",
    "in a call block": "{% call m(1) %}BODY{% endcall %}",
    "in a block": "{% block p %}BODY{% endblock %}{{ self.p() }}",
    "in a child": "{% extends 'base' %}BODY{% block b %}BODY{{ super() }}{% endblock %}",
    "in what may be a child": "{% if n %}{% extends 'base' %}{% endif %}BODY",
    "captured": "{% set s %}BODY{% endset %}{{ s }}{% filter lower %}BODY{% endfilter %}",
    "escaped or not": "{% autoescape n %}BODY{% endautoescape %}",
    "after a long text": "x" * 501 + "BODY" + "{{ a }}" + "y" * 501 + "BODY",
    "in long code": "{% set _ = [" + "1, " * LONG + "] %}BODY{% for y in [1] %}BODY{% endfor %}",
}
OTHERS = {
    "part": "({{ a }}{% if b %}{{ b }}{% endif %})",
    "base": "[{% block b %}{{ b }}{% if b %}{{ a }}{% endif %}{% endblock %}]",
}
MACRO = "{% macro m(x) %}<{{ x }}{{ caller() if caller }}>{% endmacro %}"


class Noted:
    """Tells when it is asked for its text, or whether it is true, or for an attribute."""

    def __init__(self, notes: Notes, name: str, is_true: bool) -> None:
        self._note, self._name, self._is_true = notes.append, name, is_true

    def __str__(self) -> str:
        self._note(("text", self._name))
        return f"<{self._name}>"

    def __bool__(self) -> bool:
        self._note(("true?", self._name))
        return self._is_true

    @property
    def yes(self) -> str:
        self._note(("yes", self._name))
        return "yes"


def noted(is_true: bool) -> Make:
    def make(notes: Notes) -> dict[str, Any]:
        def gen() -> Any:
            notes.append(("pull",))
            yield "<1>"

        def say(value: Any) -> Any:
            notes.append(("say",))
            return value

        values = {name: Noted(notes, name, is_true is (name != "b")) for name in "abc"}
        return {**values, "n": 3, "gen": gen, "say": say}

    return make


def page(place: str, body: str) -> dict[str, str]:
    source = place.replace("BODY", body)
    # Nothing but the extended template may stand before what a child says.
    source = source if "extends" in source else MACRO + source
    return {"page.html": source, **OTHERS}


@sync_and_async
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST)
def test_all_that_a_branch_may_begin_with(first: str, kind: str) -> None:
    for before in BEFORE:
        for branches in IFS.values():
            body = before + branches.replace("FIRST", first).replace("T", "a")
            pair = Pair(page("BODY", body), kind, autoescape=True)
            for is_true in (True, False):
                pair.agree(noted(is_true), body)


@each_escaping
@sync_and_async
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_places(place: str, kind: str, autoescape: bool) -> None:
    for first in ("values", "a call", "a loop behind text", "set behind a run", "an if"):
        body = BEFORE[1] + IFS["chained"].replace("FIRST", FIRST[first]).replace("T", "a")
        pair = Pair(page(place, body), kind, autoescape=autoescape)
        for is_true in (True, False):
            pair.agree(noted(is_true), first)


CONDITIONS = [
    *("n", "not n", "n and a", "a and n", "n or a", "a or n", "not (n or a)", "not n and not a"),
    *("n.m", "n is defined", "n is not defined and a", "n == n", "(n and a) or n", "a if n else n"),
    *("n|default(a)", "n|length", "a.yes is undefined", "gen()|first == a", "say(n) or a"),
    *("true and n", "n or false", "1", "''", "a and 1/0", "not 0"),
]


@every_kind
@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(condition: str, kind: str) -> None:
    """Of a missing variable Jinja2 makes an undefined object, which may refuse to be asked."""
    source = f"{{{{ a }}}}{{% if {condition} %}}y{{{{ a }}}}{{% else %}}n{{{{ a }}}}{{% endif %}}"
    elif_source = (
        f"{{{{ a }}}}{{% if x %}}{{% elif {condition} %}}y{{% else %}}{{{{ a }}}}{{% endif %}}"
    )

    def make(notes: Notes) -> dict[str, Any]:
        values = {**noted(True)(notes), **context(notes)}
        return {name: value for name, value in values.items() if name != "n"}

    for each in (source, elif_source):
        for name, undefined in list(CLASSES.items())[:: 1 if kind == "sync" else 4]:
            Pair(each, kind, autoescape=True, change=becoming(undefined)).agree(make, name)


@pytest.mark.parametrize("branches", [9, 10, 11, 13, 40])
@sync_and_async
def test_many_branches(kind: str, branches: int) -> None:
    more = "".join(f"{{% elif a.x == {n} %}}{n}{{{{ b }}}}{{{{ a.x }}}}" for n in range(branches))
    source = f"{{{{ a.x }}}}{{{{ b }}}}{{% if no %}}{more}{{% else %}}E{{{{ b }}}}{{% endif %}}"
    pair = Pair(source, kind, autoescape=True)
    for x in (0, 8, 9, 10, 39, 40):
        pair.text(given(a={"x": x}, b="<b>"))


class Repeating(Extension):
    """Has the same nodes twice: beside each other, or within a statement beside it."""

    tags = {"twice", "again"}  # noqa: RUF012 - as Jinja2 has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        tag = next(parser.stream)
        body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        if tag.value == "twice":
            return [*body, *body]
        test = nodes.Name("a", "load")
        return [*body, nodes.If(test, body, [nodes.If(test, body, [], [])], body)]


@sync_and_async
@pytest.mark.parametrize(
    "body",
    [
        "x",
        "{{ b }}",
        "{{ b }}{% if a %}{{ c }}{% else %}n{% endif %}",
        "x{% if a %}y{% endif %}{% if a %}{{ b }}{% endif %}z",
        "x{% for r in l %}{{ r }}{% endfor %}",
        "x{% for r in l %}{{ r }}{% endfor %}y",
        "{{ b }}{% for r in l %}{{ r }}{% endfor %}{% if a %}y{% endif %}",
    ],
)
def test_nodes_in_more_than_one_place(body: str, kind: str) -> None:
    for tag in ("twice", "again"):
        for around in (
            "{}",
            "{{% for q in [1, 2] %}}{}{{% endfor %}}",
            "{{% if a %}}{}{{% endif %}}",
        ):
            source = around.format(f"{{% {tag} %}}{body}{{% end{tag} %}}")
            pair = Pair(source, kind, extensions=[*EXTENSIONS, Repeating], autoescape=True)
            for a in (0, 1):
                pair.text(given(a=a, b="<b>", c="<c>", l=["<r>", 1]), source)


class Intercepting:
    """Asks the sandbox what these operators give; Jinja2 lets it, though it documents others."""

    intercepted_binops = frozenset(["and", "or"])
    intercepted_unops = frozenset(["not "])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        self.notes.append((operator, left, right))  # type: ignore[attr-defined]
        return operator == "and"

    def call_unop(self, context: Any, operator: str, argument: Any) -> Any:
        self.notes.append((operator, argument))  # type: ignore[attr-defined]
        return argument


@pytest.mark.parametrize("kind", ["sandbox", "immutable sandbox"])
@pytest.mark.parametrize("condition", ["a and b", "a or b", "not a", "not (a and b) or not b", "a"])
def test_operators_that_a_sandbox_intercepts(condition: str, kind: str) -> None:
    source = (
        f"{{{{ a }}}}{{% if {condition} %}}y{{% elif {condition} %}}z{{% else %}}n{{% endif %}}"
    )
    pair = Pair(source, kind, mixin=Intercepting)
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        pair.text(given(a=a, b=b))


# -- when it leaves

MACRO_AND_IF = "{% macro m() %}m{% if y %}n{% endif %}o{% endmacro %}"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a{% if y %}b{% endif %}c", ["ab", "c"]),
        ("a{% if n %}b{% endif %}c", ["a", "c"]),
        ("a{% if n %}b{% else %}c{% if y %}d{% endif %}e{% endif %}f", ["acd", "e", "f"]),
        ("a{% if y %}{% flush %}b{% endif %}c", ["a", "b", "c"]),
        ("a{% if y %}b{% flush %}c{% endif %}d", ["ab", "c", "d"]),
        ("a{% if y %}{% if y %}b{% endif %}c{% endif %}", ["ab", "c"]),
        ("a{% if y %}{% set b %}b{% endset %}c{{ b }}{% endif %}d", ["acb", "d"]),
        (MACRO_AND_IF + "a{% if y %}b{{ m() }}c{% endif %}", ["abmn", "o", "c"]),
        ("a{% if y %}b{% for x in [1, 2] %}{{ x }}{% endfor %}c{% endif %}", ["ab1", "2", "c"]),
    ],
)
def test_chunks(source: str, wanted: list[str]) -> None:
    template = StreamEnvironment().from_string(source)
    assert list(render_stream(template, {"y": 1}, chunk_size=0)) == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "branches",
    [
        "{% if rows|first %}b{% endif %}",
        "{% if n %}{% elif d.rows|first %}b{% endif %}",
        "{% if y %}{{ rows|first }}b{% endif %}",
        "{% if n %}{% else %}b{{ rows|first }}{% endif %}",
        "{% if y %}{% for row in rows %}{% endfor %}{% endif %}",
    ],
)
def test_what_stands_before_a_slow_pull_leaves(
    branches: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = TimedTrace(kind, replaced_clock(monkeypatch))
    rows = trace.source([SLOW])
    happened = trace.consume("a" + branches, {"rows": rows, "d": {"rows": rows}, "y": True})
    assert happened[:2] == ["a", 1]


@pytest.mark.skipif(not hasattr(sys, "get_int_max_str_digits"), reason="ints of any length")
def test_an_int_that_is_too_long_fails_in_the_branch() -> None:
    template = StreamEnvironment().from_string("{{ n }}{% if a %}{{ b }}{% endif %}")
    notes: Notes = []
    sides = {name: Noted(notes, name, True) for name in "ab"}
    with pytest.raises(ValueError, match="digits"):
        template.render(n=10 ** (sys.get_int_max_str_digits() + 1), **sides)
    assert notes == [("true?", "a"), ("text", "b")]
