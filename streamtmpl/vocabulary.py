"""The names that generated code may use, as names: what the compiler and the runtime agree on.

What both ask of an environment, :func:`own_method`, is here as well.

Generated code imports from two packages, ``streamtmpl.runtime`` and ``streamtmpl.regions``. Neither
is imported here: the table says in which module a name is, and the packages fetch it from there
when generated code first asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

PARAMETER = "l_1_"
"""What the names of a compiled macro's parameters begin with, before the template's own names.

A template may call them as it likes. Where a macro is in no loop and no other macro, these are its
locals already."""

Shape = tuple[Any, ...]
"""How many positional arguments a call has, and the names of its keyword arguments."""

NAMESPACE_ITEMS = "_Namespace__attrs"
"""The attribute of Jinja2's namespaces that has what is set in them."""

END = "<?end>"
"""What ends a placeholder."""

LOOKS_AHEAD = {
    "last": ".last",
    "nextitem": ".last",
    "length": ".length",
    "revindex": ".length",
    "revindex0": ".length",
}
"""Attributes of ``loop`` that tell what follows, and how a region's names say that it uses them."""

PIPING = frozenset({"map", "reject", "rejectattr", "select", "selectattr"})
"""The filters of Jinja2's that are ordinary generators here, where nobody can tell."""

DRAINING = frozenset({"first", "groupby", "join", "list", "slice", "sum", "unique"})
"""The filters of Jinja2's that have a variant without a coroutine, for what is not async."""

QUICKER = frozenset({"attr", "max", "min", "sort", "tojson"})
"""The filters of Jinja2's that are functions of our own, in both kinds of environments."""

LAZY = PIPING | {"batch", "items", "slice", "unique"}
"""The filters of Jinja2's that pull from their value when they are pulled from themselves."""

_BOTH = {
    "jinja2.exceptions": "TemplateNotFound TemplateRuntimeError",
    "jinja2.filters": (
        "do_attr do_batch do_capitalize do_default do_first do_format do_groupby do_items"
        " do_join do_list do_lower do_map do_mark_safe do_max do_min do_reject do_rejectattr"
        " do_replace do_round do_select do_selectattr do_slice do_sort do_sum do_tojson"
        " do_trim do_truncate do_unique do_upper"
    ),
    "jinja2.runtime": "Undefined identity markup_join str_join",
    "jinja2.tests": (
        "test_defined test_divisibleby test_even test_none test_odd test_string test_undefined"
    ),
    "jinja2.utils": "Namespace internalcode missing",
    "markupsafe": "Markup soft_str",
    "streamtmpl.chunks.buffer": "NEVER clock",
    "streamtmpl.regions.failures": "boundary_failed",
    "streamtmpl.runtime.attribute_filters": "joined_texts quicker_max quicker_min quicker_sort",
    "streamtmpl.runtime.blocks": "TemplateReference overridden_block",
    "streamtmpl.runtime.escaping": (
        "block_text do_escape escape_any escape_text escape_value exact_text joined_markup"
        " plain_text text_as to_text"
    ),
    "streamtmpl.runtime.includes": "asks_for_loop without_missing",
    "streamtmpl.runtime.lookups": (
        "NOT_FOUND Row attribute_missing call call_passing is_plain item_missing"
        " item_or_undefined known_namespace looked_up namespace_items quicker_attr stopped unknown"
    ),
    "streamtmpl.runtime.loops": "SteppedLoop",
    "streamtmpl.runtime.sources": ("PATIENCE ahead dict_items in_memory iterated paused row_types"),
    "streamtmpl.runtime.tojson": "quicker_tojson",
    "types": "FunctionType GeneratorType MethodType",
}
_SYNC = {
    "jinja2.filters": "sync_do_first",
    "streamtmpl.chunks.compiled": "capture into root_steps template_function",
    "streamtmpl.regions.threads": "begin_region",
    "streamtmpl.runtime": "streamed",
    "streamtmpl.runtime.attribute_filters": (
        "sync_do_groupby sync_do_join sync_do_sum sync_do_unique"
    ),
    "streamtmpl.runtime.filters": "sync_do_list sync_do_slice",
    "streamtmpl.runtime.includes": "including",
    "streamtmpl.runtime.item_filters": (
        "sync_do_map sync_do_reject sync_do_rejectattr sync_do_select sync_do_selectattr"
    ),
    "streamtmpl.runtime.loops": "CountedItems LoopContext",
    "streamtmpl.runtime.macros": "Macro",
    "streamtmpl.runtime.sources": "open_source",
}
_ASYNC = {
    "jinja2.async_utils": "auto_aiter auto_await",
    "streamtmpl.chunks.compiled": "async_into async_template_function capture_async",
    "streamtmpl.chunks.cuts": "cut",
    "streamtmpl.regions.tasks": "begin_region_async",
    "streamtmpl.runtime": "async_streamed",
    "streamtmpl.runtime.awaiting": "is_awaitable plain_types",
    "streamtmpl.runtime.includes": "async_including",
    "streamtmpl.runtime.filters": (
        "Later async_do_first async_do_groupby async_do_join async_do_list async_do_slice"
        " async_do_sum async_do_unique piped skipped"
    ),
    "streamtmpl.runtime.loops": "AwaitedCountedItems async_loop",
    "streamtmpl.runtime.macros": "AsyncMacro",
    "streamtmpl.runtime.sources": "open_async_source",
}


def _where(*tables: dict[str, str]) -> dict[str, str]:
    """The modules of the names in *tables*, by name and in the order of names."""
    pairs = [
        (name, module) for table in tables for module in table for name in table[module].split()
    ]
    return dict(sorted(pairs))


SYNC = _where(_BOTH, _SYNC)
"""The names that the generated code of a sync environment may import, and their modules."""

ASYNC = _where(_BOTH, _ASYNC)
"""Those of an async environment."""

_REGIONS = "streamtmpl.regions"


def imports(used: Iterable[str], where: dict[str, str]) -> str:
    """The line of generated code that imports the *used* names of *where*."""
    regional = [name for name in used if where[name].startswith(_REGIONS)]
    other = [name for name in used if name not in regional]
    packages = (("streamtmpl.runtime", other), (_REGIONS, regional))
    return "; ".join(f"from {name} import {', '.join(names)}" for name, names in packages if names)


def fetching(package: str) -> Callable[[str], Any]:
    """The module function ``__getattr__`` of *package*, which fetches names of the vocabulary."""

    def fetch(name: str) -> Any:
        module = SYNC.get(name) or ASYNC.get(name)
        if module is None or module.startswith(_REGIONS) != (package == _REGIONS):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(module), name)
        setattr(sys.modules[package], name, value)
        return value

    return fetch


def own_method(environment: Any, name: str) -> Any:
    """The function of a method that *environment* has of its class: is it Jinja2's?

    ``None``: it has been given another one, perhaps of another environment.
    """
    method = getattr(environment, name)
    own = getattr(method, "__self__", None) is environment
    return getattr(method, "__func__", None) if own else None
