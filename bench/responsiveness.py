"""``python -m bench.responsiveness``: how late an event loop is while a big page is rendered.

A ticker asks to be woken every millisecond while 100 MB of a sync template are rendered by
``render_stream_async`` in the same event loop; it notes how late it was. The same ticker in an
event loop that does nothing else is the floor: the lateness of the machine and the timer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from jinja2 import Template

from streamtmpl import StreamEnvironment, render_stream_async

TICK = 0.001
MEGABYTES = 100

SOURCE = """\
<table>{% for n in range(rows) %}<tr><td>{{ n }}</td><td>{{ names[n % 3] }}</td>\
<td>{% if n % 2 %}odd{% else %}even{% endif %}</td></tr>
{% endfor %}</table>
"""
NAMES = ["Ada <ada@example.org>", "Grace & co", "Linus"]


@dataclass(frozen=True)
class Lateness:
    """How late the ticks of one run were, in seconds."""

    label: str
    ticks: Sequence[float]
    seconds: float

    def percentile(self, percent: int) -> float:
        """The lateness that *percent* of the ticks do not exceed."""
        return quantiles(self.ticks, n=100, method="inclusive")[percent - 1]


async def tick(late: list[float]) -> None:
    """Note how late each wake-up is, until cancelled."""
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - due)


async def consume(template: Template, rows: int) -> int:
    """Render and drop everything; the number of bytes."""
    size = 0
    context = {"rows": rows, "names": NAMES}
    async with render_stream_async(template, context, encoding="utf-8") as stream:
        async for chunk in stream:
            size += len(chunk)
    return size


async def rendering(template: Template, rows: int) -> tuple[Lateness, int]:
    """The ticker beside a render, and the bytes rendered."""
    late: list[float] = []
    ticker = asyncio.create_task(tick(late))
    begin = time.perf_counter()
    size = await consume(template, rows)
    seconds = time.perf_counter() - begin
    ticker.cancel()
    return Lateness("rendering", late, seconds), size


async def idle(seconds: float) -> Lateness:
    """The ticker alone."""
    late: list[float] = []
    ticker = asyncio.create_task(tick(late))
    await asyncio.sleep(seconds)
    ticker.cancel()
    return Lateness("idle", late, seconds)


def table(runs: Sequence[Lateness]) -> str:
    """A Markdown table, one line per run."""
    lines = [
        "| | time | ticks | median | 99th percentile | worst |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in runs:
        lateness = (run.percentile(50), run.percentile(99), max(run.ticks))
        cells = [run.label, f"{run.seconds:.1f} s", f"{len(run.ticks):,}"]
        cells += [f"{late * 1e3:.2f} ms" for late in lateness]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render beside a ticker and print how late it was."""
    parser = argparse.ArgumentParser(prog="python -m bench.responsiveness", description=__doc__)
    parser.add_argument(
        "--megabytes", type=int, default=MEGABYTES, help="to be rendered (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    template = StreamEnvironment(autoescape=True).from_string(SOURCE)
    rows = 20_000
    per_row = asyncio.run(consume(template, rows)) / rows
    # Row numbers grow longer, so this renders a little more than was asked for.
    rows = int(chosen.megabytes * 1e6 / per_row)
    alone = asyncio.run(idle(2.0))
    beside, size = asyncio.run(rendering(template, rows))
    print(f"{size / 1e6:.0f} MB in chunks of at most 16 KiB, and a 1 ms ticker's lateness:\n")
    print(table([alone, beside]))
    print(f"\nswitch interval: {sys.getswitchinterval() * 1e3:g} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
