"""The findings about one page, from all that was seen of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from streamtmpl.decoding import WANTED, can_decode

from .browsers import browser_waits
from .causes import causes_of_collecting, causes_of_compressing, evidence_of_collecting
from .exchange import SLOW, End, Exchange, Pace
from .findings import Cause, Finding, Severity, asking_behind, count, finding_on, seconds
from .notes import notes_on
from .parties import NGINX, names_of, proxies_of

_BLOCK = 1024  # bytes, of which buffers are multiples
_SILENCE = 5.0  # seconds, after which somebody may have given up
_MEMBERS = Cause(
    "each chunk is compressed by itself, as Django before 6 does under ASGI",
    "return a response of streamtmpl's adapter, or leave this page uncompressed",
    "django",
)
_UNEVEN = Cause(
    "the page takes its time at another place each time, or somebody between collects some of it",
    "ask again, and the application itself as well",
    "proxies",
)
_WRONG_LENGTH = Cause(
    "something has changed the text behind whoever counted it",
    "leave the Content-Length of this page to the server",
    "streaming",
)
_ERROR_LATER = Cause(
    "the application has failed behind its first chunk: its log has the error",
    "mend the error; what may fail early, do before the first chunk",
    "commit",
)
_TIMED_OUT = Cause(
    "somebody between gave up waiting: nginx's proxy_read_timeout (60 s), gunicorn's --timeout for"
    " sync workers (30 s), a load balancer",
    "raise the limit, or have text come more often",
    "proxies",
)


def judged(exchanges: Sequence[Exchange]) -> list[Finding]:
    """The findings about one page, the worst first.

    :param exchanges: what was seen of it, with one ``Accept-Encoding`` after the other.
    """
    plain = _best([each for each in exchanges if not each.encoding and each.is_page])
    judged = _merged([finding for each in exchanges for finding in _judge(each, plain)])
    if any(finding.severity is Severity.HELD for finding in judged):
        judged = [each for each in judged if each.code not in ("slow-start", "nginx")]
    return sorted(judged, key=lambda finding: list(Severity).index(finding.severity))


def _best(exchanges: Sequence[Exchange]) -> Exchange | None:
    """The one that came soonest: what the page is like when nobody holds it back."""
    return next(
        (each for each in exchanges if not any(each.is_later_than(one) for one in exchanges)), None
    )


def _judge(exchange: Exchange, plain: Exchange | None) -> Iterator[Finding]:
    if exchange.pace is Pace.NO_PAGE:
        yield _no_page(exchange)
        return
    if exchange.end in (End.CUT, End.MALFORMED):
        yield _cut(exchange)
    if exchange.dropped:
        yield _members(exchange)
    if exchange.surplus and exchange.end is End.COMPLETE:
        yield _surplus(exchange)
    if exchange.problem is not None and exchange.end is not End.MALFORMED:
        yield _undecodable(exchange)
    elif _is_compressors_doing(exchange, plain):
        yield _compressed(exchange, plain)
    elif plain is not None and not exchange.encoding and exchange.is_later_than(plain):
        yield _uneven(exchange, plain)
    elif exchange.pace in (Pace.AT_ONCE, Pace.NOTHING) and exchange.end is not End.CUT:
        held = plain is not None and plain.pace in (Pace.AT_ONCE, Pace.NOTHING)
        yield _collected(exchange, plain if held and plain is not None else exchange)
    elif lump := lump_size(exchange):
        yield _lumps(exchange, lump)
    yield from browser_waits(exchange)
    yield from notes_on(exchange)


def _no_page(exchange: Exchange) -> Finding:
    if exchange.failure is not None:
        return finding_on(exchange, "no-answer", Severity.UNKNOWN, exchange.failure)
    assert exchange.head is not None
    status = f"{exchange.head.status} {exchange.head.reason}".strip()
    what = f"it answers {status}, which is no page to look at"
    if exchange.head.status in (401, 403):
        what += ": -H 'Authorization: ...' or --cookie NAME=VALUE may be missing"
    return finding_on(exchange, "status", Severity.UNKNOWN, what)


def _undecodable(exchange: Exchange) -> Finding:
    encoding = exchange.encoding
    if encoding in WANTED and not can_decode(encoding):
        what = f"{encoding} cannot be decoded here: pip install {WANTED[encoding]}"
        return finding_on(exchange, "decoder", Severity.UNKNOWN, what)
    known = can_decode(encoding)
    what = f"the body is no {encoding}" if known else f"nobody has asked for {encoding}"
    evidence = (f"Content-Encoding: {encoding}", exchange.problem or "")
    return finding_on(exchange, "undecodable", Severity.WRONG, what, *evidence)


def _cut(exchange: Exchange) -> Finding:
    last = exchange.pieces[-1].at if exchange.pieces else exchange.head_at
    silence = exchange.ended_at - last
    what = f"the connection ended after {seconds(exchange.ended_at)}, before the page did"
    if exchange.end is End.MALFORMED:
        what = "the body breaks off, since it is framed wrongly"
        evidence = exchange.problem or ""
    elif exchange.head is not None and exchange.head.length is not None:
        evidence = f"{exchange.size:,} of {exchange.head.length:,} bytes came (Content-Length)"
    elif exchange.head is not None and exchange.head.chunked:
        evidence = "the last chunk, which says that the page is complete, did not come"
    else:
        evidence = "the connection was reset"
    silent = f"before that, nothing had come for {seconds(silence)}"
    causes = (_TIMED_OUT, _ERROR_LATER) if silence >= _SILENCE else (_ERROR_LATER, _TIMED_OUT)
    return finding_on(exchange, "cut", Severity.CUT, what, evidence, silent, causes=causes)


def _members(exchange: Exchange) -> Finding:
    following = (
        f"behind the end of the {exchange.encoding} body come {count(exchange.dropped, 'byte')}"
    )
    if not exchange.more_members:
        return finding_on(exchange, "rest", Severity.NOTE, f"{following}, which browsers drop")
    shown = f"browsers show the first {count(exchange.characters, 'character')} and drop the rest"
    what, evidence = f"{shown}: {following}", "another member begins there"
    return finding_on(exchange, "members", Severity.CUT, what, evidence, causes=(_MEMBERS,))


def _surplus(exchange: Exchange) -> Finding:
    what = f"behind the end of the body come {count(exchange.surplus, 'byte')} more, which are lost"
    length = exchange.header("Content-Length")
    evidence = f"Content-Length: {length}" if length else "they came behind the last chunk"
    causes = (_WRONG_LENGTH,) if length else ()
    return finding_on(exchange, "surplus", Severity.CUT, what, evidence, causes=causes)


def _is_compressors_doing(exchange: Exchange, plain: Exchange | None) -> bool:
    """Whether a compressed page comes later than the plain one, or than its own bytes."""
    if not exchange.encoding or exchange.pace is Pace.QUICK:
        return False
    return _waits_for_bytes(exchange) or (plain is not None and exchange.is_later_than(plain))


def _waits_for_bytes(exchange: Exchange) -> bool:
    """Whether bytes have come long before anything could be read of them."""
    first = exchange.ended_at if exchange.first_at is None else exchange.first_at
    return bool(exchange.pieces) and first - exchange.pieces[0].at >= SLOW


def _compressed(exchange: Exchange, plain: Exchange | None) -> Finding:
    how = came(exchange) if plain is None else came_later(exchange, plain)
    evidence = []
    if _waits_for_bytes(exchange):
        early = [piece for piece in exchange.pieces if piece.at < (exchange.first_at or 1e9)]
        size = sum(piece.size for piece in early)
        evidence.append(
            f"{count(size, 'byte')} came after {seconds(early[0].at)}, and nothing could be read"
            f" of them before {seconds(exchange.first_at or exchange.ended_at)}"
        )
    if plain is not None and exchange.is_later_than(plain):
        evidence.append(f"without compression {came(plain)}")
    what = f"{how}: what compresses it does not flush"
    causes, following = causes_of_compressing(exchange), asking_behind(exchange)
    return finding_on(
        exchange, "compressor", Severity.HELD, what, *evidence, causes=causes, following=following
    )


def _uneven(exchange: Exchange, plain: Exchange) -> Finding:
    """Of a page that came later than at another time, though it was the same page."""
    named = tuple(each.collects for each in proxies_of(exchange) if each.collects is not None)
    held = named or exchange.pace is not Pace.STREAMS
    severity = Severity.HELD if held else Severity.NOTE
    what = f"{came_later(exchange, plain)}; another time {came(plain)}"
    return finding_on(
        exchange,
        "uneven",
        severity,
        what,
        f"it is answered by: {names_of(exchange)}",
        causes=named or (_UNEVEN,),
        following=asking_behind(exchange),
    )


def _collected(exchange: Exchange, plain: Exchange) -> Finding:
    """Of a page that came at once, told by the plain one if that has come so too."""
    whole = plain.head is not None and plain.head.length is not None
    code, evidence = "whole" if whole else "collected", evidence_of_collecting(plain)
    causes, following = causes_of_collecting(plain), asking_behind(plain)
    return finding_on(
        exchange, code, Severity.HELD, came(plain), *evidence, causes=causes, following=following
    )


def lump_size(exchange: Exchange) -> int:
    """The size of the buffer that a page comes in, filled up each time; 0 if it does not."""
    whole = exchange.head is not None and exchange.head.length is not None  # as a file has it
    if exchange.pace is not Pace.STREAMS or whole:
        return 0
    bursts = exchange.bursts(0.05)
    sizes = exchange.chunk_sizes or [burst.size for burst in bursts]
    inner = sizes[1:-1]
    if len(bursts) < 4 or len(inner) < 2 or len(set(inner)) > 1 or inner[0] % _BLOCK:
        return 0
    waits = [after.at - before.at for before, after in pairwise(bursts)]
    return inner[0] if min(waits[:-1]) >= 0.1 else 0


def _lumps(exchange: Exchange, size: int) -> Finding:
    what = f"it comes {size:,} bytes at a time, up to {seconds(exchange.longest_wait)} apart"
    evidence = f"all chunks but the first and the last have {size:,} bytes: a buffer is filled up"
    server = f"it is answered by: {names_of(exchange)}"
    named = tuple(party.collects for party in proxies_of(exchange) if party.collects is not None)
    causes, following = named or (NGINX,), asking_behind(exchange)
    return finding_on(
        exchange, "lumps", Severity.HELD, what, evidence, server, causes=causes, following=following
    )


def came(exchange: Exchange) -> str:
    """How a page came, in words."""
    first = exchange.first_at
    if first is None:
        if exchange.end is End.TIME:
            return f"nothing that can be read came within {seconds(exchange.ended_at)}"
        return f"nothing that can be read came, to the end after {seconds(exchange.ended_at)}"
    if exchange.pace is Pace.STREAMS:
        last = seconds(exchange.last_at)
        if exchange.fell_silent:
            return f"the first text comes after {seconds(first)}, and it has not ended after {last}"
        if exchange.end in (End.TIME, End.SIZE, End.ENOUGH):
            return f"the first text comes after {seconds(first)}, and it goes on after {last}"
        return f"the first text comes after {seconds(first)}, the last after {last}"
    return f"all text comes at once, after {seconds(first)}"


def came_later(exchange: Exchange, other: Exchange) -> str:
    """How a page came that had come sooner before, or elsewhere."""
    first, before = exchange.first_at, other.first_at
    if exchange.pace is not Pace.STREAMS or None in (first, before):
        return came(exchange)
    if (first or 0.0) - (before or 0.0) > 0.1 + 0.05 * other.last_at:
        return came(exchange)
    return (
        f"text comes after {seconds(exchange.mean_at)} on average, and not after"
        f" {seconds(other.mean_at)}"
    )


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """What was found with several encodings as one finding, told by the first."""
    found: dict[tuple[str, str, tuple[Cause, ...]], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.url, finding.causes)
        first = found.setdefault(key, finding)
        if first is not finding:
            accepted = dict.fromkeys((*first.accepted, *finding.accepted))
            found[key] = replace(first, accepted=tuple(accepted))
    return list(found.values())
