"""``python -m bench.memory``: peak memory of a render against the number of rows.

docs/examples/report.html is rendered into a file, from CSVs of several numbers of rows that are
read row by row: by the ``streamtmpl`` command, by streams, and by Jinja2. Every render has a
process of its own, whose peak is what the operating system says. All must write the same file. It
exits with 1 when the peak of streamtmpl's command or streams grows by more than memory that does
not grow with the output allows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from bench.command import counts, listed, run
from bench.contest import OutputsDiffer
from bench.findings import Findings, Panel, exact, table

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
COUNTS = [1_000, 10_000, 100_000, 1_000_000]
ALLOWED = 8.0
"""MiB that a flat peak may grow by from the fewest rows to the most."""

COMMAND = "streamtmpl command"
FLAT = (COMMAND, "streamtmpl stream", "streamtmpl stream async")
"""What must not need more memory for more rows."""
LABELS = (*FLAT, "Jinja2 generate", "Jinja2 render")

MIB = 1024 * 1024
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""The unit of ru_maxrss: bytes on macOS, KiB elsewhere."""

# Linux counts in what a process was before it became another program, so a small one has to start
# what is measured.
STARTER = """\
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Render:
    """One measured process: sizes and peak in MiB, its time in seconds."""

    label: str
    rows: int
    read: float
    written: float
    peak: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and the verdict; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument(
        "--rows", type=counts, default=COUNTS, help="numbers of rows, separated by commas"
    )
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    renders: list[Render] = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            renders += measure(rows, Path(folder))
    grown = {label: growth(renders, label) for label in FLAT}
    return Findings(
        f"python -m bench.memory --rows {listed(chosen.rows)}",
        f"{text(renders)}\n\n{verdict(grown)}",
        [asdict(render) for render in renders],
        [panel(renders)],
        all(each <= ALLOWED for each in grown.values()),
    )


def measure(rows: int, folder: Path) -> list[Render]:
    """Make a CSV of ``rows`` rows and render the report from it in all ways.

    :raises SystemExit: a process failed.
    :raises OutputsDiffer: two of them wrote different files.
    """
    source, target = folder / "sales.csv", folder / "report.html"
    with source.open("wb") as output:
        make = [sys.executable, str(EXAMPLES / "make_rows.py"), str(rows)]
        subprocess.run(make, stdout=output, check=True)
    renders, digests = [], {}
    for label in LABELS:
        begin = time.perf_counter()
        peak = peak_memory(command(label, source, target))
        seconds = time.perf_counter() - begin
        read, written = (file.stat().st_size / MIB for file in (source, target))
        renders.append(Render(label, rows, read, written, peak, seconds))
        digests[label] = _digest(target)
        if digests[label] != digests[COMMAND]:
            raise OutputsDiffer(f"{label} writes another file than {COMMAND}")
    return renders


def command(label: str, source: Path, target: Path) -> list[str]:
    """What renders the report from ``source`` into ``target``."""
    if label != COMMAND:
        module = [sys.executable, "-m", "bench.render_to_file"]
        return [*module, label, str(source), str(target)]
    render = [sys.executable, "-m", "streamtmpl", "render", str(EXAMPLES / "report.html")]
    return [*render, "--rows", f"sales={source}", "--output", str(target)]


def peak_memory(command: Sequence[str]) -> float:
    """Run ``command`` to its end; return its peak resident memory in MiB. POSIX only."""
    start = [sys.executable, "-I", "-S", "-c", STARTER, *command]
    ended = subprocess.run(start, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8")
    if ended.returncode != 0:
        raise SystemExit(f"error: {' '.join(command)} ended with {ended.returncode}")
    return int(ended.stdout) * RSS_UNIT / MIB


def _digest(file: Path) -> bytes:
    """A file's digest, made without reading it as a whole."""
    digest = sha256()
    with file.open("rb") as content:
        while block := content.read(65536):
            digest.update(block)
    return digest.digest()


def growth(renders: Sequence[Render], label: str) -> float:
    """MiB by which the peak differs between the fewest rows and the most."""
    peaks = [render.peak for render in renders if render.label == label]
    return round(peaks[-1] - peaks[0], 1) + 0.0  # without the sign of -0.0


def text(renders: Sequence[Render]) -> str:
    """A table, one line per number of rows, and the times."""
    by_rows: dict[int, list[Render]] = {}
    for render in renders:
        by_rows.setdefault(render.rows, []).append(render)
    lines = [
        [
            f"{rows:,}",
            f"{each[0].read:.1f} MiB",
            f"{each[0].written:.1f} MiB",
            *(f"{render.peak:.1f} MiB" for render in each),
        ]
        for rows, each in by_rows.items()
    ]
    times = (f"{render.label} {render.seconds:.1f} s" for render in renders[-len(LABELS) :])
    return "\n".join(
        [
            "Peak memory of the process that renders a report from a CSV of that many rows.",
            "",
            table(["rows", "CSV read", "HTML written", *LABELS], lines),
            "",
            f"Wall time for the last line: {', '.join(times)}.",
        ]
    )


def verdict(grown: Mapping[str, float]) -> str:
    """Whether flat memory is flat, from the MiB by which it has grown."""
    most = max(grown.values())
    word = "ok" if most <= ALLOWED else "TOO MUCH"
    return (
        f"The peak of streamtmpl's command and streams grows by at most {most:.1f} MiB; "
        f"{ALLOWED:g} MiB are allowed: {word}"
    )


def panel(renders: Sequence[Render]) -> Panel:
    """Peak memory against rows."""
    curves = {
        label: [exact(each.rows, each.peak) for each in renders if each.label == label]
        for label in LABELS
    }
    return Panel(
        "Peak memory of a process that renders a report",
        "rows (log scale)",
        "peak memory in MiB (log scale)",
        curves,
        log_y=True,
    )


if __name__ == "__main__":
    sys.exit(main())
