"""A diagnosis as it is shown: text for people, or one object of JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import Enum
from functools import partial
from typing import Any

from .diagnosis import Diagnosis, Status
from .exchange import End, Exchange
from .findings import Finding, Severity, count, seconds
from .parties import names_of

Paint = Callable[[str, str], str]
"""Gives a text in a colour, whose name comes first."""

BLOCKS = " ▁▂▃▄▅▆▇█"
"""How much can be read, from nothing to all, for terminals that can show it."""

ASCII = "_.:-=+*%#"
"""How much, for terminals that cannot."""

_COLUMNS = 40
_LINES = 10
_ENDS = {
    End.COMPLETE: "complete",
    End.CONNECTION: "the connection ends",
    End.CUT: "the connection ends before the page does",
    End.MALFORMED: "the body is framed wrongly",
    End.TIME: "not waited for any longer (--timeout)",
    End.SIZE: "no more is read (--max-size)",
    End.ENOUGH: "no more is read: events have no end",
}
_COLOURS = {
    Severity.HELD: "red",
    Severity.CUT: "red",
    Severity.WRONG: "red",
    Severity.UNKNOWN: "yellow",
    Severity.NOTE: "blue",
}
_STATUS_COLOURS = {Status.STREAMS: "green", Status.HELD: "red", Status.UNKNOWN: "yellow"}


def plain(colour: str, text: str) -> str:
    """No colours."""
    return text


def exchange_lines(exchange: Exchange, shades: str = BLOCKS, brief: bool = False) -> Iterator[str]:
    """What came when, with one ``Accept-Encoding``: a picture and some lines.

    :param brief: leave the lines away, for another exchange that is not compressed either.
    """
    head = exchange.head
    accepted = exchange.accepted + (", for a script" if exchange.fragment else "")
    if exchange.failure is not None:
        yield f"  {accepted}: {exchange.failure}"
        return
    if head is None:
        yield f"  {accepted}: nothing came within {seconds(exchange.ended_at)}"
        return
    picture = f"  {accepted:<12} {_picture(exchange, shades)}  {seconds(exchange.ended_at)}"
    if brief and exchange.end in (End.COMPLETE, End.CONNECTION) and not exchange.encoding:
        yield f"{picture}, not compressed"
        return
    yield picture
    sent = exchange.encoding or "not compressed"
    frame = (
        "chunked" if head.chunked else f"{head.length:,} bytes" if head.length is not None else ""
    )
    described = ", ".join(filter(None, [f"{head.status} {head.reason}".strip(), sent, frame]))
    yield _line(exchange.head_at, f"headers: {described}")
    yield from _arrivals(exchange)
    yield _line(exchange.ended_at, _ENDS[exchange.end])


def _line(at: float, text: str) -> str:
    return f"    {seconds(at):>8}  {text}"


def _arrivals(exchange: Exchange) -> Iterator[str]:
    bursts = exchange.bursts(max(0.02, exchange.ended_at / 100))
    left_out = len(bursts) - _LINES
    for number, burst in enumerate(bursts):
        if left_out > 0 and _LINES // 2 <= number < _LINES // 2 + left_out + 1:
            if number == _LINES // 2:
                yield f"    {'...':>8}  {left_out + 1:,} more times"
            continue
        text = f"{count(burst.size, 'byte')}, {count(burst.characters, 'character')}"
        yield _line(burst.at, text if burst.characters else f"{text}: cannot be read yet")


def _picture(exchange: Exchange, shades: str) -> str:
    """How much could be read by when: a column is a part of the time, its height of the text."""
    total, end = exchange.characters or 1, exchange.ended_at or 1.0
    shown = []
    for column in range(_COLUMNS):
        until = end * (column + 1) / _COLUMNS
        read = sum(piece.characters for piece in exchange.pieces if piece.at <= until)
        shown.append(shades[-(-read * (len(shades) - 1) // total)])
    return "".join(shown)


def page_line(exchange: Exchange) -> str:
    """The page of an exchange, and who answers."""
    way = "".join(f"{url} -> " for url in exchange.redirects)
    who = f" ({exchange.peer}, {names_of(exchange)})" if exchange.head is not None else ""
    return f"{way}{exchange.url}{who}"


def finding_lines(finding: Finding, width: int = 100, paint: Paint = plain) -> Iterator[str]:
    """A finding: what, what tells so, and what to do."""
    label = finding.severity.value
    text = f"{label} ({', '.join(finding.accepted)}): {finding.what}"
    first, *more = _wrapped(text, width, subsequent_indent="  ")
    yield paint(_COLOURS[finding.severity], label) + first.removeprefix(label)
    yield from more
    for seen in finding.evidence:
        yield from _item("seen", seen, width)
    known = len(finding.causes) == 1
    for number, cause in enumerate(finding.causes, 1):
        label = "cause" if known else f"cause {number} of {len(finding.causes)}"
        yield from _item(label, cause.what, width)
        yield from _item("  do", f"{cause.mend} (docs: {cause.page})", width)
    if finding.following is not None:
        yield f"  to know where: {finding.following}"


# What is to be copied, the name of a page or a URL, is not broken at its hyphens.
_wrapped = partial(textwrap.wrap, break_on_hyphens=False, break_long_words=False)


def _item(label: str, text: str, width: int) -> list[str]:
    return _wrapped(text, width, initial_indent=f"  {label}: ", subsequent_indent=" " * 6)


def summary_lines(diagnosis: Diagnosis, width: int = 100, paint: Paint = plain) -> Iterator[str]:
    """What follows from what was seen; the last line is the verdict."""
    for finding in diagnosis.findings:
        yield from finding_lines(finding, width, paint)
        yield ""
    for encoding, package in diagnosis.missing:
        yield f"{encoding} was not asked for: it cannot be decoded here (pip install {package})"
        yield ""
    yield "verdict: " + paint(_STATUS_COLOURS[diagnosis.status], diagnosis.verdict)


def as_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as JSON has it: what the dataclasses hold, by name."""
    data: dict[str, Any] = _plain_data(asdict(diagnosis))
    for shown, exchange in zip(data["exchanges"], diagnosis.exchanges, strict=True):
        shown["pace"] = exchange.pace.value
        shown["encoding"] = exchange.encoding
    return data


def _plain_data(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {name: _plain_data(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain_data(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value
