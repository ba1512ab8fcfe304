"""An inner loop of one run is one write, with the runs beside it, where no boundary would cut.

What is joined is plain. Nobody can tell: not by the chunks, not by when a value's own code runs,
when text is handed over before a wait, or what an error leaves behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import Undefined, pass_context
from markupsafe import Markup

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.chunks.cuts import FIRST_CHUNK_SIZE
from streamtmpl.runtime.escaping import plain_text
from tests.support.gates import ConsumerTask, Gate, in_loop, settle, stream_of

from .agreement import Make, Notes, Pair, each_escaping, given, sync_and_async
from .iterables import ITERABLES

# -- the same text

CELLS = {
    "a cell": "{% for x in row %}<td>{{ x }}</td>{% endfor %}",
    "no text": "{% for x in row %}{{ x }}{% endfor %}",
    "text before": "{% for x in row %}, {{ x }}{% endfor %}",
    "text behind": "{% for x in row %}{{ x }}, {% endfor %}",
    "twice": "{% for x in row %}<td title='{{ x }}'>{{ x }}</td>{% endfor %}",
    "quotes and braces": "{% for x in row %}{'\"{{ x }}\\}{% endfor %}",
    "constants": "{% for x in row %}{{ '<' }}{{ x }}{{ 1 }}{% endfor %}",
    "pairs": "{% for x, y in row %}{{ x }}={{ y }};{% endfor %}",
    "half of a pair": "{% for _, y in row %}<td>{{ y }}</td>{% endfor %}",
    "one and the same": "{% for x, x in row %}{{ x }};{% endfor %}",
    "three": "{% for x, y, z in row %}{{ x }}{{ z }};{% endfor %}",
    "a tuple of one": "{% for (x,) in row %}{{ x }};{% endfor %}",
    "values": "{% for x in row.values() %}<td>{{ x }}</td>{% endfor %}",
    "keys": "{% for x in row.keys() %}<td>{{ x }}</td>{% endfor %}",
    "items": "{% for x, y in row.items() %}<i>{{ x }}</i>{{ y }}{{ x }}{% endfor %}",
    "items whole": "{% for x in row.items() %}{{ x }}{% endfor %}",
    "not only the item": "{% for x in row %}{{ x }}{{ rows|length }};{% endfor %}",
    "the loop": "{% for x in row %}{{ loop.index }}{{ x }}{{ loop.last }};{% endfor %}",
    "another loop": "{% for x in row %}{% for x in [x, x] %}{{ x }},{% endfor %};{% endfor %}",
    "else": "{% for x in row %}{{ x }};{% else %}none{% endfor %}",
    "test": "{% for x in row if x %}{{ x }};{% endfor %}",
    "two loops": "{% for x in row %}{{ x }};{% endfor %}!{% for x in row %}{{ x }},{% endfor %}",
    "captured": "{% set s %}{% for x in row %}{{ x }};{% endfor %}{% endset %}{{ s }}",
    "escaping unknown": "{% autoescape on %}{% for x in row %}{{ x }};{% endfor %}"
    "{% endautoescape %}",
    "the variable after it": "{% for x in row %}{{ x }}{% endfor %}{{ x }}",
}
ROWS = {
    "bare": "{% for row in rows %}CELLS{% endfor %}",
    "in text": "{% for row in rows %}<tr>CELLS</tr>{% endfor %}",
    "beside values": "{% for row in rows %}{{ loop.index }}:CELLS{{ loop.first }}|{% endfor %}",
    "beside calls": "{% for row in rows %}{{ say('<') }}[CELLS]{{ say('>') }}{% endfor %}",
    "beside macros": "{% macro m(x) %}<{{ x }}>{% endmacro %}"
    "{% for row in rows %}{{ m(1) }}[CELLS]{{ m(2) }}{% endfor %}",
    "beside statements": "{% for row in rows %}{% if row %}yes{% endif %}CELLS"
    "{% if row %}yes{% endif %}{% endfor %}",
    "in a branch": "{% for row in rows %}{% if row %}<CELLS>{% else %}none{% endif %}{% endfor %}",
    "in a macro": "{% macro m(row) %}{% for y in [1, 2] %}<CELLS>{% endfor %}{% endmacro %}"
    "{% for row in rows %}{{ m(row) }}{{ m(row)|length }}{% endfor %}",
    "in a child": "{% extends 'base' %}{% for row in rows %}<CELLS>{% endfor %}"
    "{% block b %}{% for row in rows %}<CELLS>{% endfor %}{% endblock %}",
}
OTHERS = {"base": "{% block b %}{% endblock %}"}


def rows_of(make: Make) -> Make:
    """A few rows: one that is given, and around it others that differ from it in kind."""

    def context(notes: Notes) -> dict[str, Any]:
        rows = [["<a>", 1, 2.5, None, True, Markup("<b>")], make(notes), (), {"<k>": "<v>"}]
        return {"rows": [*rows, make(notes)], "say": lambda text: text, "on": 1}

    return context


PLAIN: dict[str, Any] = {"a list": ["<x>", 2], "pairs": [("<x>", 2)], "a dict": {"<x>": "&"}}


@each_escaping
@sync_and_async
@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_text(cells: str, kind: str, autoescape: bool) -> None:
    for row in ROWS.values():
        templates = {"page.html": row.replace("CELLS", cells), **OTHERS}
        pair = Pair(templates, kind, autoescape=autoescape)
        for label, value in PLAIN.items():
            pair.agree(rows_of(lambda notes, value=value: value), label)  # type: ignore[misc]


@sync_and_async
def test_all_that_can_be_looped_over(kind: str) -> None:
    for cells in ("a cell", "pairs", "values", "items"):
        pair = Pair(ROWS["in text"].replace("CELLS", CELLS[cells]), kind, autoescape=True)
        for label, make in ITERABLES.items():
            pair.agree(rows_of(make), label)


class Html(str):
    def __html__(self) -> str:
        return f"<i>{str.__str__(self)}</i>"


class Loud(int):
    def __str__(self) -> str:
        return "<loud>"


class Rounded(float):
    def __format__(self, form: str) -> str:
        return "nobody asks"


class Told(float):
    def __repr__(self) -> str:
        return "<told>"


class Price(Decimal):
    def __str__(self) -> str:
        return "<price>"


class Day(date):
    def isoformat(self) -> str:
        return "<day>"


class Zone(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=1)

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        return "<zone>"


VALUES: dict[str, Any] = {
    "a subclass of str": Html("<x>"),
    "a subclass of int": Loud(3),
    "a subclass of float": Rounded(0.5),
    "a subclass of float with a text of its own": Told(0.5),
    "a float": 1e22,
    "less than nothing": -0.0,
    "a decimal number": Decimal("1.50"),
    "no number": Decimal("sNaN123"),
    "a subclass of Decimal": Price("1.50"),
    "a date": date(2024, 2, 29),
    "a subclass of date": Day(2024, 2, 29),
    "a time": datetime(2024, 2, 29, 12, 30),
    "a time somewhere": datetime(2024, 2, 29, 12, 30, tzinfo=Zone()),
    "called like a date": type("date", (), {"__module__": "datetime"})(),
    "an object": object,
    "a list": ["<"],
    "infinity": float("inf"),
    "a character": "\ud800",
    "nothing": "",
    "a long text": "<&>" * 3000,
}


@each_escaping
@sync_and_async
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values(value: Any, kind: str, autoescape: bool) -> None:
    source = ROWS["in text"].replace("CELLS", CELLS["twice"])
    rows = [["a", 1], [value], ["<b>", value, 2], [value] * 30, *[["c", 3]] * 30]
    Pair(source, kind, autoescape=autoescape).text(given(rows=rows))


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="ints of any length")
@sync_and_async
def test_an_int_that_is_too_long(kind: str) -> None:
    source = ROWS["in text"].replace("CELLS", "\n{% for x in row %}\n{{ x }}{% endfor %}")
    error = Pair(source, kind).error(given(rows=[[1, 2], [3, 10**5000]]))
    assert "integer string conversion" in error.message


@sync_and_async
def test_the_variables_that_functions_of_the_context_see(kind: str) -> None:
    """Inner loops have variables of their own; after one, Jinja2 hands on none."""

    @pass_context
    def seen(context: Any) -> str:
        return str(context.get("y"))

    source = (
        "{% for row in rows %}{% set y = row|length %}{{ seen() }}[{% for x in row %}{{ x }}"
        "{% endfor %}]{{ seen() }}{% endfor %}"
    )
    Pair(source, kind).text(given(rows=[[1, 2], [], [3]], seen=seen, y="outside"))


# -- the same chunks

SOURCE = (
    "<table>\n{% for row in rows %}<tr>\n{% for x in row %}<td>{{ x }}</td>{% endfor %}</tr>\n"
    "{% endfor %}</table>"
)


class Cuts:
    """Where boundaries cut, by the rule: when enough has collected, which is more each time."""

    def __init__(self, chunk_size: int) -> None:
        self.chunks: list[str] = []
        self._size, self._text = chunk_size, ""
        self._enough = min(chunk_size, FIRST_CHUNK_SIZE)

    def write(self, text: str) -> None:
        self._text += text

    def boundary(self) -> None:
        if len(self._text) >= max(self._enough, 1):
            self.chunks.append(self._text)
            self._text = ""
            self._enough = min(4 * self._enough, self._size)

    def end(self) -> list[str]:
        return [*self.chunks, self._text]


def cut(rows: list[Any], chunk_size: int, at_cell: Callable[[Any, int], object]) -> list[str]:
    """The chunks of :data:`SOURCE`; *at_cell* gets each cell, and how many chunks precede it."""
    cuts = Cuts(chunk_size)
    cuts.write("<table>\n")
    for row in rows:
        cuts.write("<tr>\n")
        for cell in row:
            at_cell(cell, len(cuts.chunks))
            cuts.write(f"<td>{cell}</td>")
            cuts.boundary()
        cuts.boundary()
        cuts.write("</tr>\n")
        cuts.boundary()
    cuts.boundary()
    cuts.write("</table>")
    return cuts.end()


CHUNK_SIZES = [0, 1, 5, 8, 30, 31, 32, 33, 100, 1000, 1024, 1025, 2048, 16384]
TABLES: dict[str, list[Any]] = {
    "short rows": [["a", "b"], ["c"], [], ["d", "e", "f"]] * 40,
    "numbers": [tuple(range(number % 7)) for number in range(300)],
    "64": [["x"] * length for length in (63, 64, 65, 64, 63, 1, 2)],
    "long cells": [["x" * length] * 3 for length in (10, 400, 5000, 1, 20000, 2, 3)] * 2,
    "none": [[] for _ in range(100)],
    "sets and keys": [{"a": 1}, range(5), "text", {"b": 1, "c": 2}.keys()] * 9,
    "other kinds": [["a", Markup("b")], ["c", Decimal(4)], [date(2024, 2, 29)], [2j]] * 30,
}


@pytest.mark.parametrize("chunk_size", CHUNK_SIZES)
@pytest.mark.parametrize("rows", TABLES.values(), ids=TABLES)
def test_chunks(rows: list[Any], chunk_size: int) -> None:
    template = StreamEnvironment().from_string(SOURCE)
    expected = cut(rows, chunk_size, lambda cell, count: None)
    assert list(render_stream(template, {"rows": rows}, chunk_size=chunk_size)) == expected


class Noting:
    """Notes how many chunks have been handed over when its text is asked for."""

    def __init__(self, text: str, chunks: list[str], notes: list[tuple[str, int]]) -> None:
        self._text, self._chunks, self._notes = text, chunks, notes

    def __str__(self) -> str:
        self._notes.append((self._text, len(self._chunks)))
        return self._text


@pytest.mark.parametrize("chunk_size", CHUNK_SIZES)
@pytest.mark.parametrize("every", [1, 2, 3, 10])
def test_code_of_the_users_runs_between_the_same_chunks(every: int, chunk_size: int) -> None:
    chunks: list[str] = []
    notes: list[tuple[str, int]] = []
    texts = [[f"{row}.{cell}" for cell in range(7)] for row in range(60)]
    rows = [
        [
            Noting(text, chunks, notes) if (row + cell) % every == 0 else text
            for cell, text in enumerate(cells)
        ]
        for row, cells in enumerate(texts)
    ]
    template = StreamEnvironment().from_string(SOURCE)
    for chunk in render_stream(template, {"rows": rows}, chunk_size=chunk_size):
        chunks.append(chunk)
    counted: dict[str, int] = {}
    assert chunks == cut(texts, chunk_size, counted.__setitem__)
    assert notes == [(text, counted[text]) for text, _ in notes]
    assert len(notes) == len([cell for cells in rows for cell in cells if type(cell) is Noting])


class _Failing:
    def __str__(self) -> str:
        raise ValueError("string conversion")


FAILING: dict[str, Any] = {"an object": _Failing()}
if hasattr(sys, "set_int_max_str_digits"):
    FAILING["an int"] = 10**5000


@pytest.mark.parametrize("chunk_size", CHUNK_SIZES)
@pytest.mark.parametrize("fails", FAILING.values(), ids=FAILING)
def test_chunks_before_an_error(fails: Any, chunk_size: int) -> None:
    template = StreamEnvironment().from_string(SOURCE)
    cells = ["some", "more", 1]
    for count in range(60):
        rows, counted = [cells] * count, dict[Any, int]()
        expected = cut([*rows, ["a" * 50, "b" * 50, "!"]], chunk_size, counted.__setitem__)
        chunks, context = [], {"rows": [*rows, ["a" * 50, "b" * 50, fails]]}
        with pytest.raises(ValueError, match="string conversion"):  # noqa: PT012 - what precedes it
            for chunk in render_stream(template, context, chunk_size=chunk_size):
                chunks.append(chunk)
        assert chunks == expected[: counted["!"]]


def test_what_is_plain() -> None:
    """Only of these no code of anybody else has a part in the text."""
    plain = {name for name, value in VALUES.items() if plain_text(value) is not None}
    floats = {"a float", "less than nothing", "infinity"}
    assert plain == {*floats, "a decimal number", "no number", "a date", "a time"}
    for name in plain:
        assert plain_text(VALUES[name]) == str(VALUES[name])
    assert [plain_text(value) for value in (None, True, Markup("<b>"))] == ["None", "True", "<b>"]
    assert plain_text(Undefined()) is None


# -- the same waits


@in_loop
async def test_what_stands_before_a_row_is_handed_over_while_the_row_is_awaited() -> None:
    wait = Gate()
    source = (
        "{% for row in rows %}<tr>{% for x in wait(row) %}<td>{{ x }}</td>{% endfor %}</tr>"
        "{% endfor %}"
    )
    consumer = ConsumerTask(stream_of(source, {"rows": [["a", "b"]], "wait": wait}))
    await settle()
    assert consumer.chunks == ["<tr>"]
    wait.open()
    await consumer.task
    assert consumer.text == "<tr><td>a</td><td>b</td></tr>"


@pytest.mark.parametrize("cells", ["row()", "row()|list", "same(row()|list)"])
def test_what_stands_before_a_row_is_handed_over_before_its_first_pull(cells: str) -> None:
    chunks: list[str] = []
    seen: list[list[str]] = []

    def row() -> Iterator[str]:
        seen.append(list(chunks))
        yield "a"

    source = SOURCE.replace("in row %}", f"in {cells} %}}")
    template = StreamEnvironment().from_string(source)
    for chunk in render_stream(template, {"rows": [row], "same": list}):
        chunks.append(chunk)
    assert seen == [["<table>\n<tr>\n"]]
