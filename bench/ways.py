"""How a render is consumed: as one string, as pieces, or as pieces from an event loop.

A way does two things with the same render: `output` keeps the text (to compare engines), `consume`
renders many contexts and drops the text (to be timed). Both take every piece as a server would.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Sequence

    from bench.workloads import Context, Workload


class Way(Protocol):
    """One loaded template, with one way to render it."""

    def output(self, context: Context) -> str:
        """Render `context` and return the whole text."""

    def consume(self, contexts: Sequence[Context]) -> None:
        """Render each of `contexts` once, one after the other."""


@dataclass(frozen=True)
class Peer:
    """A template engine and the ways in which it renders."""

    name: str
    distributions: tuple[str, ...]
    """The packages whose versions belong beside a result."""
    ways: dict[str, Callable[[Workload], Way]]
    """What loads a workload's template, by the label of the way."""


@dataclass(frozen=True)
class Whole:
    """The render is a call that returns the text."""

    render: Callable[[Context], str]

    def output(self, context: Context) -> str:
        return self.render(context)

    def consume(self, contexts: Sequence[Context]) -> None:
        render = self.render
        for context in contexts:
            render(context)


@dataclass(frozen=True)
class Keywords:
    """The render is a call that takes the context as keyword arguments and returns the text."""

    render: Callable[..., str]

    def output(self, context: Context) -> str:
        return self.render(**context)

    def consume(self, contexts: Sequence[Context]) -> None:
        render = self.render
        for context in contexts:
            render(**context)


@dataclass(frozen=True)
class Pieces:
    """The render is an iterable of strings."""

    render: Callable[[Context], Iterable[str]]

    def output(self, context: Context) -> str:
        return "".join(self.render(context))

    def consume(self, contexts: Sequence[Context]) -> None:
        render = self.render
        for context in contexts:
            for _ in render(context):
                pass


@dataclass(frozen=True)
class AsyncPieces:
    """The render is an asynchronous iterable of strings; one event loop serves all contexts."""

    render: Callable[[Context], AsyncIterable[str]]

    def output(self, context: Context) -> str:
        return asyncio.run(self._joined(context))

    def consume(self, contexts: Sequence[Context]) -> None:
        asyncio.run(self._consumed(contexts))

    async def _joined(self, context: Context) -> str:
        return "".join([piece async for piece in self.render(context)])

    async def _consumed(self, contexts: Sequence[Context]) -> None:
        render = self.render
        for context in contexts:
            async for _ in render(context):
                pass
