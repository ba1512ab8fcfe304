"""Text that spreadsheets would take for a formula."""

from __future__ import annotations

from datetime import date, time
from numbers import Number
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BEGINNINGS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
"""What a cell begins with that may be run: after OWASP's "CSV Injection", with its full-width
characters, and the null character of OWASP's ASVS 5.0, requirement 1.2.10."""

_NO_TEXT = frozenset({int, float, bool, type(None)})


def escaped(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """The cells of *rows*, where text that begins like a formula has an apostrophe before it.

    Numbers and dates stay what they are: a minus before a number is no formula.
    """
    return [
        [
            cell
            if type(cell) in _NO_TEXT or (type(cell) is str and not cell.startswith(BEGINNINGS))
            else _escaped(cell)
            for cell in row
        ]
        for row in rows
    ]


def _escaped(cell: Any) -> Any:
    if not isinstance(cell, str):
        if isinstance(cell, (Number, date, time)):
            return cell
        cell = str(cell)  # csv would do so
    return f"'{cell}" if cell.startswith(BEGINNINGS) else cell
