"""Rows that the command line reads one at a time, while the template iterates over them."""

import gzip
import io
import os
import stat
from collections.abc import Iterator
from typing import Any

from .delimited import delimited_rows
from .files import (
    READ_ERRORS,
    STANDARD_INPUT,
    UTF8,
    FileError,
    not_text,
    open_binary,
    source_name,
    standard_input,
    suffix,
    unpacked,
    unreadable,
    without_mark,
)
from .json_rows import json_array, json_lines

ROW_FORMATS = ("csv", "tsv", "jsonl", "json")

_FORMAT_BY_SUFFIX = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_FORMAT_BY_BEGINNING = {"{": "jsonl", "[": "json"}
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_PIECE = 1 << 16  # characters of a JSON array, which may be all in one line


class Rows:
    """The rows of a CSV, TSV or JSON file as dictionaries, read while they are iterated.

    Every iteration reads a regular file anew. Standard input and other pipes can be iterated once;
    a second time raises :class:`FileError`, as does all that is wrong with the file or a row.
    """

    def __init__(
        self,
        path: str,
        row_format: str | None = None,
        delimiter: str | None = None,
        encoding: str = UTF8,
    ) -> None:
        """Check that *path* can be read.

        :param row_format: one of :data:`ROW_FORMATS`; ``None`` goes by the name or content.
        :param delimiter: what separates columns in CSV and TSV; ``None``: a comma or a tab.
        :raises FileError: it cannot.
        """
        self.source = source_name(path)
        self._path = path
        self._format = row_format or _FORMAT_BY_SUFFIX.get(suffix(path))
        self._delimiter = delimiter
        self._encoding = encoding
        self._file: io.BufferedReader | None = None
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
            raise FileError(self.source, None, problem)
        try:
            self._file = open_binary(self._path)
        except OSError as error:
            raise unreadable(self.source, error) from error
        with self._file as file, unpacked(file, self._path) as content:
            yield from self._parsed(content)

    def bytes_read(self) -> int:
        """How far the latest iteration of a regular file is; at its end once it is over."""
        if self._file is None:
            return 0
        return (self.size or 0) if self._file.closed else self._file.tell()

    def _parsed(self, content: io.BufferedReader | gzip.GzipFile) -> Iterator[dict[str, Any]]:
        row_format = self._format or self._guessed_format(content)
        # Escaped, a wrong byte is found in its own line, not in the block it was read with.
        with io.TextIOWrapper(
            content, encoding=self._encoding, errors="surrogateescape", newline=""
        ) as text:
            if row_format == "json":
                pieces = iter(lambda: text.readline(_PIECE), "")
                yield from json_array(self._checked(pieces), self.source)
            elif row_format == "jsonl":
                yield from json_lines(self._checked(text), self.source)
            else:
                delimiter = self._delimiter or _DELIMITERS[row_format]
                chosen = self._delimiter is not None
                yield from delimited_rows(self._checked(text), self.source, delimiter, chosen)

    def _guessed_format(self, content: io.BufferedReader | gzip.GzipFile) -> str:
        try:
            beginning = content.peek(_PIECE).decode(self._encoding, "ignore")
        except READ_ERRORS as error:
            raise unreadable(self.source, error) from error
        return _FORMAT_BY_BEGINNING.get(without_mark(beginning).lstrip()[:1], "csv")

    def _checked(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield lines of text with their line ends, or parts of them, each once it has arrived."""
        line = 1
        try:
            for number, piece in enumerate(pieces):
                if "\0" in piece:
                    raise self._not_text(line, "a NUL character")
                if not piece.isascii():
                    self._check_decoded(piece, line)
                yield piece if number else without_mark(piece)
                line += piece.endswith(("\n", "\r"))
        except READ_ERRORS as error:
            raise unreadable(self.source, error, line) from error
        except UnicodeError as error:  # bytes that no escape stands for, as in cut UTF-16
            raise self._not_text(line, str(error)) from error

    def _check_decoded(self, piece: str, line: int) -> None:
        try:
            piece.encode()
        except UnicodeEncodeError as error:
            byte = ord(piece[error.start]) - 0xDC00
            raise self._not_text(line, f"the byte 0x{byte:02x}") from error

    def _not_text(self, line: int, found: str) -> FileError:
        return FileError(self.source, line, not_text(found, self._encoding))


def _regular_file_size(path: str) -> int | None:
    """A readable file's size in bytes, ``None`` for what is not a regular file.

    A pipe is not opened: that would wait for its writer.

    :raises OSError: it cannot be read.
    """
    status = os.stat(standard_input() if path == STANDARD_INPUT else path)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        open_binary(path).close()
    return status.st_size if stat.S_ISREG(status.st_mode) else None
