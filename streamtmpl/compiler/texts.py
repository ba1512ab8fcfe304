"""The text of a value that is shown, escaped where it has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes
from markupsafe import escape

from .expressions.strategies import ExpressionGenerator
from .runs import Run

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class TextGenerator(ExpressionGenerator):
    """Compiles what turns values into text.

    :ivar spendable: the locals whose value one run uses and nothing after it.
    :ivar value_count: how many locals of values the run has so far.
    :ivar plain_only: whether a ``break`` ends what is being written where a value's text might
        have to be asked of code of the user's.
    """

    spendable: frozenset[str] = frozenset()
    plain_only = False
    value_count = 0

    def value_name(self) -> str:
        """A new local for a value of the run."""
        self.value_count += 1
        return f"v_{self.value_count}"

    def evaluate(self, node: nodes.Expr, frame: Frame) -> str:
        """Write the statements that give the text of *node*.

        :return: the source of the text then.
        """
        finalized = self._make_finalize().src is not None
        known = None if finalized else self.counted_int(node, frame) or self._spent(node, frame)
        if known is not None and not self.may_count_on(node, frame):
            return known
        if known is None and not finalized and (local := self._shown_again(node, frame)):
            return self._escaped_once(local, node, frame)
        name = self.value_name()
        if known is not None:
            self.writeline(f"{name} = {known}", node)
            return name
        if frame.eval_ctx.volatile or finalized:
            self.writeline(f"{name} = ", node)
            self._write_finalized(node, frame)
            self.to_text(name, frame)
        elif not self.is_quick(node):
            with self.line_of(node):
                self.writeline(f"{name} = {self._text_function(frame)}(", node)
                self.visit(node, frame)
                self.write(")")
        elif not self.assign_text(name, node, frame):
            self._assign_shown(name, node, frame)
        return name

    def _assign_shown(self, name: str, node: nodes.Expr, frame: Frame) -> None:
        """Write what sets local *name* to the text of *node*.

        That of a default value for a missing variable is known.
        """
        default = self.default_if_missing(node, frame)
        if default is None:
            self.to_text(name, frame, awaitable=self.assign(name, node, frame))
            return
        value, condition = default
        text = str(escape(value) if frame.eval_ctx.autoescape else value)
        self.writeline(f"if {condition}: {name} = {text!r}", node)
        self.writeline("else:")
        self.indent()
        self.learn(condition, "")
        self.to_text(name, frame, awaitable=self.assign(name, node, frame))
        self.outdent()

    def _spent(self, node: nodes.Expr, frame: Frame) -> str | None:
        """Turn a variable itself into text, if nothing else uses it.

        :return: its local then.
        """
        local = self.sure_local(node, frame)
        if local is None or local not in self.spendable or frame.eval_ctx.volatile:
            return None
        self.newline(node)
        self.to_text(local, frame)
        return local

    def _shown_again(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The local of a variable that is shown more than once, to be escaped each time."""
        if (
            type(node) is not nodes.Name
            or self.survey.shown[node.name] < 2
            or self.compact
            or self.is_set(node.name)
            or frame.eval_ctx.volatile
            or not frame.eval_ctx.autoescape
        ):
            return None
        return self.sure_local(node, frame)

    def _escaped_once(self, local: str, node: nodes.Expr, frame: Frame) -> str:
        """Write what gives the text of *local*: plain text is escaped where it is first shown.

        :return: the local that has the text.
        """
        fact = f"escaped {local}"
        text = self.known(fact)
        if text is None:
            text = self.temporary_identifier()
            self.writeline(f"{text} = {local}", node)
            self.to_text(text, frame)
            self.learn(fact, text)
            return text
        name = self.value_name()
        others = " and ".join(f"type({local}) is not {kind}" for kind in ("str", "int", "float"))
        self.writeline(f"{name} = {text}", node)
        self.writeline(f"if {others}: {name} = escape_value({local})")
        return name

    def _write_finalized(self, node: nodes.Expr, frame: Frame) -> None:
        finalize = self._make_finalize().src
        if frame.eval_ctx.volatile:
            self.write(f"{self.volatile_text()}(")
        if finalize is not None:
            self.write(finalize)
        self.visit(node, frame)
        self.write(")" * ((finalize is not None) + bool(frame.eval_ctx.volatile)))

    @staticmethod
    def volatile_text() -> str:
        """What turns a value into text where only the run knows whether to escape."""
        return "(escape_value if context.eval_ctx.autoescape else to_text)"

    def _text_function(self, frame: Frame) -> str:
        """What turns a value into text."""
        if frame.eval_ctx.volatile:
            return self.volatile_text()
        return "escape_any" if frame.eval_ctx.autoescape else "to_text"

    def to_text(self, name: str, frame: Frame, awaitable: bool = False) -> None:
        """Turn the value in local *name*, awaited if need be, into text, or leave an int."""
        if frame.eval_ctx.volatile:
            return
        source = f"(await {name} if is_awaitable({name}) else {name})" if awaitable else name
        if self.compact:
            self.writeline(f"{name} = {self._text_function(frame)}({source})")
            return
        if self.plain_only:
            other, statement = self._not_plain(name), "break"
        elif frame.eval_ctx.autoescape:
            other = f"type({name}) is not int"
            statement = f"{name} = {self._float_or(name, f'escape_value({source})')}"
        else:
            other = f"type({name}) is not int and type({name} := str({source})) is not str"
            statement = f"{name} = exact_text({name})"
        if frame.eval_ctx.autoescape:
            self.writeline(f"if type({name}) is str: {name} = escape_text({name})")
            self.writeline(f"elif {other}: {statement}")
        else:
            self.writeline(f"if type({name}) is not str and {other}: {statement}")

    @staticmethod
    def _float_or(name: str, other: str) -> str:
        """The text of a float in local *name*, for which f-strings take longer, or *other*."""
        return f"repr({name}) if type({name}) is float else {other}"

    def _not_plain(self, name: str) -> str:
        """The condition that the text of local *name* may be a matter of code of the user's.

        Else it is an int then, or text.
        """
        text = self._float_or(name, f"plain_text({name})")
        return f"type({name}) is not int and ({name} := {text}) is None"

    def append_text(self, texts: str, name: str, frame: Frame) -> None:
        """Append the text of what local *name* holds to the list *texts*.

        A ``break`` is written for what :attr:`plain_only` says.
        """
        text = f"escape_text({name})" if frame.eval_ctx.autoescape else name
        self.writeline(f"if type({name}) is str: {texts}.append({text})")
        self.writeline(f"elif {self._not_plain(name)}: break")
        number = Run(self._in_long)
        number.add_name(name)
        self.writeline(f"else: {texts}.append({number.source()})")
