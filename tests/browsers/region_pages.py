"""Pages with deferred regions, written by hand, and what a browser should make of them.

A document, and a region's content, holds ``[[name]]`` where the region of that name belongs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from streamtmpl.regions.markup import script_element
from streamtmpl.regions.patch_script import PATCH_SCRIPT

from .interface import Page

END = "</body></html>"
"""What is held back until the last patch has been sent."""

_SLOT = re.compile(r"\[\[(\w+)\]\]")

_PREFIX = "kX3_9-qTzA"
"""What a response puts before the names of its regions: nobody can guess it."""

LOST = "nothing came"
"""What is shown in the place of a region that does not come."""


def script_with(
    script: str = "inline", *, nonce: str | None = None, silence: float | None = None
) -> str:
    """The patch script as the first patch has it before itself."""
    return script_element(script, nonce, _PREFIX, silence, LOST)


SCRIPT = script_with()

_PAUSE = 0.004

NATIVE = "'htmlFor' in HTMLTemplateElement.prototype"
"""JavaScript: whether the browser patches without the script."""

# A copy in a document without scripts: to copy the nodes must not start anything.
_DOM = """
(() => {
  const page = document.implementation.createHTMLDocument();
  const root = page.importNode(document.documentElement, true);
  const ours = %s;
  const gone = node =>
    node.nodeType === Node.PROCESSING_INSTRUCTION_NODE
    || node.nodeType === Node.COMMENT_NODE && /^\\?(start |end$)/.test(node.data)
    || node.localName === 'script' && (node.text === ours[0] || ours.includes(node.src))
    || node.nodeType === Node.TEXT_NODE
       && node.parentNode.localName === 'body' && !node.data.trim();
  const walker = page.createTreeWalker(root);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  nodes.filter(gone).forEach(node => node.remove());
  root.normalize();
  return root.outerHTML;
})()
"""


def marked(name: str, placeholder: str = "") -> str:
    """The place of a region in the document."""
    return f'<?start name="{_PREFIX}{name}">{placeholder}<?end>'


def patch(name: str, content: str) -> str:
    """What fills the region of that name; it may hold the places of others, as slots."""
    return f'<template for="{_PREFIX}{name}">{with_markers(content)}</template>\f\n'


def with_markers(markup: str, placeholders: Mapping[str, str] | None = None) -> str:
    """The markup with markers, and what they have between them, where it has slots."""
    texts = placeholders or {}
    return _SLOT.sub(lambda slot: marked(slot[1], texts.get(slot[1], "")), markup)


def in_order(markup: str, contents: Mapping[str, str]) -> str:
    """The markup with the regions' contents where it has slots: a page without patches."""
    while _SLOT.search(markup):
        markup = _SLOT.sub(lambda slot: contents[slot[1]], markup)
    return markup


def pieces(
    document: str,
    contents: Mapping[str, str],
    *,
    order: Iterable[str] | None = None,
    placeholders: Mapping[str, str] | None = None,
    script: str = SCRIPT,
) -> list[str]:
    """The page as it is sent: the document, the patches in *order*, and the document's end."""
    names = contents if order is None else order
    patches = [patch(name, contents[name]) for name in names]
    return [with_markers(document, placeholders), script, *patches, END]


def paused(pieces: Iterable[str]) -> Iterator[str | float]:
    """The pieces, with time after each for a browser to parse it."""
    for piece in pieces:
        yield piece
        yield _PAUSE


def dom(page: Page, *scripts: str) -> str:
    """The page's document, serialised, without what patching may leave.

    That is: markers, the patch script, inline or at one of the addresses *scripts*, and white
    space that is a child of the body.
    """
    text: str = page.evaluate(_DOM % json.dumps([PATCH_SCRIPT, *scripts]))
    return text


def text(page: Page) -> str:
    """What the page says, without white space: elements have it between them, or have not."""
    found: str = page.evaluate(
        """(() => {
          const body = document.body.cloneNode(true);
          body.querySelectorAll('style, script').forEach(element => element.remove());
          return body.textContent.replace(/\\s/g, '');
        })()"""
    )
    return found
