"""End tags that HTML lets authors leave out, where the place of a deferred region begins and ends.

A parser ends such elements by what follows. The markers of a place are no tags, so it would have
one of them in another element than the other. What is added here is what the parser adds where the
region is rendered in order; it goes by the text of the template, not by what expressions give.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG = r"<(/?)([a-zA-Z][\w-]*)(?=[\s/>])[^>]*?(/?)>"
_FIRST = r"\s*<([a-zA-Z]+)(?=[\s/>])"
"""These two are compiled by the first template that has a region, not by the import."""
_VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
}
_ENDS = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "option": ("option",),
    "optgroup": ("option", "optgroup"),
    "td": ("td", "th"),
    "th": ("td", "th"),
    "tr": ("td", "th", "tr"),
    "tbody": ("td", "th", "tr", "thead", "tbody"),
    "tfoot": ("td", "th", "tr", "thead", "tbody"),
    "p": ("p",),
}
"""Which elements the start tag of another one ends, the innermost first."""
_UNSURE = ("p", "dd")
"""Those whose end tag does something else where the start tag of the other does nothing."""


def end_tags_before(parts: Iterable[nodes.Node | None]) -> str:
    """The end tags that the beginning of a region stands for.

    They do nothing where no such element is open, unlike that of a paragraph; and that of a
    description would end one around the list. These two are left out.

    :param parts: what is shown first, and what is shown then.
    """
    for part in parts:
        first = None if part is None else re.match(_FIRST, _first_text(part) or "")
        if first:
            ended = _ENDS.get(first[1].lower(), ())
            return "".join(f"</{name}>" for name in ended if name not in _UNSURE)
    return ""


def _first_text(node: nodes.Node) -> str | None:
    """The text that *node* begins with: empty if nobody can tell, ``None`` if there is none."""
    if isinstance(node, nodes.TemplateData):
        return node.data if node.data.strip() else None
    if not isinstance(node, (nodes.Scope, nodes.With, nodes.Output, nodes.For, nodes.If)):
        return ""
    body = node.nodes if isinstance(node, nodes.Output) else node.body
    for child in body:
        text = _first_text(child)
        if text is not None:
            return text
    return None


def end_tags_of(placeholder: nodes.Node) -> str:
    """What closes the elements that *placeholder* leaves open."""
    text = "".join(each.data for each in placeholder.find_all(nodes.TemplateData))
    names: list[str] = []
    for end, tag, closes_itself in re.findall(_TAG, text):
        name = tag.lower()
        if end:
            if name in names:
                del names[len(names) - 1 - names[::-1].index(name) :]
        elif not closes_itself and name not in _VOID:
            while names and names[-1] in _ENDS.get(name, ()):
                names.pop()
            names.append(name)
    return "".join(f"</{name}>" for name in reversed(names))
