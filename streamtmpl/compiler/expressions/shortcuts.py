"""Shortcuts for ``~`` and some of Jinja2's filters and tests, where those are still its own."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.tests import TESTS

from streamtmpl.compiler.records import Record
from streamtmpl.compiler.runs import Run
from streamtmpl.compiler.traits import plain_undefined

from .calls import CallGenerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.compiler import Frame


class Shortcut(Record):
    """What gives the value of a filter without a call, for some values.

    :ivar builtin: the name of Jinja2's function in generated code.
    :ivar applies: the condition on the value; ``None``: it always applies.
    :ivar value: the filtered value then; ``None``: the value itself.
    :ivar first: what Jinja2 passes to the filter before the value.
    """

    builtin: str
    applies: str | None
    value: str | None
    first: str = ""


_IS_TEXT = "type({0}) is str"

_SHORTCUTS = {
    "upper": Shortcut("do_upper", _IS_TEXT, "{0}.upper()"),
    "lower": Shortcut("do_lower", _IS_TEXT, "{0}.lower()"),
    "capitalize": Shortcut("do_capitalize", _IS_TEXT, "{0}.capitalize()"),
    "trim": Shortcut("do_trim", _IS_TEXT, "{0}.strip()"),
    "string": Shortcut("soft_str", _IS_TEXT, None),
}

# What the text of these is when they come last. The filter itself gives Markup, at some cost.
_TEXT_SHORTCUTS = {
    "safe": Shortcut("do_mark_safe", _IS_TEXT, None),
    "e": Shortcut("do_escape", _IS_TEXT, "escape_text({0})"),
    "escape": Shortcut("do_escape", _IS_TEXT, "escape_text({0})"),
}


_TEST_SHORTCUTS = {
    "defined": "not isinstance({0}, Undefined)",
    "divisibleby": "{0} % {1} == 0",
    "even": "{0} % 2 == 0",
    "none": "{0} is None",
    "odd": "{0} % 2 == 1",
    "string": "isinstance({0}, str)",
    "undefined": "isinstance({0}, Undefined)",
}


class ShortcutGenerator(CallGenerator):
    """Compiles filters without calling them, where that gives the same."""

    @optimizeconst
    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """``value|filter``; ``join`` looks first whether there is anything but text to join."""
        arguments = _all_arguments(node)
        if (
            node.name != "join"
            or type(node.node) is not nodes.InternalName
            or not self._is_builtin(node)
            or len(arguments) > 1
            or [type(each) for each in node.args] != [nodes.Const] * len(arguments)
        ):
            super().visit_Filter(node, frame)
            return
        text, builtin = (
            self.temporary_identifier(),
            self.choose_async("async_do_join", "sync_do_join"),
        )
        self.write(f"({text} if {self.filters['join']} is {builtin}")
        self.write(f" and ({text} := joined_texts({node.node.name}")
        self.signature(node, frame)
        self.write(")) is not None else ")
        super().visit_Filter(node, frame)
        self.write(")")

    @optimizeconst
    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:
        """``value is test``"""
        told = self._told(node, frame)
        if told:
            self.write(f"({told} else ")
        super().visit_Test(node, frame)
        if told:
            self.write(")")

    def _told(self, node: nodes.Test, frame: Frame) -> str | None:
        """What a test tells of a value in a local, and when: without a call."""
        shortcut = _TEST_SHORTCUTS.get(node.name)
        if shortcut is None or self.compact or node.kwargs:
            return None
        constants = [each.value for each in node.args if isinstance(each, nodes.Const)]
        numbers = [value for value in constants if type(value) is int]
        if not len(node.args) == len(numbers) == shortcut.count("{1}"):
            return None
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            return None
        if self.environment.tests.get(node.name) is not TESTS[node.name]:
            return None
        is_builtin = f"{self.tests[node.name]} is test_{node.name}"
        local = self.sure_local(node.node, frame)
        if local is not None:
            return f"{shortcut.format(local, *numbers)} if {is_builtin}"
        if not isinstance(node.node, nodes.Name):
            return None
        local = frame.symbols.ref(node.node.name)
        told = shortcut.format(local, *numbers)
        if plain_undefined(self.environment) and node.name == "defined":
            return f"{local} is not missing and {told} if {is_builtin}"
        if plain_undefined(self.environment) and node.name == "undefined":
            return f"{local} is missing or {told} if {is_builtin}"
        return f"{told} if {local} is not missing and {is_builtin}"

    def joins_text(self, node: nodes.Concat, frame: Frame) -> bool:
        """Whether ``a ~ b`` is just text where the values are."""
        constants = [each.value for each in node.nodes if isinstance(each, nodes.Const)]
        if frame.eval_ctx.volatile or len(constants) == len(node.nodes):
            return False
        return all(type(value) is str for value in constants)

    def assign_joined(self, target: str, node: nodes.Concat, frame: Frame) -> None:
        """Write ``a ~ b``: text and whole numbers as one text, all else as Jinja2 joins it."""
        run, values, plain = Run(self._in_long), [], []
        for each in node.nodes:
            if isinstance(each, nodes.Const):
                run.add_text(each.value)
                values.append(repr(each.value))
            else:
                local = self.operand(each, frame)
                run.add_name(local)
                values.append(local)
                plain.append(f"(type({local}) is str or type({local}) is int)")
        join = "joined_markup" if frame.eval_ctx.autoescape else "str_join"
        joined = f"{join}(({', '.join(values)},))"
        self.writeline(f"{target} = {run.source()} if {' and '.join(plain)} else {joined}", node)

    def formats_constant(self, node: nodes.Filter, frame: Frame) -> bool:
        """Whether ``'...'|format(value)`` puts values into a text that can be seen."""
        return (
            node.name == "format"
            and type(node.node) is nodes.Const
            and type(node.node.value) is str
            and 0 < len(node.args) == len(_all_arguments(node))
            and self.has_builtin(node.name)
        )

    def assign_formatted(self, target: str, node: nodes.Filter, frame: Frame) -> None:
        """Write ``'...'|format(value)`` as Python's own operator."""
        assert isinstance(node.node, nodes.Const)
        text, function = self.temporary_identifier(), self.filters[node.name]
        values = ", ".join([self.local_or_constant(each, frame) for each in node.args])
        # Beside a constant, Python would make an f-string of it, which asks for another format.
        self.writeline(f"{text} = {node.node.value!r}", node)
        self.writeline(f"{target} = {text} % ({values},) if {function} is do_format else ", node)
        with self.awaited():
            self.write(f"{function}({text}, {values})")

    def assign_filtered(self, target: str, node: nodes.Filter, frame: Frame) -> None:
        """Write the value of a filter that has a shortcut."""
        shortcut = self.shortcut_for(node, frame)
        assert shortcut is not None
        self._filtered(target, node, frame, shortcut)

    def assign_text(self, target: str, node: nodes.Expr, frame: Frame) -> bool:
        """Write statements that set local *target* to the text of *node*, if there is a shortcut.

        :return: whether there is.
        """
        if not isinstance(node, nodes.Filter) or not self.is_quick(node):
            return False
        if not self._is_builtin(node) or _all_arguments(node):
            return False
        shortcut = _TEXT_SHORTCUTS.get(node.name)
        if shortcut is None:
            return False
        to_text = "escape_value" if frame.eval_ctx.autoescape else "to_text"
        with self.line_of(node):
            self._filtered(target, node, frame, shortcut, to_text)
        return True

    def _filtered(
        self,
        target: str,
        node: nodes.Filter,
        frame: Frame,
        shortcut: Shortcut,
        to_text: str | None = None,
    ) -> None:
        assert node.node is not None
        function = self.filters[node.name]
        if node.name in ("default", "d"):
            self.perhaps.add(node.node)
        at_once = self._chosen_at_once(target, node, frame)
        if not at_once and self.assign(target, node.node, frame):
            self.await_local(target)
        self.forget_piped(target)  # another filter of the name may give anything
        value = (shortcut.value or "{0}").format(target)
        condition = f"{function} is {shortcut.builtin}"
        if shortcut.applies:
            condition = f"{shortcut.applies.format(target)} and {condition}"
        self.writeline(f"{target} = {value} if {condition} else ", node)
        if to_text:
            self.write(f"{to_text}(")
        # A default value stands for what may have to be awaited: for what the filter gives as well.
        with nullcontext() if shortcut.applies is None else self.awaited():
            self.write(f"{function}({shortcut.first}{target}")
            self.signature(node, frame)
            self.write(")")
        if to_text:
            self.write(")")
        if shortcut.applies is None and self.environment.is_async:
            self.await_local(target)

    def _chosen_at_once(self, target: str, node: nodes.Filter, frame: Frame) -> bool:
        """Write ``name|default(value)`` without the undefined object for a missing name.

        :return: whether it is such a filter.
        """
        chosen = self.default_if_missing(node, frame)
        if chosen is None:
            return False
        assert isinstance(node.node, nodes.Name)
        self.writeline(f"{target} = {chosen[0]!r} if {chosen[1]} else ", node)
        self.visit(node.node, frame)
        return True

    def default_if_missing(self, node: nodes.Expr, frame: Frame) -> tuple[str | int, str] | None:
        """The default value of ``name|default(value)``, and the condition that the name is missing.

        ``None``: it is no such filter, or stands where that has been asked.
        """
        if not isinstance(node, nodes.Filter) or node.name not in ("default", "d"):
            return None
        name = node.node
        if (
            not isinstance(name, nodes.Name)
            or self.shortcut_for(node, frame) is None
            or self.sure_local(name, frame) is not None
            or not plain_undefined(self.environment)
        ):
            return None
        assert isinstance(node.args[0], nodes.Const)
        missing = f"{frame.symbols.ref(name.name)} is missing"
        condition = f"{missing} and {self.filters[node.name]} is do_default"
        return None if self.known(condition) is not None else (node.args[0].value, condition)

    def shortcut_for(self, node: nodes.Filter, frame: Frame) -> Shortcut | None:
        """What gives the value of *node* without the filter, for some values."""
        if not self._is_builtin(node):
            return None
        with_arguments = _WITH_ARGUMENTS.get(node.name)
        if with_arguments is not None:
            return with_arguments(node)
        return None if _all_arguments(node) else _SHORTCUTS.get(node.name)

    def _is_builtin(self, node: nodes.Filter) -> bool:
        """Whether *node* is a filter of Jinja2's on a value that is not known yet."""
        return (
            node.node is not None
            and type(node.node) is not nodes.Const
            and self.has_builtin(node.name)
        )


def _default_shortcut(node: nodes.Filter) -> Shortcut | None:
    """The shortcut for a default value that is plain text or a number."""
    if len(node.args) != 1 or len(_all_arguments(node)) != 1:
        return None
    value = node.args[0]
    if not isinstance(value, nodes.Const):
        return None
    if type(value.value) not in (str, int):
        return None
    source = _in_format(value.value)
    chosen = f"({source} if isinstance({{0}}, Undefined) else {{0}})"
    return Shortcut("do_default", None, chosen)


def _truncate_shortcut(node: nodes.Filter) -> Shortcut | None:
    """The shortcut for cutting text at a word, to a length that can be seen."""
    arguments = _all_arguments(node)
    if len(arguments) != 1 or len(node.args) != 1 or not isinstance(node.args[0], nodes.Const):
        return None
    length = node.args[0].value
    if type(length) is not int or length < len("..."):
        return None
    cut = f"{{0}}[:{length - len('...')}].rsplit(' ', 1)[0] + '...'"
    return Shortcut(
        "do_truncate",
        f"{_IS_TEXT} and (leeway := environment.policies['truncate.leeway']) >= 0",
        f"({{0}} if len({{0}}) <= {length} + leeway else {cut})",
        "environment, ",
    )


def _replace_shortcut(node: nodes.Filter) -> Shortcut | None:
    """The shortcut for replacing one plain text by another."""
    constants = [each.value for each in node.args if isinstance(each, nodes.Const)]
    if len(_all_arguments(node)) != 2 or [type(each) for each in constants] != [str, str]:
        return None
    replaced = f"{{0}}.replace({', '.join(map(_in_format, constants))})"
    return Shortcut("do_replace", _IS_TEXT, replaced, "context.eval_ctx, ")


def _round_shortcut(node: nodes.Filter) -> Shortcut | None:
    """The shortcut for rounding to places that can be seen."""
    arguments = _all_arguments(node)
    places = node.args[0] if node.args else nodes.Const(0)
    if len(arguments) != len(node.args) or len(arguments) > 1:
        return None
    if not isinstance(places, nodes.Const) or type(places.value) is not int:
        return None
    return Shortcut("do_round", "type({0}) is float", f"round({{0}}, {places.value})")


_WITH_ARGUMENTS: dict[str, Callable[[nodes.Filter], Shortcut | None]] = {
    "default": _default_shortcut,
    "d": _default_shortcut,
    "replace": _replace_shortcut,
    "round": _round_shortcut,
    "truncate": _truncate_shortcut,
}


def _in_format(value: str | int) -> str:
    """The source of *value*, in a text that is formatted."""
    return repr(value).replace("{", "{{").replace("}", "}}")


def _all_arguments(node: nodes.Filter) -> list[nodes.Node]:
    more = [each for each in (node.dyn_args, node.dyn_kwargs) if each is not None]
    return [*node.args, *node.kwargs, *more]
