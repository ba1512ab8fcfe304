"""Draws the panels of findings. Needs matplotlib."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, StrMethodFormatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from bench.findings import Panel, Point

# Okabe and Ito's colours, which stay apart for colour-blind readers, with shapes for print.
STYLES = {
    "streamtmpl stream": ("#0072B2", "o"),
    "streamtmpl stream async": ("#56B4E9", "v"),
    "streamtmpl render": ("#009E73", "^"),
    "Jinja2 render": ("#000000", "P"),
    "Jinja2 generate": ("#E69F00", "s"),
    "Jinja2 generate_async": ("#CC79A7", "D"),
}
OTHER_STYLES = [("#D55E00", "X"), ("#777777", "*")]
LEVEL_COLOR = "#777777"


def draw(panels: Sequence[Panel], caption: str, target: Path) -> list[Path]:
    """Write the panels, one below the other, as `target`.svg and `target`.png; return both."""
    figure = Figure(figsize=(8, 1.0 + 2.9 * len(panels)), layout="constrained")
    styles = _styles(panels)
    for place, panel in enumerate(panels):
        _draw_panel(figure.add_subplot(len(panels), 1, place + 1), panel, styles)
    shown = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(caption, fontsize="small")
    return save(figure, target)


def save(figure: Figure, target: Path) -> list[Path]:
    """Write the figure as `target`.svg and `target`.png; return both."""
    stem = target.with_suffix("") if target.suffix in {".svg", ".png"} else target
    vector, pixels = Path(f"{stem}.svg"), Path(f"{stem}.png")
    with mpl.rc_context({"svg.hashsalt": stem.name}):  # the same picture is the same file
        figure.savefig(vector, metadata={"Date": None})
    figure.savefig(pixels, dpi=120)
    return [vector, pixels]


def _styles(panels: Sequence[Panel]) -> dict[str, tuple[str, str]]:
    """Colour and shape of every label."""
    labels = dict.fromkeys(label for panel in panels for label in panel.curves)
    others = [label for label in labels if label not in STYLES]
    return STYLES | dict(zip(others, cycle(OTHER_STYLES), strict=False))


def _draw_panel(axes: Axes, panel: Panel, styles: dict[str, tuple[str, str]]) -> None:
    line = "-" if panel.joined else "none"
    for number, (label, points) in enumerate(panel.curves.items()):
        color, marker = styles[label]
        # Points that no line joins stand beside each other, lines on top of each other.
        shift = 0.0 if panel.joined else 0.12 * (number - (len(panel.curves) - 1) / 2)
        axes.errorbar(
            [each.x + shift for each in points],
            [each.y for each in points],
            yerr=_whiskers(points),
            label=label,
            color=color,
            marker=marker,
            markersize=5,
            linestyle=line,
            linewidth=1.2,
            capsize=2,
            zorder=2.5 + 0.1 * (len(panel.curves) - number),  # the first one in front
        )
    for label, level in panel.levels.items():
        color, _ = styles.get(label, (LEVEL_COLOR, ""))
        axes.axhline(level, color=color, linestyle="--", linewidth=1.2, label=label)
    axes.set_title(panel.title, fontsize="medium", loc="left")
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.grid(color="#dddddd", axis="both" if panel.joined else "y")
    axes.set_axisbelow(True)
    _scale(axes, panel)


def _whiskers(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    below = [max(0.0, each.y - each.low) for each in points]
    above = [max(0.0, each.high - each.y) for each in points]
    return below, above


def _scale(axes: Axes, panel: Panel) -> None:
    if panel.names:
        axes.set_xticks(range(len(panel.names)), panel.names)
    else:
        axes.set_xscale("log")
        _spell_out(axes.xaxis, "")
    if panel.log_y:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        if high < 50 * low:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    _spell_out(axes.yaxis, panel.unit)


def _spell_out(axis: Axis, unit: str) -> None:
    """Write 1,000,000 or 10 ms, not powers of ten."""
    axis.set_major_formatter(EngFormatter(unit) if unit else StrMethodFormatter("{x:,.12g}"))
