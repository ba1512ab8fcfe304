"""Rows: dictionaries from CSV, TSV and JSON lines, read while they are iterated."""

import csv
import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl.cli.files import FileError
from streamtmpl.cli.json_rows import json_array
from streamtmpl.cli.rows import Rows


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("r.csv", b"a,b\n1,2\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("r.csv", b"a,b\r\n1,2\r\n", [{"a": "1", "b": "2"}]),
        ("r.csv", b"a,b\r1,2\r", [{"a": "1", "b": "2"}]),
        ("r.csv", b"a,b\n1,2", [{"a": "1", "b": "2"}]),
        ("r.csv", b'a,b\n"x\r\ny","say ""hi"""\n', [{"a": "x\r\ny", "b": 'say "hi"'}]),
        ("r.csv", b"\xef\xbb\xbfa,b\n1,\xc3\xbc\n", [{"a": "1", "b": "ü"}]),
        ("r.csv", b"a,b\n\n1,2\n\n", [{"a": "1", "b": "2"}]),
        ("r.csv", b'a\n""\nx\n', [{"a": ""}, {"a": "x"}]),
        ("r.csv", b"a,b\n", []),
        ("r.tsv", b"a\tb\n1,5\t2\n", [{"a": "1,5", "b": "2"}]),
        ("r.jsonl", b'{"a": 1}\n\n{"a": [2]}\r\n{}', [{"a": 1}, {"a": [2]}, {}]),
        ("r.NDJSON", b'{"a": "\xe2\x80\xa8"}\n', [{"a": "\u2028"}]),
        ("r.json", b'{"a": 1}\n', [{"a": 1}]),
        ("r.jsonl", b"", []),
        ("unnamed", b'{"a": 1}\n', [{"a": 1}]),
        ("unnamed", b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("r.txt", b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("r.json", b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("r.json", b'\n\n[\n{\n"a": 1\n},\r\n{"a": 2}\n]\n\n', [{"a": 1}, {"a": 2}]),
        ("r.json", b"[ ]", []),
        ("unnamed", b'\xef\xbb\xbf [{"a": 1}]', [{"a": 1}]),
        ("r.csv.gz", gzip.compress(b"a\n1\n", mtime=0), [{"a": "1"}]),
        ("r.TSV.GZ", gzip.compress(b"a\tb\n1\t2\n", mtime=0), [{"a": "1", "b": "2"}]),
        ("r.json.gz", gzip.compress(b'[{"a": 1}]', mtime=0), [{"a": 1}]),
        ("r.csv", b"a\n" + b"x" * 200_000 + b"\n", [{"a": "x" * 200_000}]),
    ],
)
def test_rows_by_format(folder, name, content, rows):
    (folder / name).write_bytes(content)
    assert list(Rows(name)) == rows


def test_format_can_be_forced(folder):
    (folder / "r.csv").write_bytes(b'{"a": 1}\n')
    assert list(Rows("r.csv", "jsonl")) == [{"a": 1}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv", b"", "r.csv:1: expected a header line that names the columns"),
        ("r.csv", b"a,b,a\n", "r.csv:1: the header names column 'a' more than once"),
        ("r.csv", b"a,b\n1,2\n3\n", "r.csv:3: expected 2 fields, as in the header, found 1"),
        ("r.csv", b"a,b\n\n1,2,3\n", "r.csv:3: expected 2 fields, as in the header, found 3"),
        ("r.csv", b'a\n"x\ny"\n1,2\n', "r.csv:4: expected 1 fields, as in the header, found 2"),
        ("r.csv", b'a\n"x"y\n', "r.csv:2: malformed row: ',' expected after '\"'"),
        ("r.csv", b'a\nx\n"y\nz\n', "r.csv:3: malformed row: unexpected end of data"),
        (
            "r.csv",
            b'a\n"' + b"x" * 200_000,
            "r.csv:2: malformed row: unexpected end of data",
        ),
        ("r.csv", b"a\nx\0y\n", "r.csv:2: expected UTF-8 text, found a NUL character"),
        ("r.csv", b"a\nx\n\xfcy\n", "r.csv:3: expected UTF-8 text, found the byte 0xfc"),
        ("r.csv", "a\n1\n".encode("utf-16"), "r.csv:1: expected UTF-8 text, found "),
        ("r.csv", b"a\n\xed\xa0\x80\n", "r.csv:2: expected UTF-8 text, found the byte 0xed"),
        ("r.jsonl", b"{}\n{'a': 1}\n", "r.jsonl:2: invalid JSON: Expecting property name"),
        ("r.jsonl", b"{}\n\n{\n", "r.jsonl:3: invalid JSON: Expecting property name"),
        ("r.jsonl", b"[1]\n", "r.jsonl:1: expected one JSON object per line, found an array"),
        ("r.jsonl", b'{}\n"x"\n', "r.jsonl:2: expected one JSON object per line, found a string"),
        ("r.jsonl", b"true\n", "r.jsonl:1: expected one JSON object per line, found a boolean"),
        ("r.jsonl", b'{}\n{"a": "\xff"}', "r.jsonl:2: expected UTF-8 text, found the byte 0xff"),
        ("unnamed", b"[{}\n", "unnamed:2: invalid JSON: expected ',' or ']' behind an object"),
        ("r.json", b"[{},\n3]", "r.json:2: expected a JSON array of objects, found a number in it"),
        ("r.json", b"[{},\n]", "r.json:2: invalid JSON: Expecting value"),
        ("r.json", b'[{"a": 1},\n{"a": "x]', "r.json:2: invalid JSON: Unterminated string"),
        ("r.json", b"[]\n[]", "r.json:2: expected nothing after the JSON array"),
        ("r.json", b"[{'a': 1}]" + b" " * 300_000, "r.json:1: invalid JSON: Expecting property"),
        ("r.json", b'[{"a":' + b"9" * 5000 + b"}]", "r.json:1: invalid JSON: Exceeds the limit"),
        ("r.csv.gz", b"a\n1\n", "r.csv.gz:1: cannot be read: Not a gzipped file"),
        (
            "r.csv.gz",
            gzip.compress(b"a\n1\n", mtime=0)[:-9],
            "r.csv.gz:3: cannot be read: Compressed file ended",
        ),
        ("r.txt.gz", b"a\n1\n", "r.txt.gz: cannot be read: Not a gzipped file"),
    ],
)
def test_wrong_row_is_named_with_its_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(FileError) as raised:
        list(Rows(name))
    assert str(raised.value).startswith(message)


def test_rows_before_a_wrong_one_are_given(folder):
    (folder / "r.csv").write_bytes(b"a\n1\n2\n3,4\n")
    rows = iter(Rows("r.csv"))
    assert [next(rows), next(rows)] == [{"a": "1"}, {"a": "2"}]
    with pytest.raises(FileError, match=r"^r\.csv:4: "):
        next(rows)


def test_missing_file_is_reported_before_anything_is_iterated(folder):
    with pytest.raises(FileError, match=r"^no\.csv: cannot be read: No such file or directory$"):
        Rows("no.csv")
    with pytest.raises(FileError, match=r"^\.: cannot be read: Is a directory$"):
        Rows(".")


def test_file_that_vanishes_before_it_is_iterated(folder):
    (folder / "r.csv").write_bytes(b"a\n")
    rows = Rows("r.csv")
    (folder / "r.csv").unlink()
    with pytest.raises(FileError, match=r"^r\.csv: cannot be read: No such file or directory$"):
        list(rows)


def test_regular_file_is_read_anew_by_each_iteration(folder):
    (folder / "r.csv").write_bytes(b"a\n1\n2\n")
    rows = Rows("r.csv")
    crossed = [(outer["a"], inner["a"]) for outer in rows for inner in rows]
    assert crossed == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_pipe_can_be_iterated_only_once(folder):
    os.mkfifo("pipe.csv")
    rows = Rows("pipe.csv")
    writer = os.open("pipe.csv", os.O_RDWR)  # does not wait for a reader
    os.write(writer, b"a\n1\n")
    iterator = iter(rows)
    assert next(iterator) == {"a": "1"}
    os.close(writer)
    assert list(iterator) == []
    with pytest.raises(FileError, match=r"^pipe\.csv: can be read only once, "):
        list(rows)


def test_file_is_read_as_far_as_needed_and_closed_with_the_iterator(folder):
    (folder / "r.csv").write_bytes(b"a\n" + b"12345678\n" * 100_000)
    rows = Rows("r.csv")
    assert (rows.size, rows.bytes_read()) == (900_002, 0)
    iterator = iter(rows)
    next(iterator)
    assert 0 < rows.bytes_read() < 300_000
    iterator.close()  # type: ignore[attr-defined]  # it is a generator, for the engine to close
    assert rows.bytes_read() == rows.size


def test_rows_print_as_what_they_are(folder):
    (folder / "r.csv").write_bytes(b"a\n")
    assert repr(Rows("r.csv")) == "<Rows 'r.csv'>"


HEADER_OF_ONE = r"^r\.\w+:1: the header is only one column, .*: --delimiter "


@pytest.mark.parametrize(
    ("name", "header", "named"),
    [
        ("r.csv", "a;b", "';' separates it, --delimiter ',' says that it is one"),
        ("r.csv", "a\tb", "tab separates it"),
        ("r.csv", "a|b", r"'\|' separates it"),
        ("r.tsv", "a,b", "',' separates it, --delimiter tab says"),
    ],
)
def test_header_that_another_delimiter_separates(folder, name, header, named):
    (folder / name).write_text(f"{header}\n{header}\n")
    with pytest.raises(FileError, match=HEADER_OF_ONE + named):
        list(Rows(name))


def test_delimiter_is_taken_at_its_word(folder):
    (folder / "r.csv").write_text("a;b\n1;2\n")
    assert list(Rows("r.csv", delimiter=";")) == [{"a": "1", "b": "2"}]
    assert list(Rows("r.csv", delimiter=",")) == [{"a;b": "1;2"}]
    (folder / "r.csv").write_text('"a;b",c\n1,2\n')
    assert list(Rows("r.csv")) == [{"a;b": "1", "c": "2"}]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "UTF8"])
@pytest.mark.parametrize("name", ["r.csv", "unnamed", "r.csv.gz"])
def test_encodings(folder, encoding, name):
    content = "ä,b\n1,€\n".encode(encoding)
    (folder / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith("gz") else content)
    assert list(Rows(name, encoding=encoding)) == [{"ä": "1", "b": "€"}]


@pytest.mark.parametrize(
    ("encoding", "content", "message"),
    [
        ("cp1252", b"a\nb\n\x81\n", "r.csv:3: expected cp1252 text, found the byte 0x81"),
        ("utf-16", "a\nb\n".encode("utf-16") + b"a", "r.csv:3: expected utf-16 text, found "),
        ("utf-8", b"a\n\xff\n", "r.csv:2: expected UTF-8 text, found the byte 0xff: --encoding"),
    ],
)
def test_wrong_encoding_is_named(folder, encoding, content, message):
    (folder / "r.csv").write_bytes(content)
    with pytest.raises(FileError) as raised:
        list(Rows("r.csv", encoding=encoding))
    assert str(raised.value).startswith(message)


def test_array_is_read_as_far_as_needed(folder):
    (folder / "r.json").write_bytes(b"[" + b'{"a": "x"},' * 200_000 + b'{"a": 1}]')
    rows = Rows("r.json")
    iterator = iter(rows)
    assert next(iterator) == {"a": "x"}
    assert rows.bytes_read() < 200_000
    assert sum(1 for _ in iterator) == 200_000


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats(allow_nan=False),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each, max_size=3)
    ),
    max_leaves=9,
)


@settings(max_examples=100, deadline=None)  # new ones in each of six Pythons
@given(
    st.lists(st.dictionaries(st.text(max_size=4), _values, max_size=3), max_size=5),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.integers(1, 40),
)
def test_array_comes_back_however_it_is_cut(objects, indent, plain, size):
    text = json.dumps(objects, indent=indent, ensure_ascii=plain)
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    assert list(json_array(pieces, "r.json")) == objects


_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_cells, min_size=1, max_size=4, unique=True),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.data(),
)
def test_csv_that_python_wrote_comes_back(header, encoding, data):
    if header[0].startswith("\ufeff"):
        encoding = "utf-8-sig"  # without a mark of its own the file's first character would be it
    columns = st.lists(_cells, min_size=len(header), max_size=len(header))
    table = data.draw(st.lists(columns, max_size=4))
    text = io.StringIO()
    csv.writer(text).writerows([header, *table])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "r.csv")
        file.write_bytes(text.getvalue().encode(encoding))
        assert list(Rows(str(file), delimiter=",")) == [
            dict(zip(header, row, strict=True)) for row in table
        ]
