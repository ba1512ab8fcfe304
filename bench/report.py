"""Scores as a Markdown table and as JSON, with the machine and the versions they came from."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.contest import Score
    from bench.ways import Peer
    from bench.workloads import Workload


@dataclass(frozen=True)
class Report:
    """Everything one run of the benchmark found out."""

    command: str
    machine: str
    python: str
    versions: Mapping[str, str]
    """Version by distribution."""
    workloads: Mapping[str, str]
    """Title by name, in the order of the columns."""
    scores: Sequence[Score]

    def contestants(self) -> list[str]:
        """Return the labels in the order of the rows."""
        return list(dict.fromkeys(score.contestant for score in self.scores))

    def score(self, contestant: str, workload: str) -> Score | None:
        """Return one cell's score, None where the contestant did not take part."""
        for score in self.scores:
            if score.contestant == contestant and score.workload == workload:
                return score
        return None


def report(
    command: str, peers: Iterable[Peer], workloads: Iterable[Workload], scores: Sequence[Score]
) -> Report:
    """Add this machine and the installed versions to `scores`."""
    return Report(
        command=command,
        machine=machine(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions={name: _version(name) for peer in peers for name in peer.distributions},
        workloads={workload.name: workload.title for workload in workloads},
        scores=scores,
    )


def machine() -> str:
    """Describe the processor, the number of cores and the system."""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def as_json(found: Report) -> dict[str, object]:
    """Return the whole report as JSON data, with the seconds and ratios of every round."""
    return asdict(found)


def markdown(found: Report) -> str:
    """Return the report as a Markdown table of ratios, with what is needed to read it."""
    baseline = found.contestants()[0]
    lines = [
        f"Time as a share of {baseline}'s, less is faster: the median of the rounds and, in",
        "brackets, the bounds of their middle half; in the first row the time of one render.",
        "",
        *_table(found),
        "",
        f"Machine: {found.machine}. {found.python}; {_versions(found)}.",
        f"Rounds, by column: {_rounds(found)}.",
        "CPU time, every value escaped, outputs checked equal first.",
        f"Command: `{found.command}`",
        "",
    ]
    return "\n".join(lines)


def _table(found: Report) -> list[str]:
    baseline, *others = found.contestants()
    rows = [
        ["", *found.workloads],
        ["---", *("---:" for _ in found.workloads)],
        [baseline, *(_baseline_cell(found.score(baseline, name)) for name in found.workloads)],
    ]
    for contestant in others:
        scores = [found.score(contestant, name) for name in found.workloads]
        rows.append([contestant, *(_cell(score) for score in scores)])
    return ["| " + " | ".join(row) + " |" for row in rows]


def _baseline_cell(score: Score | None) -> str:
    return "-" if score is None else f"1 ({duration(median(score.seconds))})"


def _cell(score: Score | None) -> str:
    if score is None:
        return "-"
    low, high = score.middle_half
    return f"{score.ratio:.2f} ({low:.2f}-{high:.2f})"


def duration(seconds: float) -> str:
    """Return `seconds` with three digits in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} \N{MICRO SIGN}s"


def _versions(found: Report) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.versions.items())


def _rounds(found: Report) -> str:
    counts = {score.workload: len(score.ratios) for score in found.scores}
    return ", ".join(str(counts[name]) for name in found.workloads)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(not installed as a package)"


def _processor() -> str:
    """Return the processor's name: Linux keeps it where `platform` does not look."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown processor")
