"""Holding the first chunk back until a block of the page has been rendered.

Until the first chunk is handed over, a response can still become another one: an error page, a
redirect. A page that decides that in a block holds everything back up to the end of that block.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from .buffer import NEVER
from .compiled import async_into, into
from .parts import unknown_block

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from jinja2.runtime import Context

    from .buffer import Buffer


class Withheld:
    """Holds back what *context* is rendered to, until one of its blocks has been rendered."""

    def __init__(self, context: Context, out: Buffer, block: str) -> None:
        """Hold back what is written to *out* up to the end of *block*.

        :raises TypeError: *block* is no name.
        """
        if not isinstance(block, str):
            raise TypeError(f"commit_after must be the name of a block, not {block!r}")
        self._context = context
        self._out = out
        self._block = block
        self._limits = out.limit, out.flush_limit
        out.limit = out.flush_limit = NEVER
        context.blocks[block] = _Functions(context.blocks.get(block, []), self._release)

    def _release(self) -> None:
        self._out.limit, self._out.flush_limit = self._limits

    def over(self, root: Callable[..., Any]) -> Generator[None, None, None]:
        """The steps of rendering the template, held back.

        :param root: its compiled function.

        :raises UnknownBlockError: there is no such block in the template or those it extends.
        """
        yield from root(self._context, self._out)
        self._check()

    async def over_async(self, root: Callable[..., Any]) -> None:
        """Render the template of an async environment, held back.

        :param root: its compiled function.

        :raises UnknownBlockError: there is no such block in the template or those it extends.
        """
        await root(self._context, self._out)
        self._check()

    def _check(self) -> None:
        if not self._context.blocks[self._block]:
            raise unknown_block("commit_after", self._block, self._context)


class _Functions(list[Any]):
    """The functions of a block, of which the first one, once rendered, releases what is held."""

    def __init__(self, functions: list[Any], release: Callable[[], None]) -> None:
        super().__init__(functions)
        self._release = release

    def __getitem__(self, index: Any) -> Any:
        function = super().__getitem__(index)
        return self._releasing(function) if index == 0 else function

    def _releasing(self, function: Any) -> Any:
        def steps(context: Context, out: Buffer) -> Generator[None, None, None]:
            try:
                yield from into(function)(context, out)
            finally:  # a boundary around the block may have what it failed with shown
                self._release()

        async def render(context: Context, out: Buffer) -> None:
            try:
                await async_into(function)(context, out)
            finally:
                self._release()

        def body(context: Context, out: Buffer) -> Any:
            return (render if context.environment.is_async else steps)(context, out)

        @wraps(function)
        def block(context: Context) -> Any:
            return function(context)

        block.into = body  # type: ignore[attr-defined]
        return block
