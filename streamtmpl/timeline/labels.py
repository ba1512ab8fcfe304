"""Where labels stand so that none covers another."""

from __future__ import annotations

from collections.abc import Iterable

from .words import columns

_LETTER = 6.8  # pixels, in the style of places
_GAP = 10
_MOST = 6


def placed(
    labels: Iterable[tuple[float, float, str]], left: float, right: float, least: float
) -> list[tuple[float, str]]:
    """The labels that there is room for in a line, and where each begins.

    :param labels: where each wants to begin, its weight, and its text; the heaviest come first.
    :param left: where the line begins.
    :param right: where it ends.
    :param least: the weight below which a label is left out.
    """
    kept: list[tuple[float, float, str]] = []
    wanted = (label for label in labels if label[1] >= least)
    for start, _, text in sorted(wanted, key=lambda label: label[1], reverse=True):
        width = columns(text) * _LETTER
        begin = max(left, min(start, right - width))
        free = all(begin + width + _GAP <= other or begin >= end for other, end, _ in kept)
        if free and len(kept) < _MOST:
            kept.append((begin, begin + width + _GAP, text))
    return [(round(begin, 1), text) for begin, _, text in sorted(kept)]
