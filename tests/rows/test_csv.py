"""CSV: what is written, read back by the csv module; columns, formulas, dialects, encodings."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import NotStreamingError, RowError, csv_rows, csv_rows_async

from .row_ways import Way, chunks_of, text_of, ways

# The csv module of 3.10 does not read null characters.
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.sampled_from(list(",\";'\r\n\t=")),
)
CHUNK_SIZES = st.sampled_from([0, 1, 7, 100, 1500, 16384])


def read(text: str, **options: Any) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), strict=True, **options))


def as_written(cell: Any) -> str:
    return "" if cell is None else str(cell)


@ways
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data(), chunk_size=CHUNK_SIZES, header=st.booleans())
def test_any_rows_are_read_back(way: Way, data: Any, chunk_size: int, header: bool) -> None:
    columns = data.draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    rows = data.draw(st.lists(st.tuples(*[CELLS] * len(columns)), max_size=80))
    as_dicts = [dict(zip(columns, row, strict=True)) for row in rows]
    expected = [columns] * header + [[as_written(cell) for cell in row] for row in rows]
    options = {"chunk_size": chunk_size, "header": header}
    for given_rows in (rows, as_dicts, iter(rows)):
        assert read(text_of(way, "csv_rows", given_rows, columns, **options)) == expected


@ways
@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(CELLS, TEXTS), max_size=100), chunk_size=CHUNK_SIZES)
def test_chunks_end_where_a_row_ends(
    way: Way, rows: list[tuple[Any, str]], chunk_size: int
) -> None:
    ends = {0}
    target = StringIO(newline="")
    writer = csv.writer(target)
    for row in rows:
        writer.writerow(row)
        ends.add(len(target.getvalue().encode()))
    chunks = chunks_of(way, "csv_rows", rows, chunk_size=chunk_size)
    assert b"".join(chunks) == target.getvalue().encode()
    place = 0
    for chunk in chunks:
        place += len(chunk)
        assert place in ends
    if chunk_size == 0:
        assert len(chunks) == len(rows)


@ways
def test_the_first_chunk_is_small_and_others_grow_fourfold(way: Way) -> None:
    rows = [[f"{number:06}"] for number in range(20_000)]
    lengths = [len(chunk) for chunk in chunks_of(way, "csv_rows", rows)]
    # 8 bytes a row: a chunk ends with the row that fills it.
    assert lengths == [1024, 4096, *[16384] * 9, 160_000 - 5_120 - 9 * 16384]


# -- columns


@ways
def test_the_first_row_names_the_columns(way: Way) -> None:
    assert text_of(way, "csv_rows", [{"b": 1, "a": 2}, {"a": 3, "b": 4}]) == "b,a\r\n1,2\r\n4,3\r\n"


@ways
def test_columns_that_are_given_and_how_the_header_calls_them(way: Way) -> None:
    rows = [{"b": 1, "a": 2}]
    assert text_of(way, "csv_rows", rows, ["a", "b"]) == "a,b\r\n2,1\r\n"
    assert text_of(way, "csv_rows", rows, {"a": "An A", "b": "B"}) == "An A,B\r\n2,1\r\n"
    assert text_of(way, "csv_rows", rows, ["a", "b"], header=False) == "2,1\r\n"


@ways
def test_no_rows(way: Way) -> None:
    assert text_of(way, "csv_rows", []) == ""
    assert text_of(way, "csv_rows", [], ["a", "b"]) == "a,b\r\n"
    assert text_of(way, "csv_rows", [], ["a", "b"], header=False) == ""


@ways
def test_sequences_have_no_header_unless_columns_are_given(way: Way) -> None:
    assert text_of(way, "csv_rows", [(1, 2), [3, 4]]) == "1,2\r\n3,4\r\n"
    assert text_of(way, "csv_rows", [(1, 2)], ["a", "b"]) == "a,b\r\n1,2\r\n"


@ways
@pytest.mark.parametrize("before", [0, 1, 100])
def test_an_unknown_key_is_an_error_that_says_where(way: Way, before: int) -> None:
    rows = [{"a": 1, "b": 2}] * (before + 1) + [{"a": 1, "b": 2, "colour": 3}]
    with pytest.raises(RowError) as caught:
        chunks_of(way, "csv_rows", rows)
    message = str(caught.value)
    assert message.startswith(
        f"row {before + 2} has 'colour', which is none of the columns: 'a', 'b'"
    )
    assert isinstance(caught.value, ValueError)
    assert text_of(way, "csv_rows", rows, extrasaction="ignore").endswith("\r\n1,2\r\n1,2\r\n")


@ways
def test_a_missing_key_is_an_empty_cell(way: Way) -> None:
    rows = [{"a": 1, "b": 2}, {"b": 3}, {}]
    assert text_of(way, "csv_rows", rows) == "a,b\r\n1,2\r\n,3\r\n,\r\n"
    swapped = [{"a": 1, "b": 2}, {"b": 3, "c": 4}]  # as many keys as columns, but others
    with pytest.raises(RowError, match="row 2 has 'c'"):
        chunks_of(way, "csv_rows", swapped)
    assert text_of(way, "csv_rows", swapped, extrasaction="ignore") == "a,b\r\n1,2\r\n,3\r\n"


@ways
def test_a_row_of_another_length_is_an_error(way: Way) -> None:
    with pytest.raises(RowError, match=r"row 101 has 1 cells, not 2 as the first row has: \(3,\)"):
        chunks_of(way, "csv_rows", [(1, 2)] * 100 + [(3,)])
    with pytest.raises(RowError, match="row 1 has 3 cells, not 2 as there are columns"):
        chunks_of(way, "csv_rows", [(1, 2, 3)], ["a", "b"])


@pytest.mark.parametrize("function", [csv_rows, csv_rows_async])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"columns": "id"}, TypeError, "columns must be names"),
        ({"columns": [1]}, TypeError, "columns must be names"),
        ({"columns": []}, ValueError, "there are no columns"),
        ({"columns": ["a", "b", "a"]}, ValueError, "'a' is there twice"),
        ({"extrasaction": "drop"}, ValueError, "extrasaction must be"),
        ({"colums": ["a"]}, TypeError, "colums"),
        ({"delimiter": "ab"}, TypeError, "delimiter"),
        ({"dialect": "no-such"}, csv.Error, "unknown dialect"),
        ({"chunk_size": -1}, ValueError, "chunk_size"),
        ({"encoding": "no-such"}, LookupError, "no-such"),
        ({"encoding": "hex"}, LookupError, "hex"),
    ],
)
def test_bad_arguments_are_refused_at_once(
    function: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        function([], **arguments)


@pytest.mark.parametrize("rows", ["text", b"bytes", None, 1, csv_rows])
def test_what_is_no_iterable(rows: Any) -> None:
    for function in (csv_rows, csv_rows_async):
        with pytest.raises(NotStreamingError, match="iterable of rows"):
            function(rows)


# -- formulas


class Level(IntEnum):
    LOW = 1


class Shown:
    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class Mark(str, Enum):
    PLUS = "+"


@ways
def test_formulas_are_left_alone_unless_told(way: Way) -> None:
    assert text_of(way, "csv_rows", [["=1+1", "-x"]]) == "=1+1,-x\r\n"


@ways
@pytest.mark.parametrize("first", "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
def test_text_that_begins_like_a_formula_gets_an_apostrophe(way: Way, first: str) -> None:
    def cells(*row: Any) -> list[str]:
        return read(text_of(way, "csv_rows", [row], escape_formulas=True))[0]

    assert cells(first, f"{first}1,2", f"x{first}") == [f"'{first}", f"'{first}1,2", f"x{first}"]
    assert cells(Markup(f"{first}b"), Shown(f"{first}c")) == [f"'{first}b", f"'{first}c"]


@ways
def test_numbers_and_dates_are_no_formulas(way: Way) -> None:
    row = (-1, -1.5, Decimal("-2.5"), None, True, Level.LOW, date(2026, 1, 2), -0.0, float("-inf"))
    plain = text_of(way, "csv_rows", [row])
    assert text_of(way, "csv_rows", [row], escape_formulas=True) == plain
    assert "'" not in plain


@ways
def test_names_of_columns_may_be_formulas_too(way: Way) -> None:
    rows = [{"=evil()": 1, "b": 2}]
    assert text_of(way, "csv_rows", rows, escape_formulas=True) == "'=evil(),b\r\n1,2\r\n"
    labels = {"=evil()": "+x", "b": "b"}
    assert text_of(way, "csv_rows", rows, labels, escape_formulas=True) == "'+x,b\r\n1,2\r\n"


@ways
@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=30))
def test_escaping_touches_nothing_else(way: Way, rows: list[tuple[Any, Any]]) -> None:
    found = read(text_of(way, "csv_rows", rows, escape_formulas=True))
    for cells, row in zip(found, rows, strict=True):
        for cell, value in zip(cells, row, strict=True):
            risky = isinstance(value, str) and value[:1] in set(
                "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
            )
            assert cell == ("'" if risky else "") + as_written(value)


# -- how it is written


@ways
def test_dialects_and_formats(way: Way) -> None:
    rows = [("a;b", 1), ("c\td", None)]
    assert text_of(way, "csv_rows", rows, delimiter=";") == '"a;b";1\r\nc\td;\r\n'
    assert text_of(way, "csv_rows", rows, dialect="excel-tab") == 'a;b\t1\r\n"c\td"\t\r\n'
    assert text_of(way, "csv_rows", rows, dialect=csv.unix_dialect) == '"a;b","1"\n"c\td",""\n'
    assert text_of(way, "csv_rows", rows, quoting=csv.QUOTE_ALL).startswith('"a;b","1"\r\n')


@ways
def test_what_csv_cannot_write_is_an_error_that_says_where(way: Way) -> None:
    rows = [("a", "b")] * 70 + [("x", 'y"')]
    with pytest.raises(RowError, match="row 71: need to escape") as caught:
        chunks_of(way, "csv_rows", rows, quoting=csv.QUOTE_NONE)
    assert isinstance(caught.value.__cause__, csv.Error)


@ways
def test_an_error_of_the_source_that_is_csvs_own_stays_what_it_is(way: Way) -> None:
    lines = csv.reader(StringIO('a,b\r\n"c'), strict=True)
    with pytest.raises(csv.Error, match="unexpected end of data"):
        chunks_of(way, "csv_rows", lines)


@ways
@pytest.mark.parametrize("chunk_size", [0, 16384])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(way: Way, encoding: str, chunk_size: int) -> None:
    rows = [("Zoë", "€"), ("é", 1)]
    chunks = chunks_of(way, "csv_rows", rows, ["a", "b"], encoding=encoding, chunk_size=chunk_size)
    # Excel takes a file for UTF-8 if a byte order mark begins it: one, and at the beginning.
    assert b"".join(chunks) == "a,b\r\nZoë,€\r\né,1\r\n".encode(encoding)


@ways
def test_what_cannot_be_encoded(way: Way) -> None:
    with pytest.raises(UnicodeEncodeError):
        chunks_of(way, "csv_rows", [("\u0416",)], encoding="cp1252")


def test_the_type_of_the_content() -> None:
    assert csv_rows([]).content_type == "text/csv; charset=utf-8"
    assert csv_rows_async([]).content_type == "text/csv; charset=utf-8"
    assert csv_rows([], encoding="UTF-8-sig").content_type == "text/csv; charset=utf-8"
    assert csv_rows([], encoding="latin-1").content_type == "text/csv; charset=iso8859-1"
