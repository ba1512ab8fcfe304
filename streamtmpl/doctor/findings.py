"""What is said about a page: findings, each with its evidence, its causes and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .exchange import Exchange


class Severity(str, Enum):
    """What a finding means for who looks at the page."""

    HELD = "held back"
    CUT = "cut off"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"
    NOTE = "note"


@dataclass(frozen=True)
class Cause:
    """What may be the reason, and what to do if it is.

    :ivar page: the page of the documentation that says more; its name, without a suffix.
    """

    what: str
    mend: str
    page: str


@dataclass(frozen=True)
class Finding:
    """Something that was found out about a page.

    :ivar code: what kind of finding it is, for programs.
    :ivar url: the page.
    :ivar accepted: with which ``Accept-Encoding`` it was found.
    :ivar what: in one line.
    :ivar evidence: what was seen that tells so.
    :ivar causes: the likeliest first; where there is one alone, it is known to be the reason.
    :ivar following: what to run next, where causes cannot be told apart from here.
    """

    code: str
    severity: Severity
    url: str
    accepted: tuple[str, ...]
    what: str
    evidence: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    following: str | None = None


def finding_on(
    exchange: Exchange,
    code: str,
    severity: Severity,
    what: str,
    *evidence: str,
    causes: tuple[Cause, ...] = (),
    following: str | None = None,
) -> Finding:
    """A finding about what was seen of one request."""
    accepted = (exchange.accepted,)
    return Finding(code, severity, exchange.url, accepted, what, evidence, causes, following)


def seconds(value: float) -> str:
    """A time as it is shown."""
    return f"{value:.1f} s" if value >= 9.995 else f"{value:.2f} s"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: tuple[str, ...] | list[str]) -> str:
    """Words as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def asking_behind(exchange: Exchange) -> str:
    """The next command, where somebody may stand before the application."""
    path = exchange.url.split("/", 3)[-1]
    return f"streamtmpl doctor {exchange.url} http://127.0.0.1:PORT/{path}"
