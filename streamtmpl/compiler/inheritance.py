"""Blocks, includes, and the other statements that end at a boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from .functions import FunctionGenerator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.compiler import Frame


def _dict_of(stores: Mapping[str, str], sure: bool) -> str:
    """The source of a dict of variables in locals, which all have a value if that is *sure*."""
    pairs = ", ".join(f"{name!r}: {ref}" for name, ref in stores.items())
    return f"{{{pairs}}}" if sure else f"without_missing({{{pairs}}})"


class InheritanceGenerator(FunctionGenerator):
    """Compiles what pulls in other templates, and scopes."""

    def visit_Block(self, node: nodes.Block, frame: Frame) -> None:
        """Render the most derived version of a block here."""
        guarded = False
        if frame.toplevel:
            if self.has_known_extends:
                return
            if self.extends_so_far > 0:
                self.writeline("if parent_template is None:")
                self.indent()
                guarded = True
        context = self.derive_context(frame) if node.scoped else self.get_context_ref()
        if node.required:
            self.writeline(f"if len(context.blocks[{node.name!r}]) <= 1:", node)
            self.indent()
            message = f"Required block {node.name!r} not found"
            self.writeline(f"raise TemplateRuntimeError({message!r})", node)
            self.outdent()
        function = self.into(f"context.blocks[{node.name!r}][0]")
        self.call_into(f"{function}({context}, {self.out(frame)})", node)
        if guarded:
            self.outdent()
        self.boundary(frame)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        """Render another template here."""
        if node.ignore_missing:
            self.writeline("try:")
            self.indent()
        render = self._get_template(node, frame)
        if node.ignore_missing:
            self.outdent()
            self.writeline("except TemplateNotFound:")
            self.indent()
            self.writeline("pass")
            self.outdent()
            self.writeline("else:")
            self.indent()
        if node.with_context:
            self.call_into(f"{render}({self.out(frame)}, {self._local_variables(frame)})")
        else:
            self._write_module_body(render, frame)
        if node.ignore_missing:
            self.outdent()
        self.boundary(frame)

    def _get_template(self, node: nodes.Include, frame: Frame) -> str:
        """Write the look-up of the template.

        One with a constant name is looked up once each time the function runs.

        :return: the local that holds it; with context, what renders it.
        """
        constant = isinstance(node.template, nodes.Const)
        template = self.remembered_local() if constant else "template"
        if constant:
            self.writeline(f"if {template} is None:")
            self.indent()
        self.writeline(f"{template} = environment.{self._template_getter(node)}(", node)
        self.visit(node.template, frame)
        self.write(f", {self.name!r})")
        counter, asks = self.lent_counter(frame) if node.with_context else None, ""
        if counter is not None:
            asks = self.temporary_identifier()
            self.writeline(f"{asks} = asks_for_loop({template})")
        if node.with_context:
            including = self.choose_async("async_including", "including")
            self.writeline(f"{template} = {including}({template}, context)", node)
        if constant:
            self.outdent()
        if counter is not None:
            assert counter.lent is not None
            made = counter.lent.made_at(counter.counted)
            self.writeline(
                f"if {asks} and {counter.size} is not None:"
                f" {counter.size}, {counter.object} = None, {made}"
            )
        return template

    def _local_variables(self, frame: Frame) -> str:
        """The source of a dict of the local variables that have a value."""
        stores = frame.symbols.dump_stores()
        counter = self.lent_counter(frame)
        loop = None if counter is None else counter.object
        without = {name: ref for name, ref in stores.items() if ref != loop}
        sure = all(self.is_sure(ref, frame) for ref in without.values())
        if counter is None:
            return _dict_of(stores, sure)
        return (
            f"{_dict_of(without, sure)} if {counter.size} is not None else {_dict_of(stores, sure)}"
        )

    @staticmethod
    def _template_getter(node: nodes.Include) -> str:
        template = node.template
        if isinstance(template, (nodes.Tuple, nodes.List)):
            return "select_template"
        if isinstance(template, nodes.Const):
            if isinstance(template.value, str):
                return "get_template"
            if isinstance(template.value, (tuple, list)):
                return "select_template"
        return "get_or_select_template"

    def _write_module_body(self, template: str, frame: Frame) -> None:
        """Write the text of the template's module, which Jinja2 renders once and keeps."""
        module = self.choose_async(
            f"(await {template}._get_default_module_async())",
            f"{template}._get_default_module()",
        )
        self.writeline(f"for event in {module}._body_stream:")
        self.indent()
        self.writeline(f"{self.writer(frame)}(event)")
        self.outdent()

    # -- statements that Jinja2 compiles and that end at a boundary

    def visit_With(self, node: nodes.With, frame: Frame) -> None:
        """``{% with %}``"""
        super().visit_With(node, frame)
        self.statement_ends(frame)

    def visit_AssignBlock(self, node: nodes.AssignBlock, frame: Frame) -> None:
        """``{% set name %}``"""
        self.push_assign_tracking()
        inner = frame.inner()
        inner.require_output_check = False  # a child template may set what it does not show
        inner.symbols.analyze_node(node)
        self.enter_frame(inner)
        self.buffer(inner)
        self.blockvisit(node.body, inner)
        self.newline(node)
        self.visit(node.target, frame)
        # Whether to escape is asked of the run: a block may be shown where that has been changed.
        escapes, text = "context.eval_ctx.autoescape", f"concat({inner.buffer})"
        if node.filter is not None or self.environment.concat != "".join:
            self.write(f" = (Markup if {escapes} else identity)(")
            if node.filter is not None:
                self.visit_Filter(node.filter, inner)
            else:
                self.write(text)
            self.write(")")
        else:
            self.write(f" = text_as(Markup, {text}) if {escapes} else {text}")
        self.captured(inner.buffer)
        self.pop_assign_tracking(frame)
        self.leave_frame(inner)

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:
        """``{% filter %}``"""
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        self.enter_frame(inner)
        self.buffer(inner)
        self.blockvisit(node.body, inner)
        self.start_write(frame, node)
        self.write("block_text(")
        self.visit_Filter(node.filter, inner)
        self.write(")")
        self.end_write(frame)
        self.captured(inner.buffer)
        self.leave_frame(inner)
        self.statement_ends(frame)

    def visit_Scope(self, node: nodes.Scope, frame: Frame) -> None:
        """A scope that an extension opens."""
        super().visit_Scope(node, frame)
        self.statement_ends(frame)

    def visit_OverlayScope(self, node: nodes.OverlayScope, frame: Frame) -> None:
        """A scope over a context of its own, that an extension opens."""
        super().visit_OverlayScope(node, frame)
        self.statement_ends(frame)

    def visit_ScopedEvalContextModifier(
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """``{% autoescape %}``"""
        super().visit_ScopedEvalContextModifier(node, frame)
        self.statement_ends(frame)
