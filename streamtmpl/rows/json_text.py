"""JSON: an array, or lines."""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import RowError

from .records import as_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamtmpl.chunks.buffer import Buffer

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class JsonText:
    """The elements of an array, or a line for each row.

    :ivar unfinished: the beginning of a line, by which a reader sees that more was to follow. An
        array that is not closed shows it by itself.
    """

    def __init__(self, dumps: Callable[[Any], str | bytes] | None, lines: bool) -> None:
        """Write rows as *dumps* gives them, or as :mod:`json` does.

        :raises TypeError: *dumps* cannot be called.
        """
        if dumps is not None and not callable(dumps):
            raise TypeError(f"dumps must be a function that gives the JSON of a row, not {dumps!r}")
        self._dumps = dumps
        self._lines = lines
        self.unfinished = "{" if lines else ""
        self._rows = 0

    def begin(self, out: Buffer) -> None:
        """Write to *out* from now on."""
        self._write = out.write

    def write(self, rows: list[Any]) -> None:
        """Write rows.

        :raises RowError: one of them cannot be written.
        """
        number = self._rows + 1
        data = as_data(rows, number)
        text = self._joined(data, number, "\n" if self._lines else ",")
        if not self._lines:
            self._write("," if self._rows else "[")
        elif text.count("\n") >= len(data):
            raise self._too_many_lines(data, number)
        self._write(text)
        if self._lines:
            self._write("\n")
        self._rows += len(rows)

    def end(self) -> None:
        """Close the array."""
        if not self._lines:
            self._write("]" if self._rows else "[]")

    def _joined(self, data: list[Any], number: int, separator: str) -> str:
        dumps = self._dumps
        try:
            if dumps is None:
                # Elements are separated as an encoder does it: all in one go is faster by far.
                if separator == ",":
                    return _encode(data)[1:-1]
                return "\n".join(map(_encode, data))
            texts: list[Any] = list(map(dumps, data))
            if isinstance(texts[0], str):
                return separator.join(texts)
            return separator.encode().join(texts).decode()
        except (TypeError, ValueError) as error:
            raise self._refusal(data, number, error) from error

    def _refusal(self, data: list[Any], number: int, error: Exception) -> RowError:
        """The error of the one row that *dumps* does not take."""
        for each, row in enumerate(data, number):
            try:
                text = (self._dumps or _encode)(row)
            except (TypeError, ValueError) as found:
                way_out = "" if self._dumps else ". Give dumps=, a function that can write it"
                return RowError(f"row {each}: {found}{way_out}")
            if not isinstance(text, (str, bytes)):
                return RowError(f"row {each}: dumps gives {text!r}, not its JSON")
        return RowError(str(error))

    def _too_many_lines(self, data: list[Any], number: int) -> RowError:
        for each, row in enumerate(data, number):
            if "\n" in self._joined([row], each, "\n"):
                number = each
                break
        return RowError(f"row {number}: dumps gives more than one line. Have it write no indent")
