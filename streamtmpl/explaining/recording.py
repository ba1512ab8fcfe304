"""All that the compiler notes about a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from streamtmpl.compiler import StreamCodeGenerator
from streamtmpl.compiler.tags import is_flush, parts_of

from .calls import CallNotes
from .cuts import Capture, not_deferred
from .names import constant_name, shown

if TYPE_CHECKING:
    from jinja2.compiler import Frame

    from .names import Names
    from .reading import Reading


class RecordingGenerator(CallNotes):
    """Notes runs, blocks, other templates and regions as well.

    :ivar captured_blocks: what captures blocks, by their names.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.captured_blocks: dict[str, Capture] = {}

    # -- runs

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write a run."""
        if not is_flush(node) and frame.buffer is None:
            self._say_run(node, frame)
        super().visit_Output(node, frame)

    def _say_run(self, node: nodes.Output, frame: Frame) -> None:
        texts = [part for part in node.nodes if isinstance(part, nodes.TemplateData)]
        if len(texts) == len(node.nodes):
            return
        first, last = _lines_of(node)
        together = "" if first == last else f" with the lines to {last}"
        text = f"written at once{together}, when its values are known"
        if frame.require_output_check:
            text += ", unless another template is extended"
        if self.environment.is_async:
            text += "; what stands above leaves before a wait for one of them"
        self.note("run", first, text)

    def _for_pages_only(self, body: list[nodes.Node], frame: Frame) -> None:
        if self.has_known_extends:
            for node in body:
                if isinstance(node, nodes.Output) and is_flush(node):
                    self.note("flush", node.lineno, f"does nothing: it {_OUTSIDE}")
                elif isinstance(node, nodes.Output) and _is_to_be_seen(node):
                    self.note("unseen", _lines_of(node)[0], f"is not shown: it {_OUTSIDE}")
        super()._for_pages_only(body, frame)

    def flush(self, node: nodes.Output, frame: Frame) -> None:
        """``{% flush %}``"""
        if (kept := self._kept_by()) is not None:
            self.note("flush", node.lineno, f"does nothing: {kept} captures it")
        elif frame.buffer in self._whole_buffers or self._around is not None:
            self.note("flush", node.lineno, "does nothing: what is around it leaves as a whole")
        else:
            self.note("flush", node.lineno, "a chunk is cut here, however short")
        with self.because(node.lineno):
            super().flush(node, frame)

    def visit_ScopedEvalContextModifier(
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """``{% autoescape %}``"""
        if any(not isinstance(option.value, nodes.Const) for option in node.options):
            text = "whether to escape is known only by the run; what streams is the same"
            self.note("note", node.lineno, text)
        super().visit_ScopedEvalContextModifier(node, frame)

    # -- other templates

    def visit_Extends(self, node: nodes.Extends, frame: Frame) -> None:
        """``{% extends %}``"""
        if constant_name(node.template) is None:
            text = f"the run knows which template `{shown(node.template)}` names"
            self.note("extends", node.lineno, text)
        super().visit_Extends(node, frame)

    def visit_Block(self, node: nodes.Block, frame: Frame) -> None:
        """Render a block here."""
        if capture := self.captured_by(frame):
            self.captured_blocks[node.name] = capture
        super().visit_Block(node, frame)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        """Render another template here."""
        what = _other(node.template)
        capture = self.captured_by(frame)
        if not node.with_context:
            text = f"{what} is rendered as a whole when it is first included here, and kept"
        elif capture:
            text = f"{what} is written into {capture}"
        else:
            text = f"{what} streams"
        self.note("include", node.lineno, text)
        super().visit_Include(node, frame)

    def visit_Import(self, node: nodes.Import, frame: Frame) -> None:
        """``{% import %}``"""
        self._say_import(node)
        super().visit_Import(node, frame)

    def visit_FromImport(self, node: nodes.FromImport, frame: Frame) -> None:
        """``{% from %} ... import``"""
        self._say_import(node)
        super().visit_FromImport(node, frame)

    def _say_import(self, node: nodes.Import | nodes.FromImport) -> None:
        what = _other(node.template)
        self.note("import", node.lineno, f"what {what} writes outside of its macros is not shown")

    # -- regions

    def _defer_tag(self, node: nodes.With, frame: Frame) -> None:
        body, (_, error) = parts_of(node)
        group = node.values[1] if len(node.values) > 1 else nodes.Const(None)
        named = "" if group == nodes.Const(None) else f" of the group {shown(group)}"
        kept = self._kept_by()
        text = (
            not_deferred(kept)
            if kept
            else (
                f"a region{named}: it leaves as a whole, behind the document or, in order, in its"
                " place; what stands above the first region leaves before it"
            )
        )
        if error is not None:
            text += "; if it fails, `{% error %}` is shown"
        self.note("region", node.lineno, text)
        region = kept or Capture("`{% defer %}`", node.lineno, True)
        scopes: list[nodes.Node] = [body]
        if isinstance(error, nodes.With):
            scopes.append(error.body[0])
        for scope in scopes:
            self.capturing[scope] = region
            self.blocks_of[scope] = self._block
            for block in scope.find_all(nodes.Block):
                self.captured_blocks[block.name] = region
        with self.because(node.lineno):
            super()._defer_tag(node, frame)

    def _kept_by(self) -> Capture | None:
        """What makes a value of that which is written here, so that nothing in it is deferred."""
        for statement in reversed(self._visited):
            if isinstance(statement, (nodes.Macro, nodes.CallBlock)):
                break
            if isinstance(statement, nodes.FilterBlock):
                return Capture("`{% filter %}`", statement.lineno)
            if isinstance(statement, nodes.AssignBlock):
                return Capture("`{% set %}`", statement.lineno)
        return None if self._around is None or self._around.defers else self._around

    def _boundary_tag(self, node: nodes.With, frame: Frame) -> None:
        _, (fallback,) = parts_of(node)
        instead = ", or its fallback does" if fallback is not None else ", or nothing of it"
        self.note("boundary", node.lineno, f"leaves as a whole{instead}")
        super()._boundary_tag(node, frame)


def record(reading: Reading, names: Names, lazy: tuple[str, ...] = ()) -> RecordingGenerator:
    """Compile what has been read, as its environment does, and note what becomes of it."""
    environment = reading.environment
    kind: type[RecordingGenerator] = RecordingGenerator
    if environment.code_generator_class is not StreamCodeGenerator:
        bases: Any = (RecordingGenerator, environment.code_generator_class)
        kind = type("Recorder", bases, {})
    generator = kind(environment, reading.name, reading.file, None, False, environment.optimized)
    generator.reading, generator.names, generator.lazy = reading, names, lazy
    generator.visit(reading.tree)
    return generator


_OUTSIDE = "stands outside of the blocks of a template that extends another one"


def _other(template: nodes.Expr) -> str:
    """What the template that is named by an expression is called in a sentence."""
    names = template.items if isinstance(template, (nodes.List, nodes.Tuple)) else [template]
    constants = [f"`{name}`" for name in map(constant_name, names) if name]
    if len(constants) < len(names) or not names:
        return f"the template that `{shown(template)}` names"
    return constants[0] if len(constants) == 1 else f"the first of {', '.join(constants)}"


def _is_to_be_seen(node: nodes.Output) -> bool:
    return any(not isinstance(part, nodes.TemplateData) or part.data.strip() for part in node.nodes)


def _lines_of(node: nodes.Output) -> tuple[int, int]:
    """The first and the last line of a run, without blank ones around it."""
    spans = [_span(part) for part in node.nodes if not _is_blank(part)]
    if not spans:
        return node.lineno, node.lineno
    return spans[0][0], spans[-1][1]


def _is_blank(part: nodes.Expr) -> bool:
    return isinstance(part, nodes.TemplateData) and not part.data.strip()


def _span(part: nodes.Expr) -> tuple[int, int]:
    if not isinstance(part, nodes.TemplateData):
        return part.lineno, part.lineno
    text = part.data
    before = len(text) - len(text.lstrip())
    return (
        part.lineno + text.count("\n", 0, before),
        part.lineno + text.rstrip().count("\n"),
    )
