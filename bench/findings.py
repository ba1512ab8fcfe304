"""What a measuring command has found: text, data, and what its plot shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.rounds import Spread


class Point(NamedTuple):
    """A point of a curve, with whiskers from `low` to `high`."""

    x: float
    y: float
    low: float
    high: float


def point(x: float, y: Spread) -> Point:
    """The point of a measurement that was repeated."""
    return Point(x, y.middle, y.low, y.high)


def exact(x: float, y: float) -> Point:
    """The point of something that needs no repetition, without whiskers."""
    return Point(x, y, y, y)


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    curves: Mapping[str, Sequence[Point]]
    """Points by label. Equal labels have equal colours in all panels."""
    names: Sequence[str] = ()
    """Names of the places 0, 1, 2 ... on the x axis, which is logarithmic if there are none."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Horizontal lines by label."""
    log_y: bool = False
    unit: str = ""
    """The y axis' unit, such as ``s``; it gets prefixes (``ms``)."""
    joined: bool = True
    """Whether lines join the points."""


@dataclass(frozen=True)
class Findings:
    """Everything that a command publishes."""

    command: str
    """What measures the same again, without the files it writes."""
    text: str
    """The tables, in Markdown, with what is needed to read them."""
    data: object
    """Every single result, for JSON."""
    panels: Sequence[Panel]
    goals_met: bool = True


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table; all columns but the first *words* are aligned to the right."""
    rules = ["---"] * words + ["---:"] * (len(head) - words)
    lines = [head, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
