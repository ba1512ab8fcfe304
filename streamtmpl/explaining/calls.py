"""Which calls stream, which are captured, and what captures text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from streamtmpl.compiler.traits import calls_stream, plain_call

from .loops import LoopNotes
from .names import Callee, shown
from .positions import position_of

if TYPE_CHECKING:
    from jinja2.compiler import Frame

    from streamtmpl.compiler.runs import Run

_NOTHING_MUCH = "; nothing in it takes long: it has no loop, block or other template"


class CallNotes(LoopNotes):
    """Notes what becomes of the text of calls, and of blocks that are made a value."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._streamed: set[nodes.Call] = set()

    # -- calls that may stream

    def _write_call(self, node: nodes.Call, frame: Frame, run: Run, *args: Any, **how: Any) -> Run:
        self._say_shown(node, frame, "its value is a part of the run")
        callee = self.names.callee(node.node)
        where = f"behind {callee.words}"
        if not callee.writes:
            where += ", if it streams"
        with self.behind(node.lineno, None if callee.kind == "function" else where):
            return super()._write_call(node, frame, run, *args, **how)

    def _say_shown(self, node: nodes.Call, frame: Frame, otherwise: str) -> None:
        """Say what becomes of the call *node*, whose text is shown as it is."""
        self._streamed.add(node)
        callee = self.names.callee(node.node)
        if callee.kind == "function":
            return
        capture = self.captured_by(frame)
        where = f"is written into {capture}" if capture else "streams"
        if callee.writes:
            text = f"{callee.words} {where}, while it still runs"
        else:
            text = f"{callee.words} {where} if it is a macro; else {otherwise}"
        self.note("stream", node.lineno, text)

    # -- calls for their values

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """Write a call as a part of an expression."""
        self._say_value(node)
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def assign_call(
        self, target: str, callee: str, arguments: Any, node: nodes.Call, *args: Any, **how: Any
    ) -> None:
        """Write a call whose value is needed."""
        self._say_value(node)
        super().assign_call(target, callee, arguments, node, *args, **how)

    def _say_value(self, node: nodes.Call) -> None:
        if node in self._streamed or node not in self.reading.parents:
            return
        callee = self.names.callee(node.node)
        if callee.kind == "function" or self._is_made_up(callee):
            return
        if isinstance(self.reading.parents[node], nodes.Output):
            why, mend = self._environment_captures()
        else:
            position = position_of(node, callee, self.reading.parents, self.names)
            why, mend = position.why, position.mend
        if not callee.writes:
            if isinstance(node.node, nodes.Name):
                text = f"{callee.words} is captured if it is a macro: {why}"
                self.note("value", node.lineno, text)
            return
        self._say_captured(
            node.lineno, f"{callee.words} is captured: {why}", mend, self.names.writes_much(callee)
        )

    def _is_made_up(self, callee: Callee) -> bool:
        """Whether the loop around is asked to run again though it is not recursive: an error."""
        if callee.kind != "loop":
            return False
        loops = (node for node in reversed(self._visited) if isinstance(node, nodes.For))
        return not any(loop.recursive for loop in loops)

    def _say_captured(self, line: int, text: str, mend: str | None, much: bool) -> None:
        self.note("capture", line, text if much else text + _NOTHING_MUCH, mend if much else None)

    def _environment_captures(self) -> tuple[str, str | None]:
        """Why no call streams in this environment, and what to do about it."""
        environment = self.environment
        if environment.finalize is not None:
            return (
                "the environment's `finalize` must see it as a value",
                "leave `finalize` out of the environment, and use a filter where it is needed",
            )
        if environment.concat != "".join:
            return (
                "the environment's `concat` joins its pieces",
                "leave `concat` of the environment as it is",
            )
        if not plain_call(environment):
            return (
                "the environment's context calls in a way of its own",
                "leave `call()` of the context class as it is",
            )
        return (
            "the sandbox calls in a way of its own",
            "leave `call()` of the sandbox as it is",
        )

    # -- call blocks, and tags of extensions that are such

    def visit_CallBlock(self, node: nodes.CallBlock, frame: Frame) -> None:
        """Call a macro, or whatever it is, with the block as its ``caller``."""
        callee = self.names.callee(node.call.node)
        self._streamed.add(node.call)
        if callee.kind == "function":
            self._say_extension(node, callee)
        elif not calls_stream(self.environment):
            why, mend = self._environment_captures()
            much = self.names.writes_much(callee) or self.names.is_much(node.body)
            self._say_captured(node.lineno, f"{callee.words} is captured: {why}", mend, much)
        else:
            self._say_shown(node.call, frame, "it gets the text of the block as a value")
        with self.behind(self.reading.end_of(node), "behind the call block"):
            super().visit_CallBlock(node, frame)

    def _say_extension(self, node: nodes.CallBlock, callee: Callee) -> None:
        call, what = node.call.node, callee.words
        if isinstance(call, nodes.ExtensionAttribute):
            tags = sorted(self.environment.extensions[call.identifier].tags)
            what = f"`{shown(call)}()`, of the tag {' or '.join(map(repr, tags))}"
        self._say_captured(
            node.lineno,
            f"what is inside is captured: {what} gets it as a value",
            "put the tag around less, such as what is inside of each item of a loop",
            self.names.is_much(node.body),
        )

    # -- blocks whose text is a value

    def visit_AssignBlock(self, node: nodes.AssignBlock, frame: Frame) -> None:
        """``{% set name %}``"""
        name = shown(node.target) if isinstance(node.target, nodes.Name) else "it"
        self._say_captured(
            node.lineno,
            f"what is inside is captured: `{{% set %}}` keeps it in `{name}`",
            f"make it a macro, and call that where it is shown: `{{% macro {name}() %}}` ..."
            f" `{{{{ {name}() }}}}`",
            self.names.is_much(node.body),
        )
        super().visit_AssignBlock(node, frame)

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:
        """``{% filter name %}``"""
        self._say_captured(
            node.lineno,
            f"what is inside is captured: `|{node.filter.name}` needs it as a whole",
            f"apply `|{node.filter.name}` to the values inside",
            self.names.is_much(node.body),
        )
        super().visit_FilterBlock(node, frame)
