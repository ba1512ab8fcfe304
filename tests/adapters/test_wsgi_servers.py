"""Streamed responses behind the WSGI servers that people run.

What is compared is the order of events: a template waits at a gate that the client opens when it
has seen what came before. Where something has to happen soon, such as closing after a disconnect,
SOON is generous, since the machine may be busy; the servers take a fraction of a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from .apps.wsgi_app import ROW
from .crowds import CROWDS
from .http_client import Connection, Head, Incomplete, fetch
from .launch import Server
from .wsgi_servers import KINDS, Kind, serving

SOON = 60.0
CLIENTS = 50
MEGABYTE = 2**20
TEMPLATE_LINE = "line 3, in top-level template code"

_numbers = count()


class Site:
    """A running server, with the folder through which its application talks to the test."""

    def __init__(self, kind: Kind, server: Server, folder: Path) -> None:
        self.kind, self.server, self.folder = kind, server, folder
        self.port = server.port

    def file(self, name: str, event: str) -> Path:
        return self.folder / f"{name}.{event}"

    def stats(self) -> dict[str, int]:
        stats: dict[str, int] = json.loads(fetch(self.port, "/stats")[1])
        return stats

    def body_so_far(self, connection: Connection, head: Head) -> bytes:
        return connection.chunk() if self.kind.chunked else connection.part()


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
def site(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serving(request.param, folder) as server:
        yield Site(request.param, server, folder)


@pytest.fixture
def name() -> str:
    """A name of this request's own."""
    return f"n{next(_numbers)}"


def until(happened: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < deadline, f"not within {SOON} s: {what}"
        time.sleep(0.01)


def test_chunks_arrive_while_the_template_runs(site: Site, name: str) -> None:
    with Connection(site.port) as connection:
        connection.send(f"/gate?name={name}")
        head = connection.head()
        assert head.status == 200
        assert head.get("Content-Type") == "text/html; charset=utf-8"
        assert head.get("X-Accel-Buffering") == "no"
        assert site.body_so_far(connection, head) == b"<h1>%s</h1>" % name.encode()
        until(site.file(name, "waiting").exists, "the template goes on after the first chunk")
        site.file(name, "open").touch()
        assert connection.body(head) == b"<p>end</p>"


def test_a_connection_goes_on_after_a_stream_or_says_that_it_does_not(
    site: Site, name: str
) -> None:
    site.file(name, "open").touch()
    with Connection(site.port) as connection:
        for _ in range(3 if site.kind.keeps_alive else 1):
            connection.send(f"/gate?name={name}")
            head = connection.head()
            assert connection.body(head) == b"<h1>%s</h1><p>end</p>" % name.encode()
        if not site.kind.keeps_alive:
            assert connection.receive() == b""
            assert head.get("Connection") == ("close" if site.kind.chunked else None)


def test_head_gets_the_headers_and_renders_nothing(site: Site, name: str) -> None:
    head, _ = fetch(site.port, f"/gate?name={name}", method="HEAD")
    assert head.status == 200
    assert head.get("Content-Type") == "text/html; charset=utf-8"
    assert head.get("Content-Length") is None
    assert site.stats()["streams"] == 0
    assert not site.file(name, "waiting").exists()


def test_an_early_error_is_the_servers_to_answer_and_logged_once(site: Site, name: str) -> None:
    before = len(site.server.logged())
    if site.kind.early_status is None:
        with pytest.raises(Incomplete):
            fetch(site.port, f"/early?name={name}")
    else:
        with Connection(site.port) as connection:
            connection.send(f"/early?name={name}", headers="Connection: close\r\n")
            answer = b"".join(iter(connection.receive, b""))
        # Not taken apart: gunicorn's own page has broken headers from Python 3.14 on.
        assert answer.split()[1] == b"%d" % site.kind.early_status
        assert name.encode() not in answer
    assert_logged_once(site, before)


def test_an_error_later_cuts_the_response_and_is_logged_once(site: Site, name: str) -> None:
    before = len(site.server.logged())
    with Connection(site.port) as connection:
        connection.send(f"/error?name={name}")
        head = connection.head()
        assert head.status == 200
        assert site.body_so_far(connection, head) == b"<h1>%s</h1>\n" % name.encode()
        site.file(name, "open").touch()
        if site.kind.chunked:
            with pytest.raises(Incomplete, match="before the final chunk"):
                connection.body(head)
        else:
            assert connection.body(head) == b""
    assert_logged_once(site, before)


def assert_logged_once(site: Site, before: int) -> None:
    until(lambda: TEMPLATE_LINE in site.server.logged()[before:], "the error is logged")
    site.stats()  # whatever else was to be logged of the request has been, or soon will be
    assert site.server.logged()[before:].count(TEMPLATE_LINE) == 1


def abandon(site: Site, name: str) -> None:
    """Disconnect from an endless response when it has begun."""
    with Connection(site.port) as connection:
        connection.send(f"/endless?name={name}")
        head = connection.head()
        assert b"xxx" in site.body_so_far(connection, head)


def test_a_disconnect_closes_the_template(site: Site, name: str) -> None:
    abandon(site, name)
    until(site.file(name, "closed").exists, "the template is closed")


@CROWDS
def test_many_disconnects_leave_nothing_behind(site: Site, name: str, crowd: int) -> None:
    for _ in range(10):  # until the server has the threads it wants
        abandon(site, name)
    until(lambda: site.stats()["sources"] == 0, "the first streams are closed")
    before = site.stats()
    for _ in range(crowd):
        abandon(site, name)
    until(lambda: site.stats()["sources"] == 0, "all streams are closed")
    after = site.stats()
    assert after["streams"] == 0
    # A server may start some threads more when it is busy, but not one for each client.
    assert after["threads"] < before["threads"] + crowd / 4
    assert after["files"] < before["files"] + crowd / 4


def test_a_slow_reader_stops_the_render(site: Site, name: str) -> None:
    rows = 200 * MEGABYTE // ROW
    site.stats()
    memory = site.server.peak_memory()
    with Connection(site.port) as connection:
        connection.send(f"/big?name={name}&rows={rows}")
        head = connection.head()
        produced, stalled = -1, rows_produced(site, name)
        while produced != stalled:
            time.sleep(0.3)
            produced, stalled = stalled, rows_produced(site, name)
        assert produced * ROW < 40 * MEGABYTE + site.kind.held
        assert not site.file(name, "ended").exists()
        read = 0
        while read < 20 * MEGABYTE:
            read += len(site.body_so_far(connection, head))
        until(lambda: rows_produced(site, name) > stalled, "the render goes on")
    assert site.server.peak_memory() < memory + 40 * MEGABYTE + site.kind.held


def rows_produced(site: Site, name: str) -> int:
    try:
        return int(site.file(name, "produced").read_text() or -1)
    except FileNotFoundError:
        return -1


def test_concurrent_streams_keep_to_their_own_context(site: Site, name: str) -> None:
    gate = site.file(name, "open")
    if not site.kind.concurrent:
        gate.touch()

    def user(number: int) -> bytes:
        with Connection(site.port) as connection:
            connection.send(f"/users?name=user{number}&gate={name}")
            head = connection.head()
            first = site.body_so_far(connection, head)
            begun.append(number)
            return first + connection.body(head)

    begun: list[int] = []
    with ThreadPoolExecutor(CLIENTS) as pool, closing(_Opening(gate)):
        bodies = [pool.submit(user, number) for number in range(CLIENTS)]
        if site.kind.concurrent:
            until(lambda: len(begun) == CLIENTS, "all streams have begun")
            gate.touch()
    for number, body in enumerate(bodies):
        assert body.result().split() == [b"user%d" % number] * 20


class _Opening:
    """Opens a gate when a test fails, so that the threads behind it end."""

    def __init__(self, gate: Path) -> None:
        self.close = gate.touch
