"""The tags that only streaming environments have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.ext import Extension
    from jinja2.lexer import TokenStream
    from jinja2.parser import Parser
    from typing_extensions import Self
else:
    # Jinja2 itself does not import jinja2.ext, which takes as long as a fifth of this package.
    Extension = object

_FLUSH = "streamtmpl_flush"


class FlushExtension(Extension):
    """``{% flush %}``: hand over here what has been rendered so far.

    Where an extension of the user's has a tag of that name, it stays theirs.
    """

    identifier = "streamtmpl.extensions.FlushExtension"
    tags = {"flush"}  # noqa: RUF012 - Jinja2 declares the attribute as a plain set
    # After all others: the order of the user's own extensions is not to be seen to change.
    priority = sys.maxsize

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def bind(self, environment: Environment) -> Self:
        """The same extension for another environment."""
        return type(self)(environment)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source as it is."""
        return source

    def filter_stream(self, stream: TokenStream) -> TokenStream:
        """The tokens as they are."""
        return stream

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
