"""Text by type: an exact ``str`` is escaped at once, an exact number not at all.

Everything else goes the way of :func:`markupsafe.escape` or ``str()``. What a value's own
``__format__`` would put into an f-string is never seen.
"""

from __future__ import annotations

from collections import namedtuple
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from markupsafe import Markup

from .agreement import Make, Notes, Pair, each_escaping, every_kind


class StrText(str):
    def __str__(self) -> str:
        return "<str()>"


class FormatText(str):
    def __format__(self, spec: str) -> str:
        return "<format>"


class HtmlText(str):
    def __html__(self) -> str:
        return "<i>"


class ReplacingText(str):
    def replace(self, *args: Any) -> str:
        return "<replaced>"

    def translate(self, *args: Any) -> str:
        return "<translated>"


class SelfText(str):
    def __str__(self) -> str:
        return self


class BrokenText(str):
    def __str__(self) -> NoReturn:
        raise ValueError("no text")


class NoText(str):
    def __str__(self) -> str:
        return None  # type: ignore[return-value]


class StrInt(int):
    def __str__(self) -> str:
        return "<str()>"


class FormatInt(int):
    def __format__(self, spec: str) -> str:
        return "<format>"


class ReprInt(int):
    def __repr__(self) -> str:
        return "<repr>"


class HtmlInt(int):
    def __html__(self) -> str:
        return "<b>"


class StrFloat(float):
    def __str__(self) -> str:
        return "<str()>"


class FormatFloat(float):
    def __format__(self, spec: str) -> str:
        return "<format>"


class ReprFloat(float):
    def __repr__(self) -> str:
        return "<repr>"


class HtmlFloat(float):
    def __html__(self) -> str:
        return "<b>"


class StrBytes(bytes):
    def __str__(self) -> str:
        return "<bytes>"


class StrTuple(tuple):
    def __str__(self) -> str:
        return "<tuple>"


class Level(IntEnum):
    LOW = 1


class Flag(IntFlag):
    A = 1


class Color(str, Enum):
    RED = "<red>"


class Plain(Enum):
    A = "<a>"


class StrMarkup(Markup):
    def __str__(self) -> str:
        return "own & str"


class HtmlMarkup(Markup):
    def __html__(self) -> Any:
        return "own & html"


def answer(value: Any) -> Any:
    if isinstance(value, BaseException):
        raise value.with_traceback(None)
    return value


class Html:
    """Its ``__html__()`` returns or raises what it is made with."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __html__(self) -> Any:
        return answer(self._value)

    def __str__(self) -> str:
        return "<str>"


class Str:
    """What ``__str__()`` gives is the answer."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> Any:
        return answer(self._value)


class HtmlOfInstance:
    def __init__(self) -> None:
        self.__html__ = lambda: "<instance>"


class NoneAsHtml:
    __html__ = None


class HtmlProperty:
    def __init__(self, error: Exception) -> None:
        self._error = error

    @property
    def __html__(self) -> NoReturn:
        raise self._error.with_traceback(None)


class HtmlByGetattr:
    def __getattr__(self, name: str) -> Any:
        if name == "__html__":
            return lambda: "<getattr>"
        raise AttributeError(name)


class Meta(type):
    def __html__(cls) -> str:
        return "<class>"


class OfMeta(metaclass=Meta):
    def __str__(self) -> str:
        return "<of meta>"


class Lazy:
    """A lazy string: notes when it is made."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __str__(self) -> str:
        self._notes.append(("str",))
        return "<lazy>"


class LazyHtml(Lazy):
    def __html__(self) -> str:
        self._notes.append(("html",))
        return "<lazy>"


ERRORS = (ValueError("v"), KeyError("k"), AttributeError("a"), TypeError("t"), RuntimeError("r"))
TEXTS = (StrText, FormatText, HtmlText, ReplacingText, SelfText, BrokenText, NoText)
INTS = (StrInt, FormatInt, ReprInt, HtmlInt)
FLOATS = (StrFloat, FormatFloat, ReprFloat, HtmlFloat)
ANSWERS = (
    *("<a>", None, 3, b"b", Markup("<m>"), StrText("<s>"), FormatText("<f>"), Str("<o>")),
    *(HtmlText("html"), HtmlText("<h>"), ReplacingText("text"), SelfText("<t>"), Markup("none")),
)
CONSTANTS: dict[str, Any] = {
    **{kind.__name__: kind("<v>") for kind in (*TEXTS, StrMarkup, HtmlMarkup, Markup)},
    **{kind.__name__: kind(7) for kind in (*INTS, *FLOATS)},
    **{f"Html of {value!r}": Html(value) for value in (*ANSWERS, *ERRORS)},
    **{f"Str of {value!r}": Str(value) for value in (*ANSWERS, *ERRORS)},
    **{f"property, {error!r}": HtmlProperty(error) for error in ERRORS},
    **{repr(value): value for value in (Level.LOW, Flag.A, Flag(0), Color.RED, Plain.A)},
    **{repr(value): value for value in ("", "<&>\"'", "\x00<", "é\U0001f600&", "\ud800<")},
    **{repr(value): value for value in (0, -3, 10**50, True, False, None, ..., NotImplemented)},
    **{repr(value): value for value in (0.1, -0.0, 1e16, 1e22, float("nan"), -float("inf"), 1j)},
    **{repr(value): value for value in (b"<b>", bytearray(b"<"), StrBytes(b"x"), StrTuple((1,)))},
    **{repr(value): value for value in (Decimal("1.10"), Fraction(1, 2), date(2020, 1, 1))},
    **{repr(value): value for value in (["<", Markup("<")], {"<": "<"}, ("<",), range(3))},
    "named tuple": namedtuple("Fields", "a")("<"),
    "of the instance": HtmlOfInstance(),
    "none as html": NoneAsHtml(),
    "by getattr": HtmlByGetattr(),
    "a class with it": Html,
    "a class of a metaclass with it": OfMeta,
    "an instance of that": OfMeta(),
}
VALUES: dict[str, Make] = {
    **{name: (lambda notes, value=value: value) for name, value in CONSTANTS.items()},  # type: ignore[misc]
    "lazy": Lazy,
    "lazy html": LazyHtml,
}
USES = {
    "alone": "{{ x }}",
    "in a run": "a{{ x }}b{{ x }}\n{{ 1 }}c{{ y }}",
    "an attribute": "{{ o.x }}{{ o['x'] }}{{ [x][0] }}",
    "a call": "{{ f(x) }}{{ f(x) ~ '' }}",
    "safe": "{{ x|safe }}",
    "escaped": "{{ x|e }}{{ x|escape|e }}",
    "string": "{{ x|string }}",
    "concatenated": "{{ x ~ '<' }}{{ '<' ~ x }}{{ x ~ x }}",
    "concatenated with markup": "{{ ('<'|safe) ~ x }}{{ x ~ ('<'|safe) }}",
    "added": "{{ x + '<' }}",
    "added to markup": "{{ ('<'|safe) + x }}",
    "joined": "{{ [x, '<']|join('&') }}{{ [x, '<'|safe]|join('&') }}",
    "formatted": "{{ '%s<'|format(x) }}{{ ('%s<'|safe)|format(x) }}",
    "a condition": "{{ x if true }}{{ x if false }}{{ x or 'n' }}",
    "default": "{{ x|default('d') }}{{ x|default('d', true) }}",
    "assigned": "{% set y = x %}{{ y }}{% set z %}{{ x }}<{% endset %}{{ z }}{{ z|upper }}",
    "in a macro": "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x) }}{{ m(x)|upper }}{{ m(x) ~ x }}",
    "in a call": "{% macro m() %}{{ caller(x) }}{% endmacro %}{% call(y) m() %}{{ y }}"
    "{% endcall %}",
    "in a loop": "{% for y in [x, x] %}{{ y }}{{ loop.previtem }}{% endfor %}",
    "in a filter block": "{% filter upper %}{{ x }}<{% endfilter %}",
    "in a block": "{% block b %}{{ x }}{% endblock %}{{ self.b() }}{{ self.b()|upper }}",
    "translated": "{% trans y=x %}a {{ y }} b{% endtrans %}",
    "escaping known when it runs": "{% autoescape on %}{{ x }}a{{ f(x) }}{% endautoescape %}"
    "{% autoescape off %}{{ x }}<{{ f(x) }}{% endautoescape %}",
    "the other escaping": "{% autoescape true %}{{ x }}{% endautoescape %}"
    "{% autoescape false %}{{ x }}{% endautoescape %}",
    "upper": "{{ x|upper }}",
    "replace": "{{ x|replace('<', '&') }}",
}


@each_escaping
@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_values(use: str, kind: str, autoescape: bool) -> None:
    pair = Pair(use, kind, autoescape=autoescape)
    for label, make in VALUES.items():
        pair.agree(_context(make), label)


def _context(make: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        x = make(notes)
        o = SimpleNamespace(x=x)
        return {"x": x, "y": "<y>", "o": o, "on": True, "off": False, "f": lambda value: value}

    return context


@pytest.mark.parametrize("autoescape", [True, False, lambda name: name == "page.html"])
def test_escaping_that_differs_from_template_to_template(autoescape: Any) -> None:
    templates = {
        "page.html": "{{ x }}{% include 'part' %}{% import 'lib' as lib %}{{ lib.m(x) }}"
        "{{ lib.m(x) ~ '<' }}{% extends 'base' %}{% block b %}{{ x }}{{ super() }}{% endblock %}",
        "part": "[{{ x }}{{ x ~ '<' }}]",
        "lib": "{% macro m(a) %}{{ a }}{{ '<' }}{% endmacro %}",
        "base": "{{ x }}{% block b %}{{ x }}{% endblock %}{% include 'part' %}",
    }
    for kind in ("sync", "async"):
        pair = Pair(templates, kind, autoescape=autoescape)
        for label, make in VALUES.items():
            pair.agree(_context(make), label)
