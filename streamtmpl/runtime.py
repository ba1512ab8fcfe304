"""The names that generated code may use, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jinja2.async_utils import auto_aiter
from jinja2.exceptions import TemplateNotFound, TemplateRuntimeError
from jinja2.filters import (
    do_capitalize,
    do_default,
    do_join,
    do_lower,
    do_mark_safe,
    do_trim,
    do_upper,
)
from jinja2.runtime import Undefined, identity, markup_join, str_join
from jinja2.utils import Namespace, internalcode, missing
from markupsafe import Markup, soft_str
from markupsafe import escape as do_escape

from .blocks import AsyncBlockReference, BlockReference, TemplateReference, overridden_block
from .calls import (
    AsyncMacro,
    Macro,
    async_into,
    async_template_function,
    capture,
    capture_async,
    cut,
    into,
    template_function,
)
from .context import included_context
from .escaping import block_text, escape_text, escape_value, to_text
from .filters import (
    Later,
    async_join,
    is_awaitable,
    joined_texts,
    piped,
    plain_types,
    plain_variant,
    skipped,
)
from .lookups import (
    attribute_missing,
    call,
    is_plain,
    item_missing,
    item_or_undefined,
    stopped,
    unknown,
)
from .loops import AsyncLoopContext, AwaitedLoopContext, LoopContext, SteppedLoop, async_loop
from .sources import (
    PATIENCE,
    ahead,
    clock,
    in_memory,
    iterated,
    open_async_source,
    open_source,
    paused,
)

if TYPE_CHECKING:
    from .async_deferral import begin_region_async
    from .deferral import begin_region
    from .regions import log_failure

_LATER = {
    "begin_region": "deferral",
    "begin_region_async": "async_deferral",
    "log_failure": "regions",
}
"""Names that few templates use, and the modules that are imported for them."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"streamtmpl.{_LATER[name]}"), name)


streamed = frozenset({Macro, BlockReference, LoopContext})
"""Exact types of callables that can write straight into the stream (their ``into``)."""

async_streamed = frozenset({AsyncMacro, AsyncBlockReference, AwaitedLoopContext, AsyncLoopContext})
"""The same in async environments."""

_COMMON = [
    "Markup",
    "Namespace",
    "PATIENCE",
    "SteppedLoop",
    "TemplateNotFound",
    "TemplateReference",
    "TemplateRuntimeError",
    "Undefined",
    "ahead",
    "attribute_missing",
    "block_text",
    "call",
    "clock",
    "do_capitalize",
    "do_default",
    "do_escape",
    "do_lower",
    "do_mark_safe",
    "do_trim",
    "do_upper",
    "escape_text",
    "escape_value",
    "identity",
    "in_memory",
    "included_context",
    "internalcode",
    "is_plain",
    "joined_texts",
    "log_failure",
    "item_missing",
    "item_or_undefined",
    "overridden_block",
    "iterated",
    "markup_join",
    "missing",
    "paused",
    "soft_str",
    "stopped",
    "str_join",
    "to_text",
    "unknown",
]

exported = sorted(
    [
        *_COMMON,
        "begin_region",
        "capture",
        "LoopContext",
        "Macro",
        "do_join",
        "into",
        "open_source",
        "streamed",
        "template_function",
    ]
)
"""The names that the generated code of a sync environment imports."""

async_exported = sorted(
    [
        *_COMMON,
        "AsyncMacro",
        "Later",
        "async_into",
        "async_join",
        "async_loop",
        "async_streamed",
        "async_template_function",
        "auto_aiter",
        "begin_region_async",
        "capture_async",
        "cut",
        "is_awaitable",
        "open_async_source",
        "piped",
        "plain_types",
        "plain_variant",
        "skipped",
    ]
)
"""The names that the generated code of an async environment imports."""

__all__ = [
    "PATIENCE",
    "AsyncBlockReference",
    "AsyncLoopContext",
    "AsyncMacro",
    "AwaitedLoopContext",
    "BlockReference",
    "Later",
    "LoopContext",
    "Macro",
    "Markup",
    "Namespace",
    "SteppedLoop",
    "TemplateNotFound",
    "TemplateReference",
    "TemplateRuntimeError",
    "Undefined",
    "ahead",
    "async_exported",
    "async_into",
    "async_join",
    "async_loop",
    "async_streamed",
    "async_template_function",
    "attribute_missing",
    "auto_aiter",
    "begin_region",
    "begin_region_async",
    "block_text",
    "call",
    "capture",
    "capture_async",
    "clock",
    "cut",
    "do_capitalize",
    "do_default",
    "do_escape",
    "do_join",
    "do_lower",
    "do_mark_safe",
    "do_trim",
    "do_upper",
    "escape_text",
    "escape_value",
    "exported",
    "identity",
    "in_memory",
    "included_context",
    "internalcode",
    "into",
    "is_awaitable",
    "is_plain",
    "item_missing",
    "item_or_undefined",
    "iterated",
    "joined_texts",
    "log_failure",
    "markup_join",
    "missing",
    "open_async_source",
    "open_source",
    "overridden_block",
    "paused",
    "piped",
    "plain_types",
    "plain_variant",
    "skipped",
    "soft_str",
    "stopped",
    "str_join",
    "streamed",
    "template_function",
    "to_text",
    "unknown",
]
