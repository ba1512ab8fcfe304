"""Observers that note what they are told, and renders of each kind to tell them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.observing import RegionEvent, StreamEvent

KINDS = ("sync", "threads", "async")
"""A sync environment, the same in an async stream, and an async environment."""


class Noted(list[StreamEvent]):
    """An observer: a list of the events that it is called with."""

    def __call__(self, event: StreamEvent) -> None:
        self.append(event)

    def names(self) -> list[str]:
        """The names of their types."""
        return [type(event).__name__ for event in self]

    def of(self, kind: Any) -> list[Any]:
        """Those of one type, or of types derived from it."""
        return [event for event in self if isinstance(event, kind)]

    def one(self, kind: Any) -> Any:
        """The only one of its type."""
        (event,) = self.of(kind)
        return event


def environment(kind: str, **options: Any) -> StreamEnvironment:
    """An environment for a render of this kind."""
    return StreamEnvironment(autoescape=True, enable_async=kind == "async", **options)


def chunks(kind: str, template: Any, context: dict[str, Any], **options: Any) -> list[Any]:
    """All chunks of a stream of this kind."""
    if kind == "sync":
        return list(render_stream(template, context, **options))

    async def collect() -> list[Any]:
        return [chunk async for chunk in render_stream_async(template, context, **options)]

    return asyncio.run(collect())


def value_of(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """*function* as a template of this kind may call it: async where it can be."""
    if kind != "async":
        return function

    async def called(*args: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args)

    return called


def source_of(kind: str, items: Iterable[Any]) -> Any:
    """An iterator of *items* that a template of this kind waits for."""
    if kind != "async":
        return (item for item in items)

    async def awaited() -> Any:
        for item in items:
            await asyncio.sleep(0)
            yield item

    return awaited()


every_kind = pytest.mark.parametrize("kind", KINDS)


def named(env: jinja2.Environment, source: str, name: str = "page.html") -> Any:
    env.loader = jinja2.DictLoader({name: source})
    return env.get_template(name)


def page(kind: str, source: str, **options: Any) -> Any:
    loader = jinja2.DictLoader({"page.html": source})
    return environment(kind, loader=loader, **options).get_template("page.html")


def of_region(noted: Noted, line: int) -> list[str]:
    """The names of the events about the region at this line."""
    return [type(event).__name__ for event in noted.of(RegionEvent) if event.line == line]
