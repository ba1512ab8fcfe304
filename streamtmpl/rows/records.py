"""What a row is, and its cells.

A row has names (a mapping, a named tuple, a data class, a row of a database), or is a sequence, or
is an object of which columns are attributes. How cells are taken is looked up by the row's type.
Where all of several rows have what is expected, no step is taken for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Cells = Sequence[Any]
    Take = Callable[[list[Any], int], list[Cells]]
    """Gives the cells of rows of one type, the first of which has that number."""

_PLAIN = frozenset({dict, list, tuple, str, int, float, bool, type(None)})


def is_keyed(row: Any) -> bool:
    """Whether the cells of *row* are had by key: a mapping, or a row such as sqlite3's."""
    kind = type(row)
    return isinstance(row, Mapping) or (hasattr(kind, "keys") and hasattr(kind, "__getitem__"))


def names_of(row: Any) -> tuple[str, ...] | None:
    """The names that *row* itself gives its cells, if it does."""
    if is_keyed(row):
        return tuple(row.keys())
    if not isinstance(row, type):
        if hasattr(row, "_fields") and hasattr(row, "__getitem__"):  # a tuple, or of SQLAlchemy
            return tuple(row._fields)
        if is_dataclass(row):
            return tuple(field.name for field in fields(row))
    return None


def as_data(rows: list[Any], number: int) -> list[Any]:
    """The rows for JSON: those with names as ``dict``, others as they are.

    :raises RowError: one has a name twice. The first one is the row *number*.
    """
    if _PLAIN.issuperset(map(type, rows)):
        return rows
    return [_as_data(row, each) for each, row in enumerate(rows, number)]


def _as_data(row: Any, number: int) -> Any:
    names = None if isinstance(row, dict) else names_of(row)
    if names is None:
        return row
    if is_keyed(row):
        data = {name: row[name] for name in names}
    elif is_dataclass(row):
        data = {name: getattr(row, name) for name in names}
    else:
        data = dict(zip(names, row, strict=True))
    if len(data) != len(names):
        raise RowError(f"row {number} has a name twice: {_listed(names)}. Give each its own")
    return data


class Table:
    """The cells of rows, as many for each row as there are columns.

    :ivar columns: their names; ``None`` until the first row gives them, or if it has none.
    """

    def __init__(self, columns: tuple[str, ...] | None, ignores_extras: bool) -> None:
        self.columns = columns
        self._given = columns is not None
        self._width = None if columns is None else len(columns)
        self._ignores_extras = ignores_extras
        self._takes: dict[type, Take] = {}

    def cells(self, rows: list[Any], number: int) -> list[Cells]:
        """The cells of *rows*, the first of which is the row *number*.

        :raises RowError: one is no row, or does not have the columns.
        """
        kind = type(rows[0])
        take = self._takes.get(kind)
        if take is None:
            take = self._takes[kind] = self._learn(rows[0], number)
        if not _all_are(kind, map(type, rows), rows):
            return [self.cells([row], each)[0] for each, row in enumerate(rows, number)]
        return take(rows, number)

    def _learn(self, row: Any, number: int) -> Take:
        if isinstance(row, (str, bytes)):
            raise RowError(f"row {number} is text, not a row: {row!r}")
        names = names_of(row)
        if self._width is None:
            self._begin(row, names, number)
        if names is not None and not is_dataclass(row):
            if not is_keyed(row):
                return self._by_place(names, number)
            # What makes up missing keys, such as a defaultdict, would do so for the quick way.
            return self._each_by_key if hasattr(type(row), "__missing__") else self._by_key()
        if names is None and hasattr(type(row), "__len__") and hasattr(type(row), "__getitem__"):
            return self._in_order
        if self.columns is None or (names is None and not self._given):
            raise RowError(
                f"row {number} is {row!r}, whose columns nobody has named: give columns=[...], the"
                " names of attributes"
            )
        return self._by_attribute

    def _begin(self, row: Any, names: tuple[str, ...] | None, number: int) -> None:
        if names is not None:
            check_columns(names, f"row {number}")
            self.columns = names
            self._width = len(names)
        elif hasattr(type(row), "__len__"):
            self._width = len(row)

    def _by_key(self) -> Take:
        columns, width, ignores_extras = self.columns, self._width, self._ignores_extras
        assert columns is not None
        got = _getting(itemgetter(*columns), width)

        def take(rows: list[Any], number: int) -> list[Cells]:
            if ignores_extras or _all_are(width, map(len, rows), rows):
                try:
                    return got(rows)
                except LookupError:  # sqlite3's rows raise IndexError
                    pass
            return self._each_by_key(rows, number)

        return take

    def _each_by_key(self, rows: list[Any], number: int) -> list[Cells]:
        columns = self.columns
        assert columns is not None
        cells: list[Cells] = []
        for each, row in enumerate(rows, number):
            keys = tuple(row.keys())
            self._check_extras([key for key in keys if key not in columns], each)
            cells.append([row[name] if name in keys else "" for name in columns])
        return cells

    def _by_place(self, names: tuple[str, ...], number: int) -> Take:
        """For rows with names and an order: by their place, which is that of the first one."""
        columns = self.columns
        if names == columns:
            return self._in_order
        assert columns is not None
        self._check_extras([name for name in names if name not in columns], number)
        places = [names.index(name) if name in names else None for name in columns]

        def take(rows: list[Any], number: int) -> list[Cells]:
            self._check_widths(rows, number, len(names))
            return [["" if place is None else row[place] for place in places] for row in rows]

        return take

    def _in_order(self, rows: list[Any], number: int) -> list[Cells]:
        self._check_widths(rows, number, self._width)
        return rows

    def _by_attribute(self, rows: list[Any], number: int) -> list[Cells]:
        columns = self.columns
        assert columns is not None
        try:
            return _getting(attrgetter(*columns), self._width)(rows)
        except AttributeError as error:
            for each, row in enumerate(rows, number):
                for name in columns:
                    if not hasattr(row, name):
                        raise RowError(f"row {each}, {row!r}, has no attribute {name!r}") from error
            raise

    def _check_extras(self, extras: list[Any], number: int) -> None:
        if extras and not self._ignores_extras:
            raise RowError(
                f"row {number} has {_listed(extras)}, which is none of the columns:"
                f" {_listed(self.columns or ())}. Name all with columns=[...], or leave others out"
                " with extrasaction='ignore'"
            )

    def _check_widths(self, rows: list[Any], number: int, width: int | None) -> None:
        if _all_are(width, map(len, rows), rows):
            return
        for each, row in enumerate(rows, number):
            if len(row) != width:
                first = "there are columns" if self.columns else "the first row has"
                raise RowError(f"row {each} has {len(row)} cells, not {width} as {first}: {row!r}")


def check_columns(names: Sequence[Any], where: str) -> None:
    """Refuse no names, and names that are there twice.

    :raises RowError: there are such, in what messages call *where*.
    """
    if not names:
        raise RowError(f"{where}: there are no columns")
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise RowError(f"{where}: the column {twice!r} is there twice. Give each its own name")


def _all_are(expected: Any, found: Iterable[Any], rows: list[Any]) -> bool:
    """Whether what was found of each of *rows* is as expected, without a step for each."""
    return list(found).count(expected) == len(rows)


def _getting(getter: Any, width: int | None) -> Callable[[list[Any]], list[Cells]]:
    """Gets the cells of rows; with one name a getter gives the cell alone."""
    if width == 1:
        return lambda rows: list(zip(map(getter, rows)))
    return lambda rows: list(map(getter, rows))


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(repr, names))
