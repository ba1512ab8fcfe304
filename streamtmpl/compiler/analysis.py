"""What the compiler reads off the syntax tree.

Compiling asks many times whether there is something or other below a node, and looking for it takes
a walk each time. So one walk, the :class:`Survey`, notes the answers on the statements, as a set of
flags. The rest is about variables.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from .tags import region_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ASSIGNMENT = 1
"""A statement that sets variables."""
FUNCTION = 2
"""A macro or call block, which keeps the variables around it."""
SCOPED_BLOCK = 4
"""A block that sees the variables around it."""
LOCALS_USER = 8
"""What hands the variables around it to other code, but for includes."""
EXTENDS = 16
LOOP_TARGET = 32
"""``loop`` as the target of an assignment."""
FILTER = 64
CROSSING = 128
"""A block, or what brings in another template."""
BLOCK = 16384
CALL = 32768
"""A call, of whatever."""
INCLUDE = 131072
"""What hands the variables around it to a template, which it includes."""
_PULLING_FILTER = 65536
"""A filter that pulls from an iterator."""

ITERATING_FILTERS = frozenset(
    {"batch", "first", "groupby", "join", "list", "map", "max", "min", "random", "reject"}
    | {"rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum", "unique"}
)
"""Filters that pull from an iterator: it is closed with the stream, as one that a loop pulls from.
"""

LONG = 1500
"""What has more nodes than this is long: it is compiled to compact code."""

_VARIABLES = {
    "caller": 256,
    "kwargs": 512,
    "loop": 1024,
    "self": 2048,
    "super": 4096,
    "varargs": 8192,
}
"""The flags of the variables that :func:`undeclared` may be asked for."""
_OUTSIDE_BLOCKS = ~sum(_VARIABLES.values())

_FLAGS: dict[type[nodes.Node], int] = {
    nodes.Assign: ASSIGNMENT,
    nodes.AssignBlock: ASSIGNMENT,
    nodes.Macro: FUNCTION,
    nodes.CallBlock: FUNCTION | CALL,
    nodes.Call: CALL,
    nodes.Extends: EXTENDS,
    nodes.Filter: FILTER,
    nodes.OverlayScope: LOCALS_USER,
    nodes.DerivedContextReference: LOCALS_USER,
}
_WITH_CONTEXT = frozenset({nodes.Include, nodes.Import, nodes.FromImport})

_CONTENTS = "streamtmpl_contents"
_WEIGHT = "streamtmpl_weight"
_PULLS = "streamtmpl_pulls"


def find(body: list[nodes.Node], kinds: tuple[type[nodes.Node], ...]) -> Iterator[nodes.Node]:
    """The nodes of *kinds* in *body*."""
    for node in body:
        if isinstance(node, kinds):
            yield node
        yield from node.find_all(kinds)


def names_in(node: nodes.Node) -> list[str]:
    """The names of the variables in *node*."""
    return [name.name for name in find([node], (nodes.Name,)) if isinstance(name, nodes.Name)]


_SET_BY: dict[type[nodes.Node], Callable[[Any], list[str]]] = {
    nodes.Assign: lambda node: names_in(node.target),
    nodes.AssignBlock: lambda node: names_in(node.target),
    nodes.Macro: lambda node: [node.name],
    nodes.Import: lambda node: [node.target],
    nodes.FromImport: lambda node: [
        name if isinstance(name, str) else name[1] for name in node.names
    ],
}
"""The names of the variables that a statement sets."""


class Used:
    """The names of the filters and tests that are used somewhere."""

    def __init__(self) -> None:
        self.filters: set[str] = set()
        self.tests: set[str] = set()


class Survey:
    """What is below a node, in it included: making one marks the statements.

    :ivar contents: the flags of what there is.
    :ivar blocks: all blocks, in the order of the source.
    :ivar blocks_around: the name of the block that is around another, for each of those.
    :ivar imported: the names of Python modules that extensions want imported.
    :ivar set_names: the variables that are set, but for the targets of loops.
    :ivar shown: how often variables are shown, just as they are.
    :ivar looked_into: how often attributes of variables are looked up.
    :ivar namespaces: the variables of which attributes are set.
    :ivar weight: how many nodes there are.
    :ivar shared: the statements that are in more than one place, where an extension put them.
    """

    def __init__(self, node: nodes.Node) -> None:
        self.blocks: list[nodes.Block] = []
        self.blocks_around: dict[str, str] = {}
        self._block: str | None = None
        self.imported: list[nodes.ImportedName] = []
        self.set_names: set[str] = set()
        self.shown: Counter[str] = Counter()
        self.looked_into: Counter[str] = Counter()
        self.namespaces: set[str] = set()
        self.weight = 0
        self.shared: set[nodes.Node | None] = set()
        self._statements: set[int] = set()
        self._used_here = Used()
        self._used_in_body: dict[int, Used] = {}
        if isinstance(node, nodes.Template):
            self._used_in_body[id(node.body)] = self._used_here
        self.contents = self._mark(node)

    @property
    def is_long(self) -> bool:
        """Whether it is long."""
        return self.weight > LONG

    def used_by(self, body: Iterable[nodes.Node]) -> Used:
        """What is used in *body*, that of the template or of a block; blocks in it do not count."""
        found = self._used_in_body.get(id(body))
        return Survey(nodes.Template(list(body)))._used_here if found is None else found

    def _mark(self, node: Any) -> int:
        kind = type(node)
        self.weight += 1
        if kind is nodes.Name:
            return _flags_of_name(node)
        if kind is nodes.Block:
            return self._mark_block(node)
        contents = _FLAGS.get(kind, 0)
        if kind is nodes.Filter:
            self._used_here.filters.add(node.name)
            if node.name in ITERATING_FILTERS:
                contents |= _PULLING_FILTER
        elif kind is nodes.Test:
            self._used_here.tests.add(node.name)
        elif kind is nodes.Getattr:
            if type(node.node) is nodes.Name:
                self.looked_into[node.node.name] += 1
        elif kind is nodes.NSRef:
            self.namespaces.add(node.name)
        elif kind is nodes.ImportedName:
            self.imported.append(node)
        elif kind is nodes.Output:
            self.shown.update(part.name for part in node.nodes if type(part) is nodes.Name)
        elif kind is nodes.With and region_tag(node) == "defer":
            contents = CROSSING | LOCALS_USER
        elif kind in _WITH_CONTEXT:
            hands_on = INCLUDE if kind is nodes.Include else LOCALS_USER
            contents = CROSSING | (hands_on if node.with_context else 0)
        if kind in _SET_BY:
            self.set_names.update(_SET_BY[kind](node))
        return self._mark_children(node, contents)

    def _mark_block(self, block: nodes.Block) -> int:
        self.blocks.append(block)
        if self._block is not None:
            self.blocks_around[block.name] = self._block
        outside = self._used_here, self._block
        self._used_here = self._used_in_body[id(block.body)] = Used()
        self._block = block.name
        own = CROSSING | BLOCK | (SCOPED_BLOCK if block.scoped else 0)
        contents = self._mark_children(block, own)
        self._used_here, self._block = outside
        return contents & _OUTSIDE_BLOCKS

    def _mark_children(self, node: nodes.Node, contents: int) -> int:
        before = self.weight
        for field in node.fields:
            value = getattr(node, field, None)
            if isinstance(value, nodes.Node):
                contents |= self._mark(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, nodes.Node):
                        contents |= self._mark(item)
        if isinstance(node, nodes.Stmt):
            if id(node) in self._statements:
                self.shared.add(node)
            self._statements.add(id(node))
            setattr(node, _CONTENTS, contents)
            setattr(node, _WEIGHT, self.weight - before)
        elif contents & _PULLING_FILTER:
            setattr(node, _PULLS, True)
        return contents


def _flags_of_name(name: nodes.Name) -> int:
    flag = _VARIABLES.get(name.name, 0)
    return flag | LOOP_TARGET if name.name == "loop" and name.ctx == "store" else flag


def contains(body: Iterable[nodes.Node], what: int) -> bool:
    """Whether there is anything in *body* that has one of the flags *what*."""
    for node in body:
        contents = getattr(node, _CONTENTS, None)
        if contents is None:  # an expression, or made after the survey
            contents = Survey(node).contents
        if contents & what:
            return True
    return False


def is_long(node: nodes.Stmt) -> bool:
    """Whether *node*, as the survey found it, is long."""
    return getattr(node, _WEIGHT, 0) > LONG


def pulls(node: nodes.Expr) -> bool:
    """Whether a filter in the expression *node*, as the survey found it, pulls from an iterator."""
    return getattr(node, _PULLS, False)


def undeclared(body: list[nodes.Node], *names: str) -> set[str]:
    """Those of *names* that are read in *body* and not set before; blocks in it do not count."""
    if not contains(body, sum(_VARIABLES[name] for name in names)):
        return set()
    return find_undeclared(body, names)


def outermost_blocks(node: nodes.Node) -> Iterator[nodes.Block]:
    """The blocks in *node*, which may be one itself, without those in other blocks."""
    if isinstance(node, nodes.Block):
        yield node
    elif contains([node], BLOCK):
        for child in node.iter_child_nodes():
            yield from outermost_blocks(child)


def sets_attribute(node: nodes.Assign | nodes.AssignBlock) -> bool:
    """Whether an assignment sets an attribute of a namespace."""
    return any(find([node.target], (nodes.NSRef,)))


_NEVER_AWAITED = (
    *(nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.CondExpr, nodes.Concat),
    *(nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Operand),
)


def may_await(
    node: nodes.Node, is_known: Callable[[nodes.Node], bool] = lambda node: False
) -> bool:
    """Whether code of the expression *node* may await something.

    :param is_known: tells parts of it whose value is there, whatever they are.
    """
    if is_known(node):
        return False
    return not isinstance(node, _NEVER_AWAITED) or any(
        may_await(child, is_known) for child in node.iter_child_nodes()
    )
