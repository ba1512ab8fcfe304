"""Everything that a template can loop over: lists, nearly lists, and what only looks like one."""

from __future__ import annotations

import itertools
from array import array
from collections import ChainMap, Counter, OrderedDict, UserList, deque, namedtuple
from collections.abc import Iterator
from io import StringIO
from types import MappingProxyType
from typing import Any, NoReturn

from jinja2 import Undefined
from markupsafe import Markup

from .agreement import Make, Notes


class OwnIter(list):
    def __iter__(self) -> Iterator[Any]:
        return iter(["<own>", "b"])


class OwnLen(list):
    def __len__(self) -> int:
        return 99


class Falsy(list):
    def __bool__(self) -> bool:
        return False


class OwnGetitem(list):
    def __getitem__(self, index: Any) -> Any:
        return "nobody asks"


class TupleOwnIter(tuple):
    def __iter__(self) -> Iterator[Any]:
        return iter(("x",))


class TupleOwnLen(tuple):
    def __len__(self) -> int:
        return 7


class DictOwnIter(dict):
    def __iter__(self) -> Iterator[Any]:
        return iter(["<k>"])


class TextOwnIter(str):
    def __iter__(self) -> Iterator[str]:
        return iter(["<s>"])


class ByIndex:
    """Iterable by the old protocol."""

    def __getitem__(self, index: int) -> int:
        if index > 2:
            raise IndexError(index)
        return index


class ByIndexWithLen(ByIndex):
    def __len__(self) -> int:
        return 3


class Uncountable:
    """Has a length that raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])

    def __len__(self) -> NoReturn:
        raise self._error.with_traceback(None)


class NoneAsLen:
    __len__ = None

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])


class Countdown:
    """An iterator, without notes of who asks for it: see ``pulls``."""

    def __init__(self, notes: Notes, count: int = 3) -> None:
        self._notes, self._count = notes, count

    def __iter__(self) -> Countdown:
        return self

    def __next__(self) -> int:
        self._notes.append(("pull", self._count))
        if not self._count:
            raise StopIteration
        self._count -= 1
        return self._count


class CountdownWithLen(Countdown):
    def __len__(self) -> int:
        return self._count


class CountdownWithHint(Countdown):
    def __length_hint__(self) -> int:
        return 50


class Failing:
    """An iterator whose third pull raises; it would go on after that."""

    def __init__(self, error: BaseException) -> None:
        self._error, self._pulls = error, 0

    def __iter__(self) -> Failing:
        return self

    def __next__(self) -> int:
        self._pulls += 1
        if self._pulls == 3:
            raise self._error.with_traceback(None)
        if self._pulls > 6:
            raise StopIteration
        return self._pulls


def pulls(notes: Notes) -> Iterator[int]:
    for number in range(4):
        notes.append(("pull", number))
        yield number


Fields = namedtuple("Fields", "a b")
ERRORS = [StopIteration("s"), ValueError("v"), KeyError("k"), TypeError("t"), LookupError("l")]

ITERABLES: dict[str, Make] = {
    "list": lambda notes: ["<a>", "b", "b"],
    "empty list": lambda notes: [],
    "one item": lambda notes: [1],
    "what is false": lambda notes: [Undefined(name="u"), None, False, 0, ""],
    "lists": lambda notes: [[1, 2], [3, 4]],
    "pairs": lambda notes: [("a", 1), ("b", 2)],
    "named tuples": lambda notes: [Fields("x", "y"), Fields(1, 2)],
    "not equal to themselves": lambda notes: [float("nan")] * 2,
    "tuple": lambda notes: (1, 2, 2),
    "named tuple": lambda notes: Fields("x", "y"),
    "set": lambda notes: {5},
    "frozen set": lambda notes: frozenset([1]),
    "dict": lambda notes: {"a": 1, "b": 2},
    "keys": lambda notes: {"a": 1, "b": 2}.keys(),
    "values": lambda notes: {"a": 1, "b": 3}.values(),
    "items": lambda notes: {"a": 1, "b": 3}.items(),
    "reversed keys": lambda notes: reversed({"a": 1, "b": 2}),
    "ordered dict": lambda notes: OrderedDict(a=1, b=2),
    "its items": lambda notes: OrderedDict(a=1, b=2).items(),
    "counter": lambda notes: Counter("aab"),
    "chain map": lambda notes: ChainMap({"a": 1}, {"b": 1}),
    "mapping proxy": lambda notes: MappingProxyType({"a": 1}),
    "range": lambda notes: range(3),
    "text": lambda notes: "a<b",
    "markup": lambda notes: Markup("<b"),
    "bytes": lambda notes: b"ab",
    "deque": lambda notes: deque([1, 2]),
    "full deque": lambda notes: deque([1, 2], maxlen=2),
    "user list": lambda notes: UserList([1, 2]),
    "memory view": lambda notes: memoryview(b"ab"),
    "array": lambda notes: array("i", [1, 2]),
    "file": lambda notes: StringIO("a\n<b>\n"),
    "list iterator": lambda notes: iter([1, 2, 3]),
    "reversed list": lambda notes: reversed([1, 2]),
    "zip": lambda notes: zip("ab", [1, 2], strict=False),
    "map": lambda notes: map(str, [1, 2]),
    "enumerate": lambda notes: enumerate("ab"),
    "chain": lambda notes: itertools.chain([1], [2]),
    "slice of an iterator": lambda notes: itertools.islice(itertools.cycle("ab"), 5),
    "groups": lambda notes: itertools.groupby("aabb"),
    "until a value": lambda notes: iter(iter([1, 2, 3]).__next__, 3),
    "generator": pulls,
    "own iter": lambda notes: OwnIter("abc"),
    "own len": lambda notes: OwnLen("abc"),
    "falsy": lambda notes: Falsy("abc"),
    "own getitem": lambda notes: OwnGetitem("abc"),
    "tuple, own iter": lambda notes: TupleOwnIter("abc"),
    "tuple, own len": lambda notes: TupleOwnLen("abc"),
    "dict, own iter": lambda notes: DictOwnIter(a=1),
    "text, own iter": lambda notes: TextOwnIter("abc"),
    "by index": lambda notes: ByIndex(),
    "by index, with a length": lambda notes: ByIndexWithLen(),
    "no length": lambda notes: Uncountable(TypeError("no length")),
    "broken length": lambda notes: Uncountable(ValueError("broken")),
    "none for a length": lambda notes: NoneAsLen(),
    "iterator": Countdown,
    "iterator with a length": CountdownWithLen,
    "iterator with a hint": CountdownWithHint,
    "none": lambda notes: None,
    "number": lambda notes: 3,
    "undefined": lambda notes: Undefined(name="u"),
    **{
        f"iterator that raises {error!r}": lambda notes, error=error: Failing(error)  # type: ignore[misc]
        for error in ERRORS
    },
}
