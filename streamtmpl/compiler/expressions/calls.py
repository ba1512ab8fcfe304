"""Calls as values: arguments in locals first, then straight to the function where that can be."""

from __future__ import annotations

from io import StringIO
from keyword import iskeyword
from types import MappingProxyType
from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.compiler import optimizeconst

from streamtmpl.compiler.records import Record
from streamtmpl.compiler.traits import plain_call

from .lookups import LookupGenerator
from .loop_attributes import LoopCounter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.compiler import Frame


class Arguments(Record):
    """The arguments of a call, each a local or a constant: writing one twice evaluates it once.

    :ivar more_positional: the local of what ``*`` spreads.
    :ivar more_keywords: the local of what ``**`` spreads.
    """

    positional: list[str]
    keywords: list[tuple[str, str]]
    more_positional: str | None
    more_keywords: str | None

    @property
    def known(self) -> bool:
        """Whether it is known how many arguments there are, and their names."""
        return self.more_positional is None and self.more_keywords is None

    def source(self, *before: str, extra: Mapping[str, str] | None = None, prefix: str = "") -> str:
        """The arguments of a Python call.

        :param before: those that precede them.
        :param extra: further keyword arguments.
        :param prefix: what is put before the names of the keywords.
        """
        parts = [*before, *self.positional]
        if self.more_positional:
            parts.append(f"*{self.more_positional}")
        named = [*self.keywords, *(extra or {}).items()]
        keywords = [(prefix + name, value) for name, value in named]
        if any(iskeyword(name) for name, _ in keywords):
            # A name that Python has taken cannot be written as a keyword argument.
            pairs = ", ".join(f"{name!r}: {value}" for name, value in keywords)
            if self.more_keywords:
                parts.append(f"**dict({{{pairs}}}, **{self.more_keywords})")
            else:
                parts.append(f"**{{{pairs}}}")
        else:
            parts += [f"{name}={value}" for name, value in keywords]
            if self.more_keywords:
                parts.append(f"**{self.more_keywords}")
        return ", ".join(parts)


def shape(node: nodes.Call, extra: Mapping[str, str]) -> tuple[int | str, ...] | None:
    """How many positional arguments a call has and the names of the others, if that is known.

    Python normalizes the names of keyword arguments, so that only ASCII ones are sure.
    """
    names = [*(pair.key for pair in node.kwargs), *extra]
    spread = node.dyn_args is not None or node.dyn_kwargs is not None
    if spread or len(set(names)) < len(names) or not all(name.isascii() for name in names):
        return None
    # Only a call block is sure to give a caller: None stands for none.
    if any(pair.key == "caller" for pair in node.kwargs):
        return None
    return (len(node.args), *names)


def wants_nothing(callee: str) -> str:
    """The condition that local *callee* is a function or method that wants nothing passed."""
    mark = "'jinja_pass_arg'"
    return (
        f"type({callee}) is MethodType and not hasattr({callee}.__func__, {mark})"
        f" or type({callee}) is FunctionType and not hasattr({callee}, {mark})"
    )


class CallGenerator(LookupGenerator):
    """Compiles ``function(...)``: as statements where they can precede it, else inline.

    :ivar noted_plain: the locals that tell whether what is called next, in the local by which they
        are found, is a function or method that a template may simply call.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.noted_plain: dict[str, str] = {}

    def _call_start(self) -> str:
        """The start of a call, up to what is called."""
        if self.environment.sandboxed:
            return "environment.call(context, "
        if plain_call(self.environment):
            return "call(context, "
        return "context.call("

    @staticmethod
    def _with_variables(frame: Frame, extra: Mapping[str, str]) -> dict[str, str]:
        """*extra* keyword arguments, and those by which callees learn of the local variables."""
        variables = dict(extra)
        if frame.loop_frame:
            variables["_loop_vars"] = "_loop_vars"
        if frame.block_frame:
            variables["_block_vars"] = "_block_vars"
        return variables

    # -- as a part of an expression

    @optimizeconst
    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """``function(...)``: ``loop.cycle()`` counted, a view of a dict at once, else called."""
        counter = self.cycle_counter(node, frame)
        if counter is not None:
            self._write_cycle(counter, node, frame)
            return
        known = not (forward_caller or self.environment.sandboxed)
        local = self.viewed_dict(node, frame) if known else None
        if local is not None:
            assert isinstance(node.node, nodes.Getattr)
            self.write(f"({local}.{node.node.attr}() if type({local}) is dict else ")
        with self.awaited():
            self.write(self._call_start())
            self.visit(node.node, frame)
            extra = {"caller": "caller"} if forward_caller else {}
            self.signature(node, frame, self._with_variables(frame, extra))
            self.write(")")
        if local is not None:
            self.write(")")

    def _write_cycle(self, counter: LoopCounter, node: nodes.Call, frame: Frame) -> None:
        self.write("(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write(f")[({counter.index0}) % {len(node.args)}]")

    def viewed_dict(self, node: nodes.Call, frame: Frame) -> str | None:
        """The local whose view a call asks for, if it is a dict."""
        method = node.node
        if (
            type(method) is not nodes.Getattr
            or method.attr not in ("items", "keys", "values")
            or node.args
            or node.kwargs
            or node.dyn_args
            or node.dyn_kwargs
            or not self.is_plain_attribute(method, frame)
            or not plain_call(self.environment)
        ):
            return None
        return self.sure_local(method.node, frame)

    # -- as statements

    def arguments(self, node: nodes.Call, frame: Frame) -> Arguments:
        """Write the evaluation of the arguments, in Python's order."""
        positional = [self.local_or_constant(argument, frame) for argument in node.args]
        spread = None if node.dyn_args is None else self.local_or_constant(node.dyn_args, frame)
        if spread is not None and (node.kwargs or node.dyn_kwargs is not None):
            # It is spread before keywords are worked out: they may raise, or pull from it too.
            iterated, spread = spread, self.temporary_identifier()
            self.writeline(f"{spread} = [*{iterated}]", node)
        keywords = [(pair.key, self.local_or_constant(pair.value, frame)) for pair in node.kwargs]
        named = None if node.dyn_kwargs is None else self.local_or_constant(node.dyn_kwargs, frame)
        return Arguments(positional, keywords, spread, named)

    def local_or_constant(self, node: nodes.Expr, frame: Frame) -> str:
        """What stands for the value of *node*, after the statements that this takes."""
        if type(node) is not nodes.Const:
            return self.operand(node, frame)
        outer, self.stream = self.stream, StringIO()
        self.visit(node, frame)
        source, self.stream = self.stream.getvalue(), outer
        return source

    def assign_value_of(self, target: str, node: nodes.Call, frame: Frame) -> None:
        """Write a call and, before it, what is called and the arguments."""
        callee = self.operand(node.node, frame)
        self.assign_call(target, callee, self.arguments(node, frame), node, frame)

    def assign_call(
        self,
        target: str,
        callee: str,
        arguments: Arguments,
        node: nodes.Call,
        frame: Frame,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write a call of local *callee* that sets local *target*, which may be awaitable.

        :param extra: further keyword arguments.
        """
        noted = self.noted_plain.pop(callee, None)
        variables = self._with_variables(frame, extra)
        given = arguments.source(callee, extra=variables)
        if (
            self.environment.sandboxed
            or not plain_call(self.environment)
            or self.compact
            or not arguments.known  # errors of what is spread name the function that is called
        ):
            self.writeline(f"{target} = {self._call_start()}{given})", node)
            return
        direct = f"{callee}({arguments.source(extra=extra)})"
        # In a loop, what a function of Python's costs would be felt at each turn.
        noted = noted or (wants_nothing(callee) if self.in_loop else None)
        plain = f"{noted} or is_plain({callee})" if noted else f"is_plain({callee})"
        passing = f"call_passing(context, {given})"
        self.writeline(f"try: {target} = {direct} if {plain} else {passing}", node)
        self.writeline(f"except StopIteration: {target} = stopped(environment)")
