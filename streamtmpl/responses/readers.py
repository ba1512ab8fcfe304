"""Who asked for a page: a browser that shows it as a document, or somebody who cannot patch it.

Where a script fetches a page and puts it into another one (``fetch()``, htmx, Turbo), no browser
but Chromium patches; bots, mail readers and command lines take the text as it comes. For them
deferred regions are rendered in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Header = Callable[[str], "str | None"]
"""Gives the value of a request's header, ``None`` if it has none."""

DOCUMENTS = frozenset({"document", "embed", "fencedframe", "frame", "iframe", "object"})
"""The values of ``Sec-Fetch-Dest`` (Fetch Metadata Request Headers) for what is a document."""

READERS_OF_TEXT = re.compile(
    r"bot\b|crawl|spider|slurp|preview|facebookexternalhit|embedly|archiver|validator"  # robots
    r"|curl|wget|httpie|python|java/|go-http|libwww|okhttp"  # programs
    r"|lynx|w3m|links|opera mini|msie |trident/",  # browsers that run no script, or no new one
    re.IGNORECASE,
)
"""What is in the ``User-Agent`` of those who cannot patch, and do not say what they ask for."""


def shows_documents(header: Header) -> tuple[bool, tuple[str, ...]]:
    """Whether the answer to a request is shown as a document, by a browser that patches it.

    Browsers say so by ``Sec-Fetch-Dest``, but not over plain HTTP (loopback aside). Without it, the
    headers of htmx and Turbo tell, and the ``Accept`` of browsers' navigations, which no script
    sends of itself; and of the others the ``User-Agent``, by :data:`READERS_OF_TEXT`.

    :return: the answer, and the names of the headers that it was found by, for ``Vary``.
    """
    destination = header("Sec-Fetch-Dest")
    looked_at = ["Sec-Fetch-Dest"]
    if destination is not None:
        return destination in DOCUMENTS, tuple(looked_at)
    for name in ("HX-Request", "Turbo-Frame"):
        looked_at.append(name)
        if header(name) is not None:
            return False, tuple(looked_at)
    looked_at.append("Accept")
    if "application/xhtml+xml" not in (header("Accept") or ""):
        return False, tuple(looked_at)
    looked_at.append("User-Agent")
    agent = header("User-Agent") or ""
    return bool(agent) and READERS_OF_TEXT.search(agent) is None, tuple(looked_at)
