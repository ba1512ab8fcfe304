"""Some of Jinja2's tests are told without a call: as long as they are Jinja2's, of any value."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jinja2
import pytest
from markupsafe import Markup

from .agreement import Change, Make, Notes, Pair, each_escaping, every_kind, given, sync_and_async
from .objects import OBJECTS
from .test_undefined import CLASSES, context

TESTS = ["defined", "undefined", "none", "odd", "even", "string"]
USES = {
    "shown": "{{ x is T }}{{ x is not T }}",
    "a condition": "{% if x is T %}y{% elif x is not T %}n{% endif %}",
    "of what is missing": "{{ nope is T }}{% if nope is not T %}y{% endif %}{{ d.nope is T }}",
    "of an attribute": "{{ d.x is T }}{{ d['x'] is T }}{{ d.x.y is T }}",
    "of an expression": "{{ (x ~ 1) is T }}{{ x|string is T }}{{ f(x) is T }}{{ (x or 3) is T }}",
    "of a constant": "{{ 1 is T }}",
    "in an expression": "{{ x is T and x is not T or 7 }}{{ 'a' if x is T else 'b' }}",
    "of a loop's variable": "{% for y in [x, x] if y is not none %}{{ y is T }}{% endfor %}",
    "of the loop": "{% for y in [x] %}{{ loop is T }}{{ loop.index is T }}{% endfor %}",
    "of arguments": "{% macro m(a, b, c=x) %}{{ a is T }}{{ b is T }}{{ c is T }}{% endmacro %}"
    "{{ m(x) }}{{ m() }}",
    "of what is set": "{% set y = x %}{{ y is T }}{% if no %}{% set z = x %}{% endif %}"
    "{{ z is T }}",
    "set": "{% set y = x is T %}{{ y }}{% set z = nope is T %}{{ z }}",
    "with arguments": "{{ x is T(1) }}",
    "with keywords": "{{ x is T(a=1) }}",
    "with more": "{{ x is T(*[]) }}",
    "in long code": "{% set _ = [" + "1, " * 1500 + "] %}{{ x is T }}{{ nope is T }}",
}


class Own(int):
    """Its remainder is a matter of its own."""

    def __mod__(self, other: Any) -> Any:
        return "odd" if other == 2 else 0


class Same:
    """Equal to everything, and of any remainder."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __mod__(self, other: Any) -> Any:
        self._notes.append(("%", other))
        return self

    def __eq__(self, other: object) -> Any:
        self._notes.append(("==", other))
        return []

    __hash__ = None  # type: ignore[assignment]


class Text(str):
    __slots__ = ()


class Pretending:
    """Says that it is text, as lazy translations do."""

    __class__ = str  # type: ignore[assignment]


VALUES: dict[str, Make] = {
    **{f"the constant {value!r}": given(x=value) for value in (0, 1, -1, 2.0, 1.5, True, None)},
    **{f"the text {value!r}": given(x=value) for value in ("", "a", "%d", "%(a)s", b"b", b"%d")},
    "huge": given(x=10**5000 + 1),
    "fraction": given(x=Fraction(3, 2)),
    "decimal": given(x=Decimal(5)),
    "not a number": given(x=float("nan")),
    "markup": given(x=Markup("%s")),
    "undefined": given(x=jinja2.Undefined(name="of the user's")),
    "a subclass": given(x=Text("%d")),
    "its own remainder": given(x=Own(4)),
    "equal to everything": lambda notes: {"x": Same(notes)},
    "pretending": given(x=Pretending()),
    "by getattr": lambda notes: {"x": OBJECTS["by getattr"](notes)},
    "a class": given(x=str),
    "a list": given(x=[1]),
}


def _in_context(make: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        x = make(notes)["x"]
        return {"x": x, "d": {"x": x}, "f": lambda value: value}

    return context


CONTEXTS = {label: _in_context(make) for label, make in VALUES.items()}


@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_values(use: str, kind: str) -> None:
    for test in TESTS:
        pair = Pair(use.replace("T", test), kind, autoescape=True)
        for label, make in list(CONTEXTS.items())[:: 1 if kind == "sync" else 5]:
            pair.agree(make, f"{test}, {label}")


@every_kind
@pytest.mark.parametrize("by", ["3", "0", "1.5", "true", "n", "-2", "num=3", "*[3]", "'a'", "3, 4"])
def test_division(by: str, kind: str) -> None:
    for label, use in USES.items():
        if not label.startswith("with"):
            pair = Pair(use.replace("T", f"divisibleby({by})"), kind, autoescape=True)
            for value, make in list(CONTEXTS.items())[:: 1 if kind == "sync" else 5]:
                pair.agree(lambda notes, make=make: {**make(notes), "n": 3}, f"{label}, {value}")  # type: ignore[misc]


@sync_and_async
def test_another_test_of_divisibility(kind: str) -> None:
    pair = Pair("{{ x is divisibleby 3 }}{% if x is divisibleby(2) %}y{% endif %}", kind)
    pair.agree(given(x=6))
    pair.change(lambda environment: environment.tests.update(divisibleby=_told))
    assert "told" in pair.text(given(x=6))


def _told(*args: Any, **kwargs: Any) -> str:
    return f"told {len(args)}"


def _others(environment: Any) -> None:
    environment.tests.update(dict.fromkeys(TESTS, _told))


def _exchanged(environment: Any) -> None:
    tests = environment.tests
    for one, other in (("defined", "undefined"), ("odd", "even"), ("none", "string")):
        tests[one], tests[other] = tests[other], tests[one]


def _deleted(environment: Any) -> None:
    for name in TESTS:
        del environment.tests[name]


class Noting(dict[str, Any]):
    """Gives its tests in its own way."""

    def __getitem__(self, name: str) -> Any:
        return lambda value: f"own {name}"


def _own(environment: Any) -> None:
    environment.tests = Noting(environment.tests)


OTHERS = [_others, _exchanged, _deleted, _own]
# What Jinja2 has for a test that is gone is named in the message of a TypeError.
UNKNOWING = [name for name in USES if name not in ("with keywords", "in long code")]


@sync_and_async
@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.parametrize("use", UNKNOWING)
def test_other_tests_of_these_names(use: str, change: Change, kind: str) -> None:
    for test in TESTS:
        source = USES[use].replace("T", test)
        before, after = Pair(source, kind, change=change), Pair(source, kind)
        make = CONTEXTS["the constant 1"]
        for pair in (before, after):
            pair.agree(make, test)
        after.change(change)
        after.agree(make, f"{test}, changed")


@each_escaping
@sync_and_async
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_missing(name: str, kind: str, autoescape: bool) -> None:
    """An undefined object that says no to something, or logs, does so just as often."""
    for test in TESTS[:: 1 if kind == "sync" else 2]:
        for use in ("of what is missing", "of arguments"):
            source = USES[use].replace("T", test).replace("d.nope", "x.n")
            Pair(source, kind, undefined=CLASSES[name], autoescape=autoescape).agree(context, test)


def _function(*args: Any, **kwargs: Any) -> str:
    return "not undefined"


class _Meta(type):
    """Makes anything but undefined objects."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return 3


class _Three(jinja2.Undefined, metaclass=_Meta):
    pass


class _New(jinja2.Undefined):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return 4


@sync_and_async
@pytest.mark.parametrize("undefined", [_function, _Three, _New], ids=["function", "three", "new"])
def test_what_is_no_undefined_object(undefined: Any, kind: str) -> None:
    def change(environment: Any) -> None:
        environment.undefined = undefined

    for test in TESTS:
        Pair(USES["of what is missing"].replace("T", test), kind, change=change).agree(given(d={}))


def _pulled(notes: Notes) -> Iterator[int]:
    for each in (1, 2):
        notes.append(("pull", each))
        yield each


@sync_and_async
def test_what_is_not_asked_is_not_pulled(kind: str) -> None:
    source = "{{ x is defined }}{{ x is string }}{% for y in x %}{{ y is odd }}{% endfor %}"
    Pair(source, kind).text(lambda notes: {"x": _pulled(notes)})
