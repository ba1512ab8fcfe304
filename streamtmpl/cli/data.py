"""The command line's data files, and what reading any of its files has in common.

Everything that is wrong with a file is a :class:`DataError`, whose text names the file and, where
there is one, the line.
"""

import errno
import importlib
import io
import json
import os
import re
import sys
from typing import Any

STANDARD_INPUT = "-"

_JSON_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


class DataError(Exception):
    """A file cannot be read or does not hold what it should.

    Its text names the file, the line and the problem.
    """

    def __init__(self, source: str, line: int | None, problem: str) -> None:
        """An error of the file *source*, as the user knows it.

        :param line: counts from 1; ``None``: the problem is not in one line.
        """
        super().__init__(f"{source}: {problem}" if line is None else f"{source}:{line}: {problem}")


def source_name(path: str) -> str:
    """How messages call the file *path*."""
    return "<stdin>" if path == STANDARD_INPUT else path


def read_data(path: str) -> dict[str, Any]:
    """The top-level names and values of a JSON or TOML file; ``-`` is JSON on standard input.

    A file without an extension is taken for JSON.

    :raises DataError: it cannot be read or is neither.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in ("", ".json", ".toml"):
        raise DataError(path, None, "cannot tell the format: expected a name in .json or .toml")
    source = source_name(path)
    text = _read_text(path, source)
    return _parse_toml(text, source) if suffix == ".toml" else parse_json_object(text, source)


def _read_text(path: str, source: str) -> str:
    try:
        with open_binary(path) as file:
            content = file.read()
    except OSError as error:
        raise unreadable(source, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(source, line, not_utf8(content[error.start])) from error


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ModuleNotFoundError as error:
        hint = "reading TOML on Python 3.10 needs tomli: pip install 'streamtmpl[cli]'"
        raise DataError(source, None, hint) from error
    try:
        values: dict[str, Any] = toml.loads(text)
    except (ValueError, RecursionError) as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place else None
        problem = _TOML_PLACE.sub(r" (column \2)", str(error))
        raise DataError(source, line, f"invalid TOML: {problem}") from error
    return values


def parse_json_object(text: str, source: str, line: int | None = None) -> dict[str, Any]:
    """Parse a JSON object.

    :param line: where *text* stands when it is only a line of the file *source*.
    :raises DataError: it is none.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"invalid JSON: {error.msg} (column {error.colno})"
        raise DataError(source, line or error.lineno, problem) from error
    except (ValueError, RecursionError) as error:
        raise DataError(source, line, f"invalid JSON: {error}") from error
    if not isinstance(value, dict):
        kind = "null" if value is None else _JSON_KINDS.get(type(value), "a number")
        where = "one JSON object per line" if line else "a JSON object that maps names to values"
        raise DataError(source, line, f"expected {where}, found {kind}")
    return value


def open_binary(path: str) -> io.BufferedReader:
    """Open *path* or, for ``-``, standard input, which closing leaves open.

    :raises OSError: it cannot be opened.
    """
    if path == STANDARD_INPUT:
        return open(standard_input(), "rb", closefd=False)
    return open(path, "rb")


def standard_input() -> int:
    """The number of standard input's descriptor.

    :raises OSError: it is closed.
    """
    if sys.stdin is None:  # closed when the process started; the number may be another file's now
        raise OSError(errno.EBADF, "it is closed")
    return 0


def unreadable(source: str, error: OSError, line: int | None = None) -> DataError:
    """The error for a file that cannot be opened, or not be read beyond *line*."""
    return DataError(source, line, f"cannot be read: {error.strerror}")


def not_utf8(byte: int) -> str:
    """The problem with a file that *byte* shows not to be UTF-8."""
    return f"expected UTF-8 text, found the byte 0x{byte:02x}"
