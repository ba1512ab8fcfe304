"""Runs of text and expressions, and the calls in them that may stream."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.vocabulary import PARAMETER

from .analysis import FILTER, contains, pulls
from .expressions.calls import Arguments, shape, wants_nothing
from .runs import Run
from .tags import is_flush
from .texts import TextGenerator
from .traits import calls_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.compiler import Frame


_SHORT = 200
"""Characters that are written in two places rather than by a write of their own."""


def _short_text(texts: list[str | None]) -> str:
    """All of *texts*, if they are known and short; else nothing."""
    known = "".join(text for text in texts if text is not None)
    return "" if None in texts or len(known) > _SHORT else known


class OutputGenerator(TextGenerator):
    """Compiles ``Output`` nodes: one run is one write.

    :ivar carried: what the run that is written next begins with.
    """

    carried: Run | None = None

    # Whether a function is being written that is called from a captured block alone.
    _in_capture = False

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write a run; at the top level of a child template only if nothing is extended."""
        if frame.require_output_check:
            if self.has_known_extends:
                return
            self.writeline("if parent_template is None:")
            self.indent()
        if is_flush(node):
            self.flush(node, frame)
        else:
            if self.carried is None:
                self.value_count = 0
            self._output(node, frame)
        if frame.require_output_check:
            self.outdent()

    def flush(self, node: nodes.Output, frame: Frame) -> None:
        """``{% flush %}``"""
        if frame.buffer is not None or self._in_capture:
            self.fail(
                "'flush' inside a 'set' or 'filter' block can have no effect: the text of the"
                " block is captured as a value. Move the tag out of the block.",
                node.lineno,
            )
        self.newline(node)
        self.cut_if("tell() > out.flush_limit", "flush")

    def _output(self, node: nodes.Output, frame: Frame) -> None:
        before = self._position()
        run = self.evaluated(node, frame)
        if run:
            self.write_run(run, frame)
        elif self._position() == before:
            self.writeline("pass")

    def write_run(self, run: Run, frame: Frame) -> None:
        """Write the write of what is left of a run."""
        self.writeline(f"{self.writer(frame)}({run.source()})")

    def evaluated(self, node: nodes.Output, frame: Frame) -> Run:
        """Write the statements that evaluate a run, and the writes up to a call that may stream.

        :return: what is left to be written.
        """
        # Taken off, and left as it is: each branch goes on with it.
        run, self.carried = Run(self._in_long) + (self.carried or Run(self._in_long)), None
        streams = calls_stream(self.environment) and nodes.Call in map(type, node.nodes)
        handed_over = self._last_hand_over(node, frame) if streams else -1
        asks = frame.eval_ctx.volatile
        texts = [self.known_text(child, frame) for child in node.nodes]
        for index, (child, constant) in enumerate(zip(node.nodes, texts, strict=True)):
            if constant is not None:
                if asks and type(child) is nodes.TemplateData:
                    # Text is the same, escaped or not. But to ask may be an error.
                    self.writeline("if context.eval_ctx.autoescape: pass", child)
                    asks = False
                run.add_text(constant)
                continue
            asks = False
            child = self.folded(child, frame)
            if streams and isinstance(child, nodes.Call) and not self.cycle_counter(child, frame):
                rest = _short_text(texts[index + 1 :])
                run = self._write_call(child, frame, run, rest, at_once=index >= handed_over)
                if rest:
                    break
            else:
                run.add_name(self.evaluate(child, frame))
        return run

    def known_text(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The text of *node* if it is known when compiling."""
        finalize = self._make_finalize()
        if isinstance(node, nodes.TemplateData) and (
            finalize.src is None or not frame.eval_ctx.volatile
        ):
            return node.data
        if finalize.const is None:
            return None
        try:
            return str(self._output_child_to_const(node, frame, finalize))
        except Exception:  # noqa: BLE001 - left to the run, where the line is known
            return None

    # -- calls that may stream

    def _write_call(
        self, node: nodes.Call, frame: Frame, run: Run, rest: str, *, at_once: bool
    ) -> Run:
        """Write a call: straight into the stream if it can, else as one more value of the run.

        :param rest: constant text after which the run ends; nothing if that is not known.
        :param at_once: the run up to here may be written before its rest is known.
        :return: the run that goes on after the call.
        """
        value = self.value_name()
        with self.line_of(node):
            callee = self.operand(node.node, frame)
            arguments = self._early_arguments(node, frame)
            self._stream_or(callee, arguments, node, frame, prefix=run.source() if run else None)
        if rest:
            self.writeline(f"{self.writer(frame)}({rest!r})")
        if not at_once:
            self.writeline(f"{value} = ''")
        self._else()
        self._call_value(value, callee, arguments, node, frame)
        if frame.eval_ctx.volatile:
            if self.environment.is_async:
                self.await_local(value)
            self.writeline(f"{value} = {self.volatile_text()}({value})")
        self.to_text(value, frame, awaitable=self.environment.is_async)
        run.add_name(value)
        run.add_text(rest)
        following = Run(self._in_long)
        if at_once:
            self.writeline(f"{self.writer(frame)}({run.source()})")
        else:
            self.writeline(f"{value} = {run.source()}")
            following.add_name(value)
        self.outdent()
        return following

    def _else(self) -> None:
        self.outdent()
        self.writeline("else:")
        self.indent()

    def _last_hand_over(self, node: nodes.Output, frame: Frame) -> int:
        """The index of the last part of a run that may have text handed over; -1: none.

        A run is never split, so what is before that part must not have been written by then.
        """
        if not self.environment.is_async and not contains([node], FILTER):
            return -1
        for index in reversed(range(len(node.nodes))):
            if self.may_hand_over(node.nodes[index], frame):
                return index
        return -1

    def may_hand_over(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether text may be handed over where the value *node* of a run is evaluated."""
        if self.environment.is_async:
            return self.known_text(node, frame) is None
        return pulls(node)

    def _early_arguments(self, node: nodes.Call, frame: Frame) -> Arguments | None:
        """Write the evaluation of the arguments, unless they may have to be waited for.

        What stands above a call that streams is handed over before such a wait.
        """
        keywords = [pair.value for pair in node.kwargs]
        parts = [*node.args, *keywords, node.dyn_args, node.dyn_kwargs]
        if self.environment.is_async and any(self.may_await(part, frame) for part in parts if part):
            return None
        return self.arguments(node, frame)

    def _stream_or(
        self,
        callee: str,
        arguments: Arguments | None,
        node: nodes.Call,
        frame: Frame,
        prefix: str | None = None,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write a call straight into the stream where it can stream.

        :param arguments: those that have been evaluated already.
        :param prefix: the source of the text to write before it.
        :param extra: further keyword arguments.
        """
        entry, form = self.temporary_identifier(), shape(node, extra)
        self._write_entry(entry, callee, form, frame)
        self.writeline(f"if {entry} is not None:")
        self.indent()
        if prefix is not None:
            self.writeline(f"{self.writer(frame)}({prefix})")
        if arguments is None:
            arguments = self.arguments(node, frame)
        prefixed = "" if form is None else PARAMETER
        source = arguments.source(self.out(frame), extra=extra, prefix=prefixed)
        self.call_into(f"{entry}({source})", node)
        self.boundary(frame)

    def _write_entry(
        self, entry: str, callee: str, form: tuple[int | str, ...] | None, frame: Frame
    ) -> None:
        """Write what sets local *entry* to what streams a call of *callee*, if anything does.

        In a loop it is mostly that of the same macro as before. What a macro's text is worth
        changes only with the escaping.
        """
        streams = f"type({callee}) in {self.choose_async('async_streamed', 'streamed')}"
        if self.environment.sandboxed:
            streams += f" and environment.is_safe_callable({callee})"
        context = self._escaping_context(frame)
        found = f"{callee}._entry({context}, {form!r})"
        if not self.in_loop or self.environment.sandboxed or frame.eval_ctx.volatile:
            self.writeline(f"{entry} = {found} if {streams} else None")
            return
        # The buffer stands for "none": no template can call it.
        macro, escaping = self.remembered_local("out"), self.temporary_identifier()
        is_macro = f"type({callee}) is {self.choose_async('AsyncMacro', 'Macro')}"
        escapes = frame.eval_ctx.autoescape
        changed = f" or not {escaping}.autoescape" if escapes else ""
        self.writeline(f"if {callee} is not {macro}{changed}:")
        self.indent()
        keyword = "if"
        if self.compact:
            self.writeline(f"{entry}, {macro} = None, out")
        else:
            plain, keyword = self.temporary_identifier(), "elif"
            self.writeline(f"{entry}, {macro}, {plain} = None, out, False")
            self.writeline(f"if {wants_nothing(callee)}: {plain} = True")
            self.noted_plain[callee] = plain
        self.writeline(f"{keyword} {streams}:")
        self.indent()
        self.writeline(f"{entry} = {found}")
        self.writeline(f"if {entry} is not None and {is_macro}:")
        self.indent()
        self.writeline(f"{macro} = {callee}")
        if escapes:
            self.writeline(f"{escaping} = context.eval_ctx")
        self.outdent(3)

    def _call_value(
        self,
        target: str,
        callee: str,
        arguments: Arguments | None,
        node: nodes.Call,
        frame: Frame,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write a call whose value local *target* takes.

        :param arguments: those that have been evaluated already.
        :param extra: further keyword arguments.
        """
        with self.line_of(node):
            if arguments is None:
                arguments = self.arguments(node, frame)
            self.assign_call(target, callee, arguments, node, frame, extra)

    @staticmethod
    def _escaping_context(frame: Frame) -> str:
        """The context in which escaping must leave the text of a call as it is; or ``None``."""
        if frame.eval_ctx.volatile:
            return "context if context.eval_ctx.autoescape else None"
        return "context" if frame.eval_ctx.autoescape else "None"

    def visit_CallBlock(self, node: nodes.CallBlock, frame: Frame) -> None:
        """Call a macro with the block as its ``caller``."""
        call_frame, macro_ref = self.macro_body(node, frame)
        self.writeline("caller = ")
        self.macro_def(macro_ref, call_frame)
        if not calls_stream(self.environment):
            self.start_write(frame, node)
            self.write("block_text(")
            self.visit_Call(node.call, frame, forward_caller=True)
            self.write(")")
            self.end_write(frame)
            self.boundary(frame)
            return
        self.value_count = 0
        self.folded(node.call, frame)
        extra = {"caller": "caller"}
        with self.line_of(node):
            callee = self.operand(node.call.node, frame)
            arguments = self._early_arguments(node.call, frame)
            self._stream_or(callee, arguments, node.call, frame, extra=extra)
            self._else()
            value = self.value_name()
            self._call_value(value, callee, arguments, node.call, frame, extra)
            if self.environment.is_async:
                self.await_local(value)
            self.writeline(f"{self.writer(frame)}(block_text({value}))")
        self.outdent()
        self.boundary(frame)
