"""``python -m bench.lazy_cost``: what watching for slow sources costs on a fast one.

Each template renders 200,000 rows from a generator, once as it is and once with the watch
switched off: then generators are taken for in-memory data, as lists are. Both are the same
compiled code, so nothing else differs. Every round renders with both in a random order, and the
ratio compares the two renders of a round; the last column gives the off switch against itself,
which is how far the measurement is from telling equal things equal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from statistics import median, quantiles
from types import GeneratorType

from jinja2 import Template

from bench.contest import own_garbage_only
from bench.workloads import MAIN, WORKLOADS, generated_rows
from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.runtime import sources

ROWS = 200_000
ALLOWED = 1.10
"""The ratio that the watch must stay below."""

Rows = Callable[[int], Iterator[tuple[object, ...]]]


def thin_rows(count: int) -> Iterator[tuple[int, str]]:
    """Rows that hardly cost anything, so that the watch weighs as much as it can."""
    for number in range(count):
        yield number, "a name"


THIN = "{% for n, name in rows %}<tr><td>{{ n }}</td><td>{{ name }}</td></tr>{% endfor %}"
PAGES: Mapping[str, tuple[str, Rows]] = {
    "4 cells": (
        next(each.sources[MAIN] for each in WORKLOADS if each.name == "rows from a generator"),
        generated_rows,
    ),
    "2 cells": (THIN, thin_rows),
}
"""Template and fast lazy source by title; the first decides the exit code."""


def load(source: str, *, watched: bool) -> Template:
    """The template; loaded without the watch, it takes generators for in-memory data."""
    template = StreamEnvironment(autoescape=True).from_string(source)
    if not watched:
        body = template.root_render_func.into  # type: ignore[attr-defined]
        body.__globals__["in_memory"] = sources.in_memory | {GeneratorType}
    return template


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    """Add the CPU seconds of the ``with`` block to *seconds*."""
    begin = time.process_time()
    yield
    seconds.append(time.process_time() - begin)


def measure(
    renders: Sequence[Callable[[], None]], rounds: int, random: Random
) -> list[list[float]]:
    """CPU seconds of each of *renders*, one for each round; rounds have them in random order."""
    seconds: list[list[float]] = [[] for _ in renders]
    with own_garbage_only():
        for _ in range(rounds):
            for index in random.sample(range(len(renders)), len(renders)):
                with timed(seconds[index]):
                    renders[index]()
    return seconds


def rendering(template: Template, rows: Rows, count: int) -> Callable[[], None]:
    """A function that renders *template* as a server would, chunk by chunk."""

    def render() -> None:
        for _ in render_stream(template, {"rows": rows(count)}):
            pass

    return render


def ratios(source: str, rows: Rows, count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Watched over unwatched, and unwatched over unwatched, one of each for each round.

    :raises SystemExit: the two render different text.
    """
    watched, unwatched = load(source, watched=True), load(source, watched=False)
    texts = {"".join(render_stream(each, {"rows": rows(1000)})) for each in (watched, unwatched)}
    if len(texts) > 1:
        raise SystemExit("error: the two render different text")
    renders = [rendering(each, rows, count) for each in (unwatched, watched, unwatched)]
    base, *others = measure(renders, rounds, Random())
    found = [[mine / theirs for mine, theirs in zip(each, base, strict=True)] for each in others]
    return found[0], found[1]


def described(found: Sequence[float]) -> str:
    """The median of some ratios and the bounds of their middle half."""
    low, _, high = quantiles(found, n=4, method="inclusive")
    return f"{median(found):.3f} ({low:.3f}-{high:.3f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the ratios; return 1 if the watch costs more than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.lazy_cost", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=20, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    print(f"CPU time of {chosen.rows:,} rows over the unwatched render's, {chosen.rounds} rounds\n")
    print("| page | watched | unwatched (again) |\n| --- | ---: | ---: |")
    costs = []
    for title, (source, rows) in PAGES.items():
        cost, control = ratios(source, rows, chosen.rows, chosen.rounds)
        costs.append(median(cost))
        print(f"| {title} | {described(cost)} | {described(control)} |")
    return 0 if costs[0] < ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
