"""Deferred regions of Django's responses behind real servers, WSGI and ASGI."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")

from .http_client import Connection, fetch
from .patches import is_plain, patched, patches, places, read_until
from .test_django_servers import KINDS, Site, needs_disconnects, serve, within

DOCUMENT = "<p>shell</p><b>1</b><b>2</b><p>end</p></body>"


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def site(request, tmp_path_factory):
    yield from serve(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_the_shell_comes_first_and_patches_as_they_are_ready(site: Site, kind: str) -> None:
    gate = site.gate() + "-"
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/regions/?name={gate}")
        head = connection.head()
        page = read_until(connection.chunk, "<p>end</p>")
        assert places(page) == ["wait", "wait"]
        assert "</body>" not in page
        site.open(f"{gate}2")
        page += read_until(connection.chunk, "</template>")
        assert patches(page) == [(1, "<b>2</b>")]
        site.open(f"{gate}1")
        page += connection.body(head).decode()
    assert patches(page) == [(1, "<b>2</b>"), (0, "<b>1</b>")]
    assert patched(page).replace("\n", "") == DOCUMENT


def test_in_order_there_is_no_markup_of_ours(site: Site, kind: str) -> None:
    gate = site.gate() + "-"
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/regions/?name={gate}&deferred=in-order")
        head = connection.head()
        page = read_until(connection.chunk, "shell</p>")
        site.open(f"{gate}2")
        site.open(f"{gate}1")
        page += connection.body(head).decode()
    assert page == DOCUMENT
    assert is_plain(page)


def test_a_disconnect_ends_the_regions(site: Site, kind: str) -> None:
    needs_disconnects(site)
    gate = site.gate()
    with Connection(site.port) as connection:
        connection.send(f"/{kind}/watched/?name={gate}")
        connection.head()
        read_until(connection.chunk, "shell</p>")
        assert site.happens(f"reading {gate}")
    if site.name == "gunicorn" or "coroutines" not in kind:
        # Something must be sent for it to be seen, or the thread's step must end.
        site.open(f"{gate}shell")
        site.open(gate)
    assert site.happens(f"closed {gate}")


def test_head_starts_no_region(site: Site, kind: str) -> None:
    gate = site.gate()
    head, _ = fetch(site.port, f"/{kind}/watched/?name={gate}", method="HEAD")
    assert head.status == 200
    assert f"reading {gate}" not in site.events()


def test_a_region_that_fails_does_not_fail_the_response(site: Site, kind: str) -> None:
    head, body = fetch(site.port, f"/{kind}/region_fails/")
    assert head.status == 200
    page = body.decode()
    assert sorted(patches(page)) == [(0, "<i>sorry</i>"), (1, "<b>fine</b>")]
    assert page.endswith("</body>")


def test_concurrent_streams_do_not_see_each_other(site: Site, kind: str) -> None:
    start = threading.Barrier(25)

    def read(number: int) -> None:
        language = ("en", "de", "fr")[number % 3]
        with Connection(site.port) as connection:
            start.wait(20)
            connection.send(
                f"/{kind}/region_data/?name=n{number}", headers=f"Accept-Language: {language}\r\n"
            )
            page = connection.body(connection.head()).decode()
        line = f"[n{number} n{number} {language} /named/]"
        assert page.startswith(line)
        assert sorted(patches(page)) == [(place, line) for place in range(5)]

    with ThreadPoolExecutor(25) as pool:
        for _ in pool.map(read, range(50)):
            pass


@pytest.mark.parametrize("view", ["sync", "async"])
def test_no_database_connection_stays_open(site: Site, view: str) -> None:
    if site.name == "gunicorn":
        engines = ["jinja2"]
    else:
        engines = ["jinja2", "coroutines"]
    for engine in engines:
        for _ in range(5):
            page = fetch(site.port, f"/{view}/{engine}/region_query/")[1].decode()
            assert sorted(patches(page)) == [(place, "42") for place in range(9)]
    assert within(lambda: json.loads(fetch(site.port, "/open_databases/")[1]) == [])
