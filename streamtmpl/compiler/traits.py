"""What generated code takes for granted of its environment: where things are as Jinja2 has them."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.tests import TESTS

from streamtmpl.vocabulary import own_method


def plain_getattr(environment: Environment) -> bool:
    """Whether attributes are looked up as Jinja2 does it."""
    return own_method(environment, "getattr") is Environment.getattr


def plain_getitem(environment: Environment) -> bool:
    """Whether items are looked up as Jinja2 does it."""
    return own_method(environment, "getitem") is Environment.getitem


def sandboxed_getattr(environment: Environment) -> bool:
    """Whether attributes are looked up as Jinja2's sandbox does it: a dict's items are all safe."""
    return environment.sandboxed and own_method(environment, "getattr") is _sandbox().getattr


def sandboxed_getitem(environment: Environment) -> bool:
    """The same for items."""
    return environment.sandboxed and own_method(environment, "getitem") is _sandbox().getitem


def _sandbox() -> Any:
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - who is sandboxed has it

    return SandboxedEnvironment


def plain_resolve(environment: Environment) -> bool:
    """Whether variables are looked up as Jinja2 does it."""
    return environment.context_class.resolve_or_missing is Context.resolve_or_missing


def plain_call(environment: Environment) -> bool:
    """Whether the context calls as Jinja2's does."""
    return environment.context_class.call is Context.call


def plain_undefined(environment: Environment) -> bool:
    """Whether nothing but undefined objects come of making one."""
    made = environment.undefined
    return (
        type(made) is type
        and made.__new__ is Undefined.__new__
        and made.__init__ is Undefined.__init__
    )


def calls_stream(environment: Environment) -> bool:
    """Whether a call's text may go straight into the stream.

    Not where the user's code must see it as a value: ``finalize``, ``concat``, ``call``.
    """
    if (
        environment.finalize is not None
        or environment.concat != "".join
        or not plain_call(environment)
    ):
        return False
    return not environment.sandboxed or (
        getattr(type(environment), "call", None) is _sandbox().call
    )


_CALLED_BY = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""The filters that call another one, or a test, and which argument names it."""


def uses_builtins(node: nodes.Node, environment: Environment) -> bool:
    """Whether all filters and tests in *node* are Jinja2's own, which change nothing."""
    return all(_is_builtin(each, environment) for each in node.find_all((nodes.Filter, nodes.Test)))


def _is_builtin(node: nodes.Node, environment: Environment) -> bool:
    assert isinstance(node, (nodes.Filter, nodes.Test))
    if isinstance(node, nodes.Test):
        return environment.tests.get(node.name) is TESTS.get(node.name)
    if environment.filters.get(node.name) is not FILTERS.get(node.name):
        return False
    at = _CALLED_BY.get(node.name)
    if at is None:
        return True
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return False
    if len(node.args) <= at:
        return True
    called = node.args[at]
    if not isinstance(called, nodes.Const):
        return False
    if node.name == "map":
        return environment.filters.get(called.value) is FILTERS.get(called.value)
    return environment.tests.get(called.value) is TESTS.get(called.value)


def traits(environment: Environment) -> str:
    """The traits of *environment* that its templates' code is compiled for, as words."""
    held = {
        "async": environment.is_async,
        "sandboxed": environment.sandboxed,
        "calls-stream": calls_stream(environment),
        "concat": environment.concat == "".join,
        "getattr": plain_getattr(environment),
        "getitem": plain_getitem(environment),
        "sandbox-getattr": sandboxed_getattr(environment),
        "sandbox-getitem": sandboxed_getitem(environment),
        "resolve": plain_resolve(environment),
        "undefined": plain_undefined(environment),
        "call": plain_call(environment),
    }
    return " ".join(name for name, holds in held.items() if holds)
