"""Results that are kept, a file for each Python, so that tables may have a column for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.contest import Score
from bench.report import Report
from bench.requests import Served
from bench.rounds import Spread


@dataclass(frozen=True)
class Timed:
    """What one contestant has needed for one workload, beside the baseline."""

    workload: str
    contestant: str
    seconds: float
    """CPU seconds of one render: the median of the rounds."""
    ratio: Spread
    """As a share of the baseline's."""

    @classmethod
    def of(cls, score: Score) -> Timed:
        """Sum up the rounds."""
        seconds = median(score.seconds)
        return cls(score.workload, score.contestant, seconds, Spread.of(score.ratios))


@dataclass(frozen=True)
class Kept:
    """The results of one Python."""

    python: str
    """Its minor version, such as ``3.13``: the head of its column."""
    interpreter: str
    machine: str
    command: str
    versions: Mapping[str, str]
    """Of the packages that took part."""
    engines: Sequence[Timed]
    served: Sequence[Served]

    def timed(self, workload: str, contestant: str) -> Timed | None:
        """One result, ``None`` where the contestant did not take part."""
        for one in self.engines:
            if (one.workload, one.contestant) == (workload, contestant):
                return one
        return None

    def sent(self, framework: str, page: str, way: str) -> Served | None:
        """One result, ``None`` where it was not measured."""
        for one in self.served:
            if (one.framework, one.page, one.way) == (framework, page, way):
                return one
        return None

    def as_report(self) -> Report:
        """What is known of the engines as a report, with one round."""
        return Report(
            self.command,
            self.machine,
            self.interpreter,
            self.versions,
            {one.workload: one.workload for one in self.engines},
            [
                Score(one.workload, one.contestant, (one.seconds,), (one.ratio.middle,))
                for one in self.engines
            ],
        )


def save(kept: Kept, folder: Path) -> Path:
    """Write the results to a file that is named after the Python; one result a line."""
    target = folder / f"{kept.python}.json"
    parts = [
        f"{json.dumps(name)}: {_listed(value) if isinstance(value, list) else json.dumps(value)}"
        for name, value in asdict(kept).items()
    ]
    target.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    return target


def _listed(entries: Iterable[Mapping[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(_short(entry)) for entry in entries) + "\n]"


def _short(value: Any) -> Any:
    """*value* with six digits of each number."""
    if isinstance(value, Mapping):
        return {name: _short(one) for name, one in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value


def load(folder: Path) -> list[Kept]:
    """All results in a folder, the oldest Python first."""
    found = [_read(json.loads(file.read_text(encoding="utf-8"))) for file in folder.glob("*.json")]
    return sorted(found, key=lambda kept: [int(part) for part in kept.python.split(".")])


def _read(data: dict[str, Any]) -> Kept:
    engines = [Timed(**one | {"ratio": Spread(**one["ratio"])}) for one in data.pop("engines")]
    served = [
        Served(**one | {key: Spread(**one[key]) for key in ("ratio", "cpu_ratio")})
        for one in data.pop("served")
    ]
    return Kept(**data, engines=engines, served=served)
