"""The tags that only streaming environments have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

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
_REGION = "streamtmpl_region"


class StreamExtension(Extension):
    """``{% flush %}``, ``{% defer %}`` and ``{% boundary %}``.

    Streaming environments have it. In others its tags render in order, and ``{% flush %}`` does
    nothing. Where an extension of the user's has a tag of such a name, it stays theirs.
    """

    identifier = "streamtmpl.StreamExtension"
    tags = {"flush", "defer", "boundary"}  # noqa: RUF012 - Jinja2 declares it as a plain set
    # After all others: the order of the user's own extensions is not to be seen to change.
    priority = sys.maxsize

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def bind(self, environment: Environment) -> Self:
        """Give the extension for another environment."""
        return type(self)(environment)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source as it is."""
        return source

    def filter_stream(self, stream: TokenStream) -> TokenStream:
        """The tokens as they are."""
        return stream

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Parse a tag into nodes of Jinja2's that the compiler recognises."""
        tag = parser.stream.current.value
        for extension in self.environment.iter_extensions():
            if extension is not self and tag in extension.tags:
                return extension.parse(parser)
        streams = getattr(self.environment.code_generator_class, "streams", False)
        if tag == "flush":
            lineno = next(parser.stream).lineno
            if not streams:
                return nodes.Output([nodes.TemplateData("", lineno=lineno)], lineno=lineno)
            node = nodes.Output([], lineno=lineno)
            setattr(node, _FLUSH, True)
            return node
        from .region_tags import (  # noqa: PLC0415 - few templates
            parse_boundary,
            parse_defer,
        )

        region = parse_defer(parser) if tag == "defer" else parse_boundary(parser)
        if not streams:
            from .plain_tags import in_order  # noqa: PLC0415 - few environments

            return in_order(parser, tag, region, *parts_of(region))
        setattr(region, _REGION, tag)
        return region


def is_flush(node: nodes.Output) -> bool:
    """Whether *node* came from ``{% flush %}``."""
    return getattr(node, _FLUSH, False)


def region_tag(node: nodes.With) -> str | None:
    """``"defer"`` or ``"boundary"`` if *node* came from that tag, else ``None``."""
    return getattr(node, _REGION, None)


def parts_of(node: nodes.With) -> tuple[nodes.Scope, list[nodes.Scope | nodes.With | None]]:
    """The body of a node of ``defer`` or ``boundary``, and its other parts; ``None``: left out."""
    body, *others = node.body
    found = [None if isinstance(part, nodes.Output) else part for part in others]
    return cast("nodes.Scope", body), cast("list[nodes.Scope | nodes.With | None]", found)
