"""JSON: arrays and lines, read back by the json module; what JSON has not; other encoders."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl import NotStreamingError, RowError, json_array, json_array_async, json_lines
from streamtmpl import json_lines_async as json_lines_twin

from .row_ways import Way, chunks_of, text_of, ways

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=8),  # lone surrogates too
        st.sampled_from(["\n", "],[", "\u2028", "[", "{", ","]),
    ),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=4), values),
    max_leaves=8,
)
CHUNK_SIZES = st.sampled_from([0, 1, 7, 100, 1500, 16384])


@ways
@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=st.lists(VALUES, max_size=80), chunk_size=CHUNK_SIZES)
def test_any_rows_are_read_back(way: Way, rows: list[Any], chunk_size: int) -> None:
    for dumps in (None, json.dumps):
        options = {"chunk_size": chunk_size, "dumps": dumps}
        assert json.loads(text_of(way, "json_array", iter(rows), **options)) == rows
        lines = text_of(way, "json_lines", rows, **options)
        assert [json.loads(line) for line in lines.split("\n")[:-1]] == rows
        assert lines == "" if not rows else lines.endswith("\n")


@ways
@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows=st.lists(VALUES, min_size=1, max_size=60), chunk_size=CHUNK_SIZES)
def test_chunks_end_where_a_row_ends(way: Way, rows: list[Any], chunk_size: int) -> None:
    chunks = chunks_of(way, "json_lines", rows, chunk_size=chunk_size)
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    if chunk_size == 0:
        assert len(chunks) == len(rows)
    parts = chunks_of(way, "json_array", rows, chunk_size=chunk_size)
    text = ""
    for part in parts[:-1]:
        text += part.decode()
        assert len(json.loads(f"{text}]")) > 0
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@ways
def test_no_rows(way: Way) -> None:
    assert text_of(way, "json_array", []) == "[]"
    assert text_of(way, "json_lines", []) == ""


@ways
def test_it_is_compact(way: Way) -> None:
    rows = [{"a": 1, "b": [1, 2]}, {"c": "é"}]
    assert text_of(way, "json_array", rows) == r'[{"a":1,"b":[1,2]},{"c":"\u00e9"}]'
    assert text_of(way, "json_lines", rows) == '{"a":1,"b":[1,2]}\n{"c":"\\u00e9"}\n'


# -- what cannot be written


@ways
@pytest.mark.parametrize("name", ["json_lines", "json_array"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), [float("-inf")]], ids=repr)
def test_json_has_no_nan(way: Way, name: str, bad: Any) -> None:
    with pytest.raises(RowError, match="row 71: Out of range float values"):
        chunks_of(way, name, [{"a": 1}] * 70 + [{"a": bad}])


@ways
@pytest.mark.parametrize("name", ["json_lines", "json_array"])
def test_a_value_that_json_has_not_is_an_error_that_says_where(way: Way, name: str) -> None:
    rows = [{"a": 1}] * 70 + [{"a": date(2026, 1, 2)}]
    with pytest.raises(RowError) as caught:
        chunks_of(way, name, rows)
    assert str(caught.value) == (
        "row 71: Object of type date is not JSON serializable."
        " Give dumps=, a function that can write it"
    )
    assert isinstance(caught.value.__cause__, TypeError)
    text = text_of(way, name, rows, dumps=partial(json.dumps, default=str))
    assert '{"a": "2026-01-02"}' in text


@ways
def test_a_line_has_no_line_breaks(way: Way) -> None:
    rows: list[dict] = [{}] * 70 + [{"a": 1}]
    with pytest.raises(RowError, match="row 71: dumps gives more than one line"):
        chunks_of(way, "json_lines", rows, dumps=partial(json.dumps, indent=1))
    indented = text_of(way, "json_array", rows, dumps=partial(json.dumps, indent=1))
    assert json.loads(indented) == rows


@ways
@pytest.mark.parametrize("name", ["json_lines", "json_array"])
def test_dumps_that_gives_no_json(way: Way, name: str) -> None:
    with pytest.raises(RowError, match="row 1: dumps gives None"):
        chunks_of(way, name, [1], dumps=lambda row: None)


@ways
@pytest.mark.parametrize("name", ["json_lines", "json_array"])
def test_an_error_of_dumps_of_another_kind_stays_what_it_is(way: Way, name: str) -> None:
    def dumps(row: Any) -> str:
        raise LookupError(row)

    with pytest.raises(LookupError, match="the row"):
        chunks_of(way, name, ["the row"], dumps=dumps)


# -- other encoders


@ways
def test_bytes_of_another_encoder(way: Way) -> None:
    def dumps(row: Any) -> bytes:
        return json.dumps(row, ensure_ascii=False).encode()

    rows = [{"a": "Ōta"}, {"a": 2}]
    assert text_of(way, "json_lines", rows, dumps=dumps) == '{"a": "Ōta"}\n{"a": 2}\n'
    assert text_of(way, "json_array", rows, dumps=dumps) == '[{"a": "Ōta"},{"a": 2}]'


@ways
def test_orjson(way: Way) -> None:
    orjson = pytest.importorskip("orjson")
    rows = [{"day": date(2026, 1, 2), "name": "Ōta"}] * 100
    expected = [{"day": "2026-01-02", "name": "Ōta"}] * 100
    assert json.loads(text_of(way, "json_array", rows, dumps=orjson.dumps)) == expected
    lines = text_of(way, "json_lines", rows, dumps=orjson.dumps).splitlines()
    assert list(map(json.loads, lines)) == expected
    with pytest.raises(RowError, match="row 2: Type is not JSON serializable: object"):
        chunks_of(way, "json_lines", [1, object()], dumps=orjson.dumps)
    newline = partial(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE)
    with pytest.raises(RowError, match="row 1: dumps gives more than one line"):
        chunks_of(way, "json_lines", rows, dumps=newline)


@pytest.mark.parametrize("function", [json_lines, json_lines_twin, json_array, json_array_async])
def test_bad_arguments_are_refused_at_once(function: Any) -> None:
    with pytest.raises(TypeError, match="dumps must be a function"):
        function([], dumps="json")
    with pytest.raises(ValueError, match="chunk_size"):
        function([], chunk_size=-1)
    for rows in ("text", 1, None):
        with pytest.raises(NotStreamingError, match="iterable of rows"):
            function(rows)


def test_the_type_of_the_content() -> None:
    assert json_array([]).content_type == json_array_async([]).content_type == "application/json"
    assert json_lines([]).content_type == json_lines_twin([]).content_type == "application/x-ndjson"
