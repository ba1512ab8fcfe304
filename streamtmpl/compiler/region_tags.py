"""Parsing ``{% defer %}`` and ``{% boundary %}``.

Jinja2 allows no node types but its own. Both tags become a ``With`` node, which every analysis of
Jinja2's understands: the parts are scopes in its body, and the part that shows an error is a
``With`` of its own, for the variable ``error``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from jinja2.parser import Parser


DEFER_OPTIONS = ("timeout", "group", "group_timeout")


def parse_defer(parser: Parser) -> nodes.With:
    """``{% defer timeout=SECONDS group=NAME group_timeout=SECONDS %} .. {% enddefer %}``

    Between them ``{% placeholder %} .. {% error %} ..``; a comma may stand between the options.

    :return: a node whose values are the timeout and, if one of them is there, the group and its
        timeout, and whose body is what :func:`~streamtmpl.compiler.tags.parts_of` gives.
    """
    lineno = next(parser.stream).lineno
    options: dict[str, nodes.Expr] = {}
    while (token := parser.stream.current).type == "name" and token.value in DEFER_OPTIONS:
        if token.value in options:
            parser.fail(f"'defer' has {token.value}= twice: it may have it once", token.lineno)
        next(parser.stream)
        parser.stream.expect("assign")
        options[token.value] = parser.parse_expression()
        parser.stream.skip_if("comma")
    _expect_end(
        parser,
        "'defer' takes nothing but timeout=, a number of seconds, group=, a name, and"
        " group_timeout=, seconds again",
    )
    names = DEFER_OPTIONS if len(options) > ("timeout" in options) else DEFER_OPTIONS[:1]
    values = [options.get(name) or nodes.Const(None, lineno=lineno) for name in names]
    parts = _parse_parts(parser, "defer", ("placeholder", "error"))
    return _region_node(parser, lineno, values, parts, "placeholder", "error")


def parse_boundary(parser: Parser) -> nodes.With:
    """``{% boundary %} .. {% fallback %} .. {% endboundary %}``

    :return: a node whose body is what :func:`~streamtmpl.compiler.tags.parts_of` gives.
    """
    lineno = next(parser.stream).lineno
    _expect_end(parser, "'boundary' takes no arguments")
    parts = _parse_parts(parser, "boundary", ("fallback",))
    return _region_node(parser, lineno, [nodes.Const(None, lineno=lineno)], parts, "fallback")


def _expect_end(parser: Parser, what: str) -> None:
    token = parser.stream.current
    if token.type != "block_end":
        parser.fail(f"{what}; found {token.value!r}", token.lineno)


def _parse_parts(parser: Parser, tag: str, names: tuple[str, ...]) -> dict[str, list[nodes.Node]]:
    """The statements of the body (``""``) and of each other part there is, up to the end tag."""
    ends = tuple(f"name:{name}" for name in (*names, f"end{tag}"))
    parts = {"": parser.parse_statements(ends)}
    while (token := next(parser.stream)).value != f"end{tag}":
        if token.value in parts:
            parser.fail(f"'{tag}' has a second {token.value!r} part: it may have one", token.lineno)
        _expect_end(parser, f"{token.value!r} takes no arguments")
        parts[token.value] = parser.parse_statements(ends)
    return parts


def _region_node(
    parser: Parser,
    lineno: int,
    values: list[nodes.Expr],
    parts: dict[str, list[nodes.Node]],
    *names: str,
) -> nodes.With:
    body: list[nodes.Node] = [nodes.Scope(parts[""], lineno=lineno)]
    for name in names:
        if name not in parts:
            body.append(nodes.Output([], lineno=lineno))
            continue
        part: nodes.Node = nodes.Scope(parts[name], lineno=lineno)
        if name != "placeholder":
            error = nodes.Name("error", "param", lineno=lineno)
            nothing = nodes.Const(None, lineno=lineno)
            part = nodes.With([error], [nothing], [part], lineno=lineno)
        body.append(part)
    targets: list[nodes.Expr] = [parser.free_identifier() for _ in values]
    return nodes.With(targets, values, body, lineno=lineno)
