"""``python -m bench.growth``: whether a row costs more late in a page, or deep in a template.

*Growth*: rows from a generator, at several numbers of rows. The generator looks at the clock after
every tenth of the largest number, so that the last tenth can be compared with the first one of the
same render. *Nesting*: the same rows from a flat template and from inside of inheritance, includes
and macros, timed as ``python -m bench`` times engines.

It exits with 1 if one of streamtmpl's streams misses a goal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from random import Random

from bench import nesting
from bench.command import count, counts, listed, run
from bench.contest import Score, measure
from bench.findings import Findings, Panel, Point, point, table
from bench.peers.jinja2 import PEER as JINJA2
from bench.peers.streamtmpl import PEER as STREAMTMPL
from bench.rounds import Spread, interleaved
from bench.ways import Way
from bench.workloads import MAIN, Workload

COUNTS = [1_000, 10_000, 100_000, 1_000_000]
LEAST = 100_000
"""Rows that a timed block renders at least, in as many renders as that takes."""

GROWTH_ALLOWED = 1.10
"""The last tenth over the first tenth, for streams of streamtmpl."""
NESTING_ALLOWED = 1.10
"""Nested over flat, for streams of streamtmpl."""

CONTROL = "flat (again)"
"""What the flat template is called where it is timed against itself."""

LOADS = {
    f"{peer.name} {label}": peer.ways[label]
    for peer, label in (
        (STREAMTMPL, "stream"),
        (STREAMTMPL, "stream async"),
        (JINJA2, "generate"),
        (JINJA2, "generate_async"),
    )
}
"""What hands out text while it renders. Those of streamtmpl have goals to meet."""

Row = Mapping[str, object]


@dataclass(frozen=True)
class Block:
    """CPU seconds of one timed block: in all, and at the end of each tenth of its last render."""

    rows: int
    seconds: float
    marks: Sequence[float]

    @property
    def per_row(self) -> float:
        return self.seconds / self.rows

    @property
    def last_over_first(self) -> float:
        """What the last tenth of the rows took over what the first one took."""
        return (self.marks[10] - self.marks[9]) / (self.marks[1] - self.marks[0])


def marked_rows(number: int, marks: list[float]) -> Iterator[Row]:
    """Yield `number` rows that exist nowhere else; note the time at each tenth."""
    marks.clear()
    # Beginning high, so that the last numbers are no longer than the first.
    begin = 10_000_000
    for tenth in range(1, 11):
        marks.append(time.process_time())
        end = 10_000_000 + tenth * number // 10
        for row in range(begin, end):
            yield {"id": row, "name": f"customer {row}"}
        begin = end
    marks.append(time.process_time())


def timed(way: Way, number: int, least: int) -> Block:
    """Render `number` rows, and again until `least` rows have been rendered."""
    renders = max(1, least // number)
    marks: list[float] = []
    contexts = [{"rows": marked_rows(number, marks)} for _ in range(renders)]
    begin = time.process_time()
    way.consume(contexts)  # type: ignore[arg-type] # a dict of iterators is a context
    return Block(renders * number, time.process_time() - begin, marks)


def grow(
    numbers: Sequence[int], rounds: int, least: int, random: Random
) -> dict[tuple[str, int], list[Block]]:
    """Time every way at all numbers of rows."""
    flat = Workload("growth", "rows from a generator", {MAIN: nesting.FLAT}, lambda: dict)
    ways = {label: load(flat) for label, load in LOADS.items()}
    for way in ways.values():
        timed(way, 1_000, 1)
    tasks = {
        (label, number): partial(timed, way, number, least)
        for label, way in ways.items()
        for number in numbers
    }
    return interleaved(tasks, rounds, random)


def nest(rows: int, seconds: float) -> dict[str, list[Score]]:
    """Time every way on all nested templates, for `seconds` each, as ratios to the flat one."""
    scores = {}
    for label, load in LOADS.items():
        peer = nesting.nested(label, load)
        scores[label] = measure(nesting.workload(rows), [peer], seconds=seconds)
    return scores


@dataclass(frozen=True)
class Growth:
    """Both measurements, summed up."""

    numbers: Sequence[int]
    blocks: Mapping[tuple[str, int], Sequence[Block]]
    scores: Mapping[str, Sequence[Score]]

    def per_row(self, label: str, number: int) -> Spread:
        return Spread.of([block.per_row for block in self.blocks[label, number]])

    def last_over_first(self, label: str) -> Spread:
        longest = self.blocks[label, self.numbers[-1]]
        return Spread.of([block.last_over_first for block in longest])

    def nested(self, label: str) -> dict[str, Spread]:
        """The ratio to the flat template by title, the first one that of the flat one itself."""
        _, *others = self.scores[label]
        ratios = [Spread.of(score.ratios) for score in others]
        return dict(zip([CONTROL, *nesting.NESTED], ratios, strict=True))

    def missed(self) -> list[str]:
        """The goals that were missed, in words."""
        words = []
        for label in filter(_has_goals, LOADS):
            growth = self.last_over_first(label).middle
            if growth > GROWTH_ALLOWED:
                words.append(f"{label}: the last tenth takes {growth:.2f} times the first")
            words += [
                f"{label}: {title} take {ratio.middle:.2f} times the flat template"
                for title, ratio in self.nested(label).items()
                if title != CONTROL and ratio.middle > NESTING_ALLOWED
            ]
        return words


def _has_goals(label: str) -> bool:
    return label.startswith(STREAMTMPL.name)


def text(found: Growth) -> str:
    """Both tables and whether the goals are met."""
    numbers = found.numbers
    rows = [
        [
            label,
            *(f"{found.per_row(label, number).middle * 1e6:.2f} \u00b5s" for number in numbers),
            f"{found.last_over_first(label):.2f}",
        ]
        for label in LOADS
    ]
    head = ["", *(f"{number:,} rows" for number in numbers), "last tenth / first tenth"]
    nested = {label: found.nested(label) for label in LOADS}
    missed = found.missed()
    return "\n".join(
        [
            "CPU time per row, and what the last tenth of the rows takes over the first tenth of",
            f"the same {numbers[-1]:,} rows: medians and, in brackets, the bounds of the middle",
            "half.",
            "",
            table(head, rows),
            "",
            "CPU time of the same rows written from inside of a nested template, over the flat",
            "template's, each engine against itself. The flat template against itself shows how",
            "exact the measurement is.",
            "",
            table(
                ["", CONTROL, *nesting.NESTED],
                [[label, *(f"{ratio:.2f}" for ratio in nested[label].values())] for label in LOADS],
            ),
            "",
            f"Goals for streamtmpl: at most {GROWTH_ALLOWED:.2f} and {NESTING_ALLOWED:.2f}: "
            + ("missed. " + "; ".join(missed) if missed else "met")
            + ".",
        ]
    )


def panels(found: Growth) -> list[Panel]:
    """Time per row against rows, and nested over flat."""
    growth: dict[str, list[Point]] = {
        label: [point(number, found.per_row(label, number).scaled(1e6)) for number in found.numbers]
        for label in LOADS
    }
    nested = {
        label: [
            point(place, found.nested(label)[title]) for place, title in enumerate(nesting.NESTED)
        ]
        for label in LOADS
    }
    return [
        Panel(
            "What a row costs in a page of that many rows",
            "rows (log scale)",
            "CPU time per row (\u00b5s)",
            growth,
        ),
        Panel(
            "What the same rows cost deep in a template",
            "levels around the loop that writes the rows",
            "CPU time / flat template's",
            nested,
            names=list(nesting.NESTED),
            levels={"as the flat template": 1.0},
            joined=False,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print both tables; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--rows", type=counts, default=COUNTS, help="numbers of rows, separated by commas"
    )
    parser.add_argument("--rounds", type=count, default=5, help="default: %(default)s")
    parser.add_argument(
        "--nested-rows", type=count, default=10_000, help="default: %(default)s", metavar="ROWS"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        help="wall time for the nested templates, for each way to render (default: %(default)s)",
    )
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    blocks = grow(chosen.rows, chosen.rounds, min(LEAST, chosen.rows[-1]), Random())
    found = Growth(chosen.rows, blocks, nest(chosen.nested_rows, chosen.seconds))
    command = (
        f"python -m bench.growth --rows {listed(chosen.rows)} --rounds {chosen.rounds}"
        f" --nested-rows {chosen.nested_rows} --seconds {chosen.seconds:g}"
    )
    data = {
        "growth": [
            {"way": key[0], "rows": key[1], "blocks": [asdict(each) for each in found]}
            for key, found in blocks.items()
        ],
        "nesting": {
            label: [asdict(score) for score in scores] for label, scores in found.scores.items()
        },
    }
    return Findings(command, text(found), data, panels(found), not found.missed())


if __name__ == "__main__":
    sys.exit(main())
