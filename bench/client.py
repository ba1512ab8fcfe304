"""A client of the servers that `bench.requests` starts: how often, and how soon, it gets a page."""

from __future__ import annotations

import socket
import time
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

HEADERS = (
    "Host: localhost\r\nAccept: text/html,application/xhtml+xml\r\nUser-Agent: Mozilla/5.0\r\n"
    "Sec-Fetch-Dest: document\r\nAccept-Encoding: identity\r\n\r\n"
)
PATIENCE = 20.0
"""Seconds without a byte after which a request has failed."""


class Connection:
    """A connection that asks for one path again and again."""

    def __init__(self, port: int, path: str) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
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


def load(port: int, path: str, seconds: float, connections: int) -> Result:
    """Ask for a page as often as it can be had, over a number of connections."""
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
