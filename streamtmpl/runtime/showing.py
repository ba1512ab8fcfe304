"""Calls at output positions, as compact code makes them: streamed where they can, else shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from jinja2.async_utils import auto_await
from jinja2.utils import internalcode

from streamtmpl.chunks.cuts import cut

from . import async_streamed, streamed
from .lookups import call

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer


@internalcode
def _entry(
    kinds: frozenset[type],
    context: Context,
    escaping: Context | None,
    function: Any,
    keywords: dict[str, Any],
) -> Callable[..., Any] | None:
    """What renders a call of *function* into a buffer; ``None``: it cannot stream.

    Of the *keywords* it leaves those that are for the function alone.
    """
    environment: Any = context.environment
    if type(function) not in kinds:
        return None
    if environment.sandboxed and not environment.is_safe_callable(function):
        return None
    entry: Callable[..., Any] | None = function._entry(escaping, None)
    if entry is not None:
        keywords.pop("_loop_vars", None)
        keywords.pop("_block_vars", None)
    return entry


@internalcode
def _value(context: Context, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    environment: Any = context.environment
    if environment.sandboxed:
        return environment.call(context, function, *args, **kwargs)
    return call(context, function, *args, **kwargs)


@internalcode
def write_call(
    out: Buffer,
    context: Context,
    escaping: Context | None,
    text: Callable[[Any], str],
    before: str,
    function: Any,
    /,
    *args: Any,
    **kwargs: Any,
) -> Iterator[None]:
    """Write *before* and the text of a call of *function* into *out*; yields where to cut.

    *escaping* is the context in which escaping must leave the text as it is, if there is one, and
    *text* turns a value into text.
    """
    entry = _entry(streamed, context, escaping, function, kwargs)
    if entry is None:
        out.write(before + text(_value(context, function, args, kwargs)))
        return
    out.write(before)
    yield from entry(out, *args, **kwargs)
    if out.tell() > out.limit:
        yield


@internalcode
async def write_call_async(
    out: Buffer,
    context: Context,
    escaping: Context | None,
    text: Callable[[Any], str],
    before: str,
    function: Any,
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    """As :func:`write_call`, in async environments."""
    entry = _entry(async_streamed, context, escaping, function, kwargs)
    if entry is None:
        value = await auto_await(_value(context, function, args, kwargs))
        out.write(before + text(value))
        return
    out.write(before)
    await entry(out, *args, **kwargs)
    if out.tell() > out.limit:
        await cut()
