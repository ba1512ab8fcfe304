"""Any iterable of strings as a stream of chunks; sync and async have the same laws."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import NotStreamingError, rechunk, rechunk_async

from .rechunking import WAYS, Way, chunks_of, expected_chunks, plain_ways, ways

# -- chunk size


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    items=st.lists(
        st.one_of(st.text(max_size=5), st.integers(0, 3000).map(lambda count: "x" * count)),
        max_size=30,
    ),
    chunk_size=st.sampled_from([0, 1, 7, 1024, 1500, 4096, 10**6]),
)
def test_chunks_are_cut_by_size(items: list[str], chunk_size: int) -> None:
    expected = expected_chunks(items, chunk_size)
    for name, way in WAYS.items():
        assert chunks_of(way, items, chunk_size=chunk_size) == expected, name


@ways
def test_the_default_chunk_size(way: Way) -> None:
    lengths = [len(chunk) for chunk in chunks_of(way, ["x" * 64] * 2000)]
    assert lengths == [1024, 4096, *[16384] * 7, 128_000 - 5_120 - 7 * 16384]


@ways
def test_size_zero_makes_every_string_a_chunk(way: Way) -> None:
    assert chunks_of(way, ["a", "", "bc", "", ""], chunk_size=0) == ["a", "bc"]


@ways
@pytest.mark.parametrize("items", [[], [""], ["", ""]])
def test_no_text_no_chunk(way: Way, items: list[str]) -> None:
    assert chunks_of(way, items) == []


@ways
def test_a_long_string_is_never_split(way: Way) -> None:
    assert chunks_of(way, ["a", "b" * 100_000, "c"], chunk_size=10) == ["a" + "b" * 100_000, "c"]


@ways
def test_strings_of_all_kinds(way: Way) -> None:
    class Text(str):
        def __str__(self) -> str:
            return "something else"

    chunks = chunks_of(way, [Markup("<b>"), Text("text"), "\ud800\x00\u20ac\n\r\n"])
    assert chunks == ["<b>text\ud800\x00\u20ac\n\r\n"]
    assert [type(chunk) for chunk in chunks] == [str]


@plain_ways
@pytest.mark.parametrize(
    "make",
    [list, tuple, iter, dict.fromkeys, lambda items: map(str, items)],
    ids=["list", "tuple", "iter", "dict", "map"],
)
def test_all_kinds_of_iterables(way: Way, make: Callable[[list[str]], Iterable[str]]) -> None:
    assert chunks_of(way, make(["a", "b"])) == ["ab"]


# -- what is refused


@pytest.mark.parametrize("function", [rechunk, rechunk_async])
@pytest.mark.parametrize(
    "bad", ["text", b"bytes", 1, None, object()], ids=lambda bad: type(bad).__name__
)
def test_what_is_no_iterable_of_strings(function: Callable[..., Any], bad: Any) -> None:
    with pytest.raises(NotStreamingError, match="iterable of strings"):
        function(bad)


@pytest.mark.parametrize("function", [rechunk, rechunk_async])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"chunk_size": -1}, ValueError),
        ({"chunk_size": "1"}, TypeError),
        ({"chunk_size": 1.5}, TypeError),
        ({"chunk_size": True}, TypeError),
        ({"encoding": "no-such-codec"}, LookupError),
    ],
)
def test_bad_options(
    function: Callable[..., Any], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        function(["a"], **options)


def test_rechunk_refuses_async_iterables() -> None:
    async def items() -> AsyncIterator[str]:
        yield "a"

    with pytest.raises(NotStreamingError):
        rechunk(items())  # type: ignore[call-overload]


@ways
@pytest.mark.parametrize("bad", [b"bytes", 1, None, ["a"]], ids=repr)
def test_a_bad_item(way: Way, bad: Any) -> None:
    closed: list[bool] = []

    def items() -> Iterator[Any]:
        try:
            yield "good"
            yield bad
            yield "never"
        finally:
            closed.append(True)

    chunks: list[str] = []
    with pytest.raises(NotStreamingError) as caught:
        way(items(), chunks.append, chunk_size=0)
    assert repr(bad) in str(caught.value)
    assert chunks == ["good"]
    assert closed == [True]


@ways
def test_options_are_keywords(way: Way) -> None:
    for function in (rechunk, rechunk_async):
        with pytest.raises(TypeError):
            function(["a"], 10)  # type: ignore[call-overload]


# -- encoding


@ways
@pytest.mark.parametrize("chunk_size", [0, 3, 16384])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "utf-8-sig", "iso2022_jp"])
def test_encoding(way: Way, encoding: str, chunk_size: int) -> None:
    text = "\u3042b" if encoding == "iso2022_jp" else "h\u00e9llo"
    chunks = chunks_of(way, [text, "", text, "z"], encoding=encoding, chunk_size=chunk_size)
    assert b"".join(chunks) == (text * 2 + "z").encode(encoding)
    assert all(type(chunk) is bytes and chunk for chunk in chunks)


@ways
def test_what_cannot_be_encoded(way: Way) -> None:
    chunks: list[bytes] = []
    with pytest.raises(UnicodeEncodeError):
        way(["good", "\u20ac"], chunks.append, encoding="latin-1", chunk_size=0)
    assert chunks == [b"good"]


# -- the csv module writes rows through a file that keeps nothing


class Line:
    """What csv.writer writes to: the row comes back as what writerow() returns."""

    def write(self, text: str) -> str:
        return text


ROWS: list[list[Any]] = [
    ["id", "name", "note"],
    [1, 'say "hi"', "a,b"],
    [2, "\u00e9", "two\r\nlines"],
    [3, "", None],
]


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    return (writer.writerow(row) for row in rows)


@ways
def test_csv(way: Way) -> None:
    rows = ROWS + [[number, f"name {number}", "x" * 20] for number in range(3000)]
    target = StringIO(newline="")
    csv.writer(target).writerows(rows)
    chunks = chunks_of(way, csv_lines(rows), encoding="utf-8")
    assert b"".join(chunks) == target.getvalue().encode()
    assert all(chunk.endswith(b"\r\n") for chunk in chunks)
    assert [
        len(chunk) >= size for chunk, size in zip(chunks, (1024, 4096, 16384), strict=False)
    ] == [True] * 3
    again = csv.reader(StringIO(b"".join(chunks).decode(), newline=""))
    assert list(again)[:4] == [["" if cell is None else str(cell) for cell in row] for row in ROWS]
