"""One page asked for at several places on its way: who between them holds it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .exchange import Exchange, Pace
from .findings import Cause, Finding, Severity
from .judging import came, came_later
from .parties import NGINX, NGINX_IGNORES, names_of, proxies_of

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
    finding = Finding(
        "between",
        Severity.HELD,
        one.url,
        tuple(each.accepted for each, _ in held),
        what,
        tuple(evidence),
    )
    return _with_cause(finding, one, other, compresses)


def _with_cause(finding: Finding, one: Exchange, other: Exchange, compresses: bool) -> Finding:
    added = [party for party in proxies_of(one) if party not in proxies_of(other)]
    if not added:
        return replace(finding, causes=(_CADDY if compresses else _SOMEBODY,))
    cause = (compresses and added[0].compresses) or added[0].collects or _SOMEBODY
    if cause is NGINX or added[0].collects is NGINX:
        header = other.header("X-Accel-Buffering")
        said = (
            f"{other.url} sends X-Accel-Buffering: {header}"
            if header
            else (f"{other.url} does not send X-Accel-Buffering")
        )
        finding = replace(finding, evidence=(*finding.evidence, said))
        if header.lower() == "no":
            cause = NGINX_IGNORES
    return replace(finding, causes=(cause,))


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
