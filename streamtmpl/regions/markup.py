"""The markup that puts deferred regions in their place: standard HTML, without script.

In the document stands ``<?start name="x">placeholder<?end>``; later in the same response comes
``<template for="x">content</template>``, whose content takes the place of the placeholder. See
https://github.com/whatwg/html/pull/11818. Browsers that do not know it yet have a small constant
script do the same (:mod:`.patch_script`).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections import Counter
from os import urandom

from markupsafe import escape

from .patch_script import PATCH_SCRIPT

PATCH_END = "</template>\f\n"
"""What ends a patch. By the form feed, white space in HTML, the script sees that it is complete."""

NEVER = 10**9
"""Milliseconds, almost the most that a browser's clock takes."""

LONGEST_TAIL = 1024
"""Characters that the end tags of a document may take, with what stands between and after them.

What is longer is not held back: looking for more would take ever more time."""

_SPACE = r"(?:\s|<!--(?:(?!-->).)*-->)*"
_LAST = ("body", "html")
_TAIL = re.compile(
    rf"</(?:body\s*>{_SPACE}(?:</html\s*>{_SPACE})?|html\s*>{_SPACE})\Z", re.DOTALL | re.IGNORECASE
)

_INLINE = (
    "a|abbr|b|bdi|bdo|br|button|cite|code|data|del|dfn|em|i|img|input|ins|kbd|label|mark|q|s|samp"
    "|select|option|small|span|strong|sub|sup|time|u|var|wbr"
)
_OPEN_PARAGRAPH = re.compile(
    rf"<p(?=[\s/>])[^<]*(?:<(?:/?(?:{_INLINE})(?=[\s/>])|[!?])[^<]*)*\Z", re.IGNORECASE
)


def new_token() -> str:
    """What the names of a response begin with: ten characters, of 60 bits that nobody can guess.

    User data that a sanitiser let through must not be able to name a region.
    """
    return urlsafe_b64encode(urandom(9))[:10].decode()


def start(name: str) -> str:
    """The markup that begins the place of the region *name*."""
    return f'<?start name="{name}">'


def script_element(
    script: str | None, nonce: str | None, token: str, silence: float | None, lost: object
) -> str:
    """The markup that brings the script.

    :param script: ``"inline"``, the URL it is served at, or ``None`` for no script.
    :param nonce: what the Content-Security-Policy of the response allows scripts by.
    :param token: what the names of the response begin with.
    :param silence: seconds after which nothing has come for so long that nothing will; ``None``:
        there is no telling.
    :param lost: the text for the place of a region that does not come; ``None``: none.
    """
    if script is None:
        return ""
    milliseconds = NEVER if silence is None else min(round(silence * 1000) or 1, NEVER)
    text = escape("" if lost is None else str.__str__(str(lost)))  # also of what is markup
    data = f' data-k={token} data-t={milliseconds} data-z="{text}"'
    allowed = "" if nonce is None else f' nonce="{escape(nonce)}"'
    if script == "inline":
        return f"<script{allowed}{data}>{PATCH_SCRIPT}</script>"
    return f'<script src="{escape(script)}" async{allowed}{data}></script>'


def tail_start(text: str) -> int:
    """Where the end tags of body and document begin with which *text* ends; else its length."""
    start = at = len(text)
    lowest = max(0, at - LONGEST_TAIL)
    while (at := text.rfind("</", lowest, at)) >= 0 and text[at + 2 : at + 6].lower() in _LAST:
        if _TAIL.match(text, at):
            start = at
    return start


def ends_in_paragraph(text: str) -> bool:
    """Whether *text* ends inside a paragraph without an end tag, which HTML lets authors leave out.

    A patch there would be a part of the paragraph, and reach no place outside it.
    """
    found = _OPEN_PARAGRAPH.search(text)
    return found is not None and "-->" not in found[0]


_BEGINS = re.compile(r"\s*<(?:!doctype|html|head|title)[\s>]", re.IGNORECASE)
_OF_BODY = re.compile(
    r"<(?!/?(?:base|head|html|link|meta|noscript|script|style|template|title)[\s/>])/?[a-z]",
    re.IGNORECASE,
)
_HEAD = re.compile(r"<head[\s>](?!.*</head)", re.IGNORECASE | re.DOTALL)


def lacks_body(text: str) -> bool:
    """Whether *text* is a document up to where its body begins, of which nothing tells the parser.

    What stands there would be in the head, as the patches would.
    """
    return bool(_BEGINS.match(text)) and not (_OF_BODY.search(text) or _HEAD.search(text))


_TAG = re.compile(r"<(/?(?:[a-su-zA-SU-Z]|[tT][abeit])[\w-]*)(?=[\s/>])")
"""A tag, but for those of rows and cells, which most tags of a long document are."""
_ENDLESS = {
    *("area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html"),
    *("img", "input", "li", "link", "meta", "optgroup", "option", "p", "param", "rp", "rt"),
    *("source", "tbody", "track", "wbr"),
}
"""Those whose end tags may be left out, or that have none, and those that a document ends with."""
_DRAWN = ("svg", "math")
_MOST_OPEN = 64


def end_tags_for(text: str) -> str:
    """What closes the elements that are open at the end of *text*, as far as its tags tell.

    This is no parser: it knows neither comments nor scripts. An end tag too many does nothing in
    HTML.
    """
    tags = _TAG.findall(text)
    counts = Counter(tags)
    if all(
        count <= counts["/" + tag] or tag.lower() in _ENDLESS
        for tag, count in list(counts.items())
        if tag[0] != "/"
    ):
        return ""  # nearly every document
    names: list[str] = []
    for tag in tags:
        end, name = tag[0] == "/", tag.lower().lstrip("/")
        if name in _ENDLESS or (names and names[-1] in _DRAWN and name != names[-1]):
            continue  # in a drawing, tags may end themselves
        if not end:
            names.append(name)
        elif name in names:
            del names[len(names) - 1 - names[::-1].index(name)]
    return "".join(f"</{name}>" for name in reversed(names[-_MOST_OPEN:]))
