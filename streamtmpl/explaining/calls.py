"""Which calls stream, which are captured, and what captures text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from streamtmpl.compiler.traits import calls_stream, plain_call

from .cuts import Capture
from .loops import LoopNotes
from .names import Callee, shown
from .positions import filtered, position_of

if TYPE_CHECKING:
    from jinja2.compiler import Frame

    from streamtmpl.compiler.runs import Run

_NOTHING_MUCH = "; nothing in it takes long: it has no loop, block or other template"

_RENDERING = frozenset(
    {"render", "render_async", "render_block", "render_partial", "render_template"}
    | {"render_to_string"}
)
"""Names of functions that render a template and give its text."""


def _is_renderer(node: nodes.Expr, callee: Callee) -> bool:
    """Whether *node*, which is *callee*, is called as a function that renders a template."""
    name = node.attr if isinstance(node, nodes.Getattr) else getattr(node, "name", None)
    return not callee.writes and name in _RENDERING


def _escapes(frame: Frame) -> bool:
    """Whether values are certain to be escaped where *frame* writes."""
    return bool(frame.eval_ctx.autoescape) and not frame.eval_ctx.volatile


class CallNotes(LoopNotes):
    """Notes what becomes of the text of calls, and of blocks that are made a value."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._streamed: set[nodes.Call] = set()

    # -- calls that may stream

    def _write_call(self, node: nodes.Call, frame: Frame, run: Run, *args: Any, **how: Any) -> Run:
        self._say_shown(node, frame, "its value is a part of the run")
        callee = self.names.callee(node.node, self._block)
        where: str | None = f"behind {callee.words}"
        if callee.kind == "function" or _is_renderer(node.node, callee):
            where = None
        elif not callee.writes:
            where = f"{where}, if it streams"
        with self.behind(node.lineno, where):
            return super()._write_call(node, frame, run, *args, **how)

    def _say_shown(self, node: nodes.Call, frame: Frame, otherwise: str) -> None:
        """Say what becomes of the call *node*, whose text is shown as it is."""
        self._streamed.add(node)
        callee = self.names.callee(node.node, self._block)
        if self._renders(node, callee, frame) or callee.kind == "function":
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
        self._say_value(node, frame)
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def assign_call(
        self,
        target: str,
        callee: str,
        arguments: Any,
        node: nodes.Call,
        frame: Frame,
        *extra: Any,
    ) -> None:
        """Write a call whose value is needed."""
        self._say_value(node, frame)
        super().assign_call(target, callee, arguments, node, frame, *extra)

    def _say_value(self, node: nodes.Call, frame: Frame) -> None:
        if node in self._streamed or node not in self.reading.parents:
            return
        callee = self.names.callee(node.node, self._block)
        if self._renders(node, callee, frame):
            return
        if not callee.writes:
            self._say_awaited(node, callee)
        if callee.kind == "function" or self._is_made_up(callee):
            return
        if isinstance(self.reading.parents[node], nodes.Output):
            why, mend = self._environment_captures()
        else:
            position = position_of(
                *(node, callee, self.reading.parents, self.names), _escapes(frame)
            )
            why, mend = position.why, position.mend
        if not callee.writes:
            if isinstance(node.node, nodes.Name):
                text = f"{callee.words} is captured if it is a macro: {why}"
                self.note("value", node.lineno, text)
            return
        text, much = f"{callee.words} is captured: {why}", self.names.writes_much(callee)
        self._say_captured(node.lineno, text, mend, much, frame)

    def _say_awaited(self, node: nodes.Call, callee: Callee) -> None:
        """Say what leaves before a call outside of runs, which may have to be awaited."""
        if (
            self.environment.is_async
            and self._around is None
            and not isinstance(self._visited[-1], nodes.Output)
        ):
            text = f"if {callee.words} is awaited, what is finished above leaves before"
            self.note("wait", node.lineno, text)

    def _renders(self, node: nodes.Call, callee: Callee, frame: Frame) -> bool:
        """Say that a function renders a template, if it is called as one that does."""
        if not _is_renderer(node.node, callee):
            return False
        text = f"{callee.words} gives a string: all of it is rendered before it is shown"
        mend = "use `{% include %}`, which streams"
        self._say_captured(node.lineno, text, mend, True, frame)
        return True

    def _is_made_up(self, callee: Callee) -> bool:
        """Whether the loop around is asked to run again though it is not recursive: an error."""
        if callee.kind != "loop":
            return False
        loops = (node for node in reversed(self._visited) if isinstance(node, nodes.For))
        return not any(loop.recursive for loop in loops)

    def _say_captured(
        self, line: int, text: str, mend: str | None, much: bool, frame: Frame
    ) -> None:
        """Say that something is captured.

        :param mend: what to do about it, where that changes anything.
        :param much: whether what is captured may be long or take long.
        """
        if not much:
            text += _NOTHING_MUCH
        elif capture := self.captured_by(frame):
            text += f"; so is {capture} around it, as a whole"
        else:
            self.note("capture", line, text, mend)
            return
        self.note("capture", line, text)

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
        callee = self.names.callee(node.call.node, self._block)
        self._streamed.add(node.call)
        if (capture := self._capture_of_block(node, callee, frame)) is not None:
            self.capturing[node] = capture
        if callee.kind == "function":
            self._say_extension(node, callee, frame)
        elif not calls_stream(self.environment):
            why, mend = self._environment_captures()
            much = self.names.writes_much(callee) or self.names.is_much(node.body, self._block)
            text = f"{callee.words} is captured: {why}"
            self._say_captured(node.lineno, text, mend, much, frame)
        else:
            self._say_shown(node.call, frame, "it gets the text of the block as a value")
        with self.behind(self.reading.end_of(node), "behind the call block"):
            super().visit_CallBlock(node, frame)

    def _capture_of_block(
        self, node: nodes.CallBlock, callee: Callee, frame: Frame
    ) -> Capture | None:
        """What is certain to capture the text of a call block, if anything is."""
        if callee.kind == "function":
            return Capture(self._tag_of(node.call.node) or callee.words, node.lineno)
        if not calls_stream(self.environment):
            return Capture(callee.words, node.lineno)
        return self.captured_by(frame)

    def _tag_of(self, called: nodes.Expr) -> str | None:
        """The tag of an extension that calls a method of it."""
        if not isinstance(called, nodes.ExtensionAttribute):
            return None
        tags = sorted(self.environment.extensions[called.identifier].tags)
        return f"the tag {' or '.join(map(repr, tags))}"

    def _say_extension(self, node: nodes.CallBlock, callee: Callee, frame: Frame) -> None:
        call, what, less = node.call.node, callee.words, "give it less"
        if (tag := self._tag_of(call)) is not None:
            less = "put the tag around less"
            what = f"`{shown(call)}()`, of {tag},"
        self._say_captured(
            node.lineno,
            f"what is inside is captured: {what} gets it as a value",
            f"{less}, such as what is inside of each item of a loop",
            self.names.is_much(node.body, self._block),
            frame,
        )

    # -- blocks whose text is a value

    def visit_AssignBlock(self, node: nodes.AssignBlock, frame: Frame) -> None:
        """``{% set name %}``"""
        name, instead = shown(node.target), "make it a macro, and call that where it is shown"
        if isinstance(node.target, nodes.Name):
            instead += f": `{{% macro {name}() %}}` ... `{{{{ {name}() }}}}`"
        self._say_captured(
            node.lineno,
            f"what is inside is captured: `{{% set %}}` keeps it in `{name}`",
            instead,
            self.names.is_much(node.body, self._block),
            frame,
        )
        super().visit_AssignBlock(node, frame)

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:
        """``{% filter name %}``"""
        self._say_captured(
            node.lineno,
            f"what is inside is captured: `|{node.filter.name}` needs it as a whole",
            filtered(node.filter.name, "inside", _escapes(frame)).mend,
            self.names.is_much(node.body, self._block),
            frame,
        )
        super().visit_FilterBlock(node, frame)
