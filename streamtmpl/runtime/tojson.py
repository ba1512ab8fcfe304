"""Jinja2's ``tojson`` with one encoder for all values; Jinja2 makes one for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jinja2 import filters
from jinja2.utils import internalcode
from markupsafe import Markup

from .escaping import text_as

if TYPE_CHECKING:
    from jinja2.nodes import EvalContext

_KEYWORDS = {"sort_keys": True}
"""Jinja2's default for its policy ``json.dumps_kwargs``."""

_encode = json.JSONEncoder(sort_keys=True).encode
_filters: Any = filters


def _used() -> tuple[Any, ...]:
    """What Jinja2 uses: programs put others in the place of any of these."""
    encoder, of_jinja2 = json.JSONEncoder, _filters.htmlsafe_json_dumps
    return json.dumps, encoder, encoder.__init__, encoder.encode, of_jinja2


_USED = _used()


@internalcode
def quicker_tojson(eval_ctx: EvalContext, /, *args: Any, **kwargs: Any) -> Any:
    """JSON that may stand in HTML, by the environment's policies."""
    policies = eval_ctx.environment.policies
    if (
        len(args) == 1
        and not kwargs
        and policies.get("json.dumps_function", json) is None
        and policies.get("json.dumps_kwargs") == _KEYWORDS
        and _used() == _USED
    ):
        text = _encode(args[0])
        # As htmlsafe_json_dumps() does: the four cannot end a script, a comment or an attribute.
        text = text.replace("<", "\\u003c").replace(">", "\\u003e")
        return text_as(Markup, text.replace("&", "\\u0026").replace("'", "\\u0027"))
    return filters.do_tojson(eval_ctx, *args, **kwargs)
