"""streamtmpl.quart behind hypercorn, with clients that misbehave."""

from __future__ import annotations

import json
import threading
import time

import pytest

pytest.importorskip("quart", reason="the extra 'quart' is not installed")
pytest.importorskip("hypercorn", reason="hypercorn is not installed: see the extra 'servers'")

from .crowds import CROWDS
from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running

APP = "tests.adapters.apps.quart_app:app"
WITHIN = 60.0
"""Seconds for a server to notice that its client has gone: a busy machine needs its time."""


@pytest.fixture(name="server", scope="module")
def start(tmp_path_factory):
    port = free_port()
    command = module("hypercorn", APP, "--bind", f"127.0.0.1:{port}")
    with running(command, port, tmp_path_factory.mktemp("hypercorn") / "log") as server:
        yield server


def counts(server: Server) -> dict:
    _, body = fetch(server.port, "/counts")
    return json.loads(body)  # type: ignore[no-any-return]


def test_chunks_arrive_while_the_template_is_still_running(server):
    with Connection(server.port) as connection:
        connection.send("/waits?q=early")
        head = connection.head()
        assert head.get("X-Accel-Buffering") == "no"
        assert connection.chunk() == b"<h1>early</h1>\n"
        fetch(server.port, "/go")  # only now the template may go on
        assert connection.chunk() == b"early"
        assert connection.chunk() == b""


@CROWDS
def test_clients_that_disconnect_are_torn_down_once(server, crowd):
    before = counts(server)
    for number in range(crowd):
        with Connection(server.port, receive_buffer=4096) as connection:
            connection.send(f"/endless?q=user{number}")
            connection.head()
            assert connection.chunk()
    more = {name: before[name] + crowd for name in ("begun", "closed", "request", "app")}
    deadline = time.monotonic() + WITHIN
    while (seen := counts(server)) != {**before, **more} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == {**before, **more}


def test_an_error_before_the_first_chunk_is_the_application_s_page(server):
    head, body = fetch(server.port, "/early")
    assert (head.status, body) == (422, b"divided")


def test_an_error_after_it_cuts_the_connection_and_is_logged_once(server):
    with pytest.raises(Incomplete):
        fetch(server.port, "/fails")
    deadline = time.monotonic() + WITHIN
    while "ZeroDivisionError" not in server.logged() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)  # a second report would come at once
    log = server.logged()
    assert log.count("ZeroDivisionError: ") == 1
    assert "line 3, in top-level template code" in log


def test_head_renders_nothing_and_the_connection_stays(server):
    before = counts(server)
    with Connection(server.port) as connection:
        connection.send("/endless", method="HEAD")
        assert connection.head().status == 200
        connection.send("/mine?q=me")
        assert connection.body(connection.head()) == b"meme " * 2000
    assert counts(server)["begun"] == before["begun"]


def test_streams_at_the_same_time_see_their_own_request(server):
    texts: dict[str, bytes] = {}

    def ask(user: str) -> None:
        texts[user] = fetch(server.port, f"/mine?q={user}")[1]

    threads = [threading.Thread(target=ask, args=(f"user{n}",)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {f"user{n}": f"user{n}user{n} ".encode() * 2000 for n in range(30)}
    assert counts(server)["wrong"] == 0
