"""``python -m bench.requests``: requests a second, and when the first byte is there.

A real server, gunicorn (gthread) or uvicorn, with one process that serves each page in every way
that a framework has: its own, Jinja2's `generate()` or `generate_async()`, ours. A few connections
that are kept alive ask for one page in one way for a moment, then for the next, in a new random
order each round, so that whatever else the machine does falls on all alike. Ratios are of
neighbours: of the same round.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from random import Random
from statistics import median
from typing import NamedTuple

from bench.client import Result, fetched, load
from bench.command import count, run
from bench.findings import Findings, table
from bench.rounds import Spread, interleaved
from bench.ways_served import DJANGO, FLASK, PAGES, STARLETTE

STARTING = 20.0
"""Seconds that a server may take to answer; one that takes longer fails the command."""


class Stack(NamedTuple):
    """A framework behind a server."""

    server: str
    application: str
    ways: Sequence[str]
    """How it sends a page; the others are compared with the first."""

    def command(self, port: int) -> list[str]:
        """What starts it at *port*, with one worker."""
        start = [sys.executable, "-m", self.server, self.application]
        if self.server == "uvicorn":
            options = f"--port {port} --log-level warning --no-access-log"
        else:
            options = (
                f"-b 127.0.0.1:{port} -k gthread -w 1 --threads 4 --keep-alive 60"
                " --log-level warning"
            )
        return [*start, *options.split()]


STACKS = {
    "Flask": Stack("gunicorn", "bench.served:wsgi", FLASK),
    "Django": Stack("gunicorn", "bench.served_django:wsgi", DJANGO),
    "Starlette": Stack("uvicorn", "bench.served:asgi", STARLETTE),
}


@dataclass(frozen=True)
class Served:
    """How one framework has sent one page in one way: medians of the rounds."""

    framework: str
    page: str
    way: str
    per_second: float
    ratio: Spread
    """How many times as many requests a second as the framework's first way."""
    cpu: float
    """Seconds of the server's process for each request."""
    cpu_ratio: Spread
    """How many times as many requests for the same CPU time."""
    first: float
    """Seconds to the first byte of the body, with nobody else asking."""


@contextmanager
def served(stack: Stack) -> Iterator[int]:
    """The port of a server, which runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    process = subprocess.Popen(stack.command(port))
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + STARTING
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"error: {process.args!r} does not answer") from None
            time.sleep(0.05)
        else:
            return


def measure(framework: str, rounds: int, seconds: float, connections: int) -> list[Served]:
    """Ask for all pages in all ways of one framework.

    :param seconds: of asking for one page in one way in a round.
    :raises SystemExit: the server does not answer, or two ways send different pages.
    """
    stack, found = STACKS[framework], []
    with served(stack) as port:
        for page in PAGES:
            texts = {way: fetched(port, f"/{way}/{page}") for way in stack.ways}
            different = [way for way in stack.ways if texts[way] != texts[stack.ways[0]]]
            if different:
                raise SystemExit(f"error: {page} differs: {', '.join(different)}")
            tasks = {
                way: partial(load, port, f"/{way}/{page}", seconds, connections)
                for way in stack.ways
            }
            results = interleaved(tasks, rounds, Random())
            found += [
                summed_up(framework, page, way, results[way], results[stack.ways[0]])
                for way in stack.ways
            ]
    return found


def summed_up(
    framework: str, page: str, way: str, results: Sequence[Result], baseline: Sequence[Result]
) -> Served:
    """The results of all rounds, beside those of the first way."""
    pairs = list(zip(results, baseline, strict=True))
    return Served(
        framework,
        page,
        way,
        per_second=median(one.per_second for one in results),
        ratio=Spread.of([one.per_second / other.per_second for one, other in pairs]),
        cpu=median(one.cpu for one in results),
        cpu_ratio=Spread.of([other.cpu / one.cpu for one, other in pairs]),
        first=median(one.first for one in results),
    )


def _row(found: Served) -> list[str]:
    return [
        found.framework,
        found.page,
        f"`{found.way}`",
        f"{found.per_second:,.0f}",
        f"{found.ratio:.2f}",
        f"{found.cpu * 1e6:,.0f}",
        f"{found.cpu_ratio:.2f}",
        f"{found.first * 1e3:.2f}",
    ]


HEAD = ["", "page", "way", "a second", "as a ratio", "CPU (us)", "as a ratio", "first (ms)"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.requests", description=__doc__)
    parser.add_argument("--rounds", type=count, default=15, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="of one way in a round (default: %(default)s)"
    )
    parser.add_argument("--connections", type=count, default=4, help="default: %(default)s")
    parser.add_argument("--framework", choices=STACKS, help="only this one")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    found = [
        one
        for framework in ([chosen.framework] if chosen.framework else STACKS)
        for one in measure(framework, chosen.rounds, chosen.seconds, chosen.connections)
    ]
    command = (
        f"python -m bench.requests --rounds {chosen.rounds} --seconds {chosen.seconds:g}"
        f" --connections {chosen.connections}"
        + (f" --framework {chosen.framework}" if chosen.framework else "")
    )
    text = "\n".join(
        [
            "Requests a second, the server's CPU time for each, and the time to the first byte of",
            "the body with nobody else asking. Ratios say how many times as many as the first way:",
            "medians, and the middle half of the rounds.",
            "",
            table(HEAD, [_row(one) for one in found], 3),
        ]
    )
    return Findings(command, text, [asdict(one) for one in found], [])


if __name__ == "__main__":
    sys.exit(main())
