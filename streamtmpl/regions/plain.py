"""What ``{% boundary %}`` and ``{% defer %}`` call in environments that do not stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import pass_context

from .failures import boundary_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context


@pass_context
def render_either(
    context: Context,
    *,
    caller: Callable[..., Any],
    tag: str,
    line: int,
    has_part: bool,
    **outer: Any,
) -> Any:
    """Render the body of a *tag* at *line* or, if it fails, its part for errors.

    :param caller: renders one or the other, as Jinja2's call blocks do.
    :param has_part: whether there is such a part.
    :param outer: as ``outer``, the caller of the macro around the tag.
    """
    arguments = {"caller": outer["outer"]} if outer else {}
    failed = {"boundary": ("boundary", "fallback"), "defer": ("deferred region", "error")}[tag]
    if context.environment.is_async:
        return _render_either_async(context, caller, arguments, line, has_part, failed)
    try:
        return caller(False, None, **arguments)
    except Exception as raised:  # noqa: BLE001 - it is logged
        error = boundary_failed(context, line, raised, has_part, *failed)
    return caller(True, error, **arguments)


async def _render_either_async(
    context: Context,
    caller: Callable[..., Any],
    arguments: dict[str, Any],
    line: int,
    has_part: bool,
    failed: tuple[str, str],
) -> Any:
    try:
        return await caller(False, None, **arguments)
    except Exception as raised:  # noqa: BLE001 - it is logged
        error = boundary_failed(context, line, raised, has_part, *failed)
    return await caller(True, error, **arguments)
