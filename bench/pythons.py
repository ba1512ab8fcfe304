"""``python -m bench.pythons``: the tables of the documentation that have a column for each Python.

Run it with each Python that is to have a column. It measures all engines (as `python -m bench`) and
all servers (as `python -m bench.requests`), keeps the results in a file that is named after the
Python, and writes the tables anew from all files that there are.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.columns import tables
from bench.command import count
from bench.contest import measure
from bench.kept import Kept, Timed, load, save
from bench.peers.installed import MISSING, PEERS, not_installed
from bench.report import report
from bench.requests import STACKS
from bench.requests import measure as measure_server
from bench.ways import Peer
from bench.workloads import WORKLOADS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "performance"
RESULTS = "results"
"""The folder of the results, in that of the tables."""
SERVERS = Peer("", ("Flask", "Django", "starlette", "gunicorn", "uvicorn"), {})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, unless told not to, and write the tables; return the exit code."""
    chosen = _parser().parse_args(arguments)
    results = chosen.folder / RESULTS
    results.mkdir(exist_ok=True)
    if not chosen.only_write:
        save(_measured(chosen), results)
    kept = load(results)
    for name, text in tables(kept).items():
        (chosen.folder / name).write_text(f"{text}\n", encoding="utf-8")
        print(f"{text}\n")
    if chosen.plot:
        from bench.plot import draw  # noqa: PLC0415 - matplotlib is optional

        draw(kept[-1].as_report(), chosen.folder / "ratios.svg")
    return 0


def _measured(chosen: argparse.Namespace) -> Kept:
    for name in MISSING:
        print(f"left out: {not_installed(name)}", file=sys.stderr)
    served = []
    for framework in STACKS:
        print(f"{framework} ...", file=sys.stderr)
        served += measure_server(framework, chosen.rounds, 0.4, 4)
    scores = []
    for workload in WORKLOADS:
        print(f"{workload.name} ...", file=sys.stderr)
        scores += measure(workload, PEERS, seconds=chosen.seconds)
    command = f"python -m bench.pythons --rounds {chosen.rounds} --seconds {chosen.seconds:g}"
    here = report(command, [*PEERS, SERVERS], (), ())
    return Kept(
        python=".".join(platform.python_version_tuple()[:2]),
        interpreter=here.python,
        machine=here.machine,
        command=command,
        versions=here.versions,
        engines=[Timed.of(score) for score in scores],
        served=served,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.pythons", description=__doc__)
    parser.add_argument(
        "--rounds", type=count, default=8, help="for each page of a server (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=8.0,
        help="wall time for each workload (default: %(default)s)",
    )
    parser.add_argument(
        "--only-write", action="store_true", help="write the tables from the results that are kept"
    )
    parser.add_argument(
        "--plot",
        action="store_true",
        help="draw ratios.svg beside the tables, of the newest Python (needs matplotlib)",
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the tables are (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
