"""What the measuring commands share: their options, and where their findings go."""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.findings import Findings
from bench.report import report
from bench.ways import Peer

COMPARED = Peer("", ("Jinja2", "MarkupSafe", "streamtmpl"), {})
"""The packages whose versions stand beside every result."""


def run(
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], Findings],
    arguments: Sequence[str] | None,
) -> int:
    """Parse, measure, print and write; return the exit code: 1 if a goal was missed."""
    _add_targets(parser)
    chosen = parser.parse_args(arguments)
    if chosen.plot and importlib.util.find_spec("matplotlib") is None:
        parser.exit(
            1,
            "error: --plot needs matplotlib, which is not installed. "
            "Install it with: pip install -e '.[bench]'\n",
        )
    found = measure(chosen)
    _publish(found, chosen)
    return 0 if found.goals_met else 1


def _publish(found: Findings, chosen: argparse.Namespace) -> None:
    here = report(found.command, [COMPARED], (), ())
    versions = ", ".join(f"{name} {number}" for name, number in here.versions.items())
    origin = f"Machine: {here.machine}. {here.python}; {versions}."
    text = f"{found.text}\n\n{origin}\nCommand: `{found.command}`\n"
    print(text, end="")
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    if chosen.json:
        about = {"machine": here.machine, "python": here.python, "versions": here.versions}
        data = {"command": found.command, **about, "results": found.data}
        chosen.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    if chosen.plot:
        from bench.panel_plot import draw  # noqa: PLC0415 - matplotlib is optional

        draw(found.panels, f"{here.python}; {versions}\n{here.machine}", chosen.plot)


def _add_targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", type=_target, metavar="FILE", help="also write the text to FILE"
    )
    parser.add_argument("--json", type=_target, metavar="FILE", help="write every single result")
    parser.add_argument(
        "--plot",
        type=_target,
        metavar="FILE",
        help="draw the results, as FILE.svg and FILE.png (needs matplotlib)",
    )


def count(text: str) -> int:
    """An option's value: a number, 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def counts(text: str) -> list[int]:
    """An option's value: one such number or more, separated by commas, in ascending order."""
    return sorted({count(part) for part in text.split(",")})


def listed(numbers: Sequence[int]) -> str:
    """What `counts` reads."""
    return ",".join(map(str, numbers))


def _target(text: str) -> Path:
    """Refuse a path that could not be written after minutes of measuring."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.parent}")
    return path
