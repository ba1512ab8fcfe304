"""Objects that templates look into: each differs from a plain object or dict in one respect."""

from __future__ import annotations

from collections import ChainMap, Counter, OrderedDict, UserDict, namedtuple
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn

from .agreement import Make, Notes

METHODS = ("items", "keys", "values", "get", "copy", "pop", "update")


class Raising:
    """Its attribute raises the error that it was made with."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @property
    def name(self) -> NoReturn:
        raise self._error.with_traceback(None)

    items = name


class RaisingWithItems(Raising):
    def __getitem__(self, key: object) -> str:
        return f"<item {key}>"


class Slots:
    __slots__ = ("items", "name", "unset")

    def __init__(self) -> None:
        self.name, self.items = "<slot>", ["a"]


class ByGetattr:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __getattr__(self, name: str) -> str:
        self._notes.append(("getattr", name))
        if name.startswith("__") or name == "nothing":
            raise AttributeError(name)
        return f"<{name}>"


class ByGetattribute:
    def __init__(self, notes: Notes) -> None:
        object.__setattr__(self, "_notes", notes)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        self._notes.append(("getattribute", name))
        if name == "nothing":
            raise AttributeError(name)
        return f"<{name}>"


class RaisingGetattr:
    """Looks like everything raises, and has items."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._error.with_traceback(None)

    def __getitem__(self, key: object) -> str:
        return f"<item {key}>"


class ByItem:
    """Has items alone."""

    def __init__(self, notes: Notes, error: Exception | None = None) -> None:
        self._notes, self._error = notes, error

    def __getitem__(self, key: object) -> str:
        self._notes.append(("getitem", key))
        if self._error is not None:
            raise self._error.with_traceback(None)
        return f"<{key}>"


class Missing(dict):
    """Makes up what it has not."""

    def __missing__(self, key: str) -> str:
        return f"<made up {key}>"


class RaisingMissing(dict):
    def __missing__(self, key: str) -> NoReturn:
        raise ZeroDivisionError(key)


class OwnGetitem(dict):
    def __getitem__(self, key: str) -> str:
        return f"<own {key}>"


class OwnGet(dict):
    def get(self, key: str, default: object = None) -> NoReturn:
        raise AssertionError("nobody asks get()")

    def __contains__(self, key: object) -> NoReturn:
        raise AssertionError("nobody asks whether it contains something")


class OwnGetattr(dict):
    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"<attribute {name}>"


class OwnGetattribute(dict):
    def __getattribute__(self, name: str) -> Any:
        return "<always>" if name in ("name", "items") else super().__getattribute__(name)


class AttributeDict(dict):
    """Its items are its attributes too."""

    def __init__(self, **items: object) -> None:
        super().__init__(items)
        self.__dict__ = self


class PropertyDict(dict):
    @property
    def name(self) -> str:
        return "<property>"


class RaisingPropertyDict(dict):
    @property
    def name(self) -> NoReturn:
        raise KeyError("a property's own")


class OwnItems(dict):
    def items(self) -> Any:
        return [("own", "<items>")]


class PlainSubclass(dict):
    pass


class PretendsToBeDict:
    """Says it is a dict, as proxies do."""

    name = "<proxy>"
    __class__ = dict  # type: ignore[assignment]


class Key(str):
    """Equal to everything and of one hash with ``name``."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash("name")

    def __eq__(self, other: object) -> bool:
        return True


class Meta(type):
    @property
    def name(cls) -> str:
        return "<of the class>"


class OfMeta(metaclass=Meta):
    items = "<class>"


class AnsweringMeta(type):
    """Has an answer, or an error, for whatever its classes are asked."""

    def __getattr__(cls, name: str) -> NoReturn:
        raise KeyError(name)

    def __getitem__(cls, name: object) -> str:
        return f"<item {name} of the class>"


class OfAnsweringMeta(metaclass=AnsweringMeta):
    pass


class HidingMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        if name == "__getitem__":
            raise ValueError(name)
        return super().__getattribute__(name)


class OfHidingMeta(metaclass=HidingMeta):
    def __getitem__(self, name: object) -> str:
        return f"<item {name}>"


class WithClassItems:
    def __class_getitem__(cls, name: object) -> str:
        return f"<class item {name}>"


class NoItems:
    __getitem__ = None


class RaisingClass:
    """Is no instance of anything without an error."""

    __class__ = property(lambda self: 1 / 0)


class PretendsToBeClass:
    __class__ = type  # type: ignore[assignment]


class UserMapping(UserDict):
    pass


Fields = namedtuple("Fields", ["name", "items"])
ERRORS: dict[str, BaseException] = {
    "AttributeError": AttributeError("its own"),
    "KeyError": KeyError("its own"),
    "IndexError": IndexError("its own"),
    "LookupError": LookupError("its own"),
    "TypeError": TypeError("its own"),
    "ValueError": ValueError("its own"),
    "StopIteration": StopIteration("its own"),
    "RuntimeError": RuntimeError("its own"),
}


def by_methods(**more: object) -> dict[str, object]:
    return {**dict.fromkeys(METHODS, "<item>"), **more}


def of_nested(kind: Any) -> Any:
    return kind(name=kind(name="<deep>", items=["i"]))


OBJECTS: dict[str, Make] = {
    "object": lambda notes: SimpleNamespace(name="<n>", items=["<i>"]),
    "empty object": lambda notes: SimpleNamespace(),
    "nested objects": lambda notes: of_nested(SimpleNamespace),
    "dict": lambda notes: {"name": "<n>"},
    "nested dicts": lambda notes: of_nested(dict),
    "empty dict": lambda notes: {},
    "dict of methods' names": lambda notes: by_methods(name="<n>"),
    "dict of dunders": lambda notes: {"__class__": 1, "__len__": 2, "__doc__": 3},
    "dict of other keys": lambda notes: {0: "<zero>", ("name",): 1, b"name": 2, None: 3},
    "dict of a key that equals": lambda notes: {Key(): "<equal>"},
    "dict of a str subclass": lambda notes: {Key("other"): "<other>"},
    "dict of undefined": lambda notes: {"name": None, "items": False},
    "dict subclass": lambda notes: PlainSubclass(name="<n>"),
    "dict subclass with an attribute": lambda notes: with_attribute(PlainSubclass(name="<n>")),
    "missing": lambda notes: Missing(),
    "missing, with the item": lambda notes: Missing(name="<n>"),
    "raising missing": lambda notes: RaisingMissing(),
    "own getitem": lambda notes: OwnGetitem(name="<n>"),
    "own get": lambda notes: OwnGet(name="<n>"),
    "own getattr": lambda notes: OwnGetattr(name="<n>"),
    "own getattribute": lambda notes: OwnGetattribute(name="<n>", items=3),
    "own items": lambda notes: OwnItems(name="<n>"),
    "attribute dict": lambda notes: AttributeDict(name="<n>", items=["<i>"]),
    "property dict": lambda notes: PropertyDict(name="<n>"),
    "raising property dict": lambda notes: RaisingPropertyDict(name="<n>"),
    "pretends to be a dict": lambda notes: PretendsToBeDict(),
    "ordered dict": lambda notes: OrderedDict(name="<n>", items=1),
    "counter": lambda notes: Counter(["name", "items"]),
    "user dict": lambda notes: UserMapping(name="<n>", items=1),
    "chain map": lambda notes: ChainMap({}, {"name": "<n>"}),
    "mapping proxy": lambda notes: MappingProxyType({"name": "<n>", "items": 1}),
    "slots": lambda notes: Slots(),
    "named tuple": lambda notes: Fields("<n>", ["<i>"]),
    "by getattr": ByGetattr,
    "by getattribute": ByGetattribute,
    "by item": ByItem,
    "class": lambda notes: OfMeta,
    "class with items by its metaclass": lambda notes: OfAnsweringMeta,
    "class with class items": lambda notes: WithClassItems,
    "a generic class": lambda notes: list,
    "an alias of a generic class": lambda notes: list[int],
    "of a metaclass that answers": lambda notes: OfAnsweringMeta(),
    "of a metaclass that hides": lambda notes: OfHidingMeta(),
    "of a class with class items": lambda notes: WithClassItems(),
    "no items": lambda notes: NoItems(),
    "raising class": lambda notes: RaisingClass(),
    "pretends to be a class": lambda notes: PretendsToBeClass(),
    "items of the instance": lambda notes: SimpleNamespace(__getitem__=lambda name: "<never>"),
    "list": lambda notes: ["<0>", "<1>"],
    "tuple": lambda notes: ("<0>",),
    "text": lambda notes: "<text>",
    "bytes": lambda notes: b"<bytes>",
    "number": lambda notes: 7,
    "none": lambda notes: None,
    "function": lambda notes: with_attribute(lambda *args: f"<called {args}>"),
    "generator": lambda notes: (n for n in (1, 2)),
    **{
        f"{kind.__name__}, {name}": (lambda notes, kind=kind, error=error: kind(error))  # type: ignore[misc]
        for kind in (Raising, RaisingWithItems, RaisingGetattr)
        for name, error in ERRORS.items()
    },
    **{
        f"ByItem, {name}": (lambda notes, error=error: ByItem(notes, error))  # type: ignore[misc]
        for name, error in ERRORS.items()
    },
}


def with_attribute(value: Any) -> Any:
    value.name = "<attribute>"
    return value
