"""The diagnosis of a page: :func:`diagnose`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from streamtmpl.decoding import WANTED, can_decode

from .asking import Address, Asking, parse_address
from .exchange import Exchange, Pace
from .fetching import fetch
from .findings import Finding, Severity, listed, seconds
from .hops import explained, findings_between, streams
from .judging import came, judged

AS_A_BROWSER = Asking()
Watcher = Callable[[Exchange], None]


class Status(str, Enum):
    """What a diagnosis comes to: held back is what is cut off, or wrong, as well."""

    STREAMS = "streams"
    HELD = "held back"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Diagnosis:
    """What was seen of a page, and what follows from it.

    :ivar verdict: in one line.
    :ivar exchanges: each request, in the order in which they were sent.
    :ivar findings: the worst first.
    :ivar missing: the encodings that were not asked for, since they cannot be decoded here, each
        with the package that can.
    """

    status: Status
    verdict: str
    exchanges: tuple[Exchange, ...]
    findings: tuple[Finding, ...]
    missing: tuple[tuple[str, str], ...] = ()


def diagnose(
    urls: Sequence[str], asking: Asking = AS_A_BROWSER, watch: Watcher | None = None
) -> Diagnosis:
    """Fetch a page as a browser does, and find out whether it streams, and else who holds it back.

    :param urls: the page. Several are the same page at several places on its way: the one that the
        browser asks for first, that of the application last.
    :param asking: how it is asked for.
    :param watch: called with each exchange when it has ended.
    :raises AddressError: one of *urls* is none.
    """
    addresses = [parse_address(url) for url in urls]
    missing = tuple((each, WANTED[each]) for each in asking.encodings if not can_decode(each))
    known = [each for each in asking.encodings if can_decode(each)]
    hops = [_see(address, replace(asking, encodings=tuple(known)), watch) for address in addresses]
    between = findings_between(hops)
    single = [finding for hop in hops for finding in judged(hop)]
    findings = between + [each for each in single if not explained(each, hops, between)]
    findings.sort(key=lambda finding: list(Severity).index(finding.severity))
    status, verdict = _verdict(hops, findings)
    exchanges = tuple(exchange for hop in hops for exchange in hop)
    return Diagnosis(status, verdict, exchanges, tuple(findings), missing)


def _see(address: Address, asking: Asking, watch: Watcher | None) -> list[Exchange]:
    """The exchanges with one URL: one for each encoding, and one as a script where it matters."""
    seen: list[Exchange] = []

    def look(encoding: str, asking: Asking) -> Exchange:
        seen.append(fetch(address, encoding, asking))
        if watch is not None:
            watch(seen[-1])
        return seen[-1]

    for encoding in asking.encodings:
        if look(encoding, asking).failure is not None:
            return seen  # the others would fail as well
    if not asking.fragment and any(each.regions for each in seen):
        look(seen[0].accepted, replace(asking, fragment=True))
    return seen


def _verdict(hops: Sequence[Sequence[Exchange]], findings: Sequence[Finding]) -> tuple[Status, str]:
    worst = findings[0] if findings else None
    if worst is not None and worst.severity in (Severity.HELD, Severity.CUT, Severity.WRONG):
        what = f"{worst.severity.value}{_where(worst, hops)}: {worst.what}"
        return Status.HELD, what + _likeliest(worst)
    if worst is not None and worst.severity is Severity.UNKNOWN:
        return Status.UNKNOWN, f"{worst.severity.value}: {worst.what}{_likeliest(worst)}"
    exchanges = [exchange for hop in hops for exchange in hop]
    streaming = next((each for each in exchanges if each.pace is Pace.STREAMS), None)
    if streaming is not None and streams(hops[0]):
        return Status.STREAMS, f"streams: {came(streaming)}"
    return Status.UNKNOWN, f"cannot tell: {_too_quick(exchanges)}"


def _likeliest(finding: Finding) -> str:
    if not finding.causes:
        return ""
    return ("; likeliest: " if len(finding.causes) > 1 else "; ") + finding.causes[0].what


def _where(finding: Finding, hops: Sequence[Sequence[Exchange]]) -> str:
    asked = {exchange.accepted for hop in hops for exchange in hop}
    return "" if set(finding.accepted) == asked else f" with {listed(finding.accepted)}"


def _too_quick(exchanges: Sequence[Exchange]) -> str:
    if not any(exchange.size for exchange in exchanges):
        return "the page is empty"
    longest = max(exchange.ended_at for exchange in exchanges)
    return (
        f"all of it came within {seconds(longest)}, too soon to tell a stream from a whole page;"
        " ask for a page that takes a second or more"
    )
