"""Deferred regions behind gunicorn, by the order in which things arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from .http_client import Connection, fetch
from .launch import Server
from .patches import is_plain, patched, patches, places, read_until
from .wsgi_servers import KINDS, serving

[KIND] = [kind for kind in KINDS if kind.name == "gunicorn gthread"]
SOON = 60.0
"""How long a busy machine may take for what takes a fraction of a second on an idle one."""
DOCUMENT = "<p>shell</p><b>1</b><b>2</b><p>end</p></body>"
THREADS = pytest.mark.parametrize("threads", ["", "&threads=yes"], ids=["in-turn", "threads"])

_numbers = count()


class Site:
    """A running server, with the folder through which its application talks to the test."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.port = server, server.port
        self._folder = folder

    def open(self, gate: str) -> None:
        (self._folder / f"{gate}.open").touch()

    def waits_at(self, gate: str) -> bool:
        return (self._folder / f"{gate}.waiting").exists()

    def stats(self) -> dict[str, int]:
        stats: dict[str, int] = json.loads(fetch(self.port, "/stats")[1])
        return stats


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serving(KIND, folder) as server:
        yield Site(server, folder)


@pytest.fixture
def name() -> str:
    """A name of this request's own."""
    return f"n{next(_numbers)}"


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < deadline, f"not within {SOON} s: {what}"
        time.sleep(0.01)


def test_patches_come_as_they_are_ready(site: Site, name: str) -> None:
    with Connection(site.port) as connection:
        connection.send(f"/regions?name={name}&threads=yes")
        head = connection.head()
        page = read_until(connection.chunk, "<p>end</p>")
        assert places(page) == ["wait", "wait"]
        assert "</body>" not in page
        site.open(f"{name}2")
        page += read_until(connection.chunk, "</template>")
        assert patches(page) == [(1, "<b>2</b>")]
        site.open(f"{name}1")
        page += connection.body(head).decode()
    assert patches(page) == [(1, "<b>2</b>"), (0, "<b>1</b>")]
    assert patched(page).replace("\n", "") == DOCUMENT


def test_without_threads_they_come_one_after_the_other(site: Site, name: str) -> None:
    with Connection(site.port) as connection:
        connection.send(f"/regions?name={name}")
        head = connection.head()
        page = read_until(connection.chunk, "<p>end</p>")
        until(lambda: site.waits_at(f"{name}1"), "the first region is rendered")
        site.open(f"{name}2")
        site.open(f"{name}1")
        page += connection.body(head).decode()
    assert patches(page) == [(0, "<b>1</b>"), (1, "<b>2</b>")]


@THREADS
def test_in_order_there_is_no_markup_of_ours(site: Site, name: str, threads: str) -> None:
    with Connection(site.port) as connection:
        connection.send(f"/regions?name={name}&deferred=in-order{threads}")
        head = connection.head()
        page = read_until(connection.chunk, "shell</p>")
        site.open(f"{name}2")
        site.open(f"{name}1")
        page += connection.body(head).decode()
    assert page == DOCUMENT
    assert is_plain(page)


def test_a_disconnect_ends_the_regions_in_threads(site: Site, name: str) -> None:
    """The server sees it by the second patch that it sends at the latest."""
    with Connection(site.port) as connection:
        connection.send(f"/watched?name={name}&threads=yes")
        connection.head()
        read_until(connection.chunk, "shell</p>")
        until(lambda: site.stats()["sources"] == 1, "a region reads its source without end")
    site.open(f"{name}-shell")
    site.open(name)
    until(lambda: site.stats()["sources"] == site.stats()["streams"] == 0, "all of it is closed")


@THREADS
def test_head_starts_no_region(site: Site, name: str, threads: str) -> None:
    head, _ = fetch(site.port, f"/regions?name={name}{threads}", method="HEAD")
    assert head.status == 200
    assert site.stats()["streams"] == 0
    assert not site.waits_at(f"{name}1")


@THREADS
def test_a_region_that_fails_does_not_fail_the_response(site: Site, threads: str) -> None:
    logged = len(site.server.logged())
    head, body = fetch(site.port, f"/failing?name=fails{threads}")
    page = body.decode()
    assert head.status == 200
    assert places(page) == ["", "", ""]
    shown = {0: "<i>division by zero</i>", 1: "", 2: "<b>fine</b>"}
    assert dict(patches(page)) == shown
    log = site.server.logged()[logged:]
    assert log.count("ZeroDivisionError") == 2
    place = "of template 'failing' failed"
    assert f"the deferred region at line 1 {place}: its 'error' part is shown" in log
    assert f"the deferred region at line 2 {place}: nothing is shown in its place" in log


def test_50_streams_at_once_do_not_see_each_other(site: Site, name: str) -> None:
    users = [f"user{number}" for number in range(50)]
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(site.port)) for _ in users]
        for user, connection in zip(users, connections, strict=True):
            connection.send(f"/deferred-users?name={user}&gate={name}&threads=yes")
        heads = [connection.head() for connection in connections]
        shells = [read_until(connection.chunk, "wait<?end>") for connection in connections]
        site.open(name)
        for number, user in enumerate(users):
            page = shells[number] + connections[number].body(heads[number]).decode()
            own = f"<p>{user}</p>"
            assert page.startswith(own)
            assert sorted(patches(page)) == [(0, own), (1, own)]


def test_the_script_is_served(site: Site) -> None:
    head, body = fetch(site.port, "/script")
    assert head.status == 200
    assert head.get("Content-Type") == "text/javascript; charset=utf-8"
    assert head.get("Content-Length") == str(len(body))
    with Connection(site.port) as connection:
        connection.send("/script", headers=f"If-None-Match: {head.get('ETag')}\r\n")
        assert connection.head().status == 304
    head, _ = fetch(site.port, "/script", method="HEAD")
    assert (head.status, head.get("Content-Length")) == (200, str(len(body)))
