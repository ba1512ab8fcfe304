"""``value[item]`` whose item is worked out first, as in tables whose columns are a variable.

It is Python's own look-up, and what an object of the user's raises as its item is worked out, or
compared, is what comes out in Jinja2.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NoReturn

import jinja2
import pytest
from markupsafe import Markup

from .agreement import Make, Notes, Pair, every_kind
from .objects import OBJECTS

USES = {
    "shown": "{{ x[key] }}",
    "in an item": "{{ x[keys[0]] }}{{ x[y[key]] }}",
    "of an attribute": "{{ x[o.key] }}{{ o.x[o.key] }}",
    "called": "{{ x[work(key)] }}{{ x[work(key)]() }}",
    "arithmetic": "{{ x[key ~ ''] }}{{ x[key + key] }}{{ x[-key] }}",
    "one of several": "{{ x[key or 'name'] }}{{ x['name' if key else 0] }}",
    "asked for": "{{ x[key] is defined }}{{ x[key]|default('d') }}",
    "set": "{% set y = x[key] %}{{ y }}{{ y.name }}",
    "in a condition": "{% if x[key] %}yes{% else %}no{% endif %}",
    "filtered": "{{ x[key]|upper }}{{ x[key|trim] }}",
    "each": "{% for k in keys %}{{ x[k] }}{{ x[loop.index0] }},{% endfor %}",
    "several": "{{ x[key, 0] }}{{ x[[key]] }}{{ x[{}] }}",
    "slices": "{{ x[:1] }}{{ x[key:] }}",
}


class Name(str):
    """Looks up as one text, and prints as another."""

    def __str__(self) -> str:
        return "other"


class Unprintable(str):
    def __str__(self) -> NoReturn:
        raise KeyError("str")


class Raising:
    """A key that cannot be compared, or has no hash."""

    def __init__(self, error: type[Exception], on: str) -> None:
        self._error, self._on = error, on

    def __hash__(self) -> int:
        if self._on == "hash":
            raise self._error("hash")
        return hash("name")

    def __eq__(self, other: object) -> NoReturn:
        raise self._error("eq")


KEYS: dict[str, Any] = {
    "text": "name",
    "no such": "nothing",
    "method": "items",
    "private": "_name",
    "no identifier": "a b",
    "markup": Markup("name"),
    "prints as another": Name("name"),
    "prints as another, no such": Name("no"),
    "number": 0,
    "negative": -1,
    "float": 0.0,
    "bool": False,
    "none": None,
    "undefined": jinja2.Undefined(name="gone"),
    "strictly undefined": jinja2.StrictUndefined(name="gone"),
    "tuple": ("name", 0),
    "list": ["name"],
    "bytes": b"name",
    **{
        f"{error.__name__} in {on}": Raising(error, on)
        for error in (TypeError, KeyError, AttributeError, ValueError)
        for on in ("hash", "eq")
    },
}


def _context(key: Any, make: Make, work: Callable[[Any], Any]) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        x = make(notes)
        return {
            "x": x,
            "y": {"name": "name", "items": "items"},  # no method, which would be another each time
            "o": {"x": x, "key": key},
            "key": key,
            "keys": [key, "name"],
            "work": work,
        }

    return context


def _fails(key: Any) -> NoReturn:
    raise LookupError("the key's own")


class _Later:
    def __init__(self, key: Any) -> None:
        self._key = key

    def __await__(self) -> Generator[None, None, Any]:
        yield
        return self._key


@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_items(use: str, kind: str) -> None:
    pair = Pair(use, kind, autoescape=True)
    works = [lambda key: key, _fails, *([_Later] if kind == "async" else [])]
    # In a coroutine that is another error; isawaitable() asks an object and its class for more.
    left_out = ["StopIteration", *(["raising class", "metaclass"] if kind == "async" else [])]
    values = [each for each in OBJECTS.items() if not any(odd in each[0] for odd in left_out)]
    step = 4 if kind == "sync" else 9  # every value meets some of the keys
    for index, (label, key) in enumerate(KEYS.items()):
        for value, make in values[index % step :: step]:
            for work in works:
                pair.agree(_context(key, make, work), f"{label} of {value}")


def test_what_is_not_caught() -> None:
    """A key that fails as it is worked out is no missing item."""
    pair = Pair("a{{ x[work(1)] }}")
    assert pair.error(_context(1, lambda notes: {}, _fails)).message == "the key's own"
    assert pair.text(_context(Raising(KeyError, "eq"), lambda notes: {}, lambda _: 1)) == "a"
    pair = Pair("a{{ x[key] }}")
    assert pair.error(_context(Raising(ValueError, "eq"), OBJECTS["dict"], int)).message == "eq"


@pytest.mark.parametrize("value", ["dict", "object", "list", "by item"])
def test_a_key_that_cannot_be_printed(value: str) -> None:
    for key in (Unprintable("name"), Unprintable("nothing")):
        context = _context(key, OBJECTS[value], lambda key: key)
        Pair("{{ x[key] is defined }}{% if x[key] %}yes{% endif %}").agree(context)


def test_columns() -> None:
    pair = Pair(
        "{% for row in rows %}{% for column in columns %}<td>{{ row[column] }}{% endfor %}"
        "{% endfor %}",
        autoescape=True,
    )
    rows = [{"id": 1, "name": "<n>"}, ["first"], {"name": 2.5}]
    text = pair.text(lambda notes: {"rows": rows, "columns": ["id", "name", 0]})
    assert text == "<td>1<td>&lt;n&gt;<td><td><td><td>first<td><td>2.5<td>"
