"""What is called: a macro, a block, or something else, as far as the templates tell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from jinja2 import nodes, runtime

from streamtmpl.compiler.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_GETS = (nodes.Getattr, nodes.Getitem)
_LITERALS = (nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.TemplateData)
_TRANSLATING = frozenset({"_", "gettext", "ngettext", "npgettext", "pgettext"})
_OURS = frozenset({"macro", "caller", "block", "loop"})


class Callee(Record):
    """What a call calls.

    :ivar kind: what it is; of what is ``"unknown"`` only the run knows.
    :ivar words: what it is called in a sentence.
    :ivar body: what it writes, where that is known.
    """

    kind: Literal["macro", "caller", "block", "loop", "function", "unknown"]
    words: str
    body: list[nodes.Node] | None = None

    @property
    def writes(self) -> bool:
        """Whether it is certain to write into the stream where it can."""
        return self.kind in _OURS


def shown(node: nodes.Node | None) -> str:
    """The source of the expression *node*, more or less."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{shown(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{shown(node.node)}[{shown(node.arg)}]"
    if isinstance(node, nodes.Call):
        return f"{shown(node.node)}()"
    if isinstance(node, (nodes.Filter, nodes.Test)):
        sign = "|" if isinstance(node, nodes.Filter) else " is "
        return f"{shown(node.node)}{sign}{node.name}"
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Const):
        return repr(node.value)
    if isinstance(node, nodes.ExtensionAttribute):
        return f"{node.identifier.rpartition('.')[2]}.{node.name}"
    if isinstance(node, nodes.ImportedName):
        return node.importname
    return "..."


def is_literal(node: nodes.Node) -> bool:
    """Whether what the expression *node* gives is in memory, by how it is written."""
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Name) and node.node.name == "range"
    return isinstance(node, _LITERALS)


class Names:
    """The names of a template, as far as they can be known before it is rendered."""

    def __init__(
        self,
        tree: nodes.Template,
        known: Mapping[str, object],
        load: Callable[[str], nodes.Template | None],
        blocks: Mapping[str, list[nodes.Block]] | None = None,
    ) -> None:
        """The names in *tree*.

        :param known: the globals of the template.
        :param load: gives the tree of another template, if there is one.
        :param blocks: the blocks of all templates of the page, by their names.
        """
        self._globals = known
        self._load = load
        self._blocks = {} if blocks is None else blocks
        self._macros: dict[str, list[nodes.Macro]] = {}
        self._modules: dict[str, str | None] = {}
        self._members: dict[str, tuple[str | None, str]] = {}
        self._own_blocks = set(tree.find_all(nodes.Block))
        self._set: Counter[str] = Counter()
        for macro in tree.find_all(nodes.Macro):
            self._macros.setdefault(macro.name, []).append(macro)
            self._set[macro.name] += 1
        for module in tree.find_all(nodes.Import):
            self._modules[module.target] = constant_name(module.template)
            self._set[module.target] += 1
        for members in tree.find_all(nodes.FromImport):
            for each in members.names:
                name, alias = (each, each) if isinstance(each, str) else each
                self._members[alias] = (constant_name(members.template), name)
                self._set[alias] += 1
        for name_node in tree.find_all(nodes.Name):
            if name_node.ctx != "load":
                self._set[name_node.name] += 1

    def callee(self, node: nodes.Expr, block: str | None = None) -> Callee:
        """What the expression *node* is, where it is called in *block*."""
        words = f"`{shown(node)}()`"
        if isinstance(node, nodes.Name):
            return self._named(node.name, words, block)
        if isinstance(node, _GETS) and isinstance(node.node, nodes.Name):
            return self._attribute(node.node.name, _asked(node), words, block)
        if isinstance(node, _GETS) and is_literal(node.node):
            return Callee("function", words)
        if isinstance(node, (nodes.ExtensionAttribute, nodes.ImportedName)):
            return Callee("function", words)
        return Callee("unknown", words)

    def _named(self, name: str, words: str, block: str | None) -> Callee:
        if name == "caller":
            return Callee("caller", words)
        if name == "super":
            return self._overridden(words, block)
        if name == "loop":
            return Callee("loop", words)
        if name in self._macros and len(self._macros[name]) == self._set[name]:
            return Callee("macro", words, _body_of(self._macros[name]))
        if self._set[name] == 1 and name in self._members:
            return self._member(*self._members[name], words)
        if not self._set[name] and name in self._globals:
            is_macro = isinstance(self._globals[name], runtime.Macro)
            return Callee("macro" if is_macro else "function", words)
        if not self._set[name] and name in _TRANSLATING:
            return Callee("function", words)
        return Callee("unknown", words)

    def _attribute(self, name: str, attribute: object, words: str, block: str | None) -> Callee:
        if name == "self" and isinstance(attribute, str):
            found = self._blocks.get(attribute)
            return Callee("block", words, None if found is None else _body_of(found))
        if name == "super":
            return self._overridden(words, block)
        if name == "loop":
            return Callee("function", words)
        if self._set[name] == 1 and name in self._modules and isinstance(attribute, str):
            return self._member(self._modules[name], attribute, words)
        return Callee("unknown", words)

    def _overridden(self, words: str, block: str | None) -> Callee:
        """What ``super`` is in *block*: the same block of another template of the page."""
        others = [
            each for each in self._blocks.get(block or "", ()) if each not in self._own_blocks
        ]
        return Callee("block", words, _body_of(others))

    def _member(self, template: str | None, name: str, words: str) -> Callee:
        tree = None if template is None else self._load(template)
        for node in () if tree is None else tree.body:
            if isinstance(node, nodes.Macro) and node.name == name:
                return Callee("macro", words, node.body)
        return Callee("unknown", words)

    # -- how much is written

    def is_much(self, body: Iterable[nodes.Node], block: str | None = None) -> bool:
        """Whether what *body* writes may be long or take long: it has a loop, or more templates.

        :param block: the block that it stands in.
        """
        return self._much(body, set(), block)

    def writes_much(self, callee: Callee) -> bool:
        """Whether that goes for what *callee* writes."""
        return self._callee_is_much(callee, set())

    def _callee_is_much(self, callee: Callee, seen: set[nodes.Node]) -> bool:
        if not callee.writes:
            return False
        if callee.body is None or not seen.isdisjoint(callee.body):  # it calls itself
            return True
        return self._much(callee.body, seen | set(callee.body), None)

    def _much(self, body: Iterable[nodes.Node], seen: set[nodes.Node], block: str | None) -> bool:
        for node in body:
            if isinstance(node, nodes.Macro):
                continue
            if isinstance(node, (nodes.Include, nodes.Block)):
                return True
            if isinstance(node, nodes.For) and (node.recursive or not is_literal(node.iter)):
                return True
            if isinstance(node, nodes.Call):
                # Where the block is not known, all that it is in any template is looked at.
                callee = self.callee(node.node, block)
                if self._callee_is_much(callee, seen):
                    return True
            if self._much(node.iter_child_nodes(), seen, block):
                return True
        return False


def _body_of(found: Sequence[nodes.Macro | nodes.Block]) -> list[nodes.Node]:
    return [node for each in found for node in each.body]


def _asked(node: nodes.Getattr | nodes.Getitem) -> object:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) else None


def constant_name(node: nodes.Expr) -> str | None:
    """The name of a template, if it stands there."""
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def possible_names(node: nodes.Expr) -> Iterator[str]:
    """The names of templates of which *node* may be one, as far as they stand there."""
    if isinstance(node, (nodes.List, nodes.Tuple)):
        for item in node.items:
            yield from possible_names(item)
    elif isinstance(node, nodes.CondExpr):
        for branch in filter(None, (node.expr1, node.expr2)):
            yield from possible_names(branch)
    elif (name := constant_name(node)) is not None:
        yield name
