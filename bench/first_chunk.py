"""``python -m bench.first_chunk``: how long after the call the first chunk is there.

A page with a head of about 1 KiB and a table, at several numbers of rows. The time runs from the
call that begins to render until the first piece of text is in the caller's hands; for a whole page
that is all of it. The rows are in memory, so that nothing but rendering is timed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random

from bench.command import count, counts, listed, run
from bench.contest import enter
from bench.findings import Findings, Panel, point, table
from bench.peers.jinja2 import PEER as JINJA2
from bench.peers.streamtmpl import PEER as STREAMTMPL
from bench.report import duration
from bench.rounds import Spread, interleaved
from bench.ways import AsyncPieces, Pieces, Way, Whole
from bench.workloads import MAIN, Context, Workload

COUNTS = [10, 100, 1_000, 10_000, 100_000, 1_000_000]
STARTS = 200
"""Renders in one timed block; a whole page of many rows is rendered less often."""

HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Customers</title>
""" + "".join(
    f'<link rel="stylesheet" href="/static/styles/part-{number}.css?v=20240101">\n'
    for number in range(15)
)
SOURCE = f"""{HEAD}</head>
<body>
<table>
{{% for row in rows %}}<tr><td>{{{{ row.id }}}}</td><td>{{{{ row.name }}}}</td></tr>
{{% endfor %}}</table>
</body>
</html>
"""

Results = Mapping[tuple[str, int], Sequence[float]]
"""Seconds until the first chunk by contestant and number of rows, one for each round."""


def page(rows: int) -> Context:
    """A context of `rows` rows: one row many times, so that a million need little memory."""
    return {"rows": [{"id": 4711, "name": "Ruiz & Sons"}] * rows}


def seconds_to_first(way: Way, context: Context, starts: int) -> float:
    """CPU seconds from the call to the first chunk, the mean of `starts` renders."""
    if isinstance(way, AsyncPieces):
        return asyncio.run(_async_seconds(way, context, starts))
    seconds = 0.0
    for _ in range(starts):
        begin = time.process_time()
        if isinstance(way, Whole):
            way.render(context)
            seconds += time.process_time() - begin
        else:
            assert isinstance(way, Pieces)
            pieces = iter(way.render(context))
            next(pieces)
            seconds += time.process_time() - begin
            pieces.close()  # type: ignore[attr-defined] # generators and streams have it
    return seconds / starts


async def _async_seconds(way: AsyncPieces, context: Context, starts: int) -> float:
    seconds = 0.0
    for _ in range(starts):
        begin = time.process_time()
        pieces = aiter(way.render(context))
        await anext(pieces)
        seconds += time.process_time() - begin
        await pieces.aclose()  # type: ignore[attr-defined] # generators and streams have it
    return seconds / starts


def _starts(way: Way, rows: int, starts: int) -> int:
    return max(1, min(starts, 2_000 // rows)) if isinstance(way, Whole) else starts


def measure(numbers: Sequence[int], rounds: int, starts: int, random: Random) -> Results:
    """Time the first chunk of every contestant at all numbers of rows."""
    workload = Workload("first chunk", "a table", {MAIN: SOURCE}, lambda: lambda: page(1))
    contestants = enter([STREAMTMPL, JINJA2], workload)
    contexts = {number: page(number) for number in numbers}
    for contestant in contestants:
        seconds_to_first(contestant.way, page(10), 10)
    tasks = {
        (each.label, number): partial(
            seconds_to_first, each.way, contexts[number], _starts(each.way, number, starts)
        )
        for each in contestants
        for number in numbers
    }
    return interleaved(tasks, rounds, random)


def _labels(results: Results) -> list[str]:
    return list(dict.fromkeys(label for label, _ in results))


def text(results: Results, numbers: Sequence[int]) -> str:
    """A table of the medians."""
    rows = [
        [label, *(duration(Spread.of(results[label, number]).middle) for number in numbers)]
        for label in _labels(results)
    ]
    return "\n".join(
        [
            "CPU time from the call to the first chunk, for a page of that many rows; for the two",
            "that render a whole page, to the end of it. Medians.",
            "",
            table(["", *(f"{number:,} rows" for number in numbers)], rows),
        ]
    )


def panels(results: Results, numbers: Sequence[int]) -> list[Panel]:
    """The time against the number of rows."""
    curves = {
        label: [point(number, Spread.of(results[label, number])) for number in numbers]
        for label in _labels(results)
    }
    title = "When the first chunk is there"
    return [
        Panel(
            title,
            "rows of the page (log scale)",
            "CPU time (log scale)",
            curves,
            log_y=True,
            unit="s",
        )
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_chunk", description=__doc__)
    parser.add_argument(
        "--rows", type=counts, default=COUNTS, help="numbers of rows, separated by commas"
    )
    parser.add_argument("--rounds", type=count, default=5, help="default: %(default)s")
    parser.add_argument(
        "--starts", type=count, default=STARTS, help="renders in a round (default: %(default)s)"
    )
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    results = measure(chosen.rows, chosen.rounds, chosen.starts, Random())
    command = (
        f"python -m bench.first_chunk --rows {listed(chosen.rows)} --rounds {chosen.rounds}"
        f" --starts {chosen.starts}"
    )
    data = [
        {"contestant": label, "rows": number, "seconds": list(seconds)}
        for (label, number), seconds in results.items()
    ]
    return Findings(command, text(results, chosen.rows), data, panels(results, chosen.rows))


if __name__ == "__main__":
    sys.exit(main())
