"""The report as a plot. The only module here that needs matplotlib."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from statistics import geometric_mean
from textwrap import fill
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from bench.contest import CONTROL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.report import Report

COLUMNS = 4
"""The most workloads beside each other."""

TICKS = [0.01, 0.05, 0.2, 0.5, 1, 2, 5, 20, 100]

# Three of Okabe and Ito's colours, which stay apart for colour-blind readers.
OURS, BASELINE, OTHERS = "#D55E00", "#000000", "#0072B2"


def draw(found: Report, target: Path) -> list[Path]:
    """Write the plot as `target` with .svg and with .png as suffix; return both paths.

    Each workload has a panel, each contestant a line in all of them; the fastest are on top.
    """
    baseline, *others = found.contestants()
    shown = [label for label in others if not label.endswith(CONTROL)]
    shown.sort(key=lambda label: _overall(found, label))
    columns = min(COLUMNS, len(found.workloads))
    rows = ceil(len(found.workloads) / columns)
    size = (2.4 + 2.6 * columns, 1.6 + rows * (0.7 + 0.22 * len(shown)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for panel, workload in zip(panels, found.workloads, strict=False):
        _draw_workload(panel, found, workload, shown)
    for panel in panels[len(found.workloads) :]:
        panel.set_visible(False)
    for panel in panels[max(0, len(found.workloads) - columns) :]:
        panel.tick_params(labelbottom=True)
    _arrange(panels[0], shown, baseline)
    figure.supxlabel(
        f"time as a share of {baseline}'s (log scale; left is faster)", fontsize="medium"
    )
    figure.suptitle(_conditions(found, int(13 * size[0])), fontsize="small")
    stem = target.with_suffix("") if target.suffix in {".svg", ".png"} else target
    vector, pixels = Path(f"{stem}.svg"), Path(f"{stem}.png")
    figure.savefig(vector, metadata={"Date": None})
    figure.savefig(pixels, dpi=160)
    return [vector, pixels]


def _overall(found: Report, contestant: str) -> float:
    """Return what the lines are sorted by: the mean of the contestant's ratios."""
    return geometric_mean(score.ratio for score in found.scores if score.contestant == contestant)


def _draw_workload(axes: Axes, found: Report, workload: str, shown: list[str]) -> None:
    """Draw each ratio as a mark with its number, the middle half of the rounds as whiskers."""
    for line, contestant in enumerate(shown):
        score = found.score(contestant, workload)
        if score is None:
            continue
        low, high = score.middle_half
        color = _color(contestant, found)
        axes.plot([1, score.ratio], [line, line], color=color, alpha=0.3, linewidth=3)
        whiskers = [[max(0.0, score.ratio - low)], [max(0.0, high - score.ratio)]]
        axes.errorbar(score.ratio, line, xerr=whiskers, fmt="o", color=color, markersize=4)
        right = score.ratio >= 1
        axes.annotate(
            f"{score.ratio:.2f}" if score.ratio < 10 else f"{score.ratio:.1f}",
            (high if right else low, line),
            xytext=(5 if right else -5, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize="x-small",
        )
    axes.axvline(1, color=BASELINE, linewidth=1)
    axes.set_title(fill(f"{workload}: {found.workloads[workload]}", 34), fontsize="medium")
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)


def _color(contestant: str, found: Report) -> str:
    engine = contestant.split()[0]
    if engine == found.contestants()[0].split()[0]:
        return BASELINE
    return OURS if engine == "streamtmpl" else OTHERS


def _arrange(axes: Axes, shown: list[str], baseline: str) -> None:
    """Set up what all panels share."""
    axes.set_yticks(range(len(shown)), shown)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.22)
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _conditions(found: Report, width: int) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return f"{found.machine}\n{fill(f'{found.python}; {versions}', width)}"
