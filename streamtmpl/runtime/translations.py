"""Jinja2's "newstyle" ``gettext`` and its kin, at less cost.

They make Markup of each text that is escaped and format it with a helper around each variable,
even where there is nothing to format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import ext
from jinja2.utils import internalcode
from markupsafe import Markup

from .escaping import escape_text, text_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from jinja2.runtime import Context


_COUNTS = {"gettext": 1, "ngettext": 3, "pgettext": 2, "npgettext": 4}
"""How many arguments of each precede the variables."""

_AS_VARIABLES = {
    "ngettext": {"num": 2},
    "pgettext": {"context": 0},
    "npgettext": {"context": 0, "num": 3},
}
"""Which of these are variables as well."""

_CODES: dict[str, CodeType] = {
    name: getattr(ext, f"_make_new_{name}")(None).__code__ for name in _COUNTS
}


@internalcode
def translated(
    call: Callable[..., Any],
    context: Context,
    function: FunctionType,
    arguments: tuple[Any, ...],
    variables: dict[str, Any],
) -> Any:
    """What *function*, of ``jinja2.ext``, returns.

    :param call: calls a function as a template does.
    """
    kind = function.__name__
    if variables and any(name.startswith("__") for name in variables):
        return function(context, *arguments, **variables)
    if function is ext._gettext_alias:
        return call(context, context.resolve("gettext"), *arguments, **variables)
    if function.__code__ is not _CODES.get(kind) or len(arguments) != _COUNTS[kind]:
        return function(context, *arguments, **variables)
    if kind != "gettext":
        for name, index in _AS_VARIABLES[kind].items():
            variables.setdefault(name, arguments[index])
    assert function.__closure__ is not None
    text = call(context, function.__closure__[0].cell_contents, *arguments)
    escapes = context.eval_ctx.autoescape
    shown = _shown(text, variables, escapes) if type(text) is str else None
    if shown is None:
        return (Markup(text) if escapes else text) % variables
    return text_as(Markup, shown) if escapes else shown


def _shown(text: str, variables: dict[str, Any], escapes: bool) -> str | None:
    """*text* with its *variables*, if all are text or whole numbers; ``None`` for anything else."""
    marks = text.count("%")
    if not marks:
        return text
    values: dict[str, str | int] = {}
    for name, value in variables.items():
        places = text.count(f"%({name})s")
        if places:
            if type(value) is str:
                values[name] = escape_text(value) if escapes else value
            elif type(value) is int:
                values[name] = value
            else:
                return None
            marks -= places
    return None if marks else text % values
