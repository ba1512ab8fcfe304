"""What ``set`` gives a variable may be worked out by statements before it.

The value may be made of the variable as it was before; and where it is an error, it is one at the
line of the tag, with what has been evaluated by then.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context

from .agreement import Notes, Pair, each_escaping, every_kind

VALUES = [
    *("f(x)", "f(x, b=x)", "o.m(x)", "o.m(o.m(x))", "seen(x)", "gone(x)", "o.gone()", "stops()"),
    *("x.upper()", "d.get('a')", "d.items()|list", "range(2)|list", "raises(x)", "f(raises(1))"),
    *("o.name", "o.a.name", "o.gone", "o.gone.name", "d.a", "d['a']", "d['gone']", "l[1]", "x[0]"),
    *("o.fails", "o['name']", "l[9]", "n[x]", "x", "gone", "1"),
    *("x|upper", "x|default(x)", "gone|default(x)", "o.gone|default(o.name)", "o.name|e", "x|safe"),
    *("x ~ x", "x ~ o.name ~ 1", "o.name ~ o.gone", "'%s'|format(x)", "'%d'|format(x)"),
    *("o.name|replace('n', x)", "o.name|replace(x, 'y')", "'n'|default(x)", "o.a.name|trim(x)"),
    *("l|join(x)", "o.name|noted|noted", "l|first", "l|length", "x|gone_filter"),
    *("x if o.name else o.a", "o.name or x", "o.gone and x", "not o.name", "o.n + 1", "o.n / 0"),
    *("o.n == 1", "x is defined", "[x, o.name]", "{'a': o.name}", "(x, f(x))", "-o.n", "l[:1]"),
]
PLACES = {
    "alone": "{% set x = VALUE %}[{{ x }}]",
    "in a loop": "{% for i in l %}\n{% set x = VALUE %}[{{ x }}]{{ seen(1) }}{% endfor %}[{{ x }}]",
    "twice": "{% for i in l %}{% set x = VALUE %}\n{% set x = VALUE %}[{{ x }}]{% endfor %}",
    "two": "{% set x, y = VALUE, o.name %}[{{ x }}{{ y }}]",
    "unpacked": "{% for i in l %}{% set x, y = VALUE %}[{{ x }}{{ y }}]{% endfor %}",
    "of a namespace": "{% set s = namespace(x=x) %}{% for i in l %}{% set s.x = VALUE %}"
    "{% endfor %}[{{ s.x }}]",
    "of none": "\n{% set n.x = VALUE %}",
    "in a macro": "{% macro m(x) %}{% set x = VALUE %}[{{ x }}]{{ f(x) }}{% endmacro %}{{ m(x) }}",
    "in a block": "{% block b %}{% set x = VALUE %}[{{ x }}]{{ seen(2) }}{% endblock %}{{ x }}",
    "in a branch": "{% for i in l %}{% if o.n %}{% set x = VALUE %}{% endif %}[{{ x }}]"
    "{% endfor %}",
    "exported": "{% import 'lib' as lib with context %}[{{ lib.x }}]{{ seen(3) }}",
    "escaped or not": "{% autoescape o.n %}{% set x = VALUE %}{{ x }}{% endautoescape %}",
}


class Object:
    """What templates look into; its notes say what they have asked for."""

    n = 1

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.a = SimpleNamespace(name="<inner>")

    @property
    def name(self) -> str:
        self._notes.append(("name",))
        return "<name>"

    @property
    def fails(self) -> str:
        raise ValueError("a property's")

    def m(self, value: object) -> str:
        self._notes.append(("m", value))
        return f"<{value}>"


@pass_context
def seen(context: Context, value: object) -> str:
    return f"{value} {context.get('x', '-')}"


def raises(value: object) -> str:
    raise KeyError(value)


def stops() -> str:
    raise StopIteration


def context(notes: Notes) -> dict[str, Any]:
    def f(*values: object, **named: object) -> str:
        notes.append((values, tuple(named.items())))
        return f"<f{values}>"

    functions: dict[str, Callable[..., object]] = {"f": f, "raises": raises, "stops": stops}
    values = {"o": Object(notes), "d": {"a": "<a>"}, "l": ["<1>", "2"], "n": None, "x": "<x>"}
    return {**functions, **values, "seen": seen}


def noted(environment: Any) -> None:
    def note(value: object) -> object:
        environment.notes.append(("noted", value))
        return value

    environment.filters["noted"] = note


@each_escaping
@every_kind
@pytest.mark.parametrize("place", PLACES)
def test_values(place: str, kind: str, autoescape: bool) -> None:
    for value in VALUES:
        source = PLACES[place].replace("VALUE", value)
        files = {"page.html": source, "lib": f"\n{{% set x = {value} %}}"}
        Pair(files, kind, autoescape=autoescape, change=noted).agree(context, value)


class Awaited:
    """A value that is there when it has been awaited."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __await__(self) -> Any:
        yield from ()
        return self._value


@pytest.mark.parametrize("place", PLACES)
def test_values_that_are_awaited(place: str) -> None:
    def make(notes: Notes) -> dict[str, Any]:
        values = context(notes)
        f = values["f"]
        later = SimpleNamespace(name=Awaited("<name>"), n=1, m=lambda value: Awaited(f(value)))
        return {
            **values,
            "f": lambda *args, **named: Awaited(f(*args, **named)),
            "o": later,
            "d": {"a": Awaited("<a>")},
            "l": [Awaited("<1>"), Awaited("2")],
        }

    for value in ("f(x)", "o.m(o.m(x))", "o.name", "d.a", "d['a']", "l[1]", "o.name|upper", "o.n"):
        source = PLACES[place].replace("VALUE", value)
        files = {"page.html": source, "lib": f"{{% set x = {value} %}}"}
        Pair(files, "async", change=noted).agree(make, value)
