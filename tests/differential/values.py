"""What contexts hold, as recipes: each render builds its own values, so both engines get the same.

Everything that runs code when a template touches it writes to a trace. Equal traces mean that
both engines called, pulled and converted the same things in the same order.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

Trace = list[tuple[object, ...]]


@dataclass
class Workshop:
    """What recipes need to build values for one render."""

    environment: Environment
    trace: Trace = field(default_factory=list)

    @property
    def is_async(self) -> bool:
        return self.environment.is_async


class Thing:
    """An object with attributes; ``bad`` is a property that raises."""

    def __init__(self, trace: Trace, fields: Mapping[str, object]) -> None:
        self.__trace = trace
        self.__dict__.update(fields)

    @property
    def bad(self) -> object:
        self.__trace.append(("bad",))
        raise LookupError("a bad property")

    def shout(self, *args: object, **kwargs: object) -> str:
        self.__trace.append(("shout", len(args), *kwargs))
        return "<shout>"

    def __str__(self) -> str:
        self.__trace.append(("str",))
        return f"<thing {self.__dict__.get('name')}>"

    def __repr__(self) -> str:
        return f"Thing({self.__dict__.get('name')!r})"


class HtmlThing(Thing):
    def __html__(self) -> str:
        return Markup("<b>{}</b>").format(self.__dict__.get("name"))


class Unprintable(Thing):
    def __str__(self) -> str:
        raise ValueError("no text for this")


@dataclass(frozen=True)
class Plain:
    """A value of built-in types."""

    value: object

    def build(self, shop: Workshop) -> object:
        return copy.deepcopy(self.value)


@dataclass(frozen=True)
class Many:
    """A list of recipes."""

    items: tuple[Recipe, ...]

    def build(self, shop: Workshop) -> object:
        return [item.build(shop) for item in self.items]


@dataclass(frozen=True)
class Record:
    """A Thing, or one of its subclasses."""

    fields: tuple[tuple[str, Recipe], ...]
    kind: type[Thing] = Thing

    def build(self, shop: Workshop) -> object:
        return self.kind(shop.trace, {name: item.build(shop) for name, item in self.fields})


@dataclass(frozen=True)
class Lazy:
    """A generator; in async environments an async one if `awaits` says so. Maybe it fails."""

    label: str
    items: tuple[Recipe, ...]
    awaits: bool = False
    error: Exception | None = None

    def build(self, shop: Workshop) -> object:
        if self.awaits and shop.is_async:
            return self.pulled_async(shop)
        return self.pulled(shop)

    def pulled(self, shop: Workshop) -> Iterator[object]:
        for index, item in enumerate(self.items):
            shop.trace.append(("pull", self.label, index))
            yield item.build(shop)
        shop.trace.append(("end", self.label))
        if self.error is not None:
            raise copy.copy(self.error)

    async def pulled_async(self, shop: Workshop) -> AsyncIterator[object]:
        for index, item in enumerate(self.items):
            shop.trace.append(("pull", self.label, index))
            if index % 2:
                await asyncio.sleep(0)
            yield item.build(shop)
        shop.trace.append(("end", self.label))
        if self.error is not None:
            raise copy.copy(self.error)


@dataclass(frozen=True)
class Function:
    """A callable; in async environments a coroutine function if `awaits` says so.

    With `calls` it raises its error at that call and returns its result before.
    """

    label: str
    result: Recipe
    awaits: bool = False
    error: BaseException | None = None
    calls: int = 1

    def build(self, shop: Workshop) -> object:
        left = self.calls

        def function(*args: object, **kwargs: object) -> object:
            nonlocal left
            shop.trace.append(("call", self.label, len(args), sorted(kwargs)))
            left -= 1
            if self.error is not None and left <= 0:
                raise copy.copy(self.error)
            return self.result.build(shop)

        async def coroutine_function(*args: object, **kwargs: object) -> object:
            await asyncio.sleep(0)
            return function(*args, **kwargs)

        return coroutine_function if self.awaits and shop.is_async else function


@dataclass(frozen=True)
class Ticker:
    """A callable that returns how often it was called: it tells the order of evaluation."""

    label: str = "tick"

    def build(self, shop: Workshop) -> Callable[..., int]:
        count = 0

        def tick(*args: object) -> int:
            nonlocal count
            count += 1
            shop.trace.append(("tick", count))
            return count

        return tick


@dataclass(frozen=True)
class TemplateObject:
    """A template of the environment that renders."""

    name: str

    def build(self, shop: Workshop) -> object:
        return shop.environment.get_template(self.name)


@dataclass(frozen=True)
class Made:
    """Whatever a function of the workshop makes."""

    make: Callable[[Workshop], object]

    def build(self, shop: Workshop) -> object:
        return self.make(shop)


Recipe = Made | Plain | Many | Record | Lazy | Function | Ticker | TemplateObject
Recipes = Mapping[str, Recipe]


def build(recipes: Recipes, shop: Workshop) -> dict[str, Any]:
    return {name: recipe.build(shop) for name, recipe in recipes.items()}
