"""Rows of CSV and TSV, and what is said about wrong ones."""

import csv
from collections.abc import Iterator
from typing import Any

from .files import FileError

_FIELD_LIMIT = 2**31 - 1  # characters; the module's own limit is 131,072, and some systems' this
_OTHERS = ";\t,|"  # what separates columns in files that are not separated by what we take


def delimited_rows(
    lines: Iterator[str], source: str, delimiter: str, chosen: bool
) -> Iterator[dict[str, Any]]:
    """Yield the rows of *lines*, whose first record names the columns.

    :param chosen: whether the user has named *delimiter*: a header of one column is meant so.
    :raises FileError: a row, or the header, is wrong.
    """
    records = _records(lines, source, delimiter)
    line, header = next(records, (1, []))
    _check_header(header, source, line)
    if len(header) == 1 and not chosen:
        _check_only_column(header[0], source, line, delimiter)
    for line, fields in records:
        if len(fields) != len(header):
            problem = f"expected {len(header)} fields, as in the header, found {len(fields)}"
            raise FileError(source, line, problem)
        yield dict(zip(header, fields, strict=True))


def _check_header(header: list[str], source: str, line: int) -> None:
    if not header:
        raise FileError(source, line, "expected a header line that names the columns")
    if len(set(header)) < len(header):
        repeated = next(name for name in header if header.count(name) > 1)
        raise FileError(source, line, f"the header names column {repeated!r} more than once")


def _check_only_column(name: str, source: str, line: int, delimiter: str) -> None:
    """Refuse a header that was meant for another delimiter: all its columns would be missing."""
    other = next((mark for mark in _OTHERS if mark != delimiter and mark in name), None)
    if other is not None:
        problem = (
            f"the header is only one column, {name!r}: --delimiter {_shown(other)} separates it, "
            f"--delimiter {_shown(delimiter)} says that it is one"
        )
        raise FileError(source, line, problem)


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else f"'{delimiter}'"


def _records(lines: Iterator[str], source: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not blank, each with the number of the line it begins on."""
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(source, line, f"malformed row: {error}") from error
        if fields:
            yield line, fields
