"""Rows of a database have items and no attributes: a loop finds out at its first row.

From there on no look-up fails. What a row has comes first, as in Jinja2: the attribute.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from types import FrameType, MappingProxyType, SimpleNamespace
from typing import Any, NoReturn

import jinja2
import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.runtime.lookups import attribute_missing

from .agreement import Make, Notes, Pair, every_kind, sync_and_async
from .objects import OBJECTS

USES = {
    "one attribute": "<{{ r.name }}>",
    "two": "<{{ r.name }}{{ r.nothing }}>{{ r['name'] }}",
    "two runs": "{{ r.name }}{% if r.name %}{{ r.number }}{% endif %}{{ r.number }}",
    "two branches": "{% if loop.first %}{{ r.number }}{% else %}{{ r.name }}{% endif %}"
    "{{ r.name }}",
    "defined or not": "{{ r.name is defined }}{{ r.nothing|default('d') }}{{ r.name }}{{ r.name }}",
    "in expressions": "{{ r.name ~ r.number }}{{ r.name }}{{ 'a' if r.number else r.name }}",
    "assigned": "{% set s = r %}{{ s.name }}{% set r = r.name %}{{ r }}{{ r.name }}",
    "set twice": "{% set s = r %}{{ s.name }}{% set s = other %}{{ s.name }}{{ s.nothing }}",
    "of what is around": "{{ other.name }}{{ r.name }}{{ other.nothing }}",
    "methods' names": "{{ r.keys is callable }}{{ r.items is callable }}{{ r.name }}{{ r.get }}",
    "of an attribute": "{{ r.name.name }}{{ r.name.number }}{{ r.name }}",
    "an inner loop": "{% for s in [r, other] %}{{ s.name }}{{ r.name }}{% endfor %}",
    "in a macro": "{% macro m(a) %}{{ a.name }}{% for b in [a, r] %}{{ b.name }}{% endfor %}"
    "{% endmacro %}{{ m(r) }}",
    "in a macro of the loop": "{{ r.name }}{% macro m() %}{{ r.name }}{% for b in [r] %}"
    "{{ r.name }}{{ r.number }}{{ b.name }}{% endfor %}{% endmacro %}{{ m() }}{{ m() ~ r.number }}",
    "around a call": "{{ r.name }}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}"
    "{% for b in [r] %}{{ r.name }}{{ r.number }}{% endfor %}{{ r.name }}{% endcall %}",
    "recursive": "{{ r.name }}{% for b in [[r]] recursive %}{{ r.name }}{{ b.name }}"
    "{{ loop(b) if b is sequence and b != r }}{% endfor %}{{ r.name }}",
    "called": "{{ r.name() if r.name is callable else r.name }}",
}


class Slots(Mapping[str, str]):
    """A mapping without a namespace of its own, whose class may get one attribute more."""

    __slots__ = ()

    def __getitem__(self, key: str) -> str:
        return f"<item {key}>"

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        return iter(["name"])


class Property:
    """Its attributes raise what a missing item does."""

    @property
    def name(self) -> NoReturn:
        raise IndexError("the property's")

    @property
    def number(self) -> NoReturn:
        raise TypeError("the property's")

    def __getitem__(self, key: str) -> str:
        return f"<item {key}>"


def row(**values: Any) -> sqlite3.Row:
    """A row of a database."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    columns = ", ".join(f"? AS {name}" for name in values)
    found: sqlite3.Row = connection.execute(f"SELECT {columns}", [*values.values()]).fetchone()
    connection.close()
    return found


VALUES = {"name": "<n>", "number": 7}


class Class:  # lives on: with a class its attributes go
    name, number = "<n>", 7


ROWS: dict[str, Make] = {
    **OBJECTS,
    "row of a database": lambda notes: row(**VALUES),
    "row with other columns": lambda notes: row(keys="<k>", get="<g>", Name="<N>"),
    "proxy": lambda notes: MappingProxyType(VALUES),
    "proxy of a class": lambda notes: MappingProxyType(Class.__dict__),
    "slots": lambda notes: Slots(),
    "properties": lambda notes: Property(),
    "an object": lambda notes: SimpleNamespace(**VALUES),
    "a dict": lambda notes: dict(VALUES),
    "nothing": lambda notes: object(),
    "a class": lambda notes: sqlite3.Row,
}
SEVERAL = ("row of a database", "proxy", "slots", "a dict", "an object", "nothing", "a class")


def rows_of(*makes: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        return {"rows": [make(notes) for make in makes], "other": ROWS["row of a database"](notes)}

    return context


@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_rows(use: str, kind: str) -> None:
    pair = Pair("{% for r in rows %}" + use + "\n{% endfor %}", kind, autoescape=True)
    for label, make in ROWS.items():
        if "StopIteration" in label:
            continue  # out of a coroutine, or a generator, it is a RuntimeError
        for other in SEVERAL[:: 1 if kind == "sync" else 3]:
            with_other = ROWS[other]
            pair.agree(rows_of(with_other, make, make, with_other, with_other, make), label)


@sync_and_async
@pytest.mark.parametrize("undefined", [jinja2.StrictUndefined, jinja2.ChainableUndefined])
def test_columns_that_are_missing(undefined: Any, kind: str) -> None:
    for use in (
        "{{ r.nothing }}",
        "{{ r.name }}\n{{ r.nothing.more }}",
        "{{ r.nothing is defined }}",
    ):
        pair = Pair("{% for r in rows %}" + use + "{% endfor %}", kind, undefined=undefined)
        for label in SEVERAL:
            pair.agree(rows_of(ROWS[label], ROWS[label], ROWS[label]), label)


@sync_and_async
def test_a_class_that_gets_an_attribute_between_two_rows(kind: str) -> None:

    def context(notes: Notes) -> dict[str, Any]:
        kind = type("Changing", (Slots,), {"__slots__": ()})

        def change() -> str:
            kind.name = "<attribute>"  # type: ignore[attr-defined]
            return ""

        return {"rows": [kind(), kind()], "change": change}

    pair = Pair("{% for r in rows %}{{ r.name }}{{ change() }}{% endfor %}", kind)
    assert pair.text(context) == "<item name><attribute>"


@pytest.mark.parametrize(
    ("label", "rows"), [("row of a database", 1), ("slots", 1), ("an object", 0), ("nothing", 1)]
)
def test_rows_of_a_database_fail_once(label: str, rows: int) -> None:
    source = "{% for r in rows %}{{ r.name }}{{ r.number }}{% endfor %}"
    template = StreamEnvironment().from_string(source)
    failed: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code is attribute_missing.__code__:
            failed.append(frame.f_locals["name"])

    context = {"rows": [ROWS[label]([])] * 5}
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        template.render(context)
    finally:
        sys.setprofile(before)
    # In the first row both: what is asked once for a row holds to its end.
    assert failed == ["name", "number"] * rows
