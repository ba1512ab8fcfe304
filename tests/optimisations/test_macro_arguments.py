"""Macros bind their arguments without Jinja2's generic binding, and write into the stream.

Whatever a macro is given, too much of it or too little, by position, by name or from containers,
comes to the same text or to the same error.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from jinja2 import Undefined, pass_context
from markupsafe import Markup

from tests.differential.outcomes import Raised, Rendered

from .agreement import Make, Notes, Pair, each_escaping, sync_and_async

MACROS = {
    "defaults": "{% macro m(a, b='<B>', c=a, d=b ~ c) %}[{{ a }}|{{ b }}|{{ c }}|{{ d }}]"
    "{% endmacro %}",
    "no arguments": "{% macro m() %}[x]{% endmacro %}",
    "one argument": "{% macro m(a) %}[{{ a }}{{ a is defined }}]{% endmacro %}",
    "varargs": "{% macro m(a, b=2) %}[{{ a }}{{ b }}{{ varargs }}]{% endmacro %}",
    "kwargs": "{% macro m(a, b=2) %}[{{ a }}{{ b }}{{ kwargs }}]{% endmacro %}",
    "varargs and kwargs": "{% macro m(a) %}[{{ a }}{{ varargs }}{{ kwargs }}]{% endmacro %}",
    "caller": "{% macro m(a) %}[{{ a }}{{ caller() }}]{% endmacro %}",
    "caller, maybe": "{% macro m(a) %}[{{ a }}{{ caller is defined }}{{ caller and caller() }}]"
    "{% endmacro %}",
    "caller with arguments": "{% macro m(a) %}[{{ caller(a) }}{{ caller(a, 2) }}]{% endmacro %}",
    "caller declared": "{% macro m(a, caller=none) %}[{{ a }}{{ caller() if caller }}"
    "]{% endmacro %}",
    "caller declared and text": "{% macro m(a=1, caller='c') %}[{{ a }}{{ caller is string }}]"
    "{% endmacro %}",
    "all of them": "{% macro m(a, b=1) %}[{{ a }}{{ b }}{{ varargs }}{{ kwargs }}"
    "{{ caller and caller() }}]{% endmacro %}",
    "implicit ones declared": "{% macro m(varargs=3, kwargs=4) %}[{{ varargs }}{{ kwargs }}]"
    "{% endmacro %}",
    "self declared": "{% macro m(self=1, a=2) %}[{{ self }}{{ a }}]{% endmacro %}",
    "default of a later one": "{% macro m(a=b, b=1) %}[{{ a }}{{ b }}]{% endmacro %}",
    "default from around": "{% set b = 'o' %}{% macro m(a=b, b=a) %}[{{ a }}{{ b }}]{% endmacro %}",
    "default of itself": "{% macro m(a=a) %}[{{ a }}]{% endmacro %}",
    "default by a call": "{% macro m(a=f()) %}[{{ a }}]{% endmacro %}",
    "default looked up": "{% macro m(a={'k': 1}, b=a.k, c=a['k']) %}[{{ b }}{{ c }}]{% endmacro %}",
    "default that changes": "{% macro m(a=[]) %}{% if a is sequence and a is not string %}"
    "{% do a.append(1) %}{% endif %}[{{ a }}]{% endmacro %}",
    "default by a macro": "{% macro i(x) %}<{{ x }}>{% endmacro %}"
    "{% macro m(a=i(1), b=i) %}[{{ a }}{{ b(2) if b is callable }}]{% endmacro %}",
    "loop": "{% macro m(a=()) %}{% for x in a %}{{ x }}{{ loop.index }}{% else %}none{% endfor %}"
    "{% endmacro %}",
    "itself": "{% macro m(a=3) %}{{ a }}{% if a is number and a %}{{ m(a - 1) }}{% endif %}"
    "{% endmacro %}",
    "assigned": "{% macro m(a=1) %}{% set a = 5 %}[{{ a }}]{% endmacro %}",
    "defined twice": "{% for i in [1, 2] %}{% macro m(a=i) %}[{{ a }}{{ i }}]{% endmacro %}"
    "{% if loop.last %}{{ m() }}{% endif %}{% endfor %}{% macro m(a) %}other{% endmacro %}",
    "imported": "{% from 'lib' import m %}",
    "imported with context": "{% from 'lib' import m with context %}",
    "of an import": "{% import 'lib' as lib %}{% set m = lib.m %}",
    # What only looks like a macro.
    "a function": "{% macro m(a) %}{% endmacro %}{% set m = f %}",
    "a method": "{% macro m(a) %}{% endmacro %}{% set m = '<{}>'.format %}",
    "a function of the context": "{% set m = of_context %}",
    "a class": "{% set m = a_class %}",
    "none": "{% set m = none %}",
    "undefined": "",
}
ARGUMENTS = {
    "": "",
    "one": "'<1>'",
    "two": "1, 2",
    "too many": "1, 2, 3, 4, 5",
    "keyword": "a=1",
    "second as a keyword": "b=2",
    "first, second as a keyword": "1, b=2",
    "first twice": "1, a=2",
    "unknown keyword": "x=1",
    "unknown keywords": "1, x=2, y=3",
    "star": "*[1, 2]",
    "double star": "**{'a': 1}",
    "unknown in double star": "**{'z': 1}",
    "keys that are no text": "**{1: 2}",
    "star of a number": "*1",
    "self": "**{'self': 1}",
    "self as written": "self=1",
    "one, self as written": "1, self=2",
    "caller": "caller=1",
    "no caller": "caller=none",
    "a function for a caller": "caller=f",
    "varargs": "varargs=1",
    "kwargs": "kwargs=1",
    "undefined": "nothing",
    "markup": "('<b>'|safe)",
    "none of them": "none",
    "a keyword of Python's": "class=1",
    "names of the engine's": "out=1, context=2",
    "a name with a dot": "**{'a.b': 1}",
}
GIVEN: dict[str, tuple[Any, Any]] = {
    "nothing": ((), {}),
    "undefined": (Undefined(name="u"), {}),
    "one": (["<1>"], {}),
    "two": ((1, 2), {}),
    "too many": (range(5), {}),
    "a dict for a tuple": ({"k": 1}, {}),
    "a keyword": ((), {"a": 1}),
    "a keyword out of order": ((), {"b": 2}),
    "one, a keyword": (("<1>",), {"b": Markup("<2>")}),
    "one twice": ((1,), {"a": 2}),
    "unknown keywords": ((1,), {"z": 2, "y": 3}),
    "too many, and unknown": (range(5), {"z": 2}),
    "self": ((), {"self": 1}),
    "caller": ((), {"caller": str}),
    "no caller": ((1,), {"caller": None}),
    "implicit ones": ((), {"varargs": 1, "kwargs": 2}),
    "names of the engine's": ((), {"out": 1, "context": 2, "missing": 3, "args": 4}),
    "none and undefined": ((None, Undefined(name="u")), {}),
}
WRITTEN = [
    "defaults",
    "no arguments",
    "varargs",
    "kwargs",
    "varargs and kwargs",
    "caller, maybe",
    "caller declared",
    "all of them",
    "implicit ones declared",
    "self declared",
    "default of a later one",
]
"""Macros for which calls are compiled as templates write them."""
PLACES = {
    "value": "{{ m(ARGS) ~ '<' }}",
    "filtered": "{{ m(ARGS)|upper }}",
    "assigned": "{% set r = m(ARGS) %}{{ r }}{{ r is escaped }}",
    "twice in a run": "{{ m(ARGS) }}-{{ m(ARGS) }}",
    "condition": "{% if m(ARGS) %}yes{% endif %}",
    "captured": "{% set z %}{{ m(ARGS) }}{% endset %}{{ z }}{% filter upper %}{{ m(ARGS) }}"
    "{% endfilter %}",
    "call with arguments": "{% call(q, r=3) m(ARGS) %}{{ q }}{{ r }}{% endcall %}",
    "not escaped": "{% autoescape false %}{{ m(ARGS) }}{{ m(ARGS) ~ '<' }}{% endautoescape %}",
    "escaped": "{% autoescape true %}{{ m(ARGS) }}{{ m(ARGS) ~ '<' }}{% endautoescape %}",
    "escaped or not": "{% autoescape on %}{{ m(ARGS) }}{{ m(ARGS) ~ '<' }}{% endautoescape %}"
    "{% autoescape off %}{{ m(ARGS) }}{{ m(ARGS) ~ '<' }}{% endautoescape %}",
    "passed on": "{{ apply(m, 3) }}",
    "looked into": "{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}"
    "{{ m.caller }}"
    "{{ m }}",
}
LIB = "{% macro m(a, b='<B>', c=on) %}[{{ a }}{{ b }}{{ c }}{{ on }}]{% endmacro %}"


@pass_context
def of_context(context: Any, *args: Any, **kwargs: Any) -> str:
    return f"<{context['on']}{args}{sorted(kwargs)}>"


class AClass:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._told = f"<{args}{sorted(kwargs)}>"

    def __str__(self) -> str:
        return self._told


def context(notes: Notes) -> dict[str, Any]:
    def f(*args: Any, **kwargs: Any) -> str:
        notes.append(("f", len(args)))
        return f"<f {args} {sorted(kwargs)}>"

    return {
        "f": f,
        "on": True,
        "off": False,
        "of_context": of_context,
        "a_class": AClass,
        "apply": lambda function, *args: function(*args),
    }


def pair(macro: str, place: str, kind: str, **options: Any) -> Pair:
    return Pair({"page.html": MACROS[macro] + place, "lib": LIB}, kind, autoescape=True, **options)


CALLS = ["\nx{{ m(ARGS) }}y", "{{ m(ARGS)|upper }}", "\n{% call m(ARGS) %}body{% endcall %}"]
GIVES_NO_TEXT = ("a function", "a method", "a function of the context", "a class")
"""Called by ``{% call %}``, these are another error than Jinja2's."""


def calls(macro: str) -> list[str]:
    return CALLS[:2] if macro in GIVES_NO_TEXT else CALLS


@sync_and_async
@pytest.mark.parametrize("macro", MACROS)
def test_arguments_in_containers(macro: str, kind: str) -> None:
    for call in calls(macro):
        template = pair(macro, call.replace("ARGS", "*args, **kwargs"), kind)
        for label, (args, kwargs) in GIVEN.items():
            if not ("call m" in call and "caller" in label):
                template.agree(_context(args, kwargs), label)


def _context(args: Any, kwargs: Any) -> Make:
    return lambda notes: {**context(notes), "args": args, "kwargs": kwargs}


@sync_and_async
@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_as_written(arguments: str, kind: str) -> None:
    for macro in WRITTEN:
        for call in CALLS if kind == "sync" else CALLS[:1]:
            pair(macro, call.replace("ARGS", arguments), kind).agree(context, f"{macro}, {call}")


@sync_and_async
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_places(place: str, kind: str) -> None:
    for macro in MACROS:
        if not ("call(" in place and macro in GIVES_NO_TEXT):
            pair(macro, place.replace("ARGS", "'<1>'"), kind).agree(context, macro)


@each_escaping
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_escaping(place: str, autoescape: bool) -> None:
    for macro in ("defaults", "all of them", "imported", "default by a macro"):
        source = {"page.html": MACROS[macro] + place.replace("ARGS", "'<1>'"), "lib": LIB}
        Pair(source, autoescape=autoescape).agree(context, macro)


@pytest.mark.parametrize("macro", WRITTEN)
def test_in_a_sandbox(macro: str) -> None:
    for call in CALLS[:2]:
        template = pair(macro, call.replace("ARGS", "*args, **kwargs"), "sandbox")
        for label, (args, kwargs) in GIVEN.items():
            template.agree(_context(args, kwargs), label)


def test_what_is_compared_are_not_errors_alone() -> None:
    template = pair("defaults", "{{ m(*args, **kwargs) }}", "sync")
    came_to = [template.agree(_context(args, kwargs)) for args, kwargs in GIVEN.values()]
    assert {type(each) for each in came_to} == {Rendered, Raised}


@sync_and_async
def test_macros_called_from_python(kind: str) -> None:
    """Called by a filter or a function, a macro is what it is in Jinja2."""
    source = (
        "{% macro m(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{{ [1, '<']|map('apply', m)|list }}"
        "{{ apply(m, '<') }}{{ apply(m) }}{% for x in ['<'] %}{{ apply(m, x) }}{% endfor %}"
    )

    def change(environment: Any) -> None:
        environment.filters["apply"] = lambda value, function: function(value)

    for autoescape in (False, True, lambda name: name == "page.html"):
        Pair(source, kind, change=change, autoescape=autoescape).text(context)


class NotedUndefined(Undefined):
    """Its environment notes when one is made, and why."""

    notes: ClassVar[Notes] = []

    def __init__(self, hint: str | None = None, *rest: Any, **named: Any) -> None:
        self.notes.append((hint, named.get("name")))
        super().__init__(hint, *rest, **named)


@sync_and_async
def test_when_what_was_not_given_is_made(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(notes: Notes) -> dict[str, Any]:
        monkeypatch.setattr(NotedUndefined, "notes", notes)
        return context(notes)

    for macro in WRITTEN:
        for call in ["{{ m(ARGS) }}", "{{ m(ARGS)|upper }}"]:
            for arguments in ("", "1", "b=nope", "1, 2, 3", "*[1]", "x=1", "**{'b': 1}"):
                source = MACROS[macro] + call.replace("ARGS", arguments)
                template = Pair(source, kind, undefined=NotedUndefined)
                template.agree(make, f"{macro}, {call}, {arguments}")
