"""Rows in which filters look for attributes: plain ones, and some that note what they are asked."""

from __future__ import annotations

from collections import UserDict
from typing import Any, NamedTuple

from .agreement import Notes

NAMES = ["b", "<A>", "B", "a", "a"]


class Named:
    def __str__(self) -> str:
        return f"<{self.name}>"  # type: ignore[attr-defined]

    __repr__ = __str__


class Object(Named):
    def __init__(self, notes: Notes, name: str, n: int) -> None:
        self.notes, self.name, self.n = notes, name, n
        if n:
            self.some = n

    @property
    def of(self) -> Object:
        self.notes.append(("of", self.name))
        return self


class Answering(Object):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.notes.append(("getattr", name))
        if name == "some":
            raise AttributeError(name)
        return "answer"


class Failing(Object):
    @property
    def of(self) -> Object:
        raise LookupError("failed")


class Slotted(Named):
    __slots__ = ("n", "name")

    def __init__(self, name: str, n: int) -> None:
        self.name, self.n = name, n


class Items(Named):
    """Has items, which come first."""

    name = "attribute"

    def __init__(self, notes: Notes, values: dict[Any, Any]) -> None:
        self.notes, self.values = notes, values

    def __getitem__(self, name: Any) -> Any:
        self.notes.append(("getitem", name))
        return self.values[name]


class Row(NamedTuple):
    name: str
    n: int


class Text(str):
    __slots__ = ()

    def lower(self) -> Any:
        return 3

    def __str__(self) -> str:
        return f"<{self!r}>"


class Key:
    """Is no text, and equal to one."""

    def __hash__(self) -> int:
        return hash("name")

    def __eq__(self, other: object) -> bool:
        return other == "name"

    def __str__(self) -> str:
        return "<key>"

    __repr__ = __str__


class BadKey(Key):
    def __eq__(self, other: object) -> bool:
        raise AttributeError("failed")

    __hash__ = Key.__hash__


def dicts(notes: Notes) -> list[Any]:
    rows: list[Any] = [{"name": name, "n": n % 3, 0: n} for n, name in enumerate(NAMES)]
    for row in rows:
        row["of"] = row
        if row["n"]:
            row["some"] = row["n"]
    return [{**row, "of": {**row}} for row in rows]


ROWS: dict[str, Any] = {
    "dicts": dicts,
    "objects": lambda notes: [Object(notes, name, n % 3) for n, name in enumerate(NAMES)],
    "with __getattr__": lambda notes: [Answering(notes, "b", 1), Answering(notes, "a", 0)],
    "failing": lambda notes: [Failing(notes, "b", 1), Failing(notes, "a", 0)],
    "with slots": lambda notes: [Slotted("b", 2), Slotted("A", 1)],
    "with items": lambda notes: [Items(notes, {"name": n, "n": 1, 0: n}) for n in "ba"],
    "named tuples": lambda notes: [Row("b", 2), Row("A", 1)],
    "dicts of a class": lambda notes: [UserDict(name="b", n=2), UserDict(name="a", n=1)],
    "mixed": lambda notes: [*dicts(notes), Object(notes, "c", 4), Row("d", 5)],
    "classes": lambda notes: [Object, Slotted],
    "texts of a class": lambda notes: [{"name": Text("b"), "n": 1}, {"name": Text("a"), "n": 2}],
    "keys": lambda notes: [{Key(): "key", "n": 1}, {BadKey(): "bad", "n": 2}],
    "undefined and none": lambda notes: [None, 1, "text"],
    "nan": lambda notes: [{"name": float("nan"), "n": n} for n in (3, float("nan"), 1)],
    "not to be compared": lambda notes: [{"name": 1, "n": "a"}, {"name": "b", "n": 1}],
    "lists": lambda notes: [{"name": [2], "n": []}, {"name": [1], "n": [0]}],
}
