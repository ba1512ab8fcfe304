"""Servers in virtual time: their bytes come exactly when a test says, and nobody waits for them.

Sockets and clocks are made up, and nothing else is: what comes is read, decoded and judged as ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from socket import socket
from typing import cast

import pytest

from streamtmpl.doctor import Asking, Diagnosis, connection, diagnose, fetching
from streamtmpl.doctor.asking import Address
from streamtmpl.doctor.connection import Connection, NoAnswerError

from .scripted import Scripted, chunk, response

Step = bytes | float | OSError
"""Bytes that come at once, seconds until the next step, or what happens to the connection."""
Answer = Iterable[Step] | Callable[[str], Iterable[Step]]
"""What is sent, or what tells it by a request; the connection ends behind the last step."""

STAYS = math.inf
"""A step: the connection stays open until the client leaves."""
CHUNKED = "Transfer-Encoding: chunked"
HTML = "Content-Type: text/html; charset=utf-8"
LAST = chunk(b"")
PART = b"<p>some text</p>" * 60


class Network:
    """Servers that answer as tests say, and a clock that moves when somebody waits for them.

    :ivar now: what the clock says (seconds).
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self._servers: dict[int, tuple[Scripted, Answer]] = {}

    def monotonic(self) -> float:
        """What :func:`time.monotonic` is here."""
        return self.now

    def server(self, answer: Answer) -> Scripted:
        """A server that sends *answer*."""
        server = Scripted(8001 + len(self._servers))
        self._servers[server.port] = server, answer
        return server

    def connect(self, address: Address, asking: Asking, deadline: float) -> Connection:
        """What :func:`streamtmpl.doctor.connection.connect` is here."""
        if address.port not in self._servers:
            raise NoAnswerError(f"nobody listens on {address.authority}")
        plug = _Socket(self, *self._servers[address.port])
        return Connection(cast("socket", plug), address.host, round_trip=0.0001)


class _Socket:
    """The client's end of a connection."""

    def __init__(self, network: Network, server: Scripted, answer: Answer) -> None:
        self._network = network
        self._server = server
        self._answer = answer
        self._steps: Iterator[Step] = iter(())
        self._wait = 0.0  # until the step that is next
        self._timeout = math.inf

    def __enter__(self) -> _Socket:
        return self

    def __exit__(self, *exception: object) -> None:
        self._steps = iter(())

    def sendall(self, request: bytes) -> None:
        self._server.requests.append(request.decode("latin-1"))
        answer = self._answer
        self._steps = iter(answer(self._server.requests[-1]) if callable(answer) else answer)

    def settimeout(self, timeout: float) -> None:
        self._timeout = timeout

    def recv(self, size: int) -> bytes:
        left = self._timeout
        while True:
            passing = min(self._wait, left)
            self._network.now += passing
            self._wait -= passing
            left -= passing
            if self._wait:
                raise TimeoutError
            step = next(self._steps, b"")
            if isinstance(step, bytes):
                assert len(step) <= size, "more than comes at once"
                return step
            if isinstance(step, OSError):
                raise step
            self._wait = step


def virtual_network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network in the place of the real one, and its clock in that of the real one."""
    network = Network()
    monkeypatch.setattr(fetching, "connect", network.connect)
    for module in (fetching, connection):
        monkeypatch.setattr(module, "time", network)
    return network


def page(*steps: Step, headers: Iterable[str] = (HTML,)) -> list[Step]:
    """A chunked answer: seconds, and parts of the body. The head comes with the first part."""
    sent: list[Step] = [chunk(step) if isinstance(step, bytes) else step for step in steps]
    first = next(at for at, step in enumerate(sent) if isinstance(step, bytes))
    return [*sent[:first], response(b"", CHUNKED, *headers), *sent[first:], LAST]


STREAMING = page(PART, 0.5, PART, 0.5, PART)


def by_encoding(**answers: Iterable[Step]) -> Answer:
    """An answer for each ``Accept-Encoding``."""

    def answer(request: str) -> Iterable[Step]:
        (found,) = [
            steps for name, steps in answers.items() if f"Accept-Encoding: {name}\r\n" in request
        ]
        return found

    return answer


def ask(
    *servers: Scripted,
    encodings: tuple[str, ...] = ("identity",),
    timeout: float = 20.0,
    fragment: bool = False,
) -> Diagnosis:
    """The diagnosis of a page: several servers have it at several places on its way."""
    asking = Asking(encodings=encodings, timeout=timeout, fragment=fragment)
    return diagnose([server.url("/a?b=c") for server in servers], asking)
