"""The tags that only streaming environments have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.ext import Extension

if TYPE_CHECKING:
    from jinja2.parser import Parser

_FLUSH = "streamtmpl_flush"


class FlushExtension(Extension):
    """``{% flush %}``: hand over here what has been rendered so far.

    Where an extension of the user's has a tag of that name, it stays theirs.
    """

    tags = {"flush"}  # noqa: RUF012 - Jinja2 declares the attribute as a plain set
    # After all others: the order of the user's own extensions is not to be seen to change.
    priority = sys.maxsize

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Parse the tag into an empty output that the compiler recognises."""
        for extension in self.environment.iter_extensions():
            if extension is not self and "flush" in extension.tags:
                return extension.parse(parser)
        node = nodes.Output([], lineno=next(parser.stream).lineno)
        setattr(node, _FLUSH, True)
        return node


def is_flush(node: nodes.Output) -> bool:
    """Whether *node* came from ``{% flush %}``."""
    return getattr(node, _FLUSH, False)
