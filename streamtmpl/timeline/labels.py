"""Where labels stand so that none covers another."""

from __future__ import annotations

from collections.abc import Iterable

from .words import columns

_LETTER = 6.8  # pixels, in the style of places
_GAP = 10
_MOST = 6
_LINES = 2


def placed(
    labels: Iterable[tuple[float, float, str]], left: float, right: float, least: float
) -> list[tuple[float, int, str]]:
    """The labels that there is room for in two lines: where each begins, in which line, its text.

    :param labels: where each wants to begin, its weight, and its text; the heaviest come first.
    :param left: where the lines begin.
    :param right: where they end.
    :param least: the weight below which a label is left out.
    """
    kept: list[tuple[float, int, str]] = []
    wanted = (label for label in labels if label[1] >= least)
    for start, _, text in sorted(wanted, key=lambda label: label[1], reverse=True)[:_MOST]:
        begin = max(left, min(start, right - _width(text)))
        for line in range(_LINES):
            if all(_apart(begin, text, other) for other in kept if other[1] == line):
                kept.append((begin, line, text))
                break
    return sorted(kept)


def _apart(begin: float, text: str, other: tuple[float, int, str]) -> bool:
    after = begin >= other[0] + _width(other[2]) + _GAP
    return after or begin + _width(text) + _GAP <= other[0]


def _width(text: str) -> float:
    return columns(text) * _LETTER
