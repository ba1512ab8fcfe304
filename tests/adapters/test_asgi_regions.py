"""Deferred regions behind uvicorn, by the order in which things arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("uvicorn", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("anyio", reason="not installed: it comes with the extra 'servers'")

from .http_client import Connection, fetch
from .launch import Server, free_port, module, running
from .patches import is_plain, patched, patches, places, read_until

KINDS = pytest.mark.parametrize("kind", ["sync", "async"])
SECONDS = 60.0
"""How long a busy machine may take for what takes a fraction of a second on an idle one."""
DOCUMENT = "<p>shell</p><b>1</b><b>2</b><p>end</p></body>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = module("uvicorn", "tests.adapters.apps.asgi_app:app", "--port", str(port))
    with running(command, port, tmp_path_factory.mktemp("server") / "log") as server:
        yield server


def state(server: Server) -> dict[str, int]:
    found: dict[str, int] = json.loads(fetch(server.port, "/state")[1])
    return found


def wait_until(server: Server, condition: Callable[[dict[str, int]], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition(now := state(server)):
        assert time.monotonic() < deadline, now
        time.sleep(0.02)


@KINDS
def test_the_shell_comes_first_and_patches_as_they_are_ready(server: Server, kind: str) -> None:
    gate = f"ready-{kind}"
    with Connection(server.port) as connection:
        connection.send(f"/{kind}/regions/{gate}")
        head = connection.head()
        assert head.status == 200
        page = read_until(connection.chunk, "<p>end</p>")
        assert page.startswith("<p>shell</p><?start name=")
        assert places(page) == ["wait", "wait"]
        assert patches(page) == []
        assert "</body>" not in page
        fetch(server.port, f"/open/{gate}2")
        page += read_until(connection.chunk, "</template>")
        assert patches(page) == [(1, "<b>2</b>")]
        fetch(server.port, f"/open/{gate}1")
        page += connection.body(head).decode()
    assert patches(page) == [(1, "<b>2</b>"), (0, "<b>1</b>")]
    assert page.endswith("</template>\f\n</body>")
    assert patched(page).replace("\n", "") == DOCUMENT


@KINDS
def test_in_order_there_is_no_markup_of_ours(server: Server, kind: str) -> None:
    gate = f"order-{kind}"
    with Connection(server.port) as connection:
        connection.send(f"/{kind}/regions/{gate}/in-order")
        head = connection.head()
        page = read_until(connection.chunk, "shell</p>")
        fetch(server.port, f"/open/{gate}2")
        fetch(server.port, f"/open/{gate}1")
        page += connection.body(head).decode()
    assert page == DOCUMENT
    assert is_plain(page)


def test_a_disconnect_cancels_the_tasks_of_regions(server: Server) -> None:
    wait_until(server, lambda now: now["open"] == now["streams"] == 0)
    tasks = state(server)["tasks"]
    with Connection(server.port) as connection:
        connection.send("/async/watched/never-opened")
        read_until_shell(connection)
        wait_until(server, lambda now: now["open"] == 1)
        assert state(server)["tasks"] > tasks + 2  # both regions are waiting for what never comes
    wait_until(server, lambda now: now["open"] == 0 and now["tasks"] <= tasks)
    wait_until(server, lambda now: now["streams"] == 0)


def read_until_shell(connection: Connection) -> None:
    connection.head()
    read_until(connection.chunk, "shell</p>")


def test_a_disconnect_ends_the_regions_in_threads(server: Server) -> None:
    """When the stream's thread gets to see it: as soon as one region is ready."""
    with Connection(server.port) as connection:
        connection.send("/sync/watched/disconnected")
        read_until_shell(connection)
        wait_until(server, lambda now: now["open"] == 1)
    fetch(server.port, "/open/disconnected")
    wait_until(server, lambda now: now["open"] == now["streams"] == 0)


@KINDS
def test_head_starts_no_region(server: Server, kind: str) -> None:
    begun = state(server)["begun"]
    head, _ = fetch(server.port, f"/{kind}/watched/head", method="HEAD")
    assert head.status == 200
    wait_until(server, lambda now: now["streams"] == 0)
    assert state(server)["begun"] == begun


@KINDS
def test_a_region_that_fails_does_not_fail_the_response(server: Server, kind: str) -> None:
    logged = len(server.logged())
    head, body = fetch(server.port, f"/{kind}/failing")
    page = body.decode()
    assert head.status == 200
    assert places(page) == ["", "", ""]
    shown = {0: "<i>division by zero</i>", 1: "", 2: "<b>fine</b>"}
    assert dict(patches(page)) == shown
    log = server.logged()[logged:]
    assert log.count("ZeroDivisionError") == 2
    place = "of template 'failing' failed"
    assert f"the deferred region at line 1 {place}: its 'error' part is shown" in log
    assert f"the deferred region at line 2 {place}: nothing is shown in its place" in log


@KINDS
def test_50_streams_at_once_do_not_see_each_other(server: Server, kind: str) -> None:
    users = [f"{kind}{number}" for number in range(50)]
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.port)) for _ in users]
        for user, connection in zip(users, connections, strict=True):
            connection.send(f"/{kind}/users/{user}")
        heads = [connection.head() for connection in connections]
        shells = [read_until(connection.chunk, "wait<?end>") for connection in connections]
        fetch(server.port, f"/open/users-{kind}")
        for number, user in enumerate(users):
            page = shells[number] + connections[number].body(heads[number]).decode()
            own = f"<p>{user} {user}</p>"
            assert page.startswith(own)
            assert sorted(patches(page)) == [(0, own), (1, own)]


def test_the_script_is_served(server: Server) -> None:
    head, body = fetch(server.port, "/script")
    assert head.status == 200
    assert head.get("Content-Type") == "text/javascript; charset=utf-8"
    assert head.get("Content-Length") == str(len(body))
    tag = head.get("ETag")
    with Connection(server.port) as connection:
        connection.send("/script", headers=f"If-None-Match: {tag}\r\n")
        assert connection.head().status == 304
        connection.send("/script", method="HEAD")
        head = connection.head()
        assert (head.status, head.get("Content-Length")) == (200, str(len(body)))
        connection.send("/script", method="POST", headers="Content-Length: 0\r\n")
        head = connection.head()
        assert (head.status, head.get("Allow")) == (405, "GET, HEAD")
