"""The tags that only streaming environments have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.ext import Extension

if TYPE_CHECKING:
    from jinja2.parser import Parser

_FLUSH = "streamtmpl_flush"


class FlushExtension(Extension):
    """``{% flush %}``: hand over here what has been rendered so far."""

    tags = {"flush"}  # noqa: RUF012 - Jinja2 declares the attribute as a plain set
    # Before all others, so that a tag of the same name in the user's own extension wins.
    priority = 0

    def parse(self, parser: Parser) -> nodes.Output:
        """Parse the tag into an empty output that the compiler recognises."""
        node = nodes.Output([], lineno=next(parser.stream).lineno)
        setattr(node, _FLUSH, True)
        return node


def is_flush(node: nodes.Output) -> bool:
    """Whether *node* came from ``{% flush %}``."""
    return getattr(node, _FLUSH, False)
