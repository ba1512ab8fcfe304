"""What is missing is asked for by failing look-ups, not by Jinja2's methods: it is the same value.

Undefined classes differ in what may be done to them without an error; some log, some are callable
or iterable, some are HTML.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import jinja2
import pytest
from jinja2 import Undefined

from .agreement import Change, Notes, Pair, every_kind, sync_and_async


class Html(Undefined):
    """Printed as HTML or as text, it is not the same."""

    def __html__(self) -> str:
        return "<b>?</b>"

    def __str__(self) -> str:
        return f"<{self._undefined_name}>"


class Permissive(Undefined):
    """May be called, iterated and looked into."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return "<called>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __iter__(self) -> Iterator[str]:
        return iter(["<i>"])

    def __len__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        return True


class Unprintable(Undefined):
    def __str__(self) -> NoReturn:
        raise ZeroDivisionError("no text")


class Unmakeable(Undefined):
    """Raises as soon as something is missing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise KeyError(kwargs.get("name"))


class Telling(Undefined):
    """Tells all that it was made with."""

    def __str__(self) -> str:
        obj = type(self._undefined_obj).__name__
        return f"{self._undefined_hint}|{obj}|{self._undefined_name}"


class _Logged(logging.Handler):
    """Log messages, as notes of the render under way."""

    notes: Notes

    def emit(self, record: logging.LogRecord) -> None:
        self.notes.append(("log", record.getMessage()))


LOGGER = logging.getLogger("streamtmpl.tests.undefined")
LOGGER.propagate = False
HANDLER = _Logged()
LOGGER.addHandler(HANDLER)
CLASSES: dict[str, type[Undefined]] = {
    "Undefined": Undefined,
    "StrictUndefined": jinja2.StrictUndefined,
    "ChainableUndefined": jinja2.ChainableUndefined,
    "DebugUndefined": jinja2.DebugUndefined,
    "logging": jinja2.make_logging_undefined(LOGGER),
    "logging, strict": jinja2.make_logging_undefined(LOGGER, jinja2.StrictUndefined),
    "logging, debug": jinja2.make_logging_undefined(LOGGER, jinja2.DebugUndefined),
    "logging, chainable": jinja2.make_logging_undefined(LOGGER, jinja2.ChainableUndefined),
    **{kind.__name__: kind for kind in (Html, Permissive, Unprintable, Unmakeable, Telling)},
}
USES = [
    *("{{ n }}", "{{ x.n }}", "{{ x['n'] }}", "{{ n.a }}", "{{ x.n.m }}", "{{ n['a'] }}"),
    *("{{ x['n']['m'] }}", "{{ x[0] }}", "{{ l[5] }}", "{{ l.5 }}", "{{ o.a }}", "{{ o.a.b }}"),
    *("{{ o['a'] }}", "{{ n[1:] }}", "{{ n() }}", "{{ x.n() }}", "{{ n(1, a=2) ~ '' }}"),
    *("{% for a in n %}{{ a }}{{ loop.last }}{% else %}e{% endfor %}",),
    *("{% for a in x.n %}{{ a }}{% else %}e{% endfor %}",),
    *("{% for a in n recursive %}{{ a }}{% else %}e{% endfor %}",),
    *("{% for a in n if a %}{{ a }}{% else %}e{% endfor %}",),
    *("{% if n %}y{% else %}n{% endif %}{% if x.n %}y{% endif %}", "{{ not n }}{{ n or 1 }}"),
    *("{{ n == n }}{{ n == 1 }}{{ n != x.n }}", "{{ n < 1 }}", "{{ 1 in n }}", "{{ n in [1] }}"),
    *("{{ n ~ 'a' }}", "{{ n + 1 }}", "{{ -n }}", "{{ n|upper }}", "{{ n|length }}", "{{ n|e }}"),
    *("{{ n|default('d') }}{{ x.n|default('d') }}{{ n is defined }}{{ x['n'] is undefined }}",),
    *("{{ n|list }}", "{{ n|join }}{{ [n, 1]|join }}", "{{ n|first }}", "{{ n|safe }}"),
    *("{{ n|string }}", "{{ n|int }}", "{{ [x]|map(attribute='n')|list }}", "{{ x|attr('n') }}"),
    *("{{ [x]|selectattr('n')|list }}", "{{ [n]|sort }}", "{{ '%s'|format(n) }}"),
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a is defined }}{{ a.b }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(n) }}{{ m(n)|upper }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller }}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% for a in [1] %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.nope }}{% endfor %}",
    "{% for a in [1] %}{{ loop.previtem.a }}{% endfor %}",
    *("{% block b %}{{ super }}{% endblock %}", "{% block b %}{{ super() }}{% endblock %}"),
    *("{{ self.nope }}", "{{ self.nope() }}", "{{ 'a' if false }}", "{{ ('a' if false).b }}"),
    "{% set a = n %}{{ a }}{% set b = x.n %}{{ b }}{{ b is defined }}",
    "{% if false %}{% set q = 1 %}{% endif %}{{ q }}",
    *("{% import 'lib' as l %}{{ l.nope }}", "{% import 'lib' as l %}{{ l.nope() }}"),
    *("{% from 'lib' import nope %}{{ nope }}", "{% from 'lib' import nope %}{{ nope() }}"),
    *("{% include n %}", "{% include n ignore missing %}", "{% extends n %}"),
    *(
        "{{ stop() }}",
        "{{ stop().a }}",
        "{% call n() %}{% endcall %}",
        "{{ f(*n) }}",
        "{{ f(**n) }}",
    ),
    "{% autoescape on %}{{ n }}{{ x.n }}{% endautoescape %}",
    "{% block b %}{{ n }}{{ x.n }}{% endblock %}{{ self.b() }}",
    "{% filter upper %}{{ n }}{% endfilter %}",
    *(
        "{% with a = n %}{{ a }}{% endwith %}",
        "{% set a, b = n %}",
        "{% trans a=n %}{{ a }}{% endtrans %}",
    ),
    *(
        "{% set ns = namespace() %}{{ ns.a }}",
        "{{ {'a': n}.a }}",
        "{% for a in [n] %}{{ a }}{% endfor %}",
    ),
    "{{ n is none }}{{ n is string }}{{ n is iterable }}{{ n is callable }}{{ n is number }}",
]


def stop() -> NoReturn:
    raise StopIteration


def context(notes: Notes) -> dict[str, Any]:
    HANDLER.notes = notes
    return {"x": {}, "l": [], "o": object(), "on": True, "stop": stop, "f": lambda *args: "f"}


def becoming(undefined: Any) -> Change:
    def change(environment: Any) -> None:
        environment.undefined = undefined

    return change


@pytest.mark.parametrize(
    ("kind", "autoescape"),
    [("sync", False), ("sync", True), ("async", True), ("sandbox", True)],
)
@pytest.mark.parametrize("use", USES)
def test_undefined(use: str, kind: str, autoescape: bool) -> None:
    """The class is the environment's when the template runs: one template serves them all."""
    pair = Pair({"page.html": use, "lib": "a"}, kind, autoescape=autoescape)
    for name, undefined in CLASSES.items():
        pair.change(becoming(undefined))
        pair.agree(context, name)


@sync_and_async
@pytest.mark.parametrize("name", CLASSES)
def test_an_environment_made_with_the_class(name: str, kind: str) -> None:
    for use in USES[:12]:
        Pair(use, kind, undefined=CLASSES[name], autoescape=True).agree(context, use)


@every_kind
def test_a_function_for_a_class(kind: str) -> None:
    """Users set the attribute to whatever can be called like one."""
    change = becoming(lambda *args, **kwargs: f"no {kwargs.get('name')}")
    source = "{{ x.a }}{{ x['b'] }}{{ x.c ~ x['d'] }}{{ e }}{% for n in [1] %}{{ n.f }}{% endfor %}"
    assert Pair(source, kind, change=change).text(context) == "no ano bno cno dno eno f"
