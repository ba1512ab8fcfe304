"""ASGI streams behind real servers, seen by a client with a raw socket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from .crowds import CROWDS
from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running

APP = "tests.adapters.apps.asgi_app:app"
COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "uvicorn": lambda port: module("uvicorn", APP, "--port", port),
    "hypercorn": lambda port: module("hypercorn", APP, "--bind", f"127.0.0.1:{port}"),
    "hypercorn-trio": lambda port: module(
        "hypercorn", APP, "--bind", f"127.0.0.1:{port}", "--worker-class", "trio"
    ),
    "granian": lambda port: module("granian", APP, "--interface", "asgi", "--port", port),
    "daphne": lambda port: module("daphne", "--port", port, APP),
}
SECONDS = 60.0
"""How long a busy machine may take for what takes a fraction of a second on an idle one."""

KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@contextmanager
def started(name: str, log: Path) -> Iterator[Server]:
    for needed in (name.split("-")[0], "anyio"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: it comes with the extra 'servers'")
    port = free_port()
    with running(COMMANDS[name](str(port)), port, log) as server:
        yield server


@pytest.fixture(scope="module", params=list(COMMANDS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    with started(request.param, tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture(autouse=True)
def needs_asyncio(request: pytest.FixtureRequest) -> None:
    parameters = getattr(request.node, "callspec", None)
    if parameters and parameters.params.get("kind") == "sync" and "trio" in name_of(request):
        pytest.skip("templates of sync environments are stepped in threads, which needs asyncio")


def name_of(request: pytest.FixtureRequest) -> str:
    name: str = request.node.callspec.params["server"]
    return name


def state(server: Server) -> dict[str, int]:
    found: dict[str, int] = json.loads(fetch(server.port, "/state")[1])
    return found


def wait_until(server: Server, condition: Callable[[dict[str, int]], bool]) -> float:
    """Wait until the application's state is as wanted; returns the seconds that it took."""
    begun = time.monotonic()
    while not condition(now := state(server)):
        assert time.monotonic() - begun < SECONDS, now
        time.sleep(0.02)
    return time.monotonic() - begun


@KINDS
def test_chunks_arrive_while_the_template_runs(server: Server, kind: str) -> None:
    with Connection(server.port) as connection:
        connection.send(f"/{kind}/gated/{kind}")
        head = connection.head()
        assert head.status == 200
        assert head.get("Content-Type") == "text/html; charset=utf-8"
        assert head.get("X-Accel-Buffering") == "no"
        assert head.get("Content-Length") is None
        assert connection.chunk() == b"head"
        fetch(server.port, f"/open/{kind}")  # without this the template never ends
        assert connection.body(head) == b"rest"


@KINDS
def test_the_connection_serves_further_requests(server: Server, kind: str) -> None:
    with Connection(server.port) as connection:
        for _ in range(3):
            connection.send(f"/{kind}/page")
            assert connection.body(connection.head()) == b"<p>page</p>"


@KINDS
def test_head_gets_the_headers_alone(server: Server, kind: str) -> None:
    begun = state(server)["begun"]
    with Connection(server.port) as connection:
        connection.send(f"/{kind}/endless", method="HEAD")
        head = connection.head()
        assert (head.status, head.get("Content-Type")) == (200, "text/html; charset=utf-8")
        connection.send(f"/{kind}/page")
        assert connection.body(connection.head()) == b"<p>page</p>"
    assert state(server)["begun"] == begun


@KINDS
@pytest.mark.parametrize("page", ["endless", "quiet"])
def test_a_disconnect_closes_the_template(server: Server, kind: str, page: str) -> None:
    with Connection(server.port) as connection:
        connection.send(f"/{kind}/{page}")
        connection.head()
        connection.chunk()
        wait_until(server, lambda now: now["open"] == 1)
    wait_until(server, lambda now: now["open"] == 0)


@CROWDS
@KINDS
def test_disconnects_leave_nothing_behind(server: Server, kind: str, crowd: int) -> None:
    def disconnect(times: int) -> None:
        for _ in range(times):
            with Connection(server.port) as connection:
                connection.send(f"/{kind}/endless")
                connection.head()
                connection.chunk()
        wait_until(server, lambda now: now["open"] == now["streams"] == 0)

    disconnect(10)
    before, logged = state(server), len(server.logged())
    disconnect(crowd)
    assert state(server)["begun"] == before["begun"] + crowd
    # A few more or less are those of the connections that ask for the state.
    wait_until(
        server,
        lambda now: all(now[kept] < before[kept] + 5 for kept in ("tasks", "threads", "files")),
    )
    assert "Traceback" not in server.logged()[logged:]


@KINDS
def test_a_slow_reader_stops_the_render(
    request: pytest.FixtureRequest, server: Server, kind: str
) -> None:
    with Connection(server.port, receive_buffer=65536) as connection:
        connection.send(f"/{kind}/big")
        connection.head()
        if name_of(request) == "daphne":  # should it learn back-pressure, tell it in docs/asgi.rst
            wait_until(server, lambda now: now["blocks"] == 480)
            return
        produced = settled(server)
        # What was sent is in the buffers of the sockets and the server.
        assert produced < 80
        received = 0
        while chunk := connection.chunk():
            received += len(chunk)
    assert received == 120 * 1024 * 1024
    assert server.peak_memory() < 100 * 1024 * 1024


def settled(server: Server) -> int:
    """The number of blocks produced when no more are."""
    produced = -1
    while produced != (now := state(server)["blocks"]) or not now:
        produced = now
        time.sleep(0.3)
    return produced


@KINDS
def test_an_early_error_is_the_servers_error_page(server: Server, kind: str) -> None:
    logged = len(server.logged())
    head, _ = fetch(server.port, f"/{kind}/early-error")
    assert head.status == 500
    assert head.get("X-Accel-Buffering") is None
    assert_logged_once(server, logged, line=1)


def assert_logged_once(server: Server, since: int, line: int) -> None:
    deadline = time.monotonic() + SECONDS
    while "ZeroDivisionError: " not in server.logged()[since:]:
        assert time.monotonic() < deadline, server.logged()[since:]
        time.sleep(0.02)
    logged = server.logged()[since:]
    assert logged.count("ZeroDivisionError: ") == 1
    assert f'"<template>", line {line}, in ' in logged


@KINDS
def test_a_late_error_leaves_the_response_incomplete(
    request: pytest.FixtureRequest, server: Server, kind: str
) -> None:
    if name_of(request) == "daphne":
        pytest.skip("daphne neither cuts the connection nor recovers: it has a test of its own")
    logged = len(server.logged())
    with Connection(server.port) as connection:
        fail_late(connection, kind)
        with pytest.raises(Incomplete):
            connection.chunk()
    assert_logged_once(server, logged, line=3)


def fail_late(connection: Connection, kind: str) -> None:
    connection.send(f"/{kind}/late-error")
    assert connection.head().status == 200
    assert connection.chunk() == b"one\n"


def test_daphne_after_a_late_error(tmp_path: Path) -> None:
    """What docs/asgi.rst says of it. When this changes, the page must."""
    with (
        started("daphne", tmp_path / "log") as daphne,
        Connection(daphne.port) as late,
        Connection(daphne.port) as early,
    ):
        fail_late(late, "async")
        assert_logged_once(daphne, 0, line=3)
        early.send("/async/early-error")
        late.set_timeout(2)
        early.set_timeout(2)
        with pytest.raises(TimeoutError):
            late.chunk()
        with pytest.raises(TimeoutError):
            early.head()


@KINDS
def test_50_streams_at_once_do_not_see_each_other(server: Server, kind: str) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.port)) for _ in range(50)]
        for number, connection in enumerate(connections):
            connection.send(f"/{kind}/whoami/{kind}-{number}")
        for number, connection in enumerate(connections):
            user = f"{kind}-{number}"
            assert connection.body(connection.head()).decode() == f"<{user} {user}>" * 3
