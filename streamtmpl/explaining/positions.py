"""Why the text of a call is needed as a value, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.compiler.records import Record

from .names import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .names import Callee, Names


class Position(Record):
    """Where a call stands.

    :ivar why: why its value is needed there, as the end of a sentence.
    :ivar mend: what to do so that it can stream; ``None``: nothing.
    """

    why: str
    mend: str | None = None


_INSIDE = {
    "macro": "inside the macro",
    "caller": "inside the call block",
    "block": "inside the block",
    "loop": "inside the loop",
}
_JOINING = (nodes.Concat, nodes.Add)
_COMPARING = (nodes.Compare, nodes.Operand, nodes.Test, nodes.Not, nodes.And, nodes.Or)
_COLLECTIONS = (nodes.List, nodes.Tuple, nodes.Pair)
_PARTS = (nodes.Getattr, nodes.Getitem)
_ASKING = frozenset(
    {"count", "d", "default", "first", "float", "int", "last", "length", "wordcount"}
)
_NEEDLESS = frozenset({"safe", "string"})
_ESCAPING = frozenset({"e", "escape"})


def position_of(
    call: nodes.Call,
    callee: Callee,
    parents: Mapping[nodes.Node, nodes.Node],
    names: Names,
    escapes: bool,
) -> Position:
    """Where *call* stands, of what is *callee*.

    :param escapes: whether values are escaped there by themselves.
    """
    child: nodes.Node = call
    parent = parents.get(call)
    while isinstance(parent, (nodes.Keyword, nodes.MarkSafe, nodes.MarkSafeIfAutoescape)):
        child, parent = parent, parents.get(parent)
    if isinstance(parent, nodes.Filter) and parent.node is child:
        return filtered(parent.name, _INSIDE.get(callee.kind, "inside"), escapes)
    if isinstance(parent, nodes.CondExpr):
        return _chosen(parent, child, callee)
    if isinstance(parent, _JOINING):
        return Position(
            "it is joined to something else",
            f"show both one after the other: `{{{{ {_plain(callee)} }}}}` and then the rest",
        )
    if isinstance(parent, _COMPARING):
        return Position("it is tested", "test what it is made of rather than its text")
    if isinstance(parent, _COLLECTIONS):
        return Position(
            "it is put into a dict" if isinstance(parent, nodes.Pair) else "it is put into a list",
            f"show each where it is to stand: `{{{{ {_plain(callee)} }}}}`",
        )
    if isinstance(parent, _PARTS):
        return Position("a part of it is taken", "take the part of what it is made of")
    if isinstance(parent, nodes.Call):
        return _argument(parent, callee, names)
    if isinstance(parent, (nodes.Filter, nodes.Test)):
        return Position(f"it is an argument of `{parent.name}`")
    return _in_statement(parent, callee)


def _plain(callee: Callee) -> str:
    return callee.words.strip("`")


def _argument(of: nodes.Call, callee: Callee, names: Names) -> Position:
    mend = None
    if names.callee(of.node).kind == "macro":
        mend = (
            f"show it inside of `{{% call %}}`: `{{{{ {_plain(callee)} }}}}`,"
            " and `{{ caller() }}` where it is to stand"
        )
    return Position(f"it is an argument of `{shown(of.node)}`", mend)


def filtered(name: str, where: str, escapes: bool) -> Position:
    """The value of the filter *name*, whose text is written *where*.

    :param escapes: whether values are escaped there by themselves.
    """
    why = f"`|{name}` needs it as a whole"
    if name in _NEEDLESS or (escapes and name in _ESCAPING):
        return Position(why, f"leave `|{name}` out: the text of a template is safe already")
    if name in _ASKING:
        return Position(why, "ask what it is made of rather than its text")
    if name == "trim":
        return Position(why, f"leave white space out {where}, with `{{%-` and `-%}}`")
    return Position(why, f"apply the filter {where}, to the values")


def _chosen(choice: nodes.CondExpr, child: nodes.Node, callee: Callee) -> Position:
    if choice.test is child:
        return Position("it is tested", "test what it is made of rather than its text")
    test = shown(choice.test)
    return Position(
        "it is a branch of an inline `if`",
        f"write it as a statement: `{{% if {test} %}}{{{{ {_plain(callee)} }}}}{{% endif %}}`",
    )


def _in_statement(parent: nodes.Node | None, callee: Callee) -> Position:
    if isinstance(parent, nodes.Assign) and shown(parent.target) == "_trans":  # Jinja2's own
        return Position("`{% trans %}` puts it into the translation")
    if isinstance(parent, nodes.Assign):
        return Position(
            f"`{{% set %}}` keeps it in `{shown(parent.target)}`",
            f"call it where it is shown: `{{{{ {_plain(callee)} }}}}`",
        )
    if isinstance(parent, nodes.With):
        return Position(
            "`{% with %}` keeps it", f"call it where it is shown: `{{{{ {_plain(callee)} }}}}`"
        )
    if isinstance(parent, nodes.If):
        return Position("`{% if %}` tests it", "test what it is made of rather than its text")
    if isinstance(parent, nodes.ExprStmt):
        return Position("`{% do %}` calls it, and its text goes nowhere")
    if isinstance(parent, nodes.For):
        return Position("`{% for %}` runs over it")
    return Position("it is a part of an expression")
