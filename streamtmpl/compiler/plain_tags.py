"""``{% defer %}`` and ``{% boundary %}`` where nothing streams, in Jinja2's own nodes.

There the code is Jinja2's, which has no way to catch an error. So what has a part for errors is the
block of a call, of what renders one or the other. The placeholder is never shown, but it is there
for whoever looks for messages to translate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateAssertionError, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2.parser import Parser

_LEAVING = (nodes.Break, nodes.Continue)
_FAILED = "streamtmpl_failed"
_ERROR = "streamtmpl_error"


_RENDER_EITHER = "streamtmpl.regions.plain.render_either"


def in_order(
    parser: Parser, tag: str, region: nodes.With, body: nodes.Scope, others: list[Any]
) -> nodes.With:
    """The node for *region*, a tag called *tag*, whose parts are *body* and *others*."""
    lineno = region.lineno
    placeholder = others[0] if tag == "defer" else None
    failed = others[-1]
    found: list[nodes.Node] = []
    if tag == "boundary" or failed is not None:
        found += _either(parser, body, failed, tag)
    else:
        found.append(body)
    if placeholder is not None:
        never = nodes.Const(False, lineno=lineno)
        found.append(nodes.If(never, [placeholder], [], [], lineno=lineno))
    # The timeout is evaluated, as one of a region is.
    return nodes.With(region.targets, region.values, found, lineno=lineno)


def _either(
    parser: Parser, body: nodes.Scope, failed: nodes.Node | None, tag: str
) -> list[nodes.Node]:
    """The nodes for *body* or, if it fails, *failed*."""
    lineno = body.lineno
    for leaving in _leaving([body] if failed is None else [body, failed]):
        parser.fail(
            f"{type(leaving).__name__.lower()!r} inside a {tag} tag cannot end the loop around it"
            " in an environment that does not stream",
            leaving.lineno,
            TemplateAssertionError,
        )
    otherwise: list[nodes.Node] = []
    if isinstance(failed, nodes.With):
        error = nodes.Name(_ERROR, "load", lineno=lineno)
        otherwise.append(nodes.With(failed.targets, [error], failed.body, lineno=lineno))
    test = nodes.Name(_FAILED, "load", lineno=lineno)
    choice = nodes.If(test, otherwise, [], [body], lineno=lineno)
    known = {"tag": tag, "line": lineno, "has_part": bool(otherwise)}
    given = [
        nodes.Keyword(name, nodes.Const(value, lineno=lineno), lineno=lineno)
        for name, value in known.items()
    ]
    if any(name.name == "caller" for name in choice.find_all(nodes.Name)):
        outer = nodes.Name("caller", "load", lineno=lineno)  # that of the macro around
        given.append(nodes.Keyword("outer", outer, lineno=lineno))
    function = nodes.ImportedName(_RENDER_EITHER, lineno=lineno)
    call = nodes.Call(function, [], given, None, None, lineno=lineno)
    names: list[nodes.Name] = [
        nodes.Name(name, "param", lineno=lineno) for name in (_FAILED, _ERROR)
    ]
    # Captured, because a call block is shown even where nothing is: at the top of a child template.
    target = parser.free_identifier()
    block = nodes.CallBlock(call, names, [], [choice], lineno=lineno)
    captured = nodes.AssignBlock(target, None, [block], lineno=lineno)
    return [captured, nodes.Output([target], lineno=lineno)]


def _leaving(found: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """What in there would leave a loop that is not in there."""
    for node in found:
        if isinstance(node, _LEAVING):
            yield node
        elif isinstance(node, nodes.For):
            yield from _leaving(node.else_)
        elif not isinstance(node, (nodes.Macro, nodes.CallBlock, nodes.Block)):
            yield from _leaving(node.iter_child_nodes())
