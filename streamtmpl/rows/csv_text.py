"""CSV, as the csv module writes it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from streamtmpl.exceptions import RowError

from .formulas import escaped
from .records import Table, check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamtmpl.chunks.buffer import Buffer

    from .records import Cells

ExtrasAction = Literal["raise", "ignore"]
"""What becomes of a row that has other keys than the columns."""


class CsvText:
    """A header, and a line for each row (which may have line breaks in its cells)."""

    unfinished = ""
    """Nothing: whatever it was, most readers would take it for a cell."""

    def __init__(
        self,
        columns: Sequence[str] | Mapping[str, str] | None,
        header: bool,
        extrasaction: ExtrasAction,
        escape_formulas: bool,
        dialect: Any,
        format: dict[str, Any],
    ) -> None:
        """The arguments are those of :func:`~streamtmpl.csv_rows`.

        :raises TypeError: *columns* are no names; or *format* has what csv does not know.
        :raises ValueError: *columns* are none, or one is there twice; no such *extrasaction*.
        """
        if extrasaction not in ("raise", "ignore"):
            raise ValueError(f"extrasaction must be 'raise' or 'ignore', not {extrasaction!r}")
        names = None if columns is None else _names(columns)
        self._labels = columns if isinstance(columns, Mapping) else {}
        self._header = header
        self._escapes = escape_formulas
        self._format = {"dialect": dialect, **format}
        self._writer = csv.writer(StringIO(), **self._format)  # it is wrong now, or never
        self._table = Table(names, extrasaction == "ignore")
        self._rows = 0

    def begin(self, out: Buffer) -> None:
        """Write to *out* from now on."""
        self._writer = csv.writer(out, **self._format)

    def write(self, rows: list[Any]) -> None:
        """Write rows, the first of them below the header.

        :raises RowError: one of them cannot be written.
        """
        cells: Sequence[Cells] = self._table.cells(rows, self._rows + 1)
        if not self._rows:
            self._write_header()
        if self._escapes:
            cells = escaped(cells)
        try:
            self._writer.writerows(cells)
        except csv.Error as error:
            raise self._refusal(cells, error) from error
        self._rows += len(rows)

    def end(self) -> None:
        """Where there are no rows, write a header alone."""
        if not self._rows:
            self._write_header()

    def _write_header(self) -> None:
        names = self._table.columns
        if self._header and names is not None:
            labels = [self._labels.get(name, name) for name in names]
            self._writer.writerows(escaped([labels]) if self._escapes else [labels])

    def _refusal(self, cells: Sequence[Cells], error: csv.Error) -> RowError:
        """The error of the one row that cannot be written."""
        scratch = csv.writer(StringIO(), **self._format)
        for number, row in enumerate(cells, self._rows + 1):
            try:
                scratch.writerow(row)
            except csv.Error as found:
                return RowError(f"row {number}: {found}")
        return RowError(str(error))


def _names(columns: Any) -> tuple[str, ...]:
    if isinstance(columns, (str, bytes)):
        raise TypeError(f"columns must be names, as in ['id', 'name'], not {columns!r}")
    names = tuple(columns)
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise TypeError(f"columns must be names, which {wrong[0]!r} is not")
    check_columns(names, f"columns={columns!r}")
    return names
