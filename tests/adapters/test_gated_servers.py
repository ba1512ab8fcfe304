"""The pages that aiohttp and Litestar have in common, behind a server each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running
from .patches import read_until


def _aiohttp(port: str) -> list[str]:
    pytest.importorskip("aiohttp_jinja2", reason="the extra 'aiohttp' is not installed")
    pytest.importorskip("aiohttp_session", reason="aiohttp-session is not installed")
    return module("tests.adapters.apps.aiohttp_app", port)


def _litestar(port: str) -> list[str]:
    pytest.importorskip("litestar", reason="the extra 'litestar' is not installed")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed: it is in the extra 'servers'")
    return module("uvicorn", "tests.adapters.apps.litestar_app:app", "--port", port)


@pytest.fixture(params=[_aiohttp, _litestar], ids=["aiohttp", "litestar"], scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    command: Callable[[str], list[str]] = request.param
    port = free_port()
    with running(command(str(port)), port, tmp_path_factory.mktemp("server") / "log") as started:
        yield started


def test_text_arrives_while_the_template_runs(server: Server) -> None:
    with Connection(server.port) as connection:
        connection.send("/gated/a")
        head = connection.head()
        assert connection.chunk() == b"head"
        fetch(server.port, "/open/a")
        assert connection.body(head) == b"rest"


def test_a_region_follows_its_page(server: Server) -> None:
    with Connection(server.port) as connection:
        connection.send("/regions/b", headers="Sec-Fetch-Dest: document\r\n")
        connection.head()
        assert "late" not in read_until(connection.chunk, "shell")
        fetch(server.port, "/open/b")
        assert "<b>late</b>" in read_until(connection.chunk, "</template>")


def test_a_late_error_cuts_the_connection(server: Server) -> None:
    with Connection(server.port) as connection:
        connection.send("/late-error")
        head = connection.head()
        assert connection.chunk() == b"one\n"
        with pytest.raises(Incomplete):
            connection.body(head)
    assert "ZeroDivisionError" in server.logged()


def test_each_stream_has_the_context_of_its_request(server: Server) -> None:
    connections = {name: Connection(server.port) for name in "abcde"}
    for name, connection in connections.items():
        connection.send(f"/user/{name}/crowd")
        connection.head()
        assert connection.chunk() == name.encode()
    fetch(server.port, "/open/crowd")
    for name, connection in connections.items():
        assert connection.chunk() == name.encode()
        connection.close()


@pytest.mark.parametrize(("path", "first"), [("/quiet", b"head"), ("/silence", b"1")])
def test_a_client_that_leaves_closes_the_sources(server: Server, path: str, first: bytes) -> None:
    def opened() -> int:
        return int(json.loads(fetch(server.port, "/state")[1])["open"])

    connections = [Connection(server.port) for _ in range(50)]
    for connection in connections:
        connection.send(path)
        connection.head()
        assert connection.chunk() == first
    assert opened() == 50
    for connection in connections:
        connection.close()
    patience = time.monotonic() + 60
    while opened():
        assert time.monotonic() < patience
        time.sleep(0.02)
