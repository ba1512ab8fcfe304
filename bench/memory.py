"""``python -m bench.memory``: peak memory of the command line at few and at many rows.

It renders docs/examples/report.html from a CSV of 10,000 rows and from one of 1,000,000, each with
the ``streamtmpl`` command in a process of its own, and prints the peak of both. It exits with 1
when they are further apart than memory that does not grow with the output allows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
FEW, MANY = 10_000, 1_000_000
ALLOWED = 8.0
"""MiB that the peak may grow by from few rows to many."""

MIB = 1024 * 1024
# The unit of ru_maxrss: bytes on macOS, KiB elsewhere. Linux counts what the process was before it
# became another program, so this one stays small: it never reads the files.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Render:
    """One measured process: sizes and peak in MiB, its time in seconds."""

    rows: int
    read: float
    written: float
    peak: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and the verdict; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--few", type=int, default=FEW, metavar="ROWS", help="default: %(default)s")
    parser.add_argument(
        "--many", type=int, default=MANY, metavar="ROWS", help="default: %(default)s"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        few, many = (render(rows, Path(folder)) for rows in (chosen.few, chosen.many))
    print(table([few, many]))
    growth = round(many.peak - few.peak, 1) + 0.0  # without the sign of -0.0
    verdict = "ok" if growth <= ALLOWED else "TOO MUCH"
    print(f"\nThe peak differs by {growth:.1f} MiB; {ALLOWED:g} MiB are allowed: {verdict}")
    return 0 if growth <= ALLOWED else 1


def render(rows: int, folder: Path) -> Render:
    """Make a CSV of ``rows`` rows and render the report from it. SystemExit when that fails."""
    source, target = folder / f"{rows}.csv", folder / f"{rows}.html"
    with source.open("wb") as output:
        make = [sys.executable, str(EXAMPLES / "make_rows.py"), str(rows)]
        subprocess.run(make, stdout=output, check=True)
    command = [sys.executable, "-m", "streamtmpl", "render", str(EXAMPLES / "report.html")]
    command += ["--rows", f"sales={source}", "--output", str(target)]
    begin = time.perf_counter()
    peak = peak_memory(command)
    seconds = time.perf_counter() - begin
    read, written = (file.stat().st_size / MIB for file in (source, target))
    return Render(rows, read, written, peak, seconds)


def peak_memory(command: Sequence[str]) -> float:
    """Run ``command`` to its end; return its peak resident memory in MiB. POSIX only."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {' '.join(command)} ended with {process.returncode}")
    return usage.ru_maxrss * RSS_UNIT / MIB


def table(renders: Sequence[Render]) -> str:
    """Return a Markdown table, one line per render."""
    lines = [
        "| rows | CSV read | HTML written | time | peak memory |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each.rows:,} | {each.read:.1f} MiB | {each.written:.1f} MiB "
        f"| {each.seconds:.1f} s | {each.peak:.1f} MiB |"
        for each in renders
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
