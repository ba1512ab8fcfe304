"""``python -m bench.regions``: what deferred regions cost whose content is ready at once.

A page of 100 regions, each a list of rows in memory, is streamed with its regions patched in and
with them in order, in one run whose rounds have all ways in a random order. The ratios compare the
renders of a round, patched over in order, for each way to render regions. The last columns are the
microseconds until there is a first chunk, with the tags and without them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

from bench.rounds import Spread, interleaved
from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.chunks.options import Deferred

REGIONS = 100
ALLOWED = 1.3
"""The ratio of patched to in order that no way may exceed on lists of :data:`ROWS` rows."""
ROWS = 10
PLACEHOLDER = "<p>…</p>"

BEGIN, END = "{% defer %}", f"{{% placeholder %}}{PLACEHOLDER}{{% enddefer %}}"
PAGE = (
    "<!doctype html><html><body>{% for region in regions %}<section><h2>{{ region.title }}</h2>"
    + BEGIN
    + '<ul>{% for row in region.rows %}<li><a href="{{ row.url }}">{{ row.name }}</a> '
    "{{ row.value }}</li>{% endfor %}</ul>" + END + "</section>{% endfor %}</body></html>"
)
PLAIN = PAGE.replace(BEGIN, "").replace(END, "")

FIRST = "first chunk"
Way = tuple[str, str]


def data(rows: int) -> dict[str, Any]:
    """What the page shows: regions of so many *rows*."""
    return {
        "regions": [
            {
                "title": f"Region {number}",
                "rows": [
                    {"url": f"/{number}/{row}", "name": f"Name <{row}>", "value": row * 1.5}
                    for row in range(rows)
                ],
            }
            for number in range(REGIONS)
        ]
    }


def stream(template: Any, context: Any, deferred: Deferred, executor: Executor | None) -> float:
    """Render in sync; returns the seconds it took."""
    begin = time.perf_counter()
    for _ in render_stream(template, context, deferred=deferred, executor=executor):
        pass
    return time.perf_counter() - begin


def stream_async(template: Any, context: Any, deferred: Deferred) -> float:
    """Render in an event loop; returns the seconds it took, without those of the loop."""

    async def consume() -> float:
        begin = time.perf_counter()
        async for _ in render_stream_async(template, context, deferred=deferred):
            pass
        return time.perf_counter() - begin

    return asyncio.run(consume())


def first_chunk(template: Any, context: Any) -> float:
    """Seconds until there is a first chunk."""
    begin = time.perf_counter()
    with render_stream(template, context) as chunks:
        next(chunks)
        return time.perf_counter() - begin


def ways(rows: int, executor: Executor) -> dict[Way, Callable[[], float]]:
    """All that is timed on regions of so many *rows*."""
    context = data(rows)
    env, async_env = StreamEnvironment(autoescape=True), StreamEnvironment(enable_async=True)
    async_env.autoescape = True
    page, plain = env.from_string(PAGE), env.from_string(PLAIN)
    async_page = async_env.from_string(PAGE)
    tasks: dict[Way, Callable[[], float]] = {}
    for mode in ("patch", "in-order"):
        tasks["one after the other", mode] = partial(stream, page, context, mode, None)
        tasks["threads", mode] = partial(stream, page, context, mode, executor)
        tasks["tasks (async)", mode] = partial(stream_async, async_page, context, mode)
    tasks[FIRST, "patch"] = partial(first_chunk, page, context)
    tasks[FIRST, "in-order"] = partial(first_chunk, plain, context)
    return tasks


def markup(rows: int) -> float:
    """The bytes that one region adds to the page, without its placeholder."""
    env = StreamEnvironment(autoescape=True, patch_script=None)
    sizes = [
        len(b"".join(render_stream(env.from_string(source), data(rows), encoding="utf-8")))
        for source in (PAGE, PLAIN)
    ]
    return (sizes[0] - sizes[1]) / REGIONS - len(PLACEHOLDER.encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the ratios; return 1 if patching costs more than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.regions", description=__doc__)
    parser.add_argument("--rows", default="3,10,30", help="of each region; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=40, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    print(f"{REGIONS} regions, {chosen.rounds} rounds: patched over in order\n")
    print(f"{markup(ROWS):.1f} bytes of markup for each region\n")
    worst = 0.0
    titles = ("one after the other", "threads", "tasks (async)")
    columns = ["rows", *titles, "first chunk (µs)", "without the tags"]
    print(f"| {' | '.join(columns)} |\n|{' ---: |' * len(columns)}")
    with ThreadPoolExecutor(4) as executor:
        for rows in map(int, chosen.rows.split(",")):
            seconds = interleaved(ways(rows, executor), chosen.rounds, Random())
            found = [_ratio(seconds[each, "patch"], seconds[each, "in-order"]) for each in titles]
            firsts = [Spread.of(seconds[FIRST, mode]).scaled(1e6) for mode in ("patch", "in-order")]
            cells = [f"{each:.2f}" for each in found] + [f"{each:.0f}" for each in firsts]
            print(f"| {rows} | {' | '.join(cells)} |")
            if rows == ROWS:
                worst = max(each.middle for each in found)
    return 0 if worst < ALLOWED else 1


def _ratio(patched: Sequence[float], in_order: Sequence[float]) -> Spread:
    return Spread.of([mine / theirs for mine, theirs in zip(patched, in_order, strict=True)])


if __name__ == "__main__":
    sys.exit(main())
