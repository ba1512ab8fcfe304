"""What a hand-written sample is: templates, context, set-up, and the kinds of environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .engines import Setup
from .laws import Case
from .values import Made, Plain, Recipe, Workshop

KINDS = ("sync", "async")


@dataclass(frozen=True)
class Sample:
    """`page` extends, includes and imports what `others` hold; `only` names one kind."""

    page: str
    others: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    setup: Mapping[str, Any] = field(default_factory=dict)
    only: str = ""

    def case(self, kind: str) -> Case:
        recipes = {name: recipe(value) for name, value in self.context.items()}
        setup = replace(Setup(autoescape="on"), is_async=kind == "async", **self.setup)
        return Case({"page.html": self.page, **self.others}, recipes, setup)


def recipe(value: object) -> Recipe:
    return value if hasattr(value, "build") else Plain(value)  # type: ignore[return-value]


def function(call: Callable[..., object]) -> Made:
    """A function of the context: nothing to build anew."""
    return Made(lambda shop: call)


def made(make: Callable[[], object]) -> Made:
    return Made(lambda shop: make())


def template(name: str) -> Made:
    return Made(lambda shop: shop.environment.get_template(name))


def raising(error: BaseException) -> Made:
    """A function that raises."""

    def make(shop: Workshop) -> object:
        def boom(*args: object, **kwargs: object) -> object:
            shop.trace.append(("boom", len(args)))
            raise error.with_traceback(None)

        return boom

    return Made(make)


def by_kind(samples: Mapping[str, Sample]) -> dict[str, tuple[Sample, str]]:
    """One test per sample and kind of environment, by name."""
    return {
        f"{name} ({kind})": (sample, kind)
        for name, sample in samples.items()
        for kind in KINDS
        if sample.only in ("", kind)
    }
