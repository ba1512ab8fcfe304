"""The command line's data files: values by name from JSON, TOML and YAML."""

import importlib
import json
import re
import sys
from typing import Any

from .files import UTF8, FileError, read_text, source_name, suffix

_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def read_data(path: str, encoding: str = UTF8) -> dict[str, Any]:
    """The top-level names and values of a JSON, TOML or YAML file; ``-`` is JSON.

    A file without an extension is taken for JSON.

    :param encoding: how a file that is not UTF-8 is read.
    :raises FileError: it cannot be read or is none of these.
    """
    parse = {"": parse_json_object, ".json": parse_json_object, ".toml": _parse_toml}
    parse |= {".yaml": _parse_yaml, ".yml": _parse_yaml}
    if (extension := suffix(path)) not in parse:
        problem = "cannot tell the format: expected a name in .json, .toml, .yaml or .yml"
        raise FileError(path, None, problem)
    return parse[extension](read_text(path, encoding), source_name(path))


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ModuleNotFoundError as error:
        hint = "reading TOML on Python 3.10 needs tomli: pip install 'streamtmpl[cli]'"
        raise FileError(source, None, hint) from error
    try:
        values: dict[str, Any] = toml.loads(text)
    except (ValueError, RecursionError) as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place else None
        problem = _TOML_PLACE.sub(r" (column \2)", str(error))
        raise FileError(source, line, f"invalid TOML: {problem}") from error
    return values


def _parse_yaml(text: str, source: str) -> dict[str, Any]:
    try:
        yaml = importlib.import_module("yaml")
    except ModuleNotFoundError as error:
        hint = "reading YAML needs PyYAML: pip install 'streamtmpl[cli]'"
        raise FileError(source, None, hint) from error
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        problem = str(getattr(error, "problem", None) or error)
        raise FileError(source, line, f"invalid YAML: {problem}") from error
    if not isinstance(values, dict):
        problem = f"expected a mapping of names to values, found {kind_of(values)}"
        raise FileError(source, None, problem)
    wrong = next((name for name in values if not isinstance(name, str)), None)
    if wrong is not None:
        problem = f"expected names that are strings, found {wrong!r}: put it in quotes"
        raise FileError(source, None, problem)
    return values


def parse_json_object(text: str, source: str, line: int | None = None) -> dict[str, Any]:
    """Parse a JSON object.

    :param line: where *text* stands when it is only a line of the file *source*.
    :raises FileError: it is none.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"invalid JSON: {error.msg} (column {error.colno})"
        raise FileError(source, line or error.lineno, problem) from error
    except (ValueError, RecursionError) as error:
        raise FileError(source, line, f"invalid JSON: {error}") from error
    if not isinstance(value, dict):
        where = "one JSON object per line" if line else "a JSON object that maps names to values"
        raise FileError(source, line, f"expected {where}, found {kind_of(value)}")
    return value


def kind_of(value: Any) -> str:
    """What messages call the kind of a *value* from a file."""
    return _KINDS.get(type(value), type(value).__name__)
