"""``tojson`` has one encoder for all values, as long as it is asked for what Jinja2 asks for."""

from __future__ import annotations

import json
from collections import OrderedDict
from enum import IntEnum
from typing import Any, NoReturn

import jinja2
import pytest
from markupsafe import Markup

from .agreement import Change, Make, Notes, Pair, each_escaping, every_kind, nothing

USES = {
    "shown": "{{ x|tojson }}",
    "indented": "{{ x|tojson(2) }}{{ x|tojson(indent=1) }}",
    "joined": "{{ x|tojson ~ '<' }}{{ (x|tojson)|length }}",
    "in a loop": "{% for y in [x, x] %}{{ y|tojson }},{% endfor %}",
    "by map": "{{ [x]|map('tojson')|join }}",
    "too much": "{{ x|tojson(1, 2) }}",
    "not escaped": "{% autoescape false %}{{ x|tojson }}{% endautoescape %}",
}


class Level(IntEnum):
    LOW = 1


class Text(str):
    def __str__(self) -> str:
        return "nobody asks"


class Rows(list[Any]):
    def __init__(self, notes: Notes) -> None:
        super().__init__([1])
        self._notes = notes

    def __iter__(self) -> Any:
        self._notes.append(("iterated",))
        return super().__iter__()


class Html:
    def __html__(self) -> str:
        return "<b>"


def _circle(notes: Notes) -> Any:
    circle: list[Any] = []
    circle.append(circle)
    return circle


VALUES: dict[str, Make] = {
    "text": lambda notes: "</script> & 'a' \"b\" é \u2028 \ud800",
    "markup": lambda notes: Markup("<b>'"),
    "text of its own": lambda notes: Text("<i>"),
    "numbers": lambda notes: [0, -1, 1.5, 1e300, float("inf"), float("nan"), True, None, Level.LOW],
    "dict": lambda notes: {"b": {"<": "'"}, "a": (1, "&")},
    "ordered": lambda notes: OrderedDict(z=1, a=2),
    "keys that are sorted": lambda notes: {2: "a", 1: "b", None: "c"},
    "other keys": lambda notes: {None: 1, 1.5: 2, True: 3},
    "keys that are no text": lambda notes: {(1, 2): 3},
    "rows": Rows,
    "html": lambda notes: Html(),
    "bytes": lambda notes: b"a",
    "circle": _circle,
    "undefined": lambda notes: jinja2.Undefined(name="x"),
}


def _policies(**policies: Any) -> Change:
    def change(environment: Any) -> None:
        environment.policies.update(
            {name.replace("_", ".", 1): value for name, value in policies.items()}
        )

    return change


def _dumps(value: Any, **kwargs: Any) -> str:
    return f"<{type(value).__name__} {kwargs}>"


def _fails(value: Any, **kwargs: Any) -> NoReturn:
    raise KeyError("dumps")


def _without(environment: Any) -> None:
    del environment.policies["json.dumps_kwargs"]


CHANGES: dict[str, Change] = {
    "none": nothing,
    "unsorted": _policies(json_dumps_kwargs={"sort_keys": False}),
    "more": _policies(json_dumps_kwargs={"sort_keys": True, "separators": (",", ":")}),
    "nothing": _policies(json_dumps_kwargs={}),
    "a function": _policies(json_dumps_function=_dumps),
    "one that fails": _policies(json_dumps_function=_fails),
    "policy gone": _without,
}


@each_escaping
@every_kind
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_values(change: Change, kind: str, autoescape: bool) -> None:
    for use in USES.values():
        pair = Pair(use, kind, autoescape=autoescape, change=change)
        for label, make in VALUES.items():
            pair.agree(lambda notes, make=make: {"x": make(notes)}, f"{label}: {use}")  # type: ignore[misc]


def test_where_the_policy_changes_later() -> None:
    pair = Pair("{{ x|tojson }}")
    given: Make = lambda notes: {"x": {"b": 1, "a": 2}}  # noqa: E731 - a context
    assert pair.text(given) == '{"a": 2, "b": 1}'
    pair.change(CHANGES["unsorted"])
    assert pair.text(given) == '{"b": 1, "a": 2}'


class Encoder(json.JSONEncoder):
    def default(self, o: Any) -> str:
        return "<own>"


REPLACED: dict[str, tuple[Any, str, Any]] = {
    "dumps": (json, "dumps", lambda value, **kwargs: f"<dumps {kwargs}>"),
    "the encoder": (json, "JSONEncoder", Encoder),
    "how it begins": (json.JSONEncoder, "__init__", Encoder.__init__),
    "how it encodes": (json.JSONEncoder, "encode", lambda self, value: "<encode>"),
    "what it makes of others": (json.JSONEncoder, "default", Encoder.default),
    "Jinja2's": (jinja2.filters, "htmlsafe_json_dumps", lambda value, **kwargs: "<safe>"),
}


@pytest.mark.parametrize("replaced", REPLACED.values(), ids=REPLACED)
def test_where_a_program_has_another(
    replaced: tuple[Any, str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quicker library in the place of Python's, say."""
    pair = Pair("{{ x|tojson }}", autoescape=True)
    contexts: list[Make] = [lambda notes: {"x": [1, "<"]}, lambda notes: {"x": 3j}]
    for make in contexts:
        pair.agree(make)
    monkeypatch.setattr(*replaced)
    for make in contexts:
        pair.agree(make)
