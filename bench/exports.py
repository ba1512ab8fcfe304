"""Exports written by hand and by streamtmpl, for `bench.rows` and `bench.rows_to_file`.

What is written by hand is what the documentation of Python and Flask shows: a csv.writer into a
StringIO, which is sent in the end, or a generator that dumps one row at a time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from streamtmpl import csv_rows, json_array, json_lines

COLUMNS = ["id", "name", "note", "price", "day"]

Rows = Iterable[Any]
Export = Callable[[Rows], Iterable[bytes]]


def tuples(count: int) -> Iterator[tuple[object, ...]]:
    """Orders as a database cursor gives them; one note in ten has to be quoted."""
    for number in range(count):
        note = "two, if there are" if number % 10 == 0 else "nothing to say"
        yield number, f"Customer {number}", note, number * 0.25, "2026-11-27"


def dicts(count: int) -> Iterator[dict[str, object]]:
    """Rows with names."""
    for number in range(count):
        note = "two, if there are" if number % 10 == 0 else "nothing to say"
        yield {
            "id": number,
            "name": f"Customer {number}",
            "note": note,
            "price": number * 0.25,
            "day": "2026-11-27",
        }


def writerow_by_hand(rows: Rows) -> Iterator[bytes]:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(row)
    yield out.getvalue().encode()


def writerows_by_hand(rows: Rows) -> Iterator[bytes]:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    yield out.getvalue().encode()


def cells_by_hand(rows: Rows) -> Iterator[bytes]:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([row["id"], row["name"], row["note"], row["price"], row["day"]])
    yield out.getvalue().encode()


def dict_writer_by_hand(rows: Rows) -> Iterator[bytes]:
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    yield out.getvalue().encode()


def lines_by_hand(rows: Rows) -> Iterator[bytes]:
    for row in rows:
        yield f"{json.dumps(row)}\n".encode()


def array_by_hand(rows: Rows) -> Iterator[bytes]:
    yield b"["
    comma = ""
    for row in rows:
        yield f"{comma}{json.dumps(row)}".encode()
        comma = ","
    yield b"]"


def csv_of_tuples(rows: Rows) -> Iterable[bytes]:
    return csv_rows(rows, COLUMNS)


OURS = "streamtmpl"
EXPORTS: Mapping[str, tuple[Callable[[int], Rows], Mapping[str, Export]]] = {
    "CSV of tuples": (
        tuples,
        {
            "writerow()": writerow_by_hand,
            OURS: csv_of_tuples,
            "writerows()": writerows_by_hand,
        },
    ),
    "CSV of dicts": (
        dicts,
        {
            "writerow([row[...], ...])": cells_by_hand,
            OURS: csv_rows,
            "DictWriter": dict_writer_by_hand,
        },
    ),
    "JSON lines": (dicts, {"a generator": lines_by_hand, OURS: json_lines}),
    "JSON array": (dicts, {"a generator": array_by_hand, OURS: json_array}),
}
"""The rows and the ways to write them, by what is written; the first is the one to compare with."""


def read(title: str, text: str) -> object:
    """What a reader makes of an export."""
    if title.startswith("CSV"):
        return list(csv.reader(StringIO(text, newline="")))
    if title == "JSON array":
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]
