"""The report as a plot. The only module here that needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from bench.contest import CONTROL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.report import Report

TICKS = [0.01, 0.02, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20]

# Okabe and Ito's colours, which stay apart for colour-blind readers, with shapes for print.
STYLES = [
    ("#E69F00", "s"),
    ("#CC79A7", "D"),
    ("#0072B2", "o"),
    ("#009E73", "^"),
    ("#56B4E9", "v"),
    ("#D55E00", "P"),
]


def draw(found: Report, target: Path) -> list[Path]:
    """Write the plot as `target` with .svg and with .png as suffix; return both paths."""
    figure = Figure(figsize=(9, 1.6 + 0.75 * len(found.workloads)), layout="constrained")
    axes = figure.add_subplot()
    baseline, *others = found.contestants()
    shown = [label for label in others if not label.endswith(CONTROL)]
    for row, contestant in enumerate(shown):
        offset = 0.6 * (row / max(1, len(shown) - 1) - 0.5)
        _draw_contestant(axes, found, contestant, offset, STYLES[row % len(STYLES)])
    axes.axvline(1, color="#000000", linewidth=1, label=baseline)
    _label(axes, found, baseline)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    stem = target.with_suffix("") if target.suffix in {".svg", ".png"} else target
    vector, pixels = Path(f"{stem}.svg"), Path(f"{stem}.png")
    figure.savefig(vector, metadata={"Date": None})
    figure.savefig(pixels, dpi=160)
    return [vector, pixels]


def _draw_contestant(
    axes: Axes, found: Report, contestant: str, offset: float, style: tuple[str, str]
) -> None:
    """Draw one contestant's ratios, with the middle half of the rounds as whiskers."""
    places, ratios, below, above = [], [], [], []
    for place, workload in enumerate(found.workloads):
        score = found.score(contestant, workload)
        if score is not None:
            low, high = score.middle_half
            places.append(place + offset)
            ratios.append(score.ratio)
            below.append(max(0.0, score.ratio - low))
            above.append(max(0.0, high - score.ratio))
    color, marker = style
    axes.errorbar(
        ratios, places, xerr=(below, above), fmt=marker, color=color, capsize=2, label=contestant
    )


def _label(axes: Axes, found: Report, baseline: str) -> None:
    names = [f"{name}: {title}" for name, title in found.workloads.items()]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.set_xlabel(f"time as a share of {baseline}'s (log scale; left is faster)")
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    axes.set_title(f"{found.python}; {versions}\n{found.machine}", fontsize="small")
