"""The generated module: its root and block functions, and macros."""

from __future__ import annotations

from types import NoneType
from typing import Any

from jinja2 import nodes
from jinja2.compiler import Frame, MacroRef
from jinja2.nodes import EvalContext
from jinja2.utils import _PassArg

from streamtmpl.vocabulary import PARAMETER

from .analysis import ASSIGNMENT, CALL, EXTENDS, contains, undeclared
from .loop_needs import leaves_data_alone, names_loop
from .parts import PartsGenerator
from .traits import uses_builtins
from .writing import LOCALS_OF_BLOCK, LOCALS_OF_ROOT

_CONSTANTS = (str, int, bool, NoneType)
"""The types of what a parameter may be by Python's own means when the caller gave nothing."""


class FunctionGenerator(PartsGenerator):
    """Compiles templates and macros into functions that write into a buffer."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        """Write the whole module."""
        assert frame is None, "a template is the outermost node"
        with self.module(node):
            self._module_body(node)

    def _module_body(self, node: nodes.Template) -> None:
        extends = bool(self.survey.contents & EXTENDS)
        self._collect_blocks()
        self._import_names()
        self.writeline(f"name = {self.name!r}")
        eval_ctx = EvalContext(self.environment, self.name)
        self._root_function(node, eval_ctx, extends)
        for name, block in self.blocks.items():
            self._block_function(name, block, eval_ctx)
        self.other_functions()
        blocks = ", ".join(f"{name!r}: block_{name}" for name in self.blocks)
        self.writeline(f"blocks = {{{blocks}}}", extra=1)
        for attribute, value in self.parts_of_module().items():
            self.writeline(f"{attribute} = {value!r}")
        lines = "&".join(f"{line}={code_line}" for line, code_line in self.debug_info)
        self.writeline(f"debug_info = {lines!r}")

    def other_functions(self) -> None:
        """Write the functions of the module beside its root and blocks."""

    def _collect_blocks(self) -> None:
        for block in self.survey.blocks:
            if block.name in self.blocks:
                self.fail(f"block {block.name!r} defined twice", block.lineno)
            self.blocks[block.name] = block

    def _import_names(self) -> None:
        for imported in self.survey.imported:
            path = imported.importname
            if path in self.import_aliases:
                continue
            self.import_aliases[path] = alias = self.temporary_identifier()
            module, _, name = path.rpartition(".")
            source = f"from {module} import {name}" if module else f"import {name}"
            self.writeline(f"{source} as {alias}")

    def _render_header(self, name: str, given: str = "") -> str:
        """Write the decorator of a root or block function and return its header.

        :param given: parameters of its own.
        """
        self.writeline(self.choose_async("@async_template_function", "@template_function"), extra=1)
        # Code that is stored as a module learns its environment only when it is loaded.
        environment = "" if self.defer_init else ", environment=environment"
        return f"{self.func(name)}(context, out{given}, missing=missing{environment}):"

    def _root_function(self, node: nodes.Template, eval_ctx: EvalContext, extends: bool) -> None:
        parts = ", parts=None" if self.has_parts() else ""
        header = self._render_header("root", ", variables=None, parent=None" + parts)
        self.looks_up_later = False
        with self.function(header, renders=LOCALS_OF_ROOT, only_called=True):
            frame = Frame(eval_ctx)
            self._declare_self(node.body, frame)
            frame.symbols.analyze_node(node)
            frame.toplevel = frame.rootlevel = True
            frame.require_output_check = extends and not self.has_known_extends
            if extends:
                self.writeline("parent_template = None")
            self.enter_frame(frame)
            self.pull_dependencies(node.body)
            self.divide(node.body, frame)
            self.leave_frame(frame, with_python_scope=True)
            if extends:
                self._render_parent()
        if traits := self._traits(node, extends):  # one statement: Python compiles it sooner
            self.writeline("".join(f"root.{trait} = " for trait in traits) + "True")

    def _traits(self, node: nodes.Template, extends: bool) -> list[str]:
        """What can be relied on by who renders the root."""
        if self.looks_up_later and self._hands_context_out(node):
            return []
        traits = ["takes_variables"]
        if self.keeps_context and not extends:
            traits.append("keeps_context")
            if not self.looks_up_later:
                traits.append("reads_at_once")
            if self._leaves_loop(node):
                traits.append("leaves_loop")
        return traits

    def _leaves_loop(self, node: nodes.Template) -> bool:
        """Whether the template, where it is included, could not tell what it is in a loop of."""
        alone = not any(names_loop(each) for each in node.body)
        return alone and leaves_data_alone(node.body) and uses_builtins(node, self.environment)

    def _hands_context_out(self, node: nodes.Template) -> bool:
        """Whether something gets the context that could set variables in it."""
        if contains([node], CALL):
            return True
        environment = self.environment
        functions: list[Any] = [
            (environment.filters if type(each) is nodes.Filter else environment.tests).get(
                each.name
            )
            for each in node.find_all((nodes.Filter, nodes.Test))
        ]
        return any(
            _PassArg.from_obj(function) is _PassArg.context
            for function in (environment.finalize, *functions)
        )

    def _render_parent(self) -> None:
        known = self.has_known_extends
        if not known:
            self.writeline("if parent_template is not None:")
            self.indent()
        self.writeline("if parts is None:")
        self.indent()
        root = "parent_template.root_render_func"
        steps = self.choose_async(
            f"async_into({root})(context, out)", f"root_steps({root}, context, out)"
        )
        self.call_into(steps)
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.call_into("parts.extend(parent_template, context, out)")
        self.outdent(1 if known else 2)

    def into(self, function: str) -> str:
        """The source of the compiled function behind a root or block function."""
        return f"{self.choose_async('async_into', 'into')}({function})"

    def _declare_self(self, body: list[nodes.Node], frame: Frame) -> None:
        if undeclared(body, "self"):
            ref = frame.symbols.declare_parameter("self")
            self.writeline(f"{ref} = TemplateReference(context)")

    def _block_function(self, name: str, block: nodes.Block, eval_ctx: EvalContext) -> None:
        header = self._render_header(f"block_{name}")
        with self.function(header, block, renders=LOCALS_OF_BLOCK):
            # Not a child of the root's frame: a block sees the context, not the root's locals.
            frame = Frame(eval_ctx)
            frame.block_frame = contains(block.body, ASSIGNMENT)
            self._declare_self(block.body, frame)
            if undeclared(block.body, "super"):
                ref = frame.symbols.declare_parameter("super")
                self.writeline(f"{ref} = overridden_block(context, {name!r}, block_{name})")
            frame.symbols.analyze_node(block)
            frame.block = name
            if frame.block_frame:
                self.writeline("_block_vars = {}")
            self.enter_frame(frame)
            self.pull_dependencies(block.body)
            self.blockvisit(block.body, frame)
            self.leave_frame(frame, with_python_scope=True)

    # -- macros

    def macro_body(
        self, node: nodes.Macro | nodes.CallBlock, frame: Frame
    ) -> tuple[Frame, MacroRef]:
        """Write the function of a macro or call block."""
        frame = frame.inner()
        frame.symbols.analyze_node(node)
        macro_ref = MacroRef(node)
        parameters = self._macro_parameters(node, frame, macro_ref)
        # A macro writes wherever it is called, not where it is defined.
        frame.require_output_check = False
        frame.buffer = None
        frame.symbols.analyze_node(node)
        outside, self._loops, self._in_capture = (self._loops, self._in_capture), [], False
        names = [PARAMETER + name for name, _ in parameters]
        given = self._constant_defaults(node, frame)
        values = [*given, *["missing"] * (len(names) - len(given))]
        if macro_ref.accesses_varargs:
            values[-1] = "()"
        signature = ", ".join(["out", *map("=".join, zip(names, values, strict=True))])
        with self.function(f"{self.func('macro')}({signature}):", node, only_called=True):
            for name, (_, local) in zip(names, parameters, strict=True):
                if name != local:
                    self.writeline(f"{local} = {name}")
            with self.repeated(node):
                self.enter_frame(frame)
                self._implicit_defaults(macro_ref, node, frame)
                self._macro_defaults(node, frame, given)
                self.blockvisit(node.body, frame)
                self.leave_frame(frame, with_python_scope=True)
        self._loops, self._in_capture = outside
        return frame, macro_ref

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        """Write the macro object over the function written last."""
        self.write(self.choose_async("Async", ""))
        super().macro_def(macro_ref, frame)

    def _macro_parameters(
        self, node: nodes.Macro | nodes.CallBlock, frame: Frame, macro_ref: MacroRef
    ) -> list[tuple[str, str]]:
        """The parameters of a macro's function and their locals.

        Those declared come first, then the implicit ones that the macro uses.
        """
        declared = {argument.name for argument in node.args}
        parameters = [(each.name, frame.symbols.ref(each.name)) for each in node.args]
        used = undeclared(node.body, "caller", "kwargs", "varargs")
        if "caller" in used:
            macro_ref.accesses_caller = True
            if "caller" in declared:
                self._check_caller_default(node)
            else:
                parameters.append(("caller", frame.symbols.declare_parameter("caller")))
        if "kwargs" in used - declared:
            macro_ref.accesses_kwargs = True
            parameters.append(("kwargs", frame.symbols.declare_parameter("kwargs")))
        if "varargs" in used - declared:
            macro_ref.accesses_varargs = True
            parameters.append(("varargs", frame.symbols.declare_parameter("varargs")))
        return parameters

    def _check_caller_default(self, node: nodes.Macro | nodes.CallBlock) -> None:
        names = [argument.name for argument in node.args]
        if names.index("caller") < len(names) - len(node.defaults):
            self.fail(
                'When defining macros or call blocks the special "caller" argument must be'
                " omitted or be given a default.",
                node.lineno,
            )

    def _implicit_defaults(
        self, macro_ref: MacroRef, node: nodes.Macro | nodes.CallBlock, frame: Frame
    ) -> None:
        """Write what ``caller`` and ``kwargs`` are when the caller gave none."""
        declared = {argument.name for argument in node.args}
        if macro_ref.accesses_caller and "caller" not in declared:
            ref = frame.symbols.ref("caller")
            missed = "undefined('No caller defined', name='caller')"
            self.writeline(f"if {ref} is missing: {ref} = {missed}")
        if macro_ref.accesses_kwargs:
            ref = frame.symbols.ref("kwargs")
            self.writeline(f"if {ref} is missing: {ref} = {{}}")

    def _constant_defaults(self, node: nodes.Macro | nodes.CallBlock, frame: Frame) -> list[str]:
        """What parameters are when the caller gave nothing, up to the last that Python can tell.

        An expression is evaluated after what stands before it, and may read it; but it finds those
        undefined that come later.
        """
        found = ["missing"] * (len(node.args) - len(node.defaults))
        for default in node.defaults:
            value = self.folded(default, frame)
            if type(value) is not nodes.Const or type(value.value) not in _CONSTANTS:
                break
            found.append(repr(value.value))
        return found

    def _macro_defaults(
        self, node: nodes.Macro | nodes.CallBlock, frame: Frame, given: list[str]
    ) -> None:
        """Write what parameters are when the caller gave nothing, unless it is *given* already."""
        self.push_parameter_definitions(frame)
        without_default = len(node.args) - len(node.defaults)
        for index, argument in enumerate(node.args):
            ref = frame.symbols.ref(argument.name)
            if without_default <= index < len(given):
                self.mark_parameter_stored(ref)
                continue
            self.writeline(f"if {ref} is missing:")
            self.indent()
            if index < without_default:
                hint = f"parameter {argument.name!r} was not provided"
                self.writeline(f"{ref} = undefined({hint!r}, name={argument.name!r})")
            else:
                self.writeline(f"{ref} = ")
                self.visit(node.defaults[index - without_default], frame)
            self.mark_parameter_stored(ref)
            self.outdent()
        self.pop_parameter_definitions()
