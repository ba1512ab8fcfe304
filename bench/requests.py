"""``python -m bench.requests``: requests a second, and when the first byte is there.

A real server, gunicorn (gthread) or uvicorn, with one process that serves each page in every way
that there is: Flask's and Starlette's own, Jinja2's `generate_async()`, ours. A few connections
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
from functools import partial
from random import Random
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

from bench.command import count, run
from bench.findings import Findings, table
from bench.rounds import Spread, interleaved
from bench.served import FLASK, PAGES, STARLETTE

SERVERS = {"gunicorn": FLASK, "uvicorn": STARLETTE}
"""The ways that each server serves; the first is what the others are compared with."""
HEADERS = (
    "Host: localhost\r\nAccept: text/html,application/xhtml+xml\r\nUser-Agent: Mozilla/5.0\r\n"
    "Sec-Fetch-Dest: document\r\nAccept-Encoding: identity\r\n\r\n"
)
STARTING = 20.0
"""Seconds that a server may take to answer; one that takes longer fails the command."""


def command_of(server: str, port: int) -> list[str]:
    """What starts *server* at *port*, with one worker."""
    if server == "uvicorn":
        options = f"--port {port} --log-level warning --no-access-log"
        return [sys.executable, "-m", "uvicorn", "bench.served:asgi", *options.split()]
    options = f"-b 127.0.0.1:{port} -k gthread -w 1 --threads 4 --keep-alive 60 --log-level warning"
    return [sys.executable, "-m", "gunicorn", "bench.served:wsgi", *options.split()]


@contextmanager
def served(server: str) -> Iterator[int]:
    """The port of *server*, which runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    process = subprocess.Popen(command_of(server, port))
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


class Connection:
    """A connection that asks for one path again and again."""

    def __init__(self, port: int, path: str) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=STARTING)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {quote(path)} HTTP/1.1\r\n{HEADERS}".encode()
        self._got = b""

    def ask(self) -> None:
        """Send the request."""
        self.socket.sendall(self._request)
        self._got = b""

    def read(self) -> bytes | None:
        """Read what is there; the body of the response when all of it is."""
        self._got += self.socket.recv(1 << 18)
        head, _, rest = self._got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"error: {head!r}")
        lower = head.lower()
        if b"\r\ncontent-length: " in lower:
            length = int(lower.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
            return rest if len(rest) == length else None
        return _joined(rest) if rest.endswith(b"\r\n0\r\n\r\n") else None

    def page(self) -> bytes:
        """Ask, and wait for all of it."""
        self.ask()
        while (body := self.read()) is None:
            pass
        return body

    def seconds_to_first_byte(self) -> float:
        """Ask, and say when the first byte of the body was there; the rest is read as well."""
        begin = time.perf_counter()
        self.ask()
        first = None
        while True:
            body = self.read()
            if first is None and not self._got.endswith(b"\r\n\r\n"):
                first = time.perf_counter() - begin
            if body is not None:
                return first or time.perf_counter() - begin


def fetched(port: int, path: str) -> bytes:
    """One page, over a connection of its own."""
    connection = Connection(port, path)
    with connection.socket:
        return connection.page()


def _joined(chunked: bytes) -> bytes:
    """What is in HTTP/1.1's chunks."""
    body = b""
    while True:
        size, _, chunked = chunked.partition(b"\r\n")
        if not int(size, 16):
            return body
        body += chunked[: int(size, 16)]
        chunked = chunked[int(size, 16) + 2 :]


class Result(NamedTuple):
    """One way, one page, one round."""

    per_second: float
    cpu: float
    """Seconds of the server's process for each request."""
    first: float
    """Seconds to the first byte of the body, with nobody else asking."""


def load(port: int, way: str, page: str, seconds: float, connections: int) -> Result:
    """Ask for a page as often as it can be had."""
    path = f"/{way}/{page}"
    single = Connection(port, path)
    with single.socket:
        firsts = [single.seconds_to_first_byte() for _ in range(10)]
    used, begin, requests = float(fetched(port, "/cpu")), time.perf_counter(), 0
    asking = set()
    with DefaultSelector() as selector:
        for _ in range(connections):
            connection = Connection(port, path)
            connection.ask()  # at once: threads of gunicorn's wait seconds for one that does not
            selector.register(connection.socket, EVENT_READ, connection)
            asking.add(connection)
        while asking:
            for key, _ in selector.select():
                if key.data.read() is None:
                    continue
                requests += 1
                if time.perf_counter() - begin < seconds:
                    key.data.ask()
                else:
                    selector.unregister(key.data.socket)
                    asking.remove(key.data)
                    key.data.socket.close()
    took, used = time.perf_counter() - begin, float(fetched(port, "/cpu")) - used
    return Result(requests / took, used / requests, median(firsts))


def measure(chosen: argparse.Namespace, server: str) -> list[list[str]]:
    """The rows of the table for one server."""
    ways, rows = SERVERS[server], []
    with served(server) as port:
        for page in PAGES:
            texts = {way: fetched(port, f"/{way}/{page}") for way in ways}
            different = [way for way in ways if texts[way] != texts[ways[0]]]
            if different:
                raise SystemExit(f"error: {page} differs: {', '.join(different)}")
            tasks = {
                way: partial(load, port, way, page, chosen.seconds, chosen.connections)
                for way in ways
            }
            results = interleaved(tasks, chosen.rounds, Random())
            rows += [[server, page, *_row(way, results[way], results[ways[0]])] for way in ways]
    return rows


def _row(way: str, results: Sequence[Result], baseline: Sequence[Result]) -> list[str]:
    pairs = list(zip(results, baseline, strict=True))
    return [
        way,
        f"{median(one.per_second for one in results):,.0f}",
        f"{Spread.of([one.per_second / other.per_second for one, other in pairs]):.2f}",
        f"{median(one.cpu for one in results) * 1e6:,.0f}",
        f"{Spread.of([other.cpu / one.cpu for one, other in pairs]):.2f}",
        f"{median(one.first for one in results) * 1e3:.2f}",
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
    parser.add_argument("--server", choices=SERVERS, help="only this one")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    servers = [chosen.server] if chosen.server else list(SERVERS)
    rows = [row for server in servers for row in measure(chosen, server)]
    command = (
        f"python -m bench.requests --rounds {chosen.rounds} --seconds {chosen.seconds:g}"
        f" --connections {chosen.connections}"
        + (f" --server {chosen.server}" if chosen.server else "")
    )
    text = "\n".join(
        [
            "Requests a second, the server's CPU time for each, and the time to the first byte of",
            "the body with nobody else asking. Ratios say how many times as many as the first way:",
            "medians, and the middle half of the rounds.",
            "",
            table(HEAD, rows),
        ]
    )
    return Findings(command, text, [dict(zip(HEAD[1:], row[1:], strict=True)) for row in rows], [])


if __name__ == "__main__":
    sys.exit(main())
