"""A run, text and expressions without a statement between them, is one f-string and one write.

Text comes out as it stands in the template, whatever it means in Python; values are evaluated in
their order; and ``finalize`` sees each of them.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jinja2
import pytest
from jinja2 import Undefined, pass_context, pass_environment, pass_eval_context, select_autoescape
from markupsafe import Markup

from .agreement import Notes, Pair, each_escaping, every_kind, given, sync_and_async

PIECES = [
    *("{", "}", "\\", "'", '"', "\n", "\\n", "%", "{{ x }}", "\r\n", "\t", "\x00", "\x85", "é"),
    *("\u2028", "'''", '"""', "\\\\", "\\x41", "\\N{DASH}", "$", "f'", "{x}", "{0!r:>5}", "\ud800"),
    *(
        "{{ '{' }}",
        "{{ '}' }}",
        '{{ "\'" }}',
        "{{ '\\n' }}",
        "{{ '%s' }}",
        "{{ 1 }}",
        "{{ '\\\\' }}",
    ),
    *("{# c #}", "{{ x.a }}", "{{ '\"' }}", "{{ '{{' }}", "\f", "\v", "\x1c", "{{- x -}}"),
]
X = "<'\"{\\"


SHAPES = {"alone": "{}|", "between values": "{{{{ x }}}}{}{{{{ x }}}}|"}


@functools.cache
def texts(shape: str) -> list[str]:
    """All pairs of pieces in *shape*, but for those that are broken tags by accident."""
    pairs = ("".join(pair) for pair in itertools.product(PIECES, PIECES))
    return [text for text in map(shape.format, pairs) if is_template(text)]


def is_template(text: str) -> bool:
    try:
        jinja2.Environment().parse(text)
    except jinja2.TemplateSyntaxError:
        return False
    return True


@sync_and_async
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_text_next_to_text(shape: str, kind: str) -> None:
    assert len(texts(shape)) > 1000
    Pair("".join(texts(shape)), kind, autoescape=True).text(given(x=X))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_text_in_runs_of_its_own(shape: str) -> None:
    Pair("{% if true %}{% endif %}".join(texts(shape))).text(given(x=X))


LONG = {
    "a thousand values": "".join(f"{{{{ x }}}}{number}\n" for number in range(1000)),
    "a long text": "x" * 200_000,
    "long text of quotes and braces": "'\"{}\\" * 20_000,
    "long texts between values": f"{{{{ x }}}}{'text' * 20_000}{{{{ x }}}}{'}' * 20_000}{{{{ x }}}}"
    f"",
    "one expression": "{{ " + " ~ ".join(["x"] * 200) + " }}",
    "many attributes": "{{ o" + ".o" * 50 + ".x }}",
    "many calls": "{{ f(x) }}" * 200,
    "many macros": "{% macro m(a) %}<{{ a }}>{% endmacro %}" + "{{ m(x) }}." * 150,
    "many conditions": "{% if x %}{{ x }}{% endif %}" * 200,
}


@sync_and_async
@pytest.mark.parametrize("source", LONG.values(), ids=LONG)
def test_long_runs(source: str, kind: str) -> None:
    o: dict[str, Any] = {"x": X}
    o["o"] = o
    Pair(source, kind, autoescape=True).text(given(x=X, o=o, f=lambda value: value))


class Counter:
    """Its text says how often it has been asked for, and by what."""

    def __init__(self, notes: Notes) -> None:
        self._notes, self._count = notes, 0

    def _told(self, how: str) -> str:
        self._count += 1
        self._notes.append((how, self._count))
        return f"<{how} {self._count}>"

    def __str__(self) -> str:
        return self._told("str")

    def __call__(self, *args: Any) -> str:
        return self._told("call")

    @property
    def name(self) -> str:
        return self._told("name")

    def __getitem__(self, key: Any) -> str:
        return self._told("item")


ORDERS = [
    "{{ c }}{{ c() }}{{ c.name }}{{ c['a'] }}{{ c }}",
    "{{ c.name ~ c() }}{{ c(c.name, c['a']) }}{{ c() if c else c.name }}",
    "{{ c() }}{% set x = c() %}{{ x }}{{ c }}{{ x }}",
    "{{ l }}{{ l.append(c()) or '' }}{{ l }}{{ l|length }}{{ l.append(1) or '' }}{{ l|join }}",
    "{% macro m(a) %}{{ a }}{{ c() }}{% endmacro %}{{ c() }}{{ m(c) }}{{ c() }}{{ m(c())|upper }}",
    "{{ c|replace(c(), c.name) }}{{ c.name|replace(c(), c['a']) }}{{ [c(), c.name]|join(c()) }}",
    "{{ c() }}{% filter replace(c(), c()) %}{{ c() }}{% endfilter %}{{ c() }}",
    "{{ {'a': c(), 'b': c()}.b }}{{ [c(), c()][0] }}{{ (c() and c()) or c() }}{{ c() in [c()] }}",
]


@each_escaping
@every_kind
@pytest.mark.parametrize("source", ORDERS)
def test_order(source: str, kind: str, autoescape: bool) -> None:
    def make(notes: Notes) -> dict[str, Any]:
        return {"c": Counter(notes), "l": []}

    Pair(source, kind, autoescape=autoescape).text(make)


# -- finalize sees every value


@pass_context
def with_context(context: Any, value: Any) -> str:
    return f"{context.get('x')}:{value}"


@pass_eval_context
def with_eval_context(eval_ctx: Any, value: Any) -> str:
    return f"{eval_ctx.autoescape}:{value}"


@pass_environment
def with_environment(environment: Any, value: Any) -> str:
    return f"{environment.block_start_string}:{value}"


class Finalizer:
    def __call__(self, value: Any) -> str:
        return f"<{value}>"


class Html:
    def __init__(self, value: Any) -> None:
        self._value = value

    def __html__(self) -> str:
        return f"<i>{self._value}</i>"


def not_three(value: Any) -> Any:
    if value == 3:
        raise ValueError("three")
    return value


FINALIZE: dict[str, Any] = {
    "none to nothing": lambda value: "" if value is None else value,
    "markup": lambda value: Markup("<b>{}</b>").format(value),
    "list": lambda value: [value],
    "raises": not_three,
    "undefined": lambda value: Undefined(name="f") if value == "u" else value,
    "html": Html,
    "context": with_context,
    "eval context": with_eval_context,
    "environment": with_environment,
    "object": Finalizer(),
    "str": str,
    "type": type,
    "number": lambda value: len(str(value)),
    "partial": functools.partial(lambda start, value: f"{start}{value}", 1),
    "the same": lambda value: value,
}
FINALIZED = [
    "a{{ 'c<' }}{{ 3 }}{{ none }}b{{ 'u' }}",
    "a{{ x }}b{{ n }}c{{ 'u' }}",
    "{{ f(1) }}{{ f(x) }}{{ f(n) }}",
    "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}{{ m(x)|upper }}{{ m(3) }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{% endcall %}",
    "{% block b %}{{ x }}{% endblock %}{{ self.b() }}{{ self.b()|upper }}",
    "{% extends 'base' %}{% block b %}{{ super() }}{{ x }}{% endblock %}",
    "{% for a in [x, 4, none] %}{{ a }}{{ loop.index }}{% endfor %}",
    "{% for a in [[1]] recursive %}{{ a }}{{ loop(a) if a is iterable }}{% endfor %}",
    "{% autoescape on %}t{{ x }}{{ 'c<' }}{{ n }}{{ f(x) }}<{% endautoescape %}",
    "{% autoescape off %}t{{ x }}{{ 'c<' }}{{ n }}{{ f(x) }}<{% endautoescape %}",
    "{% autoescape false %}{{ x }}{{ 'c<' }}{% endautoescape %}{% autoescape true %}{{ x }}"
    "{% endautoescape %}",
    "{% set a %}{{ x }}<{% endset %}{{ a }}{% filter upper %}{{ x }}{% endfilter %}",
    "{{ d.a }}{{ d['a'] }}{{ d.b }}{{ l|join }}{{ d.nope }}{{ nope }}",
    "a\n{{ x }}\n{{ 4 }}\n{{ d.c }}\n",
    "{{ x|safe }}{{ '<'|safe }}{{ x if true }}{{ x if false }}{{ x ~ 4 }}{{ 'a' ~ 'b' }}",
    "{% include 'part' %}{% import 'part' as p with context %}{{ p.m(x) }}",
    "{% trans a=x %}{{ a }}{% endtrans %}{{ _('q') }}",
]
OTHERS = {
    "part": "[{{ x }}{{ 4 }}]{% macro m(a) %}{{ a }}{% endmacro %}",
    "base": "{{ x }}{% block b %}{{ x }}{% endblock %}",
}


def finalized(notes: Notes) -> dict[str, Any]:
    d = {"a": "<a>", "c": 4}
    return {
        "x": "<x>",
        "n": None,
        "f": lambda value: value,
        "d": d,
        "l": ["<", 4],
        "on": 1,
        "off": 0,
    }


@pytest.mark.parametrize(("kind", "autoescape"), [("sync", False), ("sync", True), ("async", True)])
@pytest.mark.parametrize("finalize", FINALIZE.values(), ids=FINALIZE)
def test_finalize(finalize: Any, kind: str, autoescape: bool) -> None:
    for source in FINALIZED:
        templates = {"page.html": source, **OTHERS}
        Pair(templates, kind, finalize=finalize, autoescape=autoescape).agree(finalized, source)


@sync_and_async
@pytest.mark.parametrize("source", FINALIZED)
@pytest.mark.parametrize(
    "autoescape",
    [lambda name: True, lambda name: False, lambda name: name == "page.html", select_autoescape()],
    ids=["all", "none", "one", "select_autoescape"],
)
def test_escaping_by_name(autoescape: Any, source: str, kind: str) -> None:
    Pair({"page.html": source, **OTHERS}, kind, autoescape=autoescape).text(finalized)
