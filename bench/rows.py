"""``python -m bench.rows``: exports of rows, beside the same ones written by hand.

Every round writes each export in all ways, in a new random order, from the same generator, and
takes the CPU time of each. The least of all rounds counts, since whatever else the machine does
only adds to it. Then a process of its own writes each into a file, for its peak memory. It exits
with 1 if streamtmpl takes longer than what is written by hand, or if its peak grows with the rows
by more than memory that does not grow allows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

from bench.command import count, run
from bench.contest import OutputsDiffer
from bench.exports import EXPORTS, OURS, Export, Rows, read
from bench.findings import Findings, Panel, exact, table
from bench.memory import ALLOWED, peak_memory
from bench.rounds import interleaved

FEWEST = 1000
"""Rows of the process that the peak of the one with all rows is compared with."""
FASTEST = 1.0
"""The ratio that streamtmpl may not exceed."""

Times = Mapping[tuple[str, str], Sequence[float]]
"""CPU seconds by what is written and the way, one for each round."""
Peaks = Mapping[tuple[str, str], tuple[float, float]]
"""MiB with the fewest rows and with all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables; return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.rows", description=__doc__)
    parser.add_argument("--rows", type=count, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--rounds", type=count, default=5, help="default: %(default)s")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    check()
    tasks = {
        (title, way): partial(seconds, make, export, chosen.rows)
        for title, (make, ways) in EXPORTS.items()
        for way, export in ways.items()
    }
    times = interleaved(tasks, chosen.rounds, Random())
    peaks = {key: _peaks(*key, chosen.rows) for key in tasks}
    command = f"python -m bench.rows --rows {chosen.rows} --rounds {chosen.rounds}"
    data = [
        {"export": title, "way": way, "seconds": times[title, way], "MiB": peaks[title, way]}
        for title, way in tasks
    ]
    shown = text(times, peaks, chosen.rows)
    return Findings(command, shown, data, [panel(times)], met(times, peaks))


def check() -> None:
    """See that readers make the same of all ways.

    :raises OutputsDiffer: they do not.
    """
    for title, (make, ways) in EXPORTS.items():
        found = [read(title, b"".join(export(make(500))).decode()) for export in ways.values()]
        if any(each != found[0] for each in found):
            raise OutputsDiffer(f"{title}: {', '.join(ways)} do not write the same")


def seconds(make: Callable[[int], Rows], export: Export, rows: int) -> float:
    """CPU seconds of one export, which is taken chunk by chunk and dropped."""
    begin = time.process_time()
    for _ in export(make(rows)):
        pass
    return time.process_time() - begin


def _peaks(title: str, way: str, rows: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.rows_to_file", title, way]
        few, all_ = (
            peak_memory([*command, str(each), str(Path(folder) / "export")])
            for each in (FEWEST, rows)
        )
    return few, all_


def ratio(times: Times, title: str, way: str) -> float:
    """The time over that of the first way by hand."""
    return min(times[title, way]) / min(times[title, next(iter(EXPORTS[title][1]))])


def text(times: Times, peaks: Peaks, rows: int) -> str:
    """A table, a row for each export and way, and the goals."""
    lines = [
        [
            f"{title}: {way}",
            f"{min(each) / rows * 1e9:.0f} ns",
            f"{ratio(times, title, way):.2f}",
            f"{peaks[title, way][1]:.1f} MiB",
            f"{peaks[title, way][1] - peaks[title, way][0]:+.1f} MiB",
        ]
        for (title, way), each in times.items()
    ]
    head = ["export", "a row", "over the first by hand", "peak memory", f"over {FEWEST:,} rows"]
    return "\n".join(
        [
            f"CPU time, the least of all rounds, and memory of {rows:,} rows from a generator.",
            "",
            table(head, lines),
            "",
            f"Goal: as fast as by hand, and at most {ALLOWED:g} MiB more for all rows than for"
            f" {FEWEST:,}: {'met' if met(times, peaks) else 'MISSED'}.",
        ]
    )


def met(times: Times, peaks: Peaks) -> bool:
    """Whether streamtmpl takes no longer than by hand, and no more memory for more rows."""
    return all(
        ratio(times, title, OURS) <= FASTEST
        and peaks[title, OURS][1] - peaks[title, OURS][0] <= ALLOWED
        for title in EXPORTS
    )


def panel(times: Times) -> Panel:
    """The ratios, by what is written."""
    curves = {
        OURS: [exact(place, ratio(times, title, OURS)) for place, title in enumerate(EXPORTS)]
    }
    return Panel(
        "Exports of rows",
        "",
        "CPU time over by hand",
        curves,
        names=list(EXPORTS),
        levels={"by hand": FASTEST},
        joined=False,
    )


if __name__ == "__main__":
    sys.exit(main())
