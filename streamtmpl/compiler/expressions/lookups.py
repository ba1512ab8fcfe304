"""Attribute and item look-ups without a call into the environment.

The shortcuts hold where the environment's own ``getattr`` and ``getitem`` are Jinja2's, and they
take the same steps in the same order: for ``value.name`` the attribute first, then the item. A
plain dict has no attributes but its methods, so for other names its item is what is found.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.idtracking import VAR_LOAD_PARAMETER, VAR_LOAD_RESOLVE

from streamtmpl.compiler.traits import plain_call, plain_getattr, plain_getitem, plain_resolve

from .filters import FilterGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class LookupGenerator(FilterGenerator):
    """Compiles ``value.name`` and ``value[item]``: as statements where it can, else inline."""

    def enter_frame(self, frame: Frame) -> None:
        """Write the look-ups of the variables that *frame* takes from the context."""
        if self.get_resolve_func() != "resolve" or not plain_resolve(self.environment):
            super().enter_frame(frame)
            return
        loads = frame.symbols.loads
        resolved = {
            target: name for target, (kind, name) in loads.items() if kind == VAR_LOAD_RESOLVE
        }
        for target, name in resolved.items():
            self.writeline(
                f"{target} = variables[{name!r}] if {name!r} in variables "
                f"else parent[{name!r}] if {name!r} in parent else missing"
            )
        frame.symbols.loads = {
            target: load for target, load in loads.items() if target not in resolved
        }
        super().enter_frame(frame)
        frame.symbols.loads = loads

    def _plain_getattr(self, name: str) -> bool:
        """Whether ``.name`` may be written as an attribute of Python's."""
        return (
            plain_getattr(self.environment)
            and name.isascii()
            and name.isidentifier()
            and not iskeyword(name)
        )

    # -- as a part of an expression

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """``value.name``"""
        if not self._plain_getattr(node.attr):
            super().visit_Getattr(node, frame)
            return
        with self._settled():
            self._getattr_inline(node, frame)

    def _getattr_inline(self, node: nodes.Getattr, frame: Frame) -> None:
        name, found = node.attr, self.temporary_identifier()
        local = self._local(node.node, frame)
        value = local or self.temporary_identifier()
        self.write(f"({found} if ({found} := ")
        if hasattr(dict, name):
            self.write("getattr(")
            self._named(value, local, node.node, frame)
            self.write(f", {name!r}, missing)")
        else:
            self.write(f"{value}.get({name!r}, missing) if type(")
            self._named(value, local, node.node, frame)
            self.write(f") is dict else getattr({value}, {name!r}, missing)")
        self.write(f") is not missing else item_or_undefined(environment, {value}, {name!r}))")

    @optimizeconst
    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """``function(...)`` as a value; ``items()`` of a plain dict needs no detour."""
        local = self._views_of_dict(node, frame)
        if local is None or forward_caller or self.environment.sandboxed:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        assert isinstance(node.node, nodes.Getattr)
        self.write(f"({local}.{node.node.attr}() if type({local}) is dict else ")
        super().visit_Call(node, frame)
        self.write(")")

    def _views_of_dict(self, node: nodes.Call, frame: Frame) -> str | None:
        """The local whose view a call asks for, if it is a dict."""
        method = node.node
        if (
            type(method) is not nodes.Getattr
            or method.attr not in ("items", "keys", "values")
            or node.args
            or node.kwargs
            or node.dyn_args
            or node.dyn_kwargs
            or not self._plain_getattr(method.attr)
            or not plain_call(self.environment)
        ):
            return None
        return self._local(method.node, frame)

    def _named(self, value: str, local: str | None, node: nodes.Expr, frame: Frame) -> None:
        """Write the value looked into, and keep it in local *value* if it is in none yet."""
        if local is not None:
            self.write(local)
            return
        self.write(f"{value} := ")
        self.visit(node, frame)

    def _local(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The local that holds the value of *node* for certain, if there is one."""
        if type(node) is nodes.InternalName:
            return node.name
        if type(node) is not nodes.Name or node.ctx != "load":
            return None
        ref = frame.symbols.ref(node.name)
        load = frame.symbols.find_load(ref)
        defined = load is not None and load[0] == VAR_LOAD_PARAMETER
        return ref if defined and not self.parameter_is_undeclared(ref) else None

    # -- as statements

    def assign(self, target: str, node: nodes.Expr, frame: Frame) -> bool:
        """Write statements that set local *target* to the value of *node*.

        What is looked up first is looked up by statements of its own, in which a failing look-up
        costs nothing until it fails. Returns whether *target* may still be awaitable.
        """
        if type(node) is nodes.Getattr and self._plain_getattr(node.attr):
            self._assign_attribute(target, node, frame)
            return self.environment.is_async
        if type(node) is nodes.Getitem and self._plain_item(node):
            self._assign_item(target, node, frame)
            return self.environment.is_async
        self.writeline(f"{target} = ", node)
        self.visit(node, frame)
        return False

    def operand(self, node: nodes.Expr | None, frame: Frame) -> str:
        """The local that holds the value of *node*, after the statements that this takes."""
        assert node is not None
        local = self._local(node, frame)
        if local is not None:
            return local
        value = None
        if type(node) is nodes.Name and not self.is_set(node.name):
            value = f"value {frame.symbols.ref(node.name)}"
            local = self.known(value)
            if local is not None:
                return local
        local = self.temporary_identifier()
        if self.assign(local, node, frame):
            self.settle(local)
        if value is not None:
            self.know(value, local)
        return local

    def settle(self, local: str) -> None:
        """Await what is in *local* if it is awaitable."""
        self.writeline(
            f"if type({local}) not in plain_types and is_awaitable({local}):"
            f" {local} = await {local}"
        )

    def _assign_attribute(self, target: str, node: nodes.Getattr, frame: Frame) -> None:
        name, value = node.attr, self.operand(node.node, frame)
        found = f"{value}.{name}"
        failures = "AttributeError"
        if not hasattr(dict, name):
            found = f"{value}[{name!r}] if {self._is_dict(value, node.node)} else {found}"
            failures = "(AttributeError, KeyError)"
        self.writeline(f"try: {target} = {found}", node)
        self.writeline(
            f"except {failures}: {target} = attribute_missing(environment, {value}, {name!r})"
        )

    def _is_dict(self, local: str, node: nodes.Expr) -> str:
        """The condition that local *local*, the value of *node*, is a dict.

        It is found out once where it is asked often.
        """
        if type(node) is nodes.Name and self.is_set(node.name):
            return f"type({local}) is dict"
        fact = f"dict {local}"
        condition = self.known(fact) or ""
        if not condition:
            asked = f"asked {fact}"
            if self.known(asked) is None:
                self.know(asked, local)
                return f"type({local}) is dict"
            condition = self.temporary_identifier()
            self.writeline(f"{condition} = type({local}) is dict")
            self.know(fact, condition)
        return condition

    def _plain_item(self, node: nodes.Getitem) -> bool:
        """Whether the item may be looked up as an item of Python's."""
        return (
            type(node.arg) is nodes.Const
            and type(node.arg.value) in (str, int)
            and plain_getitem(self.environment)
        )

    def _assign_item(self, target: str, node: nodes.Getitem, frame: Frame) -> None:
        assert isinstance(node.arg, nodes.Const)
        value, item = self.operand(node.node, frame), node.arg.value
        self.writeline(f"try: {target} = {value}[{item!r}]", node)
        self.writeline(
            "except (AttributeError, TypeError, LookupError):"
            f" {target} = item_missing(environment, {value}, {item!r})"
        )
