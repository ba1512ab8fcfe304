"""Runs of text and expressions, and the calls in them that may stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, nodes
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from streamtmpl.extensions import is_flush

from .lookups import LookupGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Run:
    """The parts of a run that are known so far: constant text and names of evaluated text."""

    def __init__(self) -> None:
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


def calls_stream(environment: Environment) -> bool:
    """Whether a call's text may go straight into the stream.

    Not where the user's code must see it as a value: ``finalize``, ``concat``, ``call``.
    """
    return (
        environment.finalize is None
        and environment.concat == "".join
        and environment.context_class.call is Context.call
        and (
            not isinstance(environment, SandboxedEnvironment)
            or type(environment).call is SandboxedEnvironment.call
        )
    )


class OutputGenerator(LookupGenerator):
    """Compiles ``Output`` nodes: one run is one write."""

    _values = 0
    _in_capture = False
    """Whether a function is being written that is called from a captured block alone."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write a run; at the top level of a child template only if nothing is extended."""
        if frame.require_output_check:
            if self.has_known_extends:
                return
            self.writeline("if parent_template is None:")
            self.indent()
        if is_flush(node):
            self._flush(node, frame)
        else:
            self._values = 0
            self._output(node, frame)
        if frame.require_output_check:
            self.outdent()

    def _flush(self, node: nodes.Output, frame: Frame) -> None:
        if frame.buffer is not None or self._in_capture:
            self.fail(
                "'flush' inside a 'set' or 'filter' block can have no effect: the text of the"
                " block is captured as a value. Move the tag out of the block.",
                node.lineno,
            )
        self.newline(node)
        self.cut_if("tell() > out.flush_limit")

    def _output(self, node: nodes.Output, frame: Frame) -> None:
        run = Run()
        before = self._position()
        streams = calls_stream(self.environment)
        for index, child in enumerate(node.nodes):
            constant = self._constant(child, frame)
            if constant is not None:
                run.add_text(constant)
            elif streams and type(child) is nodes.Call:
                run = self._call(child, frame, run, last=index == len(node.nodes) - 1)
            else:
                run.add_name(self._evaluate(child, frame))
        if run:
            self.writeline(f"{self.writer(frame)}({run.source()})")
        elif self._position() == before:
            self.writeline("pass")

    def _constant(self, node: nodes.Expr, frame: Frame) -> str | None:
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
        self._values += 1
        return f"v_{self._values}"

    def _evaluate(self, node: nodes.Expr, frame: Frame) -> str:
        """Write the statements that give the text of *node*; returns the local that holds it."""
        name = self._value_name()
        if frame.eval_ctx.volatile or self._make_finalize().src is not None:
            self.writeline(f"{name} = ", node)
            self._finalized(node, frame)
            self._to_text(name, frame)
        else:
            self._to_text(name, frame, awaitable=self.assign(name, node, frame))
        return name

    def _finalized(self, node: nodes.Expr, frame: Frame) -> None:
        finalize = self._make_finalize().src
        if frame.eval_ctx.volatile:
            self.write("(escape_value if context.eval_ctx.autoescape else to_text)(")
        if finalize is not None:
            self.write(finalize)
        self.visit(node, frame)
        self.write(")" * ((finalize is not None) + bool(frame.eval_ctx.volatile)))

    def _to_text(self, name: str, frame: Frame, awaitable: bool = False) -> None:
        """Turn the value in local *name*, awaited if need be, into text, or leave a number."""
        if frame.eval_ctx.volatile:
            return
        source = f"(await {name} if is_awaitable({name}) else {name})" if awaitable else name
        if frame.eval_ctx.autoescape:
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

    def _call(self, node: nodes.Call, frame: Frame, run: Run, *, last: bool) -> Run:
        """Write a call: straight into the stream if it can, else as one more value of the run.

        Returns the run that goes on after it.
        """
        callee, value = self._value_name(), self._value_name()
        self._assign_callee(callee, node, frame)
        self.writeline(f"if {self._may_stream(callee)}{self._escaping_spares(callee, frame)}:")
        self.indent()
        if run:
            self.writeline(f"{self.writer(frame)}({run.source()})")
        self._stream(callee, node, frame)
        self.boundary(frame)
        if not last:
            self.writeline(f"{callee} = ''")
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.writeline(f"{value} = ", node)
        if frame.eval_ctx.volatile:
            self.write("(escape_value if context.eval_ctx.autoescape else to_text)(")
        self.write_call(node, frame, callee)
        if frame.eval_ctx.volatile:
            self.write(")")
        self._to_text(value, frame)
        run.add_name(value)
        rest = Run()
        if last:
            self.writeline(f"{self.writer(frame)}({run.source()})")
        else:
            self.writeline(f"{callee} = {run.source()}")
            rest.add_name(callee)
        self.outdent()
        return rest

    def _assign_callee(self, callee: str, node: nodes.Call, frame: Frame) -> None:
        if self.assign(callee, node.node, frame):
            self.settle(callee)

    def _may_stream(self, callee: str) -> str:
        condition = f"type({callee}) in {self.choose_async('async_streamed', 'streamed')}"
        if self.environment.sandboxed:
            condition += f" and environment.is_safe_callable({callee})"
        return condition

    @staticmethod
    def _escaping_spares(callee: str, frame: Frame) -> str:
        """The further condition that escaping leaves the text of *callee* as it is."""
        spares = f"{callee}._is_text(context)"
        if frame.eval_ctx.volatile:
            return f" and (not context.eval_ctx.autoescape or {spares})"
        return f" and {spares}" if frame.eval_ctx.autoescape else ""

    def _stream(
        self, callee: str, node: nodes.Call, frame: Frame, extra: dict[str, str] | None = None
    ) -> None:
        self.call_into(f"{callee}._into({self.out(frame)}", node)
        self.signature(node, frame, extra)
        self.write(")")

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
        self._values = 0
        callee = self._value_name()
        self._assign_callee(callee, node.call, frame)
        self.writeline(f"if {self._may_stream(callee)}:")
        self.indent()
        self._stream(callee, node.call, frame, {"caller": "caller"})
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.start_write(frame, node)
        self.write("block_text(")
        self.write_call(node.call, frame, callee, forward_caller=True)
        self.write(")")
        self.end_write(frame)
        self.outdent()
        self.boundary(frame)
