"""``python -m bench``: check, time, and print the table."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contest import OutputsDiffer, Score, measure
from bench.peers import PEERS
from bench.report import Report, as_json, markdown, report
from bench.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    chosen = _parser().parse_args(arguments)
    draw = _plotter() if chosen.plot else None
    try:
        scores = _measure(chosen.workloads, chosen.rounds, chosen.seconds)
    except OutputsDiffer as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = report(_command(chosen), PEERS, chosen.workloads, scores)
    print(markdown(found), end="")
    if chosen.output:
        chosen.output.write_text(markdown(found), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(as_json(found), indent=1) + "\n", encoding="utf-8")
    if draw:
        draw(found, chosen.plot)
    return 0


def _measure(workloads: Sequence[Workload], rounds: int | None, seconds: float) -> list[Score]:
    scores: list[Score] = []
    for workload in workloads:
        print(f"{workload.name}: {workload.title} ...", file=sys.stderr)
        scores += measure(workload, PEERS, rounds=rounds, seconds=seconds)
    return scores


def _plotter() -> Callable[[Report, Path], list[Path]]:
    """Return what draws plots, or leave before any time is spent on measuring."""
    try:
        from bench.plot import draw  # noqa: PLC0415 - matplotlib is optional
    except ModuleNotFoundError as error:
        raise SystemExit(
            "error: --plot needs matplotlib, which is not installed. "
            "Install it with: pip install -e '.[bench]'"
        ) from error
    return draw


def _command(chosen: argparse.Namespace) -> str:
    """Return the command that measures the same again, without the files it wrote."""
    words = ["python -m bench"]
    if len(chosen.workloads) < len(WORKLOADS):
        words.append("--workloads " + ",".join(workload.name for workload in chosen.workloads))
    if chosen.rounds is None:
        words.append(f"--seconds {chosen.seconds:g}")
    else:
        words.append(f"--rounds {chosen.rounds}")
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Time all engines on all workloads, interleaved, as ratios to Jinja2's render.",
    )
    parser.add_argument(
        "--workloads",
        type=_workloads,
        default=WORKLOADS,
        metavar="W1,W3",
        help="only these, separated by commas (default: all)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--rounds", type=_count, help="rounds for each workload")
    length.add_argument(
        "--seconds",
        type=_duration,
        default=10.0,
        help="wall time for each workload (default: 10)",
    )
    parser.add_argument(
        "--output", type=_target, metavar="FILE", help="also write the table to FILE"
    )
    parser.add_argument("--json", type=_target, metavar="FILE", help="write every round's times")
    parser.add_argument(
        "--plot",
        type=_target,
        metavar="FILE",
        help="draw the ratios, as FILE.svg and FILE.png (needs matplotlib)",
    )
    return parser


def _workloads(text: str) -> list[Workload]:
    known = {workload.name: workload for workload in WORKLOADS}
    names = [name.strip().upper() for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no workload {', '.join(unknown)}; there are {', '.join(known)}"
        )
    return [known[name] for name in dict.fromkeys(names)]


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1 round is needed")
    return count


def _duration(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("a number of seconds above 0 is needed")
    return seconds


def _target(text: str) -> Path:
    """Refuse a path that could not be written after minutes of measuring."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.parent}")
    return path


if __name__ == "__main__":
    sys.exit(main())
