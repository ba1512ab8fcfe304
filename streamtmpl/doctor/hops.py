"""One page asked for at several places on its way: who between them holds it back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .exchange import Exchange, Pace
from .findings import Cause, Finding, Severity
from .judging import came, came_later
from .parties import NGINX, NGINX_IGNORES, Party, names_of, proxies_of

Seen = Sequence[Exchange]

_SOMEBODY = Cause(
    "a proxy between the two collects the page",
    "switch its buffering off for this page",
    "proxies",
)
_COMPRESSOR = Cause(
    "a proxy between the two compresses the page, and does not flush after each chunk",
    "switch its compression off for this page, or its buffering if it has such a switch",
    "proxies",
)
_CADDY = Cause(
    "a proxy between the two compresses the page, and does not flush after each chunk: Caddy's"
    " `encode` does so, and names itself nowhere",
    "switch its compression off for this page; Caddy: leave `encode` out for it",
    "proxies",
)


def findings_between(hops: Sequence[Seen]) -> list[Finding]:
    """What is found by comparing the same page at several URLs, from the browser's inwards."""
    found = []
    for outer, inner in pairwise(hops):
        held = _held(outer, inner)
        if held:
            found.append(_between(held))
    return found


def _held(outer: Seen, inner: Seen) -> list[tuple[Exchange, Exchange]]:
    """The exchanges that come later at the outer URL, each with that at the inner one."""
    pairs = [
        (one, other)
        for one in outer
        for other in inner
        if one.accepted == other.accepted and one.is_page and other.is_page
    ]
    return [(one, other) for one, other in pairs if one.is_later_than(other)]


def _between(held: list[tuple[Exchange, Exchange]]) -> Finding:
    one, other = held[0]
    compresses = one.encoding != other.encoding and all(each.encoding for each, _ in held)
    what = f"what stands between {one.url} and {other.url} holds it back: {came_later(one, other)}"
    evidence = [
        f"at {other.url} ({names_of(other)}) {came(other)}",
        f"at {one.url}: {names_of(one)}",
    ]
    if compresses:
        evidence.append(f"{one.encoding} is added on the way")
    added = next((each for each in proxies_of(one) if each not in proxies_of(other)), None)
    cause = _cause(added, compresses)
    if added is not None and added.collects is NGINX:
        header = other.header("X-Accel-Buffering")
        says = f"sends X-Accel-Buffering: {header}" if header else "does not send X-Accel-Buffering"
        evidence.append(f"{other.url} {says}")
        if header.lower() == "no":
            cause = NGINX_IGNORES
    accepted = tuple(each.accepted for each, _ in held)
    return Finding("between", Severity.HELD, one.url, accepted, what, tuple(evidence), (cause,))


def _cause(added: Party | None, compresses: bool) -> Cause:
    """Why a page comes later where a proxy has been *added* to those that name themselves."""
    if added is None:
        return _CADDY if compresses else _SOMEBODY
    return (added.compresses if compresses else None) or added.collects or _SOMEBODY


def explained(finding: Finding, hops: Sequence[Seen], between: Sequence[Finding]) -> bool:
    """Whether a finding about one URL is told better by what was seen at those behind it."""
    urls = [hop[0].url for hop in hops]
    behind = hops[urls.index(finding.url) + 1 :] if finding.url in urls else []
    if finding.code == "x-accel":
        return bool(between)
    if finding.code in ("slow-start", "nginx"):
        return any(map(streams, behind))
    if finding.code not in ("collected", "whole", "compressor", "lumps", "uneven"):
        return False
    inner = [hop[0].url for hop in behind] + [finding.url]
    told = any(
        other.url in inner and set(finding.accepted) <= set(other.accepted) for other in between
    )
    return told or any(_comes_at_once(hop, finding.accepted) for hop in behind)


def _comes_at_once(hop: Seen, accepted: Sequence[str]) -> bool:
    """Whether a page is held back there as well, with all of these encodings."""
    held = {each.accepted for each in hop if each.pace in (Pace.AT_ONCE, Pace.NOTHING)}
    return set(accepted) <= held


def streams(exchanges: Seen) -> bool:
    """Whether a page was seen to stream."""
    return any(each.pace is Pace.STREAMS for each in exchanges)
