"""Rows that the command line reads one at a time, while the template iterates over them."""

import csv
import io
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from .data import (
    STANDARD_INPUT,
    DataError,
    not_utf8,
    open_binary,
    parse_json_object,
    source_name,
    standard_input,
    unreadable,
)

ROW_FORMATS = ("csv", "tsv", "jsonl")

_FORMAT_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


class Rows:
    """The rows of a CSV, TSV or JSON lines file as dictionaries, read while they are iterated.

    Every iteration reads a regular file anew. Standard input and other pipes can be iterated once;
    a second time raises :class:`DataError`, as does all that is wrong with the file or a row.
    """

    def __init__(self, path: str, row_format: str | None = None) -> None:
        """Check that *path* can be read.

        :param row_format: one of :data:`ROW_FORMATS`; ``None`` goes by the name or content.
        :raises DataError: it cannot.
        """
        self.source = source_name(path)
        self._path = path
        self._format = row_format or _FORMAT_BY_SUFFIX.get(os.path.splitext(path)[1].lower())
        self._file: TextIO | None = None
        self._passes = 0
        try:
            self.size = _regular_file_size(path)
        except OSError as error:
            raise unreadable(self.source, error) from error

    def __repr__(self) -> str:
        return f"<Rows {self.source!r}>"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._passes += 1
        if self._passes > 1 and (self.size is None or self._path == STANDARD_INPUT):
            problem = "can be read only once, but the template iterates its rows a second time"
            raise DataError(self.source, None, problem)
        try:
            file = _open_text(self._path)
        except OSError as error:
            raise unreadable(self.source, error) from error
        with file:
            self._file = file
            yield from _parse_rows(_checked_lines(file, self.source), self.source, self._format)

    def bytes_read(self) -> int:
        """How far the latest iteration of a regular file is; at its end once it is over."""
        if self._file is None:
            return 0
        return (self.size or 0) if self._file.closed else self._file.buffer.tell()


def _parse_rows(
    lines: Iterator[str], source: str, row_format: str | None
) -> Iterator[dict[str, Any]]:
    first = next(lines, "")
    if row_format is None:
        row_format = "jsonl" if first.lstrip().startswith(("{", "[")) else "csv"
    return _ROW_PARSERS[row_format](itertools.chain([first], lines), source)


def _json_rows(lines: Iterator[str], source: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield parse_json_object(line.rstrip("\r\n"), source, number)


def _comma_separated_rows(lines: Iterator[str], source: str) -> Iterator[dict[str, Any]]:
    return _delimited_rows(lines, source, ",")


def _tab_separated_rows(lines: Iterator[str], source: str) -> Iterator[dict[str, Any]]:
    return _delimited_rows(lines, source, "\t")


_ROW_PARSERS: dict[str, Callable[[Iterator[str], str], Iterator[dict[str, Any]]]] = {
    "csv": _comma_separated_rows,
    "tsv": _tab_separated_rows,
    "jsonl": _json_rows,
}


def _delimited_rows(lines: Iterator[str], source: str, delimiter: str) -> Iterator[dict[str, Any]]:
    records = _records(lines, source, delimiter)
    line, header = next(records, (1, []))
    if not header:
        raise DataError(source, line, "expected a header line that names the columns")
    if len(set(header)) < len(header):
        repeated = next(name for name in header if header.count(name) > 1)
        raise DataError(source, line, f"the header names column {repeated!r} more than once")
    for line, fields in records:
        if len(fields) != len(header):
            problem = f"expected {len(header)} fields, as in the header, found {len(fields)}"
            raise DataError(source, line, problem)
        yield dict(zip(header, fields, strict=True))


def _records(lines: Iterator[str], source: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not blank, each with the number of the line it begins on."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(source, line, f"malformed row: {error}") from error
        if fields:
            yield line, fields


def _open_text(path: str) -> TextIO:
    # Escaped, a byte that is not UTF-8 is found in its own line, not in the block it was read with.
    return io.TextIOWrapper(
        open_binary(path), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )


def _checked_lines(file: TextIO, source: str) -> Iterator[str]:
    """Yield lines of UTF-8 text with their line ends, each as soon as it has arrived."""
    number = 0
    try:
        for number, line in enumerate(file, 1):
            if "\0" in line:
                raise DataError(source, number, "expected UTF-8 text, found a NUL character")
            if not line.isascii():
                _check_decoded(line, source, number)
            yield line
    except OSError as error:
        raise unreadable(source, error, number + 1) from error


def _check_decoded(line: str, source: str, number: int) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        byte = ord(line[error.start]) - 0xDC00
        raise DataError(source, number, not_utf8(byte)) from error


def _regular_file_size(path: str) -> int | None:
    """A readable file's size in bytes, ``None`` for what is not a regular file.

    A pipe is not opened: that would wait for its writer.

    :raises OSError: it cannot be read.
    """
    status = os.stat(standard_input() if path == STANDARD_INPUT else path)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        open_binary(path).close()
    return status.st_size if stat.S_ISREG(status.st_mode) else None
