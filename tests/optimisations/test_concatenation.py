"""``a ~ b`` of text and whole numbers is one text; of anything else what Jinja2 joins."""

from __future__ import annotations

import sys
from typing import Any

import jinja2
import pytest
from markupsafe import Markup

from .agreement import Make, Notes, Pair, each_escaping, every_kind, given, sync_and_async
from .test_escaping_by_type import VALUES
from .test_undefined import CLASSES, context

USES = {
    "two": "{{ x ~ y }}{{ y ~ x }}",
    "text": "{{ '<' ~ x }}{{ x ~ '{}' ~ y ~ '\"\\'%' }}{{ '' ~ x ~ '' }}",
    "other constants": "{{ x ~ 1 ~ y }}{{ x ~ none }}{{ 1.5 ~ x }}{{ true ~ x ~ y }}",
    "nested": "{{ (x ~ y) ~ x }}{{ x ~ (y ~ '<' ~ x) ~ '>' }}",
    "of look-ups": "{{ d.x ~ d['x'] ~ d.x.y }}{{ d.nope ~ x }}",
    "of calls": "{{ say(x) ~ say('<') ~ x|upper ~ y|default('d') }}{{ say(x ~ y) }}",
    "what is not evaluated always": "{{ (x or y) ~ (y and x) ~ (x if y else '<') }}",
    "arithmetic": "{{ n + 1 ~ n * 2 ~ -n }}{{ n ~ n }}",
    "compared": "{{ x ~ y == y ~ x }}{{ 'a' if x ~ y else 'b' }}{% if x ~ '' %}y{% endif %}",
    "filtered": "{{ (x ~ y)|upper }}{{ (x ~ '<')|e }}{{ (x ~ '<')|safe }}{{ (x ~ y)|length }}",
    "safe": "{{ '<'|safe ~ x ~ '<' }}{{ x ~ '<b>'|safe }}{{ ('<' ~ x)|safe ~ '<' }}",
    "set": "{% set z = x ~ y %}{{ z }}{{ z ~ '<' }}{% set z = z ~ z %}{{ z }}",
    "in a loop": "{% for z in [x, y] %}{{ z ~ loop.index ~ '<' }}{{ loop.last ~ z }}{% endfor %}",
    "looped over": "{% for z in x ~ y %}{{ z }},{% endfor %}",
    "an argument": "{% macro m(a, b=x ~ '<') %}{{ a ~ b }}{% endmacro %}{{ m(x ~ y) ~ m() }}",
    "not escaped": "{% autoescape false %}{{ x ~ y }}{% endautoescape %}",
    "escaped or not": "{% autoescape on %}{{ x ~ '<' }}{{ (x ~ y)|upper }}{% endautoescape %}",
    "a key": "{{ d['x' ~ ''] }}{{ d[x ~ y] }}{% include 'pa' ~ part %}",
    "in long code": "{% set _ = [" + "1, " * 1500 + "] %}{{ x ~ y ~ '%' }}"
    "{% for z in [x] %}{{ z ~ '%s' ~ y }}{% endfor %}",
}


class Loud(int):
    def __str__(self) -> str:
        return "<loud>"

    def __format__(self, form: str) -> str:
        return "nobody asks"


class Quiet(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "<quiet>"

    def __format__(self, form: str) -> str:
        return "nobody asks"


class Html:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __html__(self) -> str:
        self._notes.append(("html",))
        return "<i>"

    def __str__(self) -> str:
        self._notes.append(("text",))
        return "<t>"


class Raising:
    def __str__(self) -> str:
        raise ZeroDivisionError("no text")


MORE: dict[str, Make] = {
    "an int of its own": lambda notes: Loud(3),
    "text of its own": lambda notes: Quiet("<q>"),
    "html": Html,
    "markup": lambda notes: Markup("<m>"),
    "no text": lambda notes: Raising(),
    "huge": lambda notes: 10 ** (getattr(sys, "get_int_max_str_digits", lambda: 4300)() + 1),
    "a surrogate": lambda notes: "\ud800",
}


def _context(one: Make, other: Make) -> Make:
    def make(notes: Notes) -> dict[str, Any]:
        def say(value: Any) -> Any:
            notes.append(("say", type(value).__name__))
            return value

        x = one(notes)
        values = {"x": x, "y": other(notes), "d": {"x": x}, "n": 7, "say": say}
        return {**values, "on": True, "part": "rt"}

    return make


@each_escaping
@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_values(use: str, kind: str, autoescape: bool) -> None:
    pair = Pair({"page.html": use, "part": "p"}, kind, autoescape=autoescape)
    others: list[Make] = [lambda notes: "<y>", lambda notes: 3, lambda notes: Markup("<y>")]
    values = [*VALUES.items(), *MORE.items()]
    for label, make in values[:: 1 if kind == "sync" else 4]:
        for other in [*others, make]:
            pair.agree(_context(make, other), label)


@sync_and_async
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_missing(name: str, kind: str) -> None:
    for use in ("{{ n ~ x.n ~ n.m ~ 1 }}", "{{ 'a' ~ n }}{{ n ~ '' == x.n ~ '' }}"):
        for autoescape in (False, True):
            pair = Pair(use, kind, undefined=CLASSES[name], autoescape=autoescape)
            pair.agree(context, use)


@sync_and_async
def test_the_line_of_an_error(kind: str) -> None:
    source = "\n\n{{ x ~\n y ~\n z.a.b }}\n"
    for y in (Raising(), "<y>"):
        Pair(source, kind).error(given(x=1, y=y))
    strict = Pair(source, kind, undefined=jinja2.StrictUndefined)
    strict.error(given(x=1, z={}))


@sync_and_async
def test_values_that_finalize_changes(kind: str) -> None:
    finalize = lambda value: f"({value})"  # noqa: E731
    pair = Pair("{{ x ~ y ~ 'z' }}{{ 'a' ~ 1 }}{{ x }}", kind, finalize=finalize, autoescape=True)
    assert pair.text(given(x="<x>", y=1)) == "(&lt;x&gt;1z)(a1)(&lt;x&gt;)"
