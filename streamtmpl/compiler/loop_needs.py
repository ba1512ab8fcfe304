"""What the body of a loop asks of its ``loop`` object, and does with the loop's variables."""

from __future__ import annotations

from collections import Counter

from jinja2 import nodes

from .analysis import (
    CROSSING,
    FUNCTION,
    INCLUDE,
    LOCALS_USER,
    SCOPED_BLOCK,
    contains,
    find,
    names_in,
)


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

_CHANGING: tuple[type[nodes.Node], ...] = (
    *(nodes.Call, nodes.CallBlock, nodes.ExprStmt, nodes.Block, nodes.Extends),
    *(nodes.Include, nodes.Import, nodes.FromImport, nodes.ExtensionAttribute),
)


def _has_attribute(node: nodes.Node, name: str, attributes: frozenset[str]) -> bool:
    return (
        isinstance(node, nodes.Getattr)
        and node.attr in attributes
        and isinstance(node.node, nodes.Name)
        and node.node.name == name
    )


def is_cycle(node: nodes.Call) -> bool:
    """Whether *node* calls ``loop.cycle()`` with items that can be seen."""
    seen = node.args and not node.kwargs and node.dyn_args is None and node.dyn_kwargs is None
    return bool(seen) and _has_attribute(node.node, "loop", frozenset({"cycle"}))


def leaves_data_alone(body: list[nodes.Node], *, but_for_includes: bool = False) -> bool:
    """Whether *body* calls nothing that might change what its loop runs over.

    :param but_for_includes: templates that get the variables around them are of no interest.
    """
    return all(
        (isinstance(node, nodes.Call) and is_cycle(node))
        or (but_for_includes and isinstance(node, nodes.Include) and node.with_context)
        for node in find(body, _CHANGING)
    )


def may_lend(loop: nodes.For) -> bool:
    """Whether its ``loop`` object can be made as late as where *loop* includes a template.

    Not from another function, as other loops may be, nor where another one has an object as well.
    """
    inner = [node for node in find(loop.body, (nodes.For,)) if isinstance(node, nodes.For)]
    return not any(node.recursive or node.test or contains(node.body, INCLUDE) for node in inner)


def asks_for_number(loop: nodes.For) -> bool:
    """Whether the body of *loop* asks which item it is at, with nothing in between."""
    body = find(loop.body, (nodes.Getattr,))
    return any(_has_attribute(node, "loop", NUMBERED) for node in body)


def _loop_is_for_more(
    node: nodes.Node, attributes: frozenset[str], cycle_only: bool = False
) -> bool:
    """Whether *node* uses the ``loop`` around it for more than *attributes* and calling methods.

    :param cycle_only: ``loop.cycle()`` is the only method, and has items.
    """
    if isinstance(node, nodes.Name):
        return node.name == "loop"
    if _has_attribute(node, "loop", attributes):
        return False
    left_out: tuple[str, ...] = ()
    if isinstance(node, nodes.For):
        left_out = ("body",)  # it has a loop of its own
    elif isinstance(node, nodes.Call) and (
        is_cycle(node) if cycle_only else _has_attribute(node.node, "loop", _METHODS)
    ):
        left_out = ("node",)
    return any(
        _loop_is_for_more(child, attributes, cycle_only)
        for child in node.iter_child_nodes(exclude=left_out)
    )


def needs_only(
    loop: nodes.For,
    attributes: frozenset[str],
    cycle_only: bool = False,
    *,
    but_for_includes: bool = False,
) -> bool:
    """Whether the body of *loop* uses the ``loop`` object for no more than these *attributes*.

    It may also call methods of it whose values do not lead back to it.

    :param cycle_only: the only such method is ``cycle()``, with items.
    :param but_for_includes: what is done with it in templates that get it is of no interest.
    """
    hands_on = LOCALS_USER if but_for_includes else LOCALS_USER | INCLUDE
    if loop.recursive or contains([loop], SCOPED_BLOCK) or contains(loop.body, hands_on):
        return False
    return not any(_loop_is_for_more(node, attributes, cycle_only) for node in loop.body)


def names_loop(node: nodes.Node) -> bool:
    """Whether *node* names the ``loop`` around it."""
    if isinstance(node, nodes.Name):
        return node.name == "loop"
    left_out = ("body",) if isinstance(node, nodes.For) else ()  # it has a loop of its own
    return any(names_loop(child) for child in node.iter_child_nodes(exclude=left_out))


def used_once(loop: nodes.For) -> frozenset[str]:
    """The variables of *loop* that one place in its body uses, once for each item."""
    if contains(loop.body, FUNCTION | LOCALS_USER | CROSSING):  # used later, or elsewhere
        return frozenset()
    uses: Counter[str] = Counter()
    for node in loop.body:
        _count_uses(node, uses, 1)
    targets = names_in(loop.target)
    return frozenset(name for name in targets if targets.count(name) == uses[name] == 1)


def _count_uses(node: nodes.Node, uses: Counter[str], times: int) -> None:
    """Add to *uses* how often variables are used in *node*, which runs *times* times."""
    if type(node) is nodes.Name:
        uses[node.name] += times
        return
    if type(node) is nodes.For:
        times = 2  # or more: not once
    for child in node.iter_child_nodes():
        _count_uses(child, uses, times)
