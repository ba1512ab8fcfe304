"""What a page does where single blocks of it are asked for.

A root function with blocks runs in two ways. Without ``parts`` it renders the page. With them it
does no more than the names need that its blocks may read: it sets variables, imports, defines
macros. Where it comes to blocks it calls ``parts`` with their names, which renders the one that is
asked for.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from .analysis import (
    BLOCK,
    EXTENDS,
    SCOPED_BLOCK,
    contains,
    find,
    outermost_blocks,
    sets_attribute,
    undeclared,
)
from .loops.joining import JoiningGenerator
from .tags import region_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.compiler import Frame

_SETTING = (nodes.Assign, nodes.AssignBlock)
_DEFINING = (*_SETTING, nodes.Macro, nodes.Import, nodes.FromImport)
_ALWAYS = (nodes.ExprStmt, nodes.Extends, nodes.EvalContextModifier)
_SCOPES = (nodes.With, nodes.Scope, nodes.OverlayScope)
_AROUND = (nodes.If, *_SCOPES, nodes.ScopedEvalContextModifier)


_VALUES = frozenset(
    {nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem}
    | {nodes.If, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand}
)
"""What looks at values and calls nothing of a template's."""


def _told(node: nodes.ScopedEvalContextModifier) -> bool | None:
    """Whether text is escaped in there, if the template says so in a word, and nothing else."""
    option, *others = node.options
    value = option.value
    if others or option.key != "autoescape" or type(value) is not nodes.Const:
        return None
    return bool(value.value)


def needed_for_parts(node: nodes.Node, scoped: bool = False) -> bool:
    """Whether the statement *node* says something that a block after it or in it may read.

    :param scoped: it is in a scope of its own, out of which variables do not come.
    """
    if isinstance(node, _DEFINING) and not scoped:
        return True
    if isinstance(node, _SETTING):
        return sets_attribute(node)
    if isinstance(node, nodes.If):
        return _any_needed((*node.body, *node.elif_, *node.else_), scoped)
    if isinstance(node, nodes.ScopedEvalContextModifier):
        return contains([node], BLOCK) or _any_needed(node.body, scoped)
    if isinstance(node, _SCOPES) and not (isinstance(node, nodes.With) and region_tag(node)):
        return contains([node], SCOPED_BLOCK) or _any_needed(node.body, True)
    return isinstance(node, _ALWAYS)


def _any_needed(body: Iterable[nodes.Node], scoped: bool) -> bool:
    return any(needed_for_parts(node, scoped) for node in body)


class PartsGenerator(JoiningGenerator):
    """Divides the top level of a template: what is for pages only, and what is for parts too."""

    _dividing = False

    def has_parts(self) -> bool:
        """Whether blocks can be asked for of the template that is compiled."""
        return bool(self.survey.blocks) or bool(self.survey.contents & EXTENDS)

    def divide(self, body: list[nodes.Node], frame: Frame) -> None:
        """Write the statements of the top level."""
        self._dividing = self.has_parts()
        self.blockvisit(body, frame)
        self._dividing = False

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        """Visit the statements of a block, which may be none."""
        if not self._dividing:
            super().blockvisit(body, frame)
            return
        with self.statements():
            for needed, group in groupby(body, needed_for_parts):
                if needed:
                    for node in group:
                        self._for_parts_too(node, frame)
                else:
                    self._for_pages_only(list(group), frame)
        self._dividing = True

    def _for_parts_too(self, node: nodes.Node, frame: Frame) -> None:
        self._dividing = isinstance(node, _AROUND)
        if isinstance(node, nodes.AssignBlock):
            self._places([node], frame, "if parts is not None:")
        self.visit(node, frame)
        self._dividing = True
        if isinstance(node, nodes.If):  # the branch that has the block may not be the one that runs
            self._places([node], frame, "if parts is not None:", passed=True)

    def _for_pages_only(self, body: list[nodes.Node], frame: Frame) -> None:
        if self.has_known_extends:
            # What writes nothing in any case. As in Jinja2, blocks inside of scopes do write.
            silent = (nodes.Output, nodes.Block) if frame.toplevel else nodes.Output
            body = [node for node in body if not isinstance(node, silent)]
            if not body:
                return
        self.writeline("if parts is None:")
        self.indent()
        self._dividing = False
        self.blockvisit(body, frame)
        self._dividing = True
        self.outdent()
        self._places(body, frame, "else:")

    def _places(
        self, body: list[nodes.Node], frame: Frame, condition: str, *, passed: bool = False
    ) -> None:
        """Write where the blocks in *body* are, each with the context that it would have there.

        :param passed: they have been there, unless they were left out.
        """
        blocks = [block for node in body for block in outermost_blocks(node)]
        if not blocks or self.has_known_extends:
            return
        self.writeline(condition)
        self.indent()
        depth = 1
        if self.extends_so_far:
            self.writeline("if parent_template is None:")
            self.indent()
            depth = 2

        def context_of(block: nodes.Block) -> str:
            local = block.scoped and not frame.toplevel
            return self.derive_context(frame) if local else self.get_context_ref()

        for context, group in groupby(blocks, context_of):
            together = list(group)
            names = tuple(block.name for block in together)
            if passed:
                self.writeline(f"parts.passed({names!r}, {context})")
            else:
                self.call_into(f"parts({names!r}, {context}, out)", together[0])
        self.outdent(depth)

    def visit_ScopedEvalContextModifier(
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """What ``{% autoescape %}`` has inside."""
        saved = frame.eval_ctx.save()
        escapes = None if frame.eval_ctx.volatile else _told(node)
        if escapes is not None and self._decided_here(node.body):
            frame.eval_ctx.autoescape = escapes
            self.blockvisit(node.body, frame)
            frame.eval_ctx.revert(saved)
            return
        before = self.temporary_identifier()
        self.writeline(f"{before} = context.eval_ctx.save()")
        self.visit_EvalContextModifier(node, frame)
        self.blockvisit(node.body, frame)
        frame.eval_ctx.revert(saved)
        self.writeline(f"context.eval_ctx.revert({before})")

    def _decided_here(self, body: list[nodes.Node]) -> bool:
        """Whether nothing that *body* runs could ask whether text is escaped."""
        return (
            not self.environment.is_async
            and self.environment.finalize is None
            and all(type(each) in _VALUES for node in body for each in find([node], (nodes.Node,)))
        )

    def parts_of_module(self) -> dict[str, Any]:
        """The attributes of the module's functions by which parts find blocks, by their source."""
        if not self.has_parts():
            return {}
        found: dict[str, Any] = {"root.has_parts": True}
        for block in self.survey.blocks:
            if (around := self.survey.blocks_around.get(block.name)) is not None:
                found[f"block_{block.name}.within"] = around
            if undeclared(block.body, "super"):
                found[f"block_{block.name}.calls_super"] = True
            if block.required:
                found[f"block_{block.name}.required"] = block.lineno
        return found
