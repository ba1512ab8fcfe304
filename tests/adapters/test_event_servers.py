"""Events from every adapter behind real servers: their times, their ends, and many at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest

from .crowds import CROWDS
from .http_client import Connection, Head
from .launch import Server, free_port, module, running

APP = "tests.adapters.apps.event_app:application"
SECONDS = 60.0
"""How long a busy machine may take for what takes a fraction of a second on an idle one."""

THREADS = "--threads=220"  # one for each client, and some to ask with

WSGI = ("flask", "django-wsgi", "wsgi")
ASGI = ("quart", "fastapi", "litestar", "django-asgi", "asgi")
SERVERS = {
    "gunicorn": lambda port: module(
        "gunicorn", "-b", f"127.0.0.1:{port}", "-k", "gthread", THREADS, APP
    ),
    "waitress": lambda port: module(
        "waitress",
        f"--listen=127.0.0.1:{port}",
        THREADS,
        "--connection-limit=500",
        APP,
    ),
    "uvicorn": lambda port: module(
        "uvicorn", APP, "--port", port, "--timeout-graceful-shutdown", "1"
    ),
    "aiohttp": lambda port: module(
        "gunicorn", "-b", f"127.0.0.1:{port}", "-k", "aiohttp.GunicornWebWorker", APP
    ),
    "hypercorn": lambda port: module("hypercorn", APP, "--bind", f"127.0.0.1:{port}"),
}


def _sees_disconnects() -> bool:
    import django  # noqa: PLC0415 - it may not be installed

    return bool(django.VERSION >= (5, 0))


@contextmanager
def started(name: str, adapter: str, folder: Path) -> Iterator[Server]:
    for needed in (name, adapter.split("-")[0]):
        if needed not in ("wsgi", "asgi") and find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: see the extras 'servers' and 'frameworks'")
    if adapter == "django-asgi" and not _sees_disconnects():
        pytest.skip("Django 5.0 is the first that sees a client leave")
    port = free_port()
    with running(SERVERS[name](str(port)), port, folder / "log", {"ADAPTER": adapter}) as server:
        yield server


class Listener:
    """A client that reads one event after the other."""

    def __init__(self, server: Server, path: str = "/events", headers: str = "") -> None:
        self._connection = Connection(server.port)
        try:
            self._connection.send(path, headers=headers)
            self.head: Head = self._connection.head()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._connection.close()

    def next(self) -> bytes:
        """The next chunk of the response, or nothing at its end."""
        return self._connection.chunk()

    def event(self) -> str:
        """The next event, without the comments before it."""
        while (chunk := self.next()) == b":\n\n":
            pass
        return chunk.decode()


def ask(server: Server, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=SECONDS) as response:
        return str(response.read().decode())


def until_open(server: Server, count: int) -> None:
    """Wait until so many sources are open."""
    deadline = time.monotonic() + SECONDS
    while (found := ask(server, "/open")) != str(count):
        assert time.monotonic() < deadline, f"{found} are open: {server.logged()}"
        time.sleep(0.02)


PAIRS = [("gunicorn", adapter) for adapter in WSGI] + [("uvicorn", adapter) for adapter in ASGI]
PAIRS += [("aiohttp", "aiohttp")]
PAIRS += [("waitress", "wsgi"), ("hypercorn", "quart"), ("hypercorn", "asgi")]


@pytest.fixture(scope="module", params=PAIRS, ids=":".join)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    name, adapter = request.param
    with started(name, adapter, tmp_path_factory.mktemp("server")) as server:
        yield server


def is_asgi(request: pytest.FixtureRequest) -> bool:
    return request.node.callspec.params["server"][1] in (*ASGI, "aiohttp")


@pytest.fixture(params=["/events", "/threads"])
def path(request: pytest.FixtureRequest) -> str:
    """Both kinds of sources, where there are both."""
    if request.param == "/threads" and not is_asgi(request):
        pytest.skip("/events has a sync source here")
    found: str = request.param
    return found


def test_each_event_arrives_when_it_is_told(server: Server, path: str) -> None:
    with Listener(server, f"{path}?q=1") as listener:
        assert listener.head.status == 200
        assert listener.head.get("Content-Type") == "text/event-stream"
        assert listener.head.get("Cache-Control") == "no-cache"
        assert listener.head.get("X-Accel-Buffering") == "no"
        assert listener.head.get("Content-Length") is None
        assert listener.next() == b":\n\n"
        assert listener.event() == "data: q=1 after None\n\n"
        assert listener.next() == b":\n\n"  # nothing comes: the connection is kept alive
        for text in ("a", "b"):
            assert ask(server, f"/tell?{text}") == "told"
            assert listener.event() == f"id: {text}\ndata: <b>{text}</b>\n\n"
        ask(server, "/tell?bye")
        assert listener.event() == "id: bye\ndata: <b>bye</b>\n\n"
        assert listener.event() == ""
    until_open(server, 0)


def test_the_last_event_is_handed_to_the_view(server: Server) -> None:
    header = "Last-Event-ID: \u00e9\u20ac".encode().decode("latin-1") + "\r\n"
    with Listener(server, "/events?again", header) as listener:
        assert listener.event() == "data: again after \u00e9\u20ac\n\n"
    with Listener(server, "/events?again", "Last-Event-ID: \r\n") as listener:
        assert listener.event() == "data: again after None\n\n"
    until_open(server, 0)


def test_a_client_that_leaves_closes_the_source(server: Server, path: str) -> None:
    listener = Listener(server, path)
    assert "after" in listener.event()
    until_open(server, 1)
    listener.close()
    until_open(server, 0)


def test_head_opens_nothing(server: Server) -> None:
    with Connection(server.port) as connection:
        connection.send("/events", method="HEAD", headers="Connection: close\r\n")
        head = connection.head()
        # The server has ended the response; waitress sends the last chunk of no body.
        assert connection.receive() in (b"", b"0\r\n\r\n")
    if head.status != 405:  # FastAPI's answer, and Litestar's, unless they are told another one
        assert head.get("Content-Type") == "text/event-stream"
    assert ask(server, "/open") == "0"


@CROWDS
@pytest.mark.parametrize(
    ("name", "adapter", "path"),
    [
        ("gunicorn", "flask", "/events"),
        ("waitress", "wsgi", "/events"),
        ("uvicorn", "fastapi", "/events"),
        ("uvicorn", "asgi", "/threads"),
    ],
)
def test_many_streams(name: str, adapter: str, path: str, crowd: int, tmp_path: Path) -> None:
    with started(name, adapter, tmp_path) as server, ExitStack() as stack:
        ask(server, "/open")
        idle = server.open_files()
        listeners = [stack.enter_context(Listener(server, path)) for _ in range(crowd)]
        for listener in listeners:
            assert "after" in listener.event()
        until_open(server, crowd)
        assert ask(server, "/tell?all") == "told"
        for listener in listeners:
            assert listener.event() == "id: all\ndata: <b>all</b>\n\n"
        stack.close()
        until_open(server, 0)
        assert "Traceback" not in server.logged()
        deadline = time.monotonic() + SECONDS
        while server.open_files() > idle + 5:
            assert time.monotonic() < deadline, f"{server.open_files()} files, {idle} at first"
            time.sleep(0.05)
