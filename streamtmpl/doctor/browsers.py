"""What browsers wait for although it has arrived: the first 1,024 bytes of some pages.

They look at those to find out what they have been sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from .exchange import SLOW, Exchange, Pace
from .findings import Cause, Finding, Severity, finding_on, seconds

LOOKED_AT = 1024
"""Bytes that they look at, where the headers do not tell enough."""

_SNIFFED = Cause(
    "Chromium looks at the first 1,024 bytes of what is called text/plain, for it may be no text",
    "send `X-Content-Type-Options: nosniff`",
    "doctor",
)
_NO_CHARSET = Cause(
    "Firefox looks for the charset in the first 1,024 bytes, since neither the header nor a"
    " `<meta charset>` among them tells it",
    "send `Content-Type: text/html; charset=utf-8`",
    "doctor",
)


def browser_waits(exchange: Exchange) -> Iterator[Finding]:
    """What is found about a page that browsers do not show although its first text has come."""
    first = exchange.first_at
    if exchange.fragment or exchange.pace is not Pace.STREAMS or first is None:
        return
    full = _enough_at(exchange)
    if full - first < SLOW:
        return
    kind = exchange.header("Content-Type").partition(";")[0].strip().lower()
    sniffed = kind == "text/plain" and "nosniff" not in exchange.header("X-Content-Type-Options")
    unknown = kind in ("text/plain", "text/html") and not exchange.tells_charset
    causes = (*(_SNIFFED,) * sniffed, *(_NO_CHARSET,) * unknown)
    for cause in causes:
        name = cause.what.partition(" ")[0]
        what = f"{name} shows nothing before {seconds(full)}, though text comes after"
        yield finding_on(
            exchange,
            f"waits-{name.lower()}",
            Severity.HELD,
            f"{what} {seconds(first)}",
            f"Content-Type: {exchange.header('Content-Type') or 'none'}",
            causes=(cause,),
        )


def _enough_at(exchange: Exchange) -> float:
    """When as much could be read as browsers look at, or all there was."""
    read = 0
    for piece in exchange.pieces:
        read += piece.characters
        if read >= LOOKED_AT:
            return piece.at
    return exchange.last_at
