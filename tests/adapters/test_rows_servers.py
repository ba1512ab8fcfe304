"""Rows through real servers: a client gets all of them, or sees that it has not."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib.util import find_spec
from io import StringIO

import pytest

from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running

ROWS = 20_000
EXPECTED = [{"id": number, "name": f"Ann, {number}"} for number in range(ROWS)]
APPS = "tests.adapters.apps"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "json": "application/json",
}


def gunicorn(port: int) -> list[str]:
    options = ("-k", "gthread", "--threads", "4", "-b", f"127.0.0.1:{port}", "--no-control-socket")
    return module("gunicorn", *options, f"{APPS}.rows_flask:app")


def uvicorn(port: int) -> list[str]:
    return module("uvicorn", f"{APPS}.rows_asgi:app", "--port", str(port), "--lifespan", "off")


SERVERS = {
    "gunicorn": (gunicorn, "flask", [""]),
    "uvicorn": (uvicorn, "uvicorn", ["/sync", "/async"]),
}
Site = tuple[Server, list[str]]


def until_cut(connection: Connection) -> Iterator[bytes]:
    """The chunks of a response that is incomplete."""
    try:
        while chunk := connection.chunk():
            yield chunk
    except Incomplete:
        return
    raise AssertionError("the response has an end")


@pytest.fixture(name="site", scope="module", params=SERVERS)
def start(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    name = request.param
    command, framework, kinds = SERVERS[name]
    for needed in (name, framework):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: it comes with the extra 'test'")
    port = free_port()
    with running(command(port), port, tmp_path_factory.mktemp(name) / "log") as server:
        yield server, kinds


@pytest.mark.parametrize("suffix", TYPES)
def test_all_rows_arrive(site: Site, suffix: str) -> None:
    server, kinds = site
    for kind in kinds:
        head, body = fetch(server.port, f"{kind}/orders.{suffix}")
        assert head.status == 200
        assert head.get("Content-Type") == TYPES[suffix]
        assert head.get("Transfer-Encoding") == "chunked"
        text = body.decode()
        if suffix == "csv":
            rows = list(csv.DictReader(StringIO(text, newline="")))
            assert rows == [{name: str(cell) for name, cell in row.items()} for row in EXPECTED]
            disposition = head.get("Content-Disposition")
            assert disposition is not None
            assert disposition.endswith("; filename*=UTF-8''Auftr%C3%A4ge.csv")
        elif suffix == "json":
            assert json.loads(text) == EXPECTED
        else:
            assert list(map(json.loads, text.splitlines())) == EXPECTED


@pytest.mark.parametrize("suffix", TYPES)
def test_a_source_that_fails_half_way_leaves_no_file_that_looks_complete(
    site: Site, suffix: str
) -> None:
    server, kinds = site
    for kind in kinds:
        with Connection(server.port) as connection:
            connection.send(f"{kind}/orders.{suffix}?fails=15000")
            assert connection.head().status == 200
            received = b"".join(until_cut(connection))
        assert b"Ann, 14" in received
        if suffix != "csv":  # of CSV, the connection that was cut is all there is to see
            with pytest.raises(json.JSONDecodeError):
                list(map(json.loads, received.splitlines()))
        assert "the connection to the database is gone" in server.logged()


@pytest.mark.parametrize("suffix", TYPES)
def test_a_source_that_fails_at_once_is_an_error_page(site: Site, suffix: str) -> None:
    server, kinds = site
    for kind in kinds:
        head, _ = fetch(server.port, f"{kind}/orders.{suffix}?fails=0")
        assert head.status == 500
