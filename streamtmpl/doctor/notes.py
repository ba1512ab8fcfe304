"""What is worth knowing about a page, though it does not hold it back; and its regions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .exchange import SLOW, End, Exchange, Pace
from .findings import Cause, Finding, Severity, asking_behind, count, finding_on, seconds
from .parties import NGINX, proxies_of

_SLOW_START = 1.0  # seconds
_SLOW_SHARE = 0.3  # of the time that all takes
_LITTLE = 256  # characters
_LITTLE_SHARE = 0.1  # of all
_TOGETHER = 0.02
_START = Cause(
    "the view, or the template's first source, waits before there is any text",
    "put the head of the page before what is slow",
    "slow-sources",
)
_BEGINNING = Cause(
    "what is slow stands right behind the beginning of the page",
    "put what can be seen, such as a heading, before it",
    "slow-sources",
)
_REGIONS = Cause(
    "they are of one group, or wait for the same thing: a lock, a connection, one thread",
    "give regions an executor, and each of them a connection of its own",
    "databases",
)
_FRAGMENT = Cause(
    'the mode is `deferred="patch"` whoever asks, or a cache does not heed `Vary`',
    'leave the mode at `"auto"`, or answer scripts with `deferred="in-order"`',
    "htmx",
)


def notes_on(exchange: Exchange) -> Iterator[Finding]:
    """The notes on one exchange."""
    streams = exchange.pace is Pace.STREAMS
    first = exchange.first_at or 0.0
    if streams and first >= max(_SLOW_START, _SLOW_SHARE * exchange.last_at):
        yield _slow_start(exchange, first)
    elif streams and any(party.collects is NGINX for party in proxies_of(exchange)):
        what = "whether nginx holds back some of it can be seen by asking the application as well"
        yield _note(exchange, "nginx", what)
    if streams:
        yield from _little_first(exchange)
    if exchange.fell_silent:
        silence = seconds(exchange.ended_at - exchange.read[-1].at)
        what = f"it has not ended, and nothing came in the last {silence}: it may hang"
        yield _note(exchange, "silent", what)
    if exchange.end is End.CONNECTION and streams:
        what = "its end is that of the connection: if it is cut, it looks complete"
        yield _note(exchange, "no-end-mark", what)
    if streams and not exchange.header("X-Accel-Buffering") and not proxies_of(exchange):
        what = "behind nginx it may be held back: it has no header `X-Accel-Buffering: no`"
        yield _note(exchange, "x-accel", what)
    if exchange.pace is Pace.QUICK and exchange.head and exchange.head.length:
        what = "it has a Content-Length: made as a whole, it would come at once were it slow"
        yield _note(exchange, "quick-whole", what)
    yield from _of_regions(exchange)


def _slow_start(exchange: Exchange, first: float) -> Finding:
    """Of a page that streamed late: a proxy that collects may have held back its first part."""
    named = [each.collects for each in proxies_of(exchange) if each.collects is not None]
    what = f"nothing came for {seconds(first)}"
    if not named:
        return _note(exchange, "slow-start", f"{what}, and then it streamed", _START)
    return finding_on(
        exchange,
        "slow-start",
        Severity.UNKNOWN,
        what,
        causes=(*named, _START),
        following=asking_behind(exchange),
    )


def _little_first(exchange: Exchange) -> Iterator[Finding]:
    """Of a page that begins with what shows nothing, such as its doctype, and waits then."""
    early = 0
    for piece, later in pairwise(exchange.read):
        early += piece.characters
        wait = later.at - piece.at
        if early > min(_LITTLE, _LITTLE_SHARE * exchange.characters):
            return
        if wait >= max(_SLOW_START, exchange.last_at / 2):
            all_of_it = count(exchange.characters, "character")
            what = f"{early:,} of {all_of_it} came before a wait of {seconds(wait)}"
            yield _note(exchange, "little-first", what, _BEGINNING)
            return


def _of_regions(exchange: Exchange) -> Iterator[Finding]:
    if exchange.fragment and any(region.patch_at is not None for region in exchange.regions):
        what = "a script that loads it gets patches, which only Chromium puts in their place"
        code, severity = "patches-in-fragment", Severity.WRONG
        yield finding_on(exchange, code, severity, what, causes=(_FRAGMENT,))
        return
    times = [(region.place_at, region.patch_at or 0.0) for region in exchange.regions]
    late = [patch for place, patch in times if patch - place >= SLOW]
    if len(late) > 1 and len(late) == len(times) and max(late) - min(late) < _TOGETHER:
        what = f"{count(len(late), 'region')} came all at once, after {seconds(late[0])}"
        yield _note(exchange, "regions-at-once", what, _REGIONS)
    lost = sum(region.patch_at is None for region in exchange.regions)
    if lost and exchange.end in (End.COMPLETE, End.CONNECTION):
        what = f"{count(lost, 'region')} never came, though the page is complete"
        yield _note(exchange, "regions-lost", what)


def _note(exchange: Exchange, code: str, what: str, *causes: Cause) -> Finding:
    return finding_on(exchange, code, Severity.NOTE, what, causes=causes)
