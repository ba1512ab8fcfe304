"""What generated code takes for granted of its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2.runtime import Context

from .expressions.lookups import plain_getattr, plain_getitem, plain_resolve
from .expressions.shortcuts import plain_undefined
from .outputs import calls_stream

if TYPE_CHECKING:
    from jinja2 import Environment


def traits(environment: Environment) -> str:
    """The traits of *environment* that its templates' code is compiled for, as words."""
    held = {
        "async": environment.is_async,
        "sandboxed": environment.sandboxed,
        "calls-stream": calls_stream(environment),
        "concat": environment.concat == "".join,
        "getattr": plain_getattr(environment),
        "getitem": plain_getitem(environment),
        "resolve": plain_resolve(environment),
        "undefined": plain_undefined(environment),
        "call": environment.context_class.call is Context.call,
    }
    return " ".join(name for name, holds in held.items() if holds)
