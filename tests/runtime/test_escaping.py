"""Text of values: what str() and markupsafe.escape() give, as exact strings."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import markupsafe
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import StreamEnvironment
from streamtmpl.runtime import escaping
from streamtmpl.runtime.escaping import escape_text, escape_value, to_text


class Text(str):
    """Its characters are one thing, its str() another, its format a third."""

    __slots__ = ()

    def __str__(self) -> str:
        return "str <>"

    def __format__(self, spec: str) -> str:
        return "format"


class TextOfSubclass:
    def __str__(self) -> str:
        return Text("sub <&>")


class Html:
    def __html__(self) -> str:
        return "<html>"

    def __str__(self) -> str:
        return "<str>"


class HtmlOfSubclass:
    def __html__(self) -> str:
        return Text("<sub>")


class Number(int):
    def __str__(self) -> str:
        return "<number>"

    def __format__(self, spec: str) -> str:
        return "format"


class Real(float):
    def __str__(self) -> str:
        return "<real>"


class OwnMarkup(Markup):
    __slots__ = ()

    def __str__(self) -> str:
        return "own & str"


class Level(IntEnum):
    LOW = 1


class Color(str, Enum):
    RED = "<red>"


class MarkupMethod(str):
    """A str that says it is HTML."""

    __slots__ = ()

    def __html__(self) -> str:
        return "<i>" + str.__str__(self)


VALUES: list[Any] = [
    *("", "plain", "<&>\"'", "é\u20ac\U0001f600<", "a\x00b", "\ud800<"),
    *(0, 7, -1, 10**40, True, False, None, 1.5, float("nan"), 1j, ..., b"<bytes>"),
    *(Markup("<b>"), OwnMarkup("<own>"), Text("<t>"), TextOfSubclass(), Html(), HtmlOfSubclass()),
    *(Number(3), Real(2.5), Level.LOW, Color.RED, MarkupMethod("<m>"), Decimal("1.10")),
    *([1, "<"], {"<": Markup("<")}, ("<",), range(3), Fraction(1, 2), {1}, object),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_any_value(value: Any) -> None:
    escaped = "".join([markupsafe.escape(value)])
    assert escape_value(value) == escaped
    assert type(escape_value(value)) is str
    assert to_text(value) == "".join([str(value)])
    assert type(to_text(value)) is str


@given(st.text())
def test_any_text(text: str) -> None:
    assert escape_text(text) == "".join([markupsafe.escape(text)])
    assert type(escape_text(text)) is str
    assert escape_value(text) == escape_text(text)
    assert to_text(text) == text


@pytest.mark.parametrize("autoescape", [False, True, "volatile"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_any_value_in_a_template(value: Any, autoescape: bool | str) -> None:
    environment = StreamEnvironment(autoescape=autoescape is True)
    source = "<{{ value }}>{{ value }}"
    if autoescape == "volatile":
        source = "{% autoescape on %}" + source + "{% endautoescape %}"
    text = "".join([markupsafe.escape(value) if autoescape else str(value)])
    assert environment.from_string(source).render(value=value, on=True) == f"<{text}>{text}"


class Broken:
    def __str__(self) -> str:
        raise ZeroDivisionError("broken")


class WrongType:
    def __str__(self) -> Any:
        return 3


def test_errors_pass_through() -> None:
    for convert in (escape_value, to_text):
        with pytest.raises(ZeroDivisionError, match="broken"):
            convert(Broken())
        with pytest.raises(TypeError, match="__str__"):
            convert(WrongType())


def found_with(monkeypatch: pytest.MonkeyPatch, **private: Any) -> Any:
    """What is found when MarkupSafe has these private functions."""
    fake = SimpleNamespace(escape=markupsafe.escape, Markup=Markup, **private)
    monkeypatch.setattr(escaping, "markupsafe", fake)
    return escaping._find_escape_text()


def raising(text: str) -> str:
    raise RuntimeError


@pytest.mark.parametrize(
    "private",
    [
        {},
        {"_escape_inner": lambda text: text},
        {"_escape_inner": raising},
        {"_escape_inner": markupsafe.escape},
        {"_escape_inner": lambda text: text.replace("&", "&amp;").replace("<", "&lt;")},
    ],
    ids=["missing", "does nothing", "raises", "gives Markup", "incomplete"],
)
def test_a_private_function_that_cannot_be_trusted(
    monkeypatch: pytest.MonkeyPatch, private: dict[str, Any]
) -> None:
    found = found_with(monkeypatch, **private)
    assert found is not private.get("_escape_inner")
    assert found("<&>\"'") == "&lt;&amp;&gt;&#34;&#39;"
    assert type(found("<")) is str


def test_a_private_function_that_can_be_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner(text: str) -> str:
        return "".join([markupsafe.escape(text)])

    assert found_with(monkeypatch, _escape_inner=inner) is inner
