"""What the templates of the language's cases are given."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from markupsafe import Markup


class Html:
    def __html__(self) -> str:
        return "<html/>"

    def __str__(self) -> str:
        return "<str>"


class Shout(str):
    """A str whose text is not what its characters are."""

    __slots__ = ()

    def __str__(self) -> str:
        return "shouted <" + super().__str__() + ">"

    def __format__(self, spec: str) -> str:
        return "formatted"


class Item:
    def __init__(self, name: str, children: list[Item] | None = None) -> None:
        self.name = name
        self.children = children or []

    def method(self, *args: object, **kwargs: object) -> str:
        return f"<{self.name} {args} {sorted(kwargs)}>"


class Subclass(dict[str, Any]):
    attribute = "<attribute>"

    def __missing__(self, key: str) -> str:
        return f"<missing {key}>"


class Both:
    x = "attribute x"
    only_attribute = "only attribute"

    def __getitem__(self, key: str) -> str:
        return {"x": "item x", "only_item": "only item"}[key]


class Counting:
    """Knows what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def value(self) -> str:
        self.asked.append("value")
        return "<v>"

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            self.asked.append(f"attribute {name}")
        raise AttributeError(name)

    def __getitem__(self, key: str) -> Any:
        self.asked.append(f"item {key}")
        raise KeyError(key)


class Failing:
    @property
    def key(self) -> str:
        raise KeyError("key")

    @property
    def attribute(self) -> str:
        raise AttributeError("attribute")

    @property
    def value(self) -> str:
        raise ValueError("value")

    def __getitem__(self, key: object) -> str:
        raise RuntimeError(key) if key == "other" else AttributeError(key)


class Awaited:
    """Its attributes must be awaited in async environments."""

    def __init__(self, wrap: Callable[[Any], Any]) -> None:
        self._wrap = wrap

    @property
    def value(self) -> Any:
        return self._wrap("<v>")

    @property
    def mapping(self) -> Any:
        return self._wrap({"k": "v&"})

    def __getitem__(self, key: str) -> Any:
        return self._wrap(f"item <{key}>")


def stop(value: object = None) -> str:
    raise StopIteration


def measure_now(loop: Any) -> str:
    return f"{loop.length}{loop.last}{loop.nextitem}{loop.first}"


def boom(text: str = "boom") -> str:
    raise ValueError(text)


def lazy() -> Iterator[str]:
    yield from ("a", "<b>", "c")


def broken() -> Iterator[str]:
    yield "first"
    raise ValueError("broken")


def context(is_async: bool) -> dict[str, Any]:
    async def later(value: Any = "later") -> Any:
        await asyncio.sleep(0)
        return value

    async def measure(loop: Any) -> str:
        return f"{await loop.length}{await loop.last}{await loop.nextitem}{loop.first}"

    async def agen() -> Any:
        for value in ("a", "<b>", "c"):
            await asyncio.sleep(0)
            yield value

    wrap: Callable[[Any], Any] = later if is_async else (lambda value: value)
    return {
        "awaited": Awaited(wrap),
        "both": Both(),
        "counting": Counting(),
        "defaults": defaultdict(list),
        "failing": Failing(),
        "subclass": Subclass(k="v"),
        "name": "<Ann>",
        "number": 7,
        "numbers": [1, 2, 3, 4],
        "items": [Item("one", [Item("<1>", [Item("x")])]), Item("two")],
        "mapping": {"k": "v&", "items": "shadowed"},
        "pairs": [("a", 1), ("b", 2)],
        "safe": Markup("<safe>"),
        "html": Html(),
        "shout": Shout("s"),
        "nothing": None,
        "yes": True,
        "no": False,
        "real": 1.50,
        "gen": lazy(),
        "broken": broken(),
        "call": lambda *args, **kwargs: f"<{args}{sorted(kwargs.items())}>",
        "count": lambda caller: 3,
        "mark": lambda caller: Markup("<m>"),
        "stop": stop,
        "boom": boom,
        "later": later if is_async else (lambda value="later": value),
        "stream": agen() if is_async else lazy(),
        "base": "base.html",
        "collected": [],
        "measure": measure if is_async else measure_now,
    }
