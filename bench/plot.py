"""The report as a plot. Needs matplotlib."""

from __future__ import annotations

from statistics import geometric_mean
from textwrap import fill
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from bench.contest import CONTROL
from bench.panel_plot import save

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.report import Report

TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

# Three of Okabe and Ito's colours, which stay apart for colour-blind readers.
OURS, BASELINE, OTHERS = "#D55E00", "#000000", "#0072B2"


def draw(found: Report, target: Path) -> list[Path]:
    """Write the plot as `target` with .svg and with .png as suffix; return both paths.

    Each contestant has a line, the fastest on top: a dot for each page, a bar for
    their geometric mean.
    """
    baseline, *others = found.contestants()
    means = {label: geometric_mean(_ratios(found, label)) for label in others}
    shown = sorted(
        (label for label in others if not label.endswith(CONTROL)), key=means.__getitem__
    )
    figure = Figure(figsize=(8, 1.6 + 0.28 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    for line, label in enumerate(shown):
        color = _color(label, found)
        axes.barh(line, means[label] - 1, left=1, height=0.55, color=color, alpha=0.35)
        ratios = _ratios(found, label)
        axes.plot(ratios, [line] * len(ratios), "o", color=color, markersize=4, alpha=0.7)
    beside = axes.get_yaxis_transform()
    for line, text in enumerate(["mean", *(f"{means[label]:.2f}" for label in shown)], -1):
        axes.text(1.02, line, text, transform=beside, va="center")
    _arrange(axes, shown, baseline)
    figure.suptitle(_conditions(found), fontsize="small")
    return save(figure, target)


def _ratios(found: Report, contestant: str) -> list[float]:
    return [score.ratio for score in found.scores if score.contestant == contestant]


def _color(contestant: str, found: Report) -> str:
    engine = contestant.split()[0]
    if engine == found.contestants()[0].split()[0]:
        return BASELINE
    return OURS if engine == "streamtmpl" else OTHERS


def _arrange(axes: Axes, shown: list[str], baseline: str) -> None:
    axes.axvline(1, color=BASELINE, linewidth=1)
    axes.set_yticks(range(len(shown)), shown)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.set_xlabel(f"time as a share of {baseline}'s (log scale; left is faster)")


def _conditions(found: Report) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return f"{found.machine}\n{fill(f'{found.python}; {versions}', 100)}"
