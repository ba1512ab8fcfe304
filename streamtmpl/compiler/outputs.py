"""Runs of text and expressions, and the calls in them that may stream."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.vocabulary import PARAMETER

from .analysis import FILTER, ITERATING_FILTERS, contains, may_await
from .expressions.calls import Arguments, shape
from .expressions.strategies import ExpressionGenerator
from .tags import is_flush
from .traits import calls_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.compiler import Frame


class Run:
    """The parts of a run that are known so far: constant text and names of evaluated text.

    :ivar in_long: whether the module is long. To read an f-string takes Python (3.12 and later) a
        copy of all that follows it, for each value in it.
    """

    def __init__(self, in_long: bool) -> None:
        self._in_long = in_long
        self._parts: list[tuple[bool, str]] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add_text(self, text: str) -> None:
        """Add constant text."""
        if self._parts and self._parts[-1][0]:
            text = self._parts.pop()[1] + text
        if text:
            self._parts.append((True, text))

    def add_name(self, name: str) -> None:
        """Add a local that holds text or an exact int."""
        self._parts.append((False, name))

    def source(self) -> str:
        """The whole as one Python expression."""
        if all(constant for constant, _ in self._parts):
            return repr("".join(text for _, text in self._parts))
        if self._in_long:
            pieces = [
                text.replace("%", "%%") if constant else "%s" for constant, text in self._parts
            ]
            values = ", ".join(text for constant, text in self._parts if not constant)
            return f"{''.join(pieces)!r} % ({values},)"
        quote = '"' if all('"' not in text for constant, text in self._parts if constant) else "'"
        return f"f{quote}{''.join(self._piece(part, quote) for part in self._parts)}{quote}"

    @staticmethod
    def _piece(part: tuple[bool, str], quote: str) -> str:
        constant, text = part
        if not constant:
            return f"{{{text}}}"
        # With both kinds of quotes at its end repr() escapes just the single ones, so that its
        # inside fits between the quotes wanted here.
        inside = repr(text + "'\"")[1:-1].removesuffix("\\'\"")
        if quote == '"':
            inside = inside.replace("\\'", "'")
        return inside.replace("{", "{{").replace("}", "}}")


class OutputGenerator(ExpressionGenerator):
    """Compiles ``Output`` nodes: one run is one write.

    :ivar spendable: the locals whose value one run uses and nothing after it.
    """

    _value_count = 0
    # Whether a function is being written that is called from a captured block alone.
    _in_capture = False
    spendable: frozenset[str] = frozenset()

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
            self._value_count = 0
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
        self.cut_if("tell() > out.flush_limit")

    def _output(self, node: nodes.Output, frame: Frame) -> None:
        run = Run(self._in_long)
        before = self._position()
        streams = calls_stream(self.environment) and nodes.Call in map(type, node.nodes)
        handed_over = self._last_hand_over(node, frame) if streams else -1
        asks = frame.eval_ctx.volatile
        for index, child in enumerate(node.nodes):
            constant = self._known_text(child, frame)
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
                run = self._write_call(child, frame, run, at_once=index >= handed_over)
            else:
                run.add_name(self._evaluate(child, frame))
        if run:
            self.writeline(f"{self.writer(frame)}({run.source()})")
        elif self._position() == before:
            self.writeline("pass")

    def _known_text(self, node: nodes.Expr, frame: Frame) -> str | None:
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

    def _value_name(self) -> str:
        self._value_count += 1
        return f"v_{self._value_count}"

    def _evaluate(self, node: nodes.Expr, frame: Frame) -> str:
        """Write the statements that give the text of *node*.

        :return: the source of the text then.
        """
        finalized = self._make_finalize().src is not None
        known = None if finalized else self.counted_int(node, frame) or self._spent(node, frame)
        if known is not None:
            return known
        name = self._value_name()
        if frame.eval_ctx.volatile or finalized:
            self.writeline(f"{name} = ", node)
            self._write_finalized(node, frame)
            self._to_text(name, frame)
        elif not self.is_quick(node):
            with self.line_of(node):
                self.writeline(f"{name} = {self._text_function(frame)}(", node)
                self.visit(node, frame)
                self.write(")")
        elif not self.assign_text(name, node, frame):
            self._to_text(name, frame, awaitable=self.assign(name, node, frame))
        return name

    def _spent(self, node: nodes.Expr, frame: Frame) -> str | None:
        """Turn a variable itself into text, if nothing else uses it.

        :return: its local then.
        """
        local = self.sure_local(node, frame)
        if local is None or local not in self.spendable or frame.eval_ctx.volatile:
            return None
        self.newline(node)
        self._to_text(local, frame)
        return local

    def _write_finalized(self, node: nodes.Expr, frame: Frame) -> None:
        finalize = self._make_finalize().src
        if frame.eval_ctx.volatile:
            self.write(f"{self._volatile_text()}(")
        if finalize is not None:
            self.write(finalize)
        self.visit(node, frame)
        self.write(")" * ((finalize is not None) + bool(frame.eval_ctx.volatile)))

    @staticmethod
    def _volatile_text() -> str:
        """What turns a value into text where only the run knows whether to escape."""
        return "(escape_value if context.eval_ctx.autoescape else to_text)"

    def _text_function(self, frame: Frame) -> str:
        """What turns a value into text."""
        if frame.eval_ctx.volatile:
            return self._volatile_text()
        return "escape_any" if frame.eval_ctx.autoescape else "to_text"

    def _to_text(self, name: str, frame: Frame, awaitable: bool = False) -> None:
        """Turn the value in local *name*, awaited if need be, into text, or leave a number."""
        if frame.eval_ctx.volatile:
            return
        source = f"(await {name} if is_awaitable({name}) else {name})" if awaitable else name
        if self.compact:
            self.writeline(f"{name} = {self._text_function(frame)}({source})")
        elif frame.eval_ctx.autoescape:
            self.writeline(f"if type({name}) is str: {name} = escape_text({name})")
            self.writeline(
                f"elif type({name}) is not int and type({name}) is not float:"
                f" {name} = escape_value({source})"
            )
        else:
            self.writeline(
                f"if type({name}) is not str and type({name}) is not int"
                f" and type({name}) is not float: {name} = to_text({source})"
            )

    # -- calls that may stream

    def _write_call(self, node: nodes.Call, frame: Frame, run: Run, *, at_once: bool) -> Run:
        """Write a call: straight into the stream if it can, else as one more value of the run.

        :param at_once: the run up to here may be written before its rest is known.
        :return: the run that goes on after the call.
        """
        value = self._value_name()
        with self.line_of(node):
            callee = self.operand(node.node, frame)
            arguments = self._early_arguments(node, frame)
            self._stream_or(callee, arguments, node, frame, prefix=run.source() if run else None)
        if not at_once:
            self.writeline(f"{value} = ''")
        self._else()
        self._call_value(value, callee, arguments, node, frame)
        if frame.eval_ctx.volatile:
            if self.environment.is_async:
                self.await_local(value)
            self.writeline(f"{value} = {self._volatile_text()}({value})")
        self._to_text(value, frame, awaitable=self.environment.is_async)
        run.add_name(value)
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
            if self._may_hand_over(node.nodes[index], frame):
                return index
        return -1

    def _may_hand_over(self, node: nodes.Expr, frame: Frame) -> bool:
        if self.environment.is_async:
            return self._known_text(node, frame) is None
        return any(
            isinstance(each, nodes.Filter) and each.name in ITERATING_FILTERS
            for each in (node, *node.find_all(nodes.Filter))
        )

    def _early_arguments(self, node: nodes.Call, frame: Frame) -> Arguments | None:
        """Write the evaluation of the arguments, unless they may have to be waited for.

        What stands above a call that streams is handed over before such a wait.
        """
        keywords = [pair.value for pair in node.kwargs]
        parts = [*node.args, *keywords, node.dyn_args, node.dyn_kwargs]
        if self.environment.is_async and any(may_await(part) for part in parts if part):
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
        streams = f"type({callee}) in {self.choose_async('async_streamed', 'streamed')}"
        if self.environment.sandboxed:
            streams += f" and environment.is_safe_callable({callee})"
        context = self._escaping_context(frame)
        self.writeline(f"{entry} = {callee}._entry({context}, {form!r}) if {streams} else None")
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
        self._value_count = 0
        self.folded(node.call, frame)
        extra = {"caller": "caller"}
        with self.line_of(node):
            callee = self.operand(node.call.node, frame)
            arguments = self._early_arguments(node.call, frame)
            self._stream_or(callee, arguments, node.call, frame, extra=extra)
            self._else()
            value = self._value_name()
            self._call_value(value, callee, arguments, node.call, frame, extra)
            if self.environment.is_async:
                self.await_local(value)
            self.writeline(f"{self.writer(frame)}(block_text({value}))")
        self.outdent()
        self.boundary(frame)
