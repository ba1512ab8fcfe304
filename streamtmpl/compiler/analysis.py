"""What a template does with its variables, and a loop's body with ``loop``: read off the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator


def uses_as_value(node: nodes.Node, name: str) -> bool:
    """Whether the variable *name* is used in *node* for more than its attributes and calling it."""
    if isinstance(node, nodes.Name):
        return node.name == name
    for child in node.iter_child_nodes():
        used = isinstance(child, nodes.Name) and isinstance(node, (nodes.Getattr, nodes.Call))
        if not (used and child is node.node) and uses_as_value(child, name):  # type: ignore[attr-defined]
            return True
    return False


NUMBERED = frozenset({"index", "index0", "first"})
"""The attributes of ``loop`` that a counter beside the object tells."""
COUNTED = frozenset({"index", "index0", "first", "depth", "depth0"})
"""The attributes of ``loop`` that need no more than the number of items so far."""
SIZED = COUNTED | {"last", "length", "revindex", "revindex0"}
"""Those that need no more than that and the number of all items."""
STEPPED = frozenset({"index", "index0", "first", "previtem", "depth", "depth0"})
"""The attributes of ``loop`` that need no look at what follows."""
PLAIN = STEPPED | {"last", "nextitem", "length", "revindex", "revindex0"}
"""All of them whose values do not lead back to the ``loop`` object."""
_METHODS = frozenset({"cycle", "changed"})

_CLOSURES = (nodes.Macro, nodes.CallBlock)
_WITH_LOCALS: tuple[type[nodes.Node], ...] = (
    *(nodes.Include, nodes.Import, nodes.FromImport),
    *(nodes.OverlayScope, nodes.DerivedContextReference),
)
"""What hands the template's variables to other code."""
_CALLS: tuple[type[nodes.Node], ...] = (
    *(nodes.Call, nodes.CallBlock, nodes.ExprStmt, nodes.Block, nodes.Extends),
    *(nodes.Include, nodes.Import, nodes.FromImport, nodes.ExtensionAttribute),
)
_NEVER_AWAITED = (
    *(nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.CondExpr, nodes.Concat),
    *(nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Operand),
)


def _find(body: list[nodes.Node], kinds: tuple[type[nodes.Node], ...]) -> Iterator[nodes.Node]:
    for node in body:
        if isinstance(node, kinds):
            yield node
        yield from node.find_all(kinds)


def _has_attribute(node: nodes.Node, name: str, attributes: frozenset[str]) -> bool:
    return (
        isinstance(node, nodes.Getattr)
        and node.attr in attributes
        and isinstance(node.node, nodes.Name)
        and node.node.name == name
    )


def cycles(node: nodes.Call) -> bool:
    """Whether *node* calls ``loop.cycle()`` with items that can be seen."""
    seen = node.args and not node.kwargs and node.dyn_args is None and node.dyn_kwargs is None
    return bool(seen) and _has_attribute(node.node, "loop", frozenset({"cycle"}))


def leaves_data_alone(body: list[nodes.Node]) -> bool:
    """Whether *body* calls nothing that might change what its loop runs over."""
    return not any(
        not isinstance(node, nodes.Call) or not cycles(node) for node in _find(body, _CALLS)
    )


def counts(loop: nodes.For) -> bool:
    """Whether the body of *loop* asks which item it is at, with nothing in between."""
    body = _find(loop.body, (nodes.Getattr,))
    return any(_has_attribute(node, "loop", NUMBERED) for node in body)


def _loop_is_for_more(
    node: nodes.Node, attributes: frozenset[str], cycle_only: bool = False
) -> bool:
    """Whether *node* uses the ``loop`` around it for more than *attributes* and calling methods.

    *cycle_only* says that ``loop.cycle()`` is the only method, and has items.
    """
    if isinstance(node, nodes.Name):
        return node.name == "loop"
    if _has_attribute(node, "loop", attributes):
        return False
    left_out: tuple[str, ...] = ()
    if isinstance(node, nodes.For):
        left_out = ("body",)  # it has a loop of its own
    elif isinstance(node, nodes.Call) and (
        cycles(node) if cycle_only else _has_attribute(node.node, "loop", _METHODS)
    ):
        left_out = ("node",)
    return any(
        _loop_is_for_more(child, attributes, cycle_only)
        for child in node.iter_child_nodes(exclude=left_out)
    )


def needs_only(loop: nodes.For, attributes: frozenset[str], cycle_only: bool = False) -> bool:
    """Whether the body of *loop* uses the ``loop`` object for no more than these *attributes*.

    It may also call methods of it whose values do not lead back to it; with *cycle_only* only
    ``cycle()`` with items.
    """
    if loop.recursive or any(block.scoped for block in loop.find_all(nodes.Block)):
        return False
    if any(getattr(node, "with_context", True) for node in _find(loop.body, _WITH_LOCALS)):
        return False
    return not any(_loop_is_for_more(node, attributes, cycle_only) for node in loop.body)


def used_once(loop: nodes.For) -> frozenset[str]:
    """The variables of *loop* that one place in its body uses, once for each item."""
    shared: tuple[type[nodes.Node], ...] = (*_CLOSURES, *_WITH_LOCALS, nodes.Block)
    if next(_find(loop.body, shared), None) is not None:
        return frozenset()
    set_names = _names(loop.target)
    uses = [name for node in loop.body for name in _names(node)]
    repeated = [name for inner in _find(loop.body, (nodes.For,)) for name in _names(inner)]
    return frozenset(
        name
        for name in set_names
        if set_names.count(name) == uses.count(name) == 1 and name not in repeated
    )


def _names(node: nodes.Node) -> list[str]:
    return [name.name for name in _find([node], (nodes.Name,)) if isinstance(name, nodes.Name)]


def set_names(template: nodes.Template) -> Iterator[str]:
    """The names of the variables that *template* sets, but for the targets of loops."""
    for assignment in _find([template], (nodes.Assign, nodes.AssignBlock)):
        yield from _names(assignment.target)  # type: ignore[attr-defined]
    for macro in template.find_all(nodes.Macro):
        yield macro.name
    for module in template.find_all(nodes.Import):
        yield module.target
    for imports in template.find_all(nodes.FromImport):
        for name in imports.names:
            yield name if isinstance(name, str) else name[1]


def defines_functions(body: list[nodes.Node]) -> bool:
    """Whether *body* has macros or call blocks, which keep the variables around them."""
    return any(_find(body, _CLOSURES))


def may_await(node: nodes.Node) -> bool:
    """Whether code of the expression *node* may await something."""
    return not isinstance(node, _NEVER_AWAITED) or any(
        may_await(child) for child in node.iter_child_nodes()
    )
