"""The deferred regions of a page as it was sent: their places, and what is patched in there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_START = re.compile(r'start name="([^"]*)"\s*\??')
_END = re.compile(r"end\s*\??")


@dataclass
class Region:
    """A region of a page.

    :ivar name: its name in the markup: a token of the response, and its number.
    :ivar placeholder: the markup in its place; ``None``: its place has not come, or not its end.
    :ivar patch: the markup that takes that place; ``None``: it has not come, or not all of it.
    """

    name: str
    placeholder: str | None = None
    patch: str | None = None


def regions(html: str) -> dict[str, Region]:
    """Find the deferred regions in *html*, a page or what there is of one.

    Their markup is that of https://github.com/whatwg/html/pull/11818, whatever has written it. A
    page whose regions stand in their places has none.

    :return: the regions by their names, in the order of their places; those without a place last,
        in the order of their patches.
    """
    parser = _Parser(html)
    parser.feed(html)
    return {**{name: parser.found[name] for name in parser.places}, **parser.found}


class _Parser(HTMLParser):
    """Notes where places and patches begin and end."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: dict[str, Region] = {}
        self.places: list[str] = []
        self._html = html
        self._lines = [0, *(match.end() for match in re.finditer("\n", html))]
        self._open_places: list[tuple[str, int]] = []
        self._templates: list[tuple[str | None, int]] = []

    def handle_pi(self, data: str) -> None:
        at = self._at()
        if match := _START.fullmatch(data):
            self._region(match[1])
            self.places.append(match[1])
            self._open_places.append((match[1], self._html.index(">", at) + 1))
        elif _END.fullmatch(data) and self._open_places:
            name, start = self._open_places.pop()
            self._region(name).placeholder = self._html[start:at]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "template":
            after = self._at() + len(self.get_starttag_text() or "")
            self._templates.append((dict(attrs).get("for"), after))

    def handle_endtag(self, tag: str) -> None:
        if tag == "template" and self._templates:
            name, start = self._templates.pop()
            if name is not None:
                self._region(name).patch = self._html[start : self._at()]

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _region(self, name: str) -> Region:
        return self.found.setdefault(name, Region(name))
