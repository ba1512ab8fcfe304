"""Views of Flask and Quart behind real servers, with clients that misbehave."""

from __future__ import annotations

import json
import threading
import time
from importlib.util import find_spec

import pytest

from streamtmpl.testing.bodies import BrowserBody

from .crowds import CROWDS
from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running

FLASK, QUART = "tests.adapters.apps.flask_app", "tests.adapters.apps.quart_app"
WITHIN = 60.0
"""Seconds for a server to notice that its client has gone: a busy machine needs its time."""


def command(name: str, port: int) -> list[str]:
    if name == "werkzeug":
        return module("flask", "--app", FLASK, "run", "--port", str(port))
    bound = f"127.0.0.1:{port}"
    if name == "hypercorn":
        return module("hypercorn", f"{QUART}:app", "--bind", bound)
    options = ("-k", "gthread", "--threads", "16", "-b", bound, "--no-control-socket")
    return module("gunicorn", *options, f"{FLASK}:app")


@pytest.fixture(name="kind", scope="module", params=["werkzeug", "gunicorn", "hypercorn"])
def choose(request):
    framework = "quart" if request.param == "hypercorn" else "flask"
    pytest.importorskip(framework, reason=f"the extra {framework!r} is not installed")
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: it comes with the extra 'servers'")
    return request.param


@pytest.fixture(name="server", scope="module")
def start(kind, tmp_path_factory):
    port = free_port()
    with running(command(kind, port), port, tmp_path_factory.mktemp(kind) / "log") as server:
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


@pytest.mark.skipif(find_spec("flask_compress") is None, reason="Flask-Compress is not installed")
@pytest.mark.parametrize("encoding", ["zstd", "br", "deflate"])
def test_compressed_chunks_can_be_read_while_the_template_is_still_running(server, kind, encoding):
    if kind == "hypercorn":
        pytest.skip("the application of Flask compresses")
    with Connection(server.port) as connection:
        connection.send("/waits?q=early", headers=f"Accept-Encoding: {encoding}\r\n")
        head = connection.head()
        assert head.get("Content-Encoding") == encoding
        body = BrowserBody(encoding)
        assert body.arrive(connection.chunk()) == "<h1>early</h1>\n"
        fetch(server.port, "/go")  # only now the template may go on
        assert body.arrive(connection.body(head)) == "<h1>early</h1>\nearly"
        assert body.is_complete


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


def test_a_client_that_stalls_holds_up_its_own_stream_only(server):
    with Connection(server.port, receive_buffer=4096) as stalled:
        stalled.send("/endless")
        stalled.head()
        head, body = fetch(server.port, "/mine?q=me")
        assert (head.status, body) == (200, b"meme " * 2000)


def test_an_error_before_the_first_chunk_is_the_application_s_page(server):
    head, body = fetch(server.port, "/early")
    assert (head.status, body) == (422, b"divided")
    assert fetch(server.port, "/missing")[0].status == 404


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
        head = connection.head()
        assert head.status == 200
        if head.get("Connection") != "close":  # as the development server says
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


def test_pipelined_requests_are_answered_in_order(server):
    with Connection(server.port) as connection:
        connection.send("/mine?q=first")
        first = connection.head()
        if first.get("Connection") == "close":
            assert connection.body(first) == b"firstfirst " * 2000
            return  # the development server serves one request on a connection
        connection.send("/mine?q=second")
        assert connection.body(first) == b"firstfirst " * 2000
        assert connection.body(connection.head()) == b"secondsecond " * 2000
