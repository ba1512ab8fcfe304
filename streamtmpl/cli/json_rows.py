"""Rows of JSON: one object per line, or an array of objects that is read piece by piece."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from .data import kind_of, parse_json_object
from .files import FileError

_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_WORD = len("-Infinity")  # what may be cut at the end of a piece, beside a string


def json_lines(lines: Iterator[str], source: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of *lines* that are not blank.

    :raises FileError: a line is no JSON object.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield parse_json_object(line.rstrip("\r\n"), source, number)


def json_array(pieces: Iterator[str], source: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the one array in *pieces*, each as soon as all of it has come.

    :raises FileError: there is no array, or it holds something else.
    """
    text = _ArrayText(pieces, source)
    text.take("[", "expected a JSON array of objects")
    if text.next_mark() != "]":
        yield text.next_object()
        while text.take(",]", "invalid JSON: expected ',' or ']' behind an object") == ",":
            yield text.next_object()
    else:
        text.take("]", "")
    if text.next_mark():
        raise text.error("expected nothing after the JSON array")


class _ArrayText:
    """The text of an array, of which only what is not parsed yet is held."""

    def __init__(self, pieces: Iterator[str], source: str) -> None:
        self._pieces = pieces
        self._source = source
        self._text = ""
        self._position = 0
        self._line = 1  # where the text begins
        self._parse = json.JSONDecoder().raw_decode

    def next_mark(self) -> str:
        """The next character that is not space; empty at the end."""
        while True:
            space = cast("re.Match[str]", _SPACE.match(self._text, self._position))
            self._position = space.end()
            if self._position < len(self._text) or not self._read(1):
                return self._text[self._position : self._position + 1]

    def take(self, marks: str, problem: str) -> str:
        """Go past the next character, which must be one of *marks*; otherwise that is *problem*."""
        mark = self.next_mark()
        if not mark or mark not in marks:
            raise self.error(problem)
        self._position += 1
        return mark

    def next_object(self) -> dict[str, Any]:
        """Parse the next element.

        Text that was cut is parsed again once it is twice as long, so all takes linear time.
        """
        self.next_mark()
        while True:
            try:
                value, end = self._parse(self._text, self._position)
                break
            except json.JSONDecodeError as error:
                wrong = self.error(f"invalid JSON: {error.msg}", error.pos)
                if not self._is_cut(error) or not self._read(len(self._text) - self._position):
                    raise wrong from error
            except (ValueError, RecursionError) as error:
                raise self.error(f"invalid JSON: {error}") from error
        if not isinstance(value, dict):
            raise self.error(f"expected a JSON array of objects, found {kind_of(value)} in it")
        self._position = end
        return value

    def error(self, problem: str, position: int | None = None) -> FileError:
        """The error *problem* at *position* of the text, by default where it is parsed."""
        before = self._position if position is None else position
        return FileError(self._source, self._line + self._text.count("\n", 0, before), problem)

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more text may mend *error*."""
        nearly_at_end = error.pos + _LONGEST_WORD >= len(self._text)
        return nearly_at_end or error.msg.startswith("Unterminated string")

    def _read(self, size: int) -> bool:
        """Drop what is parsed and append *size* characters or more; false at the end."""
        self._line += self._text.count("\n", 0, self._position)
        rest = self._text[self._position :]
        read = []
        while size > 0 and (piece := next(self._pieces, "")):
            read.append(piece)
            size -= len(piece)
        self._text = rest + "".join(read)
        self._position = 0
        return bool(read)
