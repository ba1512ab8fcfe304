"""The examples of the documentation, started as their texts say and fetched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from .http_client import Connection, fetch
from .launch import Server, free_port, module, running

SECONDS = 60.0
"""How long a busy machine may take for what takes a fraction of a second on an idle one."""


@contextmanager
def example(name: str, needed: str, log: Path) -> Iterator[Server]:
    for package in ("uvicorn", needed):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it comes with the extra 'servers'")
    port = free_port()
    folder = f"docs/examples/{name}"
    command = module("uvicorn", "--app-dir", folder, "app:app", "--port", str(port))
    with running(command, port, log) as server:
        yield server


def test_asgi(tmp_path: Path) -> None:
    with (
        example("asgi", "uvicorn", tmp_path / "log") as server,
        Connection(server.port) as connection,
    ):
        connection.send("/17")
        head = connection.head()
        first = connection.chunk()
        assert b"<h1>Order /17</h1>" in first
        assert b"event-5" not in first
        page = first + connection.body(head)
        assert page.count(b"<li") == 5
        assert page.endswith(b"<p>That is all.</p>")


def test_timeline(tmp_path: Path) -> None:
    with example("timeline", "starlette", tmp_path / "log") as server:
        assert b"The carrier does not answer." in fetch(server.port, "/")[1]
        head, body = fetch(server.port, "/_streamtmpl/timeline")
        assert head.status == 200
        assert b"<h1>The last stream</h1>" in body
        assert b"failed: ConnectionError" in body


def test_starlette(tmp_path: Path) -> None:
    with example("starlette", "starlette", tmp_path / "log") as server:
        head, body = fetch(server.port, "/reports/2026")
        assert head.status == 200
        assert body.count(b"<tr>") == 20_000
        assert b"<title>Rows &amp; Sons: sales of 2026</title>" in body
        assert body.endswith(b"<p>Rows &amp; Sons, /reports/2026</p>")
        assert fetch(server.port, "/reports/1999")[0].status == 404
        deadline = time.monotonic() + SECONDS
        while "report of 2026 done" not in server.logged():  # the background task
            assert time.monotonic() < deadline, server.logged()
            time.sleep(0.02)


def test_fastapi(tmp_path: Path) -> None:
    with example("fastapi", "fastapi", tmp_path / "log") as server:
        head, body = fetch(server.port)
        assert head.status == 200
        assert b"<li>Earth: 1</li>\n  <li>Mars: 2</li>\n  <li>Neptune: 16</li>" in body
