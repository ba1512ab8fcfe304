"""How generated functions begin, write and suspend: the ground the visitors stand on."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, CompilerExit, Frame, has_safe_repr

from streamtmpl.vocabulary import ASYNC, SYNC, imports

from .analysis import Survey, is_long, pulls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A local that a generated function sets up first, and the text in its body that asks for it.
_VARIABLES = (" variables ", "variables, parent = context.vars, context.parent")
_GIVEN_VARIABLES = (_VARIABLES[0], f"if variables is None: {_VARIABLES[1]}")
_LOCALS_OF_RENDER = (
    ("resolve(", "resolve = context.resolve_or_missing"),
    ("undefined", "undefined = environment.undefined"),
    ("concat", "concat = environment.concat"),
    # The implicit else of conditional expressions is always the standard class.
    ("cond_expr_undefined(", "cond_expr_undefined = Undefined"),
)
LOCALS_OF_BLOCK = (_VARIABLES, *_LOCALS_OF_RENDER)
LOCALS_OF_ROOT = (_GIVEN_VARIABLES, *_LOCALS_OF_RENDER)
_LOCALS_OF_WRITING = (
    ("write(", "write = out.write"),
    ("tell()", "tell = out.tell"),
)

# Loops count what they write themselves, which is cheaper than to ask the buffer at each boundary.
_TALLY = "held, limit = tell(), out.limit"


class _Function:
    """A function that is being written: what its beginning must provide for.

    :ivar suspends: whether there is a place in it where a chunk can be cut.
    :ivar tallies: whether what is being written is in a loop that counts in ``held`` what is held.
    :ivar tally_at: where something else has written into the buffer, the indentation of that line.
    :ivar remembered: locals that are set when it begins, and the source of what they are then.
    """

    def __init__(self) -> None:
        self.suspends = False
        self.tallies = False
        self.tally_at: int | None = None
        self.remembered: dict[str, str] = {}


_BETWEEN_WORDS = bytes(
    byte if byte >= 128 or chr(byte).isalnum() or chr(byte) == "_" else ord(" ")
    for byte in range(256)
)


def _words_in(source: str) -> set[bytes]:
    """The words of *source*, names among them: to look for each name takes twice as long."""
    return set(source.encode("utf-8", "surrogatepass").translate(_BETWEEN_WORDS).split())


class WritingGenerator(CodeGenerator):
    """Writes into the render's buffer and cuts at boundaries.

    ``frame.buffer`` names the capturing buffer that a frame writes into; ``None`` means ``out``,
    the buffer that the function was called with.

    :ivar compact: whether what is being written is compact code. Quick code has a short way for
        each look-up, call and value, and Jinja2's own beside it: three times the code that Jinja2
        writes. That is for what runs often, or is soon compiled. A long template's root and blocks
        are compact, and a long macro or body of a loop.
    :ivar keeps_context: whether the function written last hands its context to nobody, but for a
        filter that wants to know whether to escape.
    """

    streams = True
    """By which the tags know that their nodes are understood."""
    survey: Survey
    _pending_boundary: int | None = None
    _line_node: nodes.Node | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The name is written into the code as its repr(), which is what a class makes it.
        if not has_safe_repr(self.name):
            self.name = str.__str__(self.name) if isinstance(self.name, str) else str(self.name)
        self._functions: list[_Function] = []
        self._facts: list[dict[str, str]] = [{}]
        # Buffers that nothing but writing has been asked of so far: their outer one, and where in
        # the stream their code begins.
        self._only_written: dict[str, tuple[str, int]] = {}
        self.compact = self._in_long = self.keeps_context = False

    # -- functions

    @contextmanager
    def module(self, node: nodes.Template) -> Iterator[None]:
        """Write the module of a template, whose body the ``with`` block writes.

        It imports what it uses of the vocabulary.
        """
        self.survey = Survey(node)
        self.compact = self._in_long = self.survey.is_long
        outer, self.stream = self.stream, StringIO()
        self.writeline("")
        yield
        body, self.stream = self.stream.getvalue(), outer
        where = ASYNC if self.environment.is_async else SYNC
        words = _words_in(body)
        used = [name for name in where if name.encode() in words]
        self.stream.write(imports(used, where) + body)

    @contextmanager
    def function(
        self,
        header: str,
        node: nodes.Node | None = None,
        *,
        extra: int = 0,
        renders: tuple[tuple[str, str], ...] = (),
        only_called: bool = False,
    ) -> Iterator[None]:
        """Write a function whose body the ``with`` block writes.

        Only the locals that the body uses are set up before it.

        :param extra: how many lines to leave empty before it.
        :param renders: the locals of a root or block, which macros and loops inside it share.
        :param only_called: nothing but what is yielded is asked of the generator. Where no chunk
            can be cut, it is a plain function that gives what yields nothing (sync environments).
        """
        self.writeline(header, node, extra)
        self.indent()
        outer, self.stream = self.stream, StringIO()
        known_lines = len(self.debug_info)
        self._functions.append(_Function())
        known, self._facts = self._facts, [{}]
        yield
        self._facts = known
        self._pending_boundary = None  # whoever called the function has a boundary after it
        if only_called and not self._functions[-1].suspends and not self.environment.is_async:
            self.writeline("return ()")
            self._functions[-1].suspends = True
        body, self.stream = self.stream.getvalue(), outer
        self.keeps_context = "context" not in body.replace("(context.eval_ctx, ", "")
        preamble = self._preamble(body, self._functions.pop(), renders)
        indent = "\n" + "    " * self._indentation
        self.stream.write("".join(indent + line for line in preamble) + body)
        self.code_lineno += len(preamble)
        self.debug_info[known_lines:] = [
            (line, code_line + len(preamble)) for line, code_line in self.debug_info[known_lines:]
        ]
        self.outdent()

    def _preamble(
        self, body: str, function: _Function, renders: tuple[tuple[str, str], ...]
    ) -> list[str]:
        candidates = (*renders, *_LOCALS_OF_WRITING)
        lines = [line for usage, line in candidates if usage in body]
        lines += [f"{local} = {first}" for local, first in function.remembered.items()]
        if self.environment.is_async:
            return lines if lines or body else ["pass"]
        return lines if function.suspends else [*lines, "if 0: yield"]

    @contextmanager
    def repeated(self, node: nodes.Stmt) -> Iterator[None]:
        """Around what may run often, that of a macro or loop *node*: quick unless it is long."""
        outer, self.compact = self.compact, is_long(node)
        yield
        self.compact = outer

    def is_quick(self, node: nodes.Expr) -> bool:
        """Whether quick code is written for *node*.

        Also where all else is compact, text is handed over before something is pulled from.
        """
        return not self.compact or pulls(node)

    @property
    def in_loop(self) -> bool:
        """Whether what is being written runs for each item of a loop in this function."""
        return False

    # -- what the code written so far has found out

    def indent(self) -> None:
        """Begin a block: what is found out in it is known until its end."""
        super().indent()
        self._facts.append({})

    def outdent(self, step: int = 1) -> None:
        """End *step* blocks."""
        super().outdent(step)
        if step:
            del self._facts[-step:]

    def learn(self, fact: str, local: str) -> None:
        """From here to the end of the block, *local* tells *fact*."""
        self._facts[-1][fact] = local

    def known(self, fact: str) -> str | None:
        """The local that tells *fact*, if it is known here."""
        for block in reversed(self._facts):
            if fact in block:
                return block[fact]
        return None

    def is_set(self, name: str) -> bool:
        """Whether the template sets a variable *name* anywhere, but as the target of a loop."""
        return name in self.survey.set_names

    def leave_frame(self, frame: Frame, with_python_scope: bool = False) -> None:
        """End the scope of *frame*: the next one may give its locals to other variables."""
        super().leave_frame(frame, with_python_scope)
        for facts in self._facts:
            for fact in [each for each in facts if each.rpartition(" ")[2] in frame.symbols.loads]:
                del facts[fact]

    def remembered_local(self, first: str = "None") -> str:
        """A local that is *first* when the function begins and then what it was set to last."""
        local = self.temporary_identifier()
        self._functions[-1].remembered[local] = first
        return local

    # -- suspending

    @contextmanager
    def tallying(self, frame: Frame) -> Iterator[None]:
        """Around a loop in *frame*: count what it holds instead of asking the buffer."""
        function = self._functions[-1]
        if function.tallies or frame.buffer is not None:
            yield
            return
        self.writeline(_TALLY)
        function.tallies = True
        yield
        function.tallies = False
        function.tally_at = None

    def _cut(self) -> None:
        """Cut a chunk here."""
        function = self._functions[-1]
        function.suspends = True
        self.writeline(self.choose_async("await cut()", "yield"))
        if function.tallies:
            self.writeline(_TALLY)

    def call_into(self, source: str, node: nodes.Node | None = None) -> None:
        """Begin a line that runs another compiled function; *source* is the call, or its start."""
        function = self._functions[-1]
        function.suspends = True
        self.writeline(self.choose_async("await ", "yield from ") + source, node)
        if function.tallies:
            function.tally_at = self._indentation

    def cut_if(self, condition: str, reason: str | None = None) -> None:
        """Cut a chunk here, for a *reason*, if *condition* holds when the template runs."""
        self._pending_boundary = None
        self.writeline(f"if {condition}:")
        self.indent()
        if reason is not None:
            self.writeline(f"out.reason = {reason!r}")
        self._cut()
        self.outdent()

    def enough(self) -> str:
        """The condition that a boundary cuts a chunk.

        In async environments text may have been handed over at any ``await``: no less is counted
        than there is, and the buffer is asked before a cut.
        """
        if not self._functions[-1].tallies:
            return "tell() > out.limit"
        asked = "held > limit and (held := tell()) > (limit := out.limit)"
        return self.choose_async(asked, "held > limit")

    def boundary(self, frame: Frame) -> None:
        """A statement block has ended: cut a chunk if enough has collected.

        The check is written with the next line. If the next thing is a boundary as well, however
        deep this one lies, its check covers both.
        """
        if frame.buffer is None:
            self._pending_boundary = self._indentation

    @contextmanager
    def line_of(self, node: nodes.Node) -> Iterator[None]:
        """Around the statements that evaluate an expression: errors are all at the line of *node*.

        Jinja2 writes an expression as one line, wherever in the template its parts stand.
        """
        outer = self._line_node
        self._line_node = outer or node
        yield
        self._line_node = outer

    def newline(self, node: nodes.Node | None = None, extra: int = 0) -> None:
        """Begin a line, after the count and the boundary that are due before it."""
        if node is not None and self._line_node is not None:
            node = self._line_node
        if self._pending_boundary is not None or (
            self._functions and self._functions[-1].tally_at is not None
        ):
            self._write_due()
        super().newline(node, extra)

    def _write_due(self) -> None:
        here, boundary, self._pending_boundary = self._indentation, self._pending_boundary, None
        if self._functions and (at := self._functions[-1].tally_at) is not None:
            self._functions[-1].tally_at = None
            self._indentation = at
            self.writeline(_TALLY)
        if boundary is not None:
            self._indentation = boundary
            self.cut_if(self.enough())
        self._indentation = here

    # -- writing

    def out(self, frame: Frame) -> str:
        """The name of the buffer that *frame* writes into, for more than to write."""
        if frame.buffer is not None:
            self._only_written.pop(frame.buffer, None)
        return frame.buffer or "out"

    def writer(self, frame: Frame) -> str:
        """The start of a statement that writes into that buffer, up to the text."""
        if frame.buffer is not None:
            return f"{frame.buffer}_write"
        return "held += write" if self._functions[-1].tallies else "write"

    def buffer(self, frame: Frame) -> None:
        """Capture what *frame* writes from here on."""
        outer = self.out(frame)
        frame.buffer = self.temporary_identifier()
        self._only_written[frame.buffer] = outer, self._position()[1]
        self.writeline(f"{frame.buffer} = {outer}.capture()")
        self.writeline(f"{frame.buffer}_write = {frame.buffer}.write")

    def captured(self, buffer: str | None) -> None:
        """What was to be captured in local *buffer* is written: if that is all, in a list."""
        capture = self._only_written.pop(buffer or "", None)
        if capture is None or self.environment.concat != "".join:
            return
        outer, start = capture
        stream = self.stream
        assert isinstance(stream, StringIO)
        stream.seek(start)
        source = stream.read()
        source = source.replace(f"{buffer} = {outer}.capture()", f"{buffer} = []", 1)
        source = source.replace(f"= {buffer}.write", f"= {buffer}.append", 1)
        stream.seek(start)
        stream.truncate()
        stream.write(source)

    def start_write(self, frame: Frame, node: nodes.Node | None = None) -> None:
        """Begin to write one value, which must be text."""
        self.writeline(f"{self.writer(frame)}(", node)

    def end_write(self, frame: Frame) -> None:
        """End what :meth:`start_write` began."""
        self.write(")")

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        """Visit the statements of a block, which may be none."""
        with self.statements():
            for node in body:
                self.visit(node, frame)

    @contextmanager
    def statements(self) -> Iterator[None]:
        """Around the writing of a block of statements: Python wants one where there is none."""
        before = self._position()
        with suppress(CompilerExit):
            yield
        if self._position() == before:
            self.writeline("pass")

    def _position(self) -> tuple[int, int]:
        stream = self.stream
        assert isinstance(stream, StringIO)
        return self.code_lineno, stream.tell()
