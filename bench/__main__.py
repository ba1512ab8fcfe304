"""``python -m bench``: check, time, and print the table."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contest import OutputsDiffer, Score, measure
from bench.peers.installed import KNOWN, MISSING, PEERS, not_installed
from bench.report import Report, as_json, markdown, report
from bench.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.ways import Peer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    chosen = _parser().parse_args(arguments)
    draw = _plotter() if chosen.plot else None
    if chosen.peers is PEERS:
        for name in MISSING:
            print(f"left out: {not_installed(name)}", file=sys.stderr)
    try:
        scores = _measure(chosen)
    except OutputsDiffer as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = report(_command(chosen), chosen.peers, chosen.workloads, scores)
    print(markdown(found), end="")
    if chosen.output:
        chosen.output.write_text(markdown(found), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(as_json(found), indent=1) + "\n", encoding="utf-8")
    if draw:
        draw(found, chosen.plot)
    return 0


def _measure(chosen: argparse.Namespace) -> list[Score]:
    scores: list[Score] = []
    for workload in chosen.workloads:
        print(f"{workload.name}: {workload.title} ...", file=sys.stderr)
        scores += measure(workload, chosen.peers, rounds=chosen.rounds, seconds=chosen.seconds)
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
    if chosen.peers is not PEERS:
        words.append("--peers " + ",".join(peer.name for peer in chosen.peers))
    if len(chosen.workloads) < len(WORKLOADS):
        names = ",".join(workload.name for workload in chosen.workloads)
        words.append("--workloads " + shlex.quote(names))
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
        "--peers",
        type=_peers,
        default=PEERS,
        metavar="streamtmpl,Mako",
        help=f"only these beside {PEERS[0].name}, separated by commas (default: all installed)",
    )
    parser.add_argument(
        "--workloads",
        type=_workloads,
        default=WORKLOADS,
        metavar="NAME,NAME",
        help=f"only these of {', '.join(each.name for each in WORKLOADS)} (default: all)",
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


def _peers(text: str) -> list[Peer]:
    """Return the baseline and the peers that *text* names, in whatever case."""
    names = {name.lower(): name for name in KNOWN}
    wanted = [word.strip() for word in text.split(",")]
    unknown = [word for word in wanted if word.lower() not in names]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no peer {', '.join(unknown)}; there are {', '.join(KNOWN)}"
        )
    chosen = {names[word.lower()] for word in wanted}
    for name in MISSING:
        if name in chosen:
            raise argparse.ArgumentTypeError(not_installed(name))
    baseline, *others = PEERS
    return [baseline, *(peer for peer in others if peer.name in chosen)]


def _workloads(text: str) -> list[Workload]:
    known = {workload.name: workload for workload in WORKLOADS}
    names = [name.strip().lower() for name in text.split(",")]
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
