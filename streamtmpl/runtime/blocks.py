"""References to blocks, ``super()`` and ``self.name()``: streamed where they are shown."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import runtime
from jinja2.utils import internalcode
from markupsafe import Markup

from streamtmpl.chunks.compiled import async_into, capture, capture_async, into
from streamtmpl.context import StreamContext
from streamtmpl.vocabulary import Shape

from .naming import named_as, without_prefix

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer


@named_as(runtime.BlockReference)
class BlockReference(runtime.BlockReference):
    """``self.name`` or ``super`` of a template: streams at output positions, else is captured."""

    _compiled: Callable[[Any], Callable[..., Any]] = staticmethod(into)

    @property
    def super(self) -> Any:
        """The block that this one overrides, or undefined."""
        return streamed_reference(super().super)

    def _entry(self, context: Context | None, shape: Shape | None) -> Callable[..., Any] | None:
        """What renders the block into a buffer; ``None``: in *context* it must be captured.

        *shape* is that of the call, as for macros.
        """
        if context is not None and not self._context.eval_ctx.autoescape:
            return None
        if shape == (0,):  # it need not be looked whether there are arguments
            return MethodType(self._compiled(self._stack[self._depth]), self._context)
        return self._into

    @internalcode
    def _into(self, out: Buffer, /, *args: Any, **kwargs: Any) -> Any:
        """Render the block, which takes no arguments, into *out*."""
        if args or kwargs:
            return self(*args, **without_prefix(kwargs))  # raises what calling the block raises
        return self._compiled(self._stack[self._depth])(self._context, out)

    @internalcode
    def __call__(self) -> str:
        return self._wrap(capture(self._context.environment.concat, self._into))

    def _wrap(self, text: str) -> str:
        return Markup(text) if self._context.eval_ctx.autoescape else text


@named_as(runtime.BlockReference)
class AsyncBlockReference(BlockReference):
    """``self.name`` or ``super`` of an async environment: as a function it gives an awaitable."""

    _compiled = staticmethod(async_into)

    @internalcode
    async def __call__(self) -> str:  # type: ignore[override]
        return self._wrap(await capture_async(self._context.environment.concat, self._into))


def overridden_block(context: Context, name: str, block: Callable[..., Any]) -> Any:
    """``super`` in the block *name* whose compiled function is *block*."""
    if not isinstance(context, StreamContext):
        return streamed_reference(context.super(name, block))
    stack = context.blocks.get(name, [])
    try:
        depth = stack.index(block) + 1
    except ValueError:
        depth = len(stack)
    if depth == len(stack):
        return context.super(name, block)
    kind = AsyncBlockReference if context.environment.is_async else BlockReference
    return kind(name, context, stack, depth)


def streamed_reference(reference: Any) -> Any:
    """*reference*, as one that streams if it is to a block; anything else as it is."""
    if type(reference) is not runtime.BlockReference:
        return reference
    context = reference._context
    kind = AsyncBlockReference if context.environment.is_async else BlockReference
    return kind(reference.name, context, reference._stack, reference._depth)


@named_as(runtime.TemplateReference)
class TemplateReference(runtime.TemplateReference):
    """The ``self`` of templates, whose blocks stream."""

    def __getitem__(self, name: str) -> Any:
        return streamed_reference(super().__getitem__(name))
