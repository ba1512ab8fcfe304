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
from jinja2.idtracking import VAR_LOAD_RESOLVE

from streamtmpl.compiler.traits import (
    plain_getattr,
    plain_getitem,
    plain_resolve,
    sandboxed_getattr,
    sandboxed_getitem,
)
from streamtmpl.vocabulary import NAMESPACE_ITEMS

from .lifting import is_namespace, items_of_namespace
from .loop_attributes import LoopAttributeGenerator

if TYPE_CHECKING:
    from typing import TypeGuard

    from jinja2.compiler import Frame


class LookupGenerator(LoopAttributeGenerator):
    """Compiles ``value.name`` and ``value[item]``: as statements where it can, else inline."""

    def enter_frame(self, frame: Frame) -> None:
        """Write the look-ups of the variables that *frame* takes from the context."""
        if (
            self.get_resolve_func() != "resolve"
            or not plain_resolve(self.environment)
            or self.compact
        ):
            super().enter_frame(frame)
            return
        loads = frame.symbols.loads
        resolved = {
            target: name for target, (kind, name) in loads.items() if kind == VAR_LOAD_RESOLVE
        }
        if resolved and not frame.rootlevel:
            self.looks_up_later = True
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

    def is_plain_attribute(self, node: nodes.Getattr, frame: Frame) -> bool:
        """Whether the attribute may be looked up as an attribute of Python's."""
        name = node.attr
        return (
            plain_getattr(self.environment)
            and name.isascii()
            and name.isidentifier()
            and not iskeyword(name)
            and name != NAMESPACE_ITEMS
        )

    def is_plain_item(self, node: nodes.Getitem, frame: Frame) -> bool:
        """Whether the item may be looked up as an item of Python's."""
        item = node.arg
        if type(item) is nodes.Const:
            return type(item.value) in (str, int) and plain_getitem(self.environment)
        # A slice, which may be one of several, is no value.
        return type(item) not in (nodes.Slice, nodes.Tuple) and plain_getitem(self.environment)

    # -- as a part of an expression

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """``value.name``: counted, looked up here, or by the environment."""
        counted = self.counted_attribute(node, frame)
        if counted is not None:
            self.write(f"({counted})")
            return
        with self.awaited():
            quick = self.is_plain_attribute(node, frame)
            if quick and not self.compact:
                self._getattr_inline(node, frame)
                return
            if sandboxed_getattr(self.environment) and not (self.compact or hasattr({}, node.attr)):
                self._of_dict_or(node.node, node.attr, "getattr", frame)
                return
            known = quick and not hasattr({}, node.attr)
            self.write("looked_up(environment, " if known else "environment.getattr(")
            self.visit(node.node, frame)
            self.write(f", {node.attr!r})")

    def _getattr_inline(self, node: nodes.Getattr, frame: Frame) -> None:
        name, found = node.attr, self.temporary_identifier()
        local = self.sure_local(node.node, frame)
        value = local or self.temporary_identifier()
        self.write(f"({found} if ({found} := ")
        if hasattr({}, name):
            self.write("getattr(")
            self._looked_into(value, local, node.node, frame)
            self.write(f", {name!r}, missing)")
        else:
            self.write(f"{value}.get({name!r}, missing) if type(")
            self._looked_into(value, local, node.node, frame)
            self.write(f") is dict else getattr({value}, {name!r}, missing)")
        self.write(f") is not missing else item_or_undefined(environment, {value}, {name!r}))")

    def _of_dict_or(self, node: nodes.Expr, name: str, method: str, frame: Frame) -> None:
        """Write the item of a dict, or the look-up by a *method* of the environment."""
        found, value = self.temporary_identifier(), self.temporary_identifier()
        self.write(f"({found} if type({value} := ")
        self.visit(node, frame)
        self.write(
            f") is dict and ({found} := {value}.get({name!r}, missing)) is not missing"
            f" else environment.{method}({value}, {name!r}))"
        )

    @optimizeconst
    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        """``value[item]``; slices go past the environment."""
        if isinstance(node.arg, nodes.Slice):
            self.visit(node.node, frame)
            self.write("[")
            self.visit(node.arg, frame)
            self.write("]")
            return
        with self.awaited():
            if self._is_item_of_sandbox(node.arg) and not self.compact:
                self._of_dict_or(node.node, node.arg.value, "getitem", frame)
                return
            self.write("environment.getitem(")
            self.visit(node.node, frame)
            self.write(", ")
            self.visit(node.arg, frame)
            self.write(")")

    def _is_item_of_sandbox(self, name: nodes.Expr) -> TypeGuard[nodes.Const]:
        return (
            type(name) is nodes.Const
            and type(name.value) is str
            and sandboxed_getitem(self.environment)
        )

    def _looked_into(self, value: str, local: str | None, node: nodes.Expr, frame: Frame) -> None:
        """Write the value looked into, and keep it in local *value* if it is in none yet."""
        if local is not None:
            self.write(local)
            return
        self.write(f"{value} := ")
        self.visit(node, frame)

    # -- as statements

    def assign_attribute(self, target: str, node: nodes.Getattr, frame: Frame) -> None:
        """Write ``value.name`` as a look-up that costs nothing more unless it fails."""
        name, value = node.attr, self.operand(node.node, frame)
        if hasattr({}, name):
            items, is_dict = None, ""
        elif self.in_loop:
            items, is_dict = self._items(value, node.node)
        else:
            items, is_dict = value, self._is_dict(value, node.node)
        if node in self.perhaps:
            found = f"getattr({value}, {name!r}, missing)"
            if items:
                found = f"{items}.get({name!r}, missing) if {is_dict} else {found}"
            self.writeline(f"{target} = {found}", node)
            looked_up = f"item_or_undefined(environment, {value}, {name!r})"
            self.writeline(f"if {target} is missing: {target} = {looked_up}")
            return
        found, failures = f"{value}.{name}", "AttributeError"
        if items:
            found, failures = f"{items}[{name!r}] if {is_dict} else {found}", "NOT_FOUND"
        sought = f"environment, {value}, {name!r}"
        instead = f"{target} = attribute_missing({sought})"
        if items and self.in_loop:
            missed = self.known(f"missed {value}")
            instead = f"{missed}, {target} = True, attribute_missing({sought}, {items})"
        self.writeline(f"try: {target} = {found}", node)
        self.writeline(f"except {failures}: {instead}")

    def _is_dict(self, local: str, node: nodes.Expr) -> str:
        """The condition that local *local*, the value of *node*, is a dict.

        It is found out once where it may be asked more than once.
        """
        plain = f"type({local}) is dict"
        if type(node) is not nodes.Name or self.is_set(node.name):
            return plain
        condition = self.known(f"dict {local}")
        if condition is not None or self.survey.looked_into[node.name] < 2:
            return condition or plain
        condition = self.temporary_identifier()
        self.learn(f"dict {local}", condition)
        return f"({condition} := {plain})"

    def _items(self, local: str, node: nodes.Expr) -> tuple[str, str]:
        """In a loop, where items of local *local*, the value of *node*, are looked for, if any are.

        That is where it is a dict, or where a value before it had no such attribute: rows of
        databases have items alone, and an error for each of them takes longer than all else. What
        is set in a namespace is in a dict, and its own look-up is a function of Python's.

        :return: the local that has these items, and the condition that there are any.
        """
        missed = self.known(f"missed {local}")
        if missed is None:
            missed = self.remembered_local()
            self.learn(f"missed {local}", missed)
        shared = type(node) is nodes.Name and not self.is_set(node.name)
        items = self.known(f"items {local}") if shared else None
        if items is not None:
            return items, f"{items} is not None"
        items = self.temporary_identifier()
        if shared:
            self.learn(f"items {local}", items)
        found = f"{local} if type({local}) is dict else {missed} and Row(environment, {local})"
        if type(node) is nodes.Name and node.name in self.survey.namespaces:
            found = f"{items_of_namespace(local)} if {is_namespace(local)} else {found}"
        return items, f"({items} := {found}) is not None"

    def assign_item(self, target: str, node: nodes.Getitem, frame: Frame) -> None:
        """Write ``value[item]`` as a look-up that costs nothing more unless it fails."""
        value, arg = self.operand(node.node, frame), node.arg
        item = repr(arg.value) if type(arg) is nodes.Const else self.operand(arg, frame)
        self.writeline(f"try: {target} = {value}[{item}]", node)
        self.writeline(f"except NOT_FOUND: {target} = item_missing(environment, {value}, {item})")
