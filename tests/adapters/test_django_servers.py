"""Django's adapter behind real servers, WSGI and ASGI."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamtmpl.testing.bodies import BrowserBody

from . import launch
from .crowds import CROWDS
from .http_client import Connection, Incomplete, fetch

django = pytest.importorskip(
    "django", reason="Django is not installed: pip install streamtmpl[django]"
)

APPS = "tests.adapters.apps"
WITHIN = 60.0
"""Seconds in which a template must have been closed; a second would do on an idle machine."""

KINDS = [f"{view}/{engine}" for view in ("sync", "async") for engine in ("jinja2", "coroutines")]


def gunicorn(port: int) -> list[str]:
    options = ["--worker-class", "gthread", "--threads", "25", "--bind", f"127.0.0.1:{port}"]
    return launch.module("gunicorn", *options, f"{APPS}.django_wsgi:application")


def uvicorn(port: int) -> list[str]:
    return launch.module("uvicorn", "--port", str(port), f"{APPS}.django_asgi:application")


def daphne(port: int) -> list[str]:
    return launch.module("daphne", "-p", str(port), f"{APPS}.django_asgi:application")


SERVERS = {server.__name__: server for server in (gunicorn, uvicorn, daphne)}


class Site:
    """The project behind a server."""

    def __init__(self, name: str, server: launch.Server, folder: Path) -> None:
        self.name = name
        self.server = server
        self.port = server.port
        self._folder = folder
        self._gates = 0

    def gate(self) -> str:
        """The name of a gate that nobody has opened."""
        self._gates += 1
        return f"gate{self._gates}"

    def open(self, gate: str) -> None:
        (self._folder / gate).touch()

    def events(self) -> list[str]:
        file = self._folder / "events"
        return file.read_text().splitlines() if file.exists() else []

    def happens(self, event: str) -> bool:
        return within(lambda: event in self.events())


def within(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def serve(name: str, folder: Path, **environment: str) -> Iterator[Site]:
    pytest.importorskip(name, reason=f"the server {name} is not installed")
    port = launch.free_port()
    variables = {"GATES": str(folder), **environment}
    with launch.running(SERVERS[name](port), port, folder / "log", variables) as server:
        yield Site(name, server, folder)


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    yield from serve(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def site_with_sync_middleware(tmp_path_factory):
    folder = tmp_path_factory.mktemp("middleware")
    yield from serve("uvicorn", folder, SYNC_MIDDLEWARE="yes")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def needs_disconnects(site: Site) -> None:
    if site.name != "gunicorn" and django.VERSION < (5, 0):
        pytest.skip("Django 4.2 does not watch for clients that disconnect under ASGI")


def test_chunks_arrive_while_the_template_runs(site, kind):
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/gated/?name={gate}")
        assert connection.head().status == 200
        before = f"<h1>{gate}</h1><p>before</p>"
        received = ""
        while received != before:
            received += connection.chunk().decode()
            assert before.startswith(received)
        site.open(gate)
        assert connection.chunk() == b"<p>after</p>"
        rest = b""
        while chunk := connection.chunk():
            rest += chunk
    assert rest == b"".join(b"<p>%d</p>" % number for number in range(100)) + b"<hr>"
    assert site.happens(f"closed {gate}")


def test_chunks_arrive_through_sync_middleware(site_with_sync_middleware, kind):
    site = site_with_sync_middleware
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/gated/?name={gate}")
        connection.head()
        assert connection.chunk().startswith(b"<h1>gate")
        site.open(gate)
        while connection.chunk():
            pass
    assert site.happens(f"closed {gate}")
    body = b"[ann ann en /named/ processed-ann]\n" * 20
    assert fetch(site.port, f"/{kind}/data/?name=ann")[1] == body


def test_disconnect_closes_the_template(site, kind):
    needs_disconnects(site)
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/gated/?name={gate}")
        connection.head()
        connection.chunk()
        site.open(gate)
        while connection.chunk() != b"<p>2</p>":
            pass
    assert site.happens(f"closed {gate}")
    if "coroutines" in kind or site.name == "gunicorn":
        assert b"Traceback" not in site.server.log.read_bytes()


def test_disconnect_while_an_async_template_waits(site):
    """Nothing is sent that could fail: only Django's watching for it tells."""
    needs_disconnects(site)
    if site.name == "gunicorn":
        pytest.skip("a WSGI server does not see it before it sends")
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/async/coroutines/gated/?name={gate}")
        connection.head()
        connection.chunk()
    assert site.happens(f"closed {gate}")


@CROWDS
@pytest.mark.parametrize("engine", ["jinja2", "coroutines"])
def test_disconnects_leave_nothing_behind(site, engine, crowd):
    needs_disconnects(site)

    def disconnect(number: int) -> None:
        gate = f"{engine}-{crowd}-many{number}"
        site.open(gate)
        with Connection(site.port) as connection:
            connection.send(f"/sync/{engine}/gated/?name={gate}")
            connection.head()
            connection.chunk()
            connection.chunk()

    def closed() -> int:
        return sum(event.startswith(f"closed {engine}-{crowd}-many") for event in site.events())

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(disconnect, range(20)))
        assert within(lambda: closed() == 20)
        files = site.server.open_files()
        list(pool.map(disconnect, range(20, 20 + crowd)))
    assert within(lambda: closed() == 20 + crowd)
    assert within(lambda: site.server.open_files() <= files)


def test_disconnect_before_the_first_chunk(site, kind):
    """A sync template is closed when the step that it is in has ended: no thread is interrupted."""
    needs_disconnects(site)
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/waiting/?name={gate}")
        assert site.happens(f"waiting {gate}")
    if site.name == "gunicorn" or "coroutines" not in kind:
        site.open(gate)
    assert site.happens(f"closed {gate}")


def test_chunks_behind_gzip_arrive_and_can_be_read(site, kind):
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/gated/?name={gate}", headers="Accept-Encoding: gzip\r\n")
        head = connection.head()
        body = BrowserBody(head.get("Content-Encoding"))
        while "before" not in body.text:
            body.arrive(connection.chunk())
        assert "after" not in body.text
        site.open(gate)
        body.arrive(connection.body(head))
    assert "99" in body.text
    assert body.is_complete


def test_disconnect_behind_gzip(site, kind):
    needs_disconnects(site)
    gate = site.gate()
    site.open(gate)
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/gated/?name={gate}", headers="Accept-Encoding: gzip\r\n")
        assert connection.head().get("Content-Encoding") == "gzip"
        connection.chunk()
    assert site.happens(f"closed {gate}")


def test_error_in_the_middle_leaves_the_response_incomplete(site, kind):
    if site.name == "daphne":
        pytest.skip("daphne logs the error and leaves the connection open")
    finished, logged = site.events().count("finished"), len(site.server.logged())
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/late/")
        head = connection.head()
        assert head.status == 200
        with pytest.raises(Incomplete):
            assert connection.body(head) == b""
    # That of a request which a test before has left may come late, and be counted as well.
    assert within(lambda: site.events().count("finished") > finished)
    assert within(lambda: "ZeroDivisionError" in site.server.logged()[logged:])
    log = site.server.logged()[logged:]
    assert log.count("ERROR") == 1  # the server's
    assert 'File "<template>", line 3, in top-level template code' in log


def test_errors_before_the_first_chunk(site, kind):
    head, body = fetch(site.port, f"/{kind}/broken/")
    assert (head.status, body) == (500, b"our own page for errors")
    head, body = fetch(site.port, f"/{kind}/missing/")
    assert (head.status, body) == (404, b"our own page for what is missing")


def test_the_page_decides_on_the_status(site, kind):
    head, body = fetch(site.port, f"/{kind}/decided/?after=decision")
    assert head.status == 418
    assert head.get("X-Decided") == "late"
    assert body == b"<h1>Head</h1><p>body</p><hr>"


def test_head_and_keep_alive(site, kind):
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/data/?name=ann", method="HEAD")
        head = connection.head()
        assert head.status == 200
        assert head.get("X-Accel-Buffering") == "no"
        if site.name == "gunicorn":  # closes the connection itself after HEAD of unknown length
            return
        for name in ("bob", "eve"):
            connection.send(f"/{kind}/data/?name={name}")
            body = connection.body(connection.head())
            line = f"[{name} {name} en /named/ processed-{name}]\n"
            assert body.decode() == line * 20


def test_concurrent_streams_do_not_see_each_other(site, kind):
    start = threading.Barrier(20)

    def read(number: int) -> None:
        language = ("en", "de", "fr")[number % 3]
        with Connection(site.port) as connection:
            start.wait(20)
            connection.send(
                f"/{kind}/data/?name=n{number}", headers=f"Accept-Language: {language}\r\n"
            )
            body = connection.body(connection.head()).decode()
        assert body == f"[n{number} n{number} {language} /named/ processed-n{number}]\n" * 20

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(read, range(20)))


@pytest.mark.parametrize("engine", ["jinja2", "coroutines"])
def test_slow_reader_stops_the_render(site, engine):
    needs_disconnects(site)
    if site.name == "daphne":
        pytest.skip("daphne takes whatever it is given, without back-pressure")
    before = len(site.events())
    with Connection(site.port, receive_buffer=4096) as connection:
        connection.send(f"/sync/{engine}/large/")
        connection.head()
        produced, rows = -1, 0
        while produced != rows or not rows:
            time.sleep(0.5)
            produced, rows = rows, sum(event.startswith("row") for event in site.events()[before:])
        assert produced < 100  # of 200, a megabyte each
    assert within(lambda: "closed large" in site.events()[before:])


def example_runserver(port: int) -> list[str]:
    script = "docs/examples/django/timeline.py"
    return [sys.executable, script, "runserver", "--noreload", str(port)]


def example_uvicorn(port: int) -> list[str]:
    options = ["--app-dir", "docs/examples/django", "--port", str(port)]
    return launch.module("uvicorn", *options, "timeline:application")


@pytest.mark.parametrize("command", [example_runserver, example_uvicorn])
def test_example(command, tmp_path):
    if command is example_uvicorn:
        pytest.importorskip("uvicorn", reason="the server uvicorn is not installed")
    port = launch.free_port()
    with (
        launch.running(command(port), port, tmp_path / "log"),
        Connection(port) as connection,
    ):
        connection.send("/")
        body, arrivals = b"", 0
        while b"That was all." not in body:
            received = connection.receive()
            assert received
            arrivals += 1
            body += received
    assert body.startswith(b"HTTP/1.1 200 OK")
    assert b"<h1>Timeline of localhost</h1>" in body
    assert body.count(b"<li>") == 10
    assert arrivals > 2  # ten events, 0.3 seconds apart; what waits for its reader comes at once
