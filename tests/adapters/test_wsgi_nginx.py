"""Streamed responses through nginx, with its default buffering, in front of gunicorn."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from .apps.wsgi_app import ROW
from .http_client import Connection, Incomplete
from .launch import Server
from .nginx import NGINX, running_nginx
from .wsgi_servers import KINDS, serving

if NGINX is None:
    pytest.skip("nginx is not installed", allow_module_level=True)

GUNICORN = next(kind for kind in KINDS if kind.name == "gunicorn gthread")
SOON = 60.0
MEGABYTE = 2**20
INSIDE = """
gzip on;
gzip_min_length 1;
location / {{
    proxy_pass http://127.0.0.1:{behind};
    proxy_http_version 1.1;
}}
location /impatient/ {{
    proxy_pass http://127.0.0.1:{behind}/;
    proxy_http_version 1.1;
    proxy_read_timeout 5s;
}}
location /old/ {{
    proxy_pass http://127.0.0.1:{behind}/;
    proxy_http_version 1.0;
}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serving(GUNICORN, folder) as behind, proxying(behind, folder) as server:
        yield server.port


def proxying(behind: Server, folder: Path) -> AbstractContextManager[Server]:
    return running_nginx(folder, INSIDE.format(behind=behind.port))


@pytest.mark.parametrize("path", ["", "/old"])
def test_chunks_arrive_while_the_template_runs(path: str, port: int, folder: Path) -> None:
    with Connection(port) as connection:
        connection.send(f"{path}/gate?name=a")
        head = connection.head()
        assert head.status == 200
        assert connection.chunk() == b"<h1>a</h1>"
        (folder / "a.open").touch()
        assert connection.body(head) == b"<p>end</p>"
    (folder / "a.open").unlink()


def test_without_the_header_nginx_holds_them_back(port: int, folder: Path) -> None:
    with Connection(port) as connection:
        connection.send("/old/gate?name=b&buffered=1")
        connection.set_timeout(0.5)
        with pytest.raises(TimeoutError):
            connection.body(connection.head())
        connection.set_timeout()
        (folder / "b.open").touch()
        while b"<p>end</p>" not in (received := connection.part()):
            assert received


def test_a_slow_reader_stops_the_render(port: int, folder: Path) -> None:
    rows = 200 * MEGABYTE // ROW
    with Connection(port) as connection:
        connection.send(f"/big?name=g&rows={rows}")
        connection.head()
        connection.chunk()
        before, produced = -1, 0
        while before != produced:
            time.sleep(0.3)
            before, produced = produced, int((folder / "g.produced").read_text() or 0)
        assert produced * ROW < 40 * MEGABYTE


def test_compressed_chunks_arrive_as_well(port: int, folder: Path) -> None:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    with Connection(port) as connection:
        connection.send("/gate?name=c", headers="Accept-Encoding: gzip\r\n")
        head = connection.head()
        assert head.get("Content-Encoding") == "gzip"
        text = b""
        while len(text) < len(b"<h1>c</h1>"):
            text += inflate(connection.chunk())
        (folder / "c.open").touch()
        assert text + inflate(connection.body(head)) == b"<h1>c</h1><p>end</p>"


def test_an_error_leaves_the_response_incomplete(port: int, folder: Path) -> None:
    (folder / "d.open").touch()
    with Connection(port) as connection:
        connection.send("/error?name=d")
        head = connection.head()
        with pytest.raises(Incomplete):
            connection.body(head)


def test_with_http_1_0_behind_nginx_an_error_looks_complete(port: int, folder: Path) -> None:
    (folder / "e.open").touch()
    with Connection(port) as connection:
        connection.send("/old/error?name=e")
        head = connection.head()
        assert connection.body(head) == b"<h1>e</h1>\n"


def test_a_disconnect_closes_the_template(port: int, folder: Path) -> None:
    with Connection(port) as connection:
        connection.send("/endless?name=f")
        connection.head()
        connection.chunk()
    deadline = time.monotonic() + SOON
    while not (folder / "f.closed").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


LONG = 12.0
"""Seconds that a region takes, behind a proxy that cuts what says nothing for five."""


@pytest.mark.parametrize("alive", [True, False])
def test_regions_that_take_longer_than_the_proxy_waits(
    alive: bool, port: int, folder: Path
) -> None:
    """Line breaks keep the line alive; without them the proxy cuts it."""
    name = f"long-{alive}-"
    path = f"/impatient/regions?name={name}&threads=1" + "&alive=1" * alive
    with Connection(port) as connection:
        connection.set_timeout(LONG + SOON)
        began = time.monotonic()
        connection.send(path)
        head = connection.head()
        (folder / f"{name}1.open").touch()
        if not alive:
            with pytest.raises(Incomplete):
                connection.body(head)
            (folder / f"{name}2.open").touch()
            return
        received = b""
        while time.monotonic() - began < LONG:
            received += connection.chunk()
        (folder / f"{name}2.open").touch()
        received += connection.body(head)
    assert received.count(b"<b>2</b></template>\f\n") == 1
    assert received.endswith(b"</template>\f\n</body>")
    assert received.partition(b"<b>1</b></template>")[2].startswith(b"\f\n\n\n\n\n")


def test_a_client_that_leaves_while_regions_are_waited_for_is_noticed(
    port: int, folder: Path
) -> None:
    (folder / "left-shell.open").touch()
    with Connection(port) as connection:
        connection.send("/watched?name=left&threads=1&alive=1")
        connection.head()
        connection.chunk()
    deadline = time.monotonic() + SOON
    while not (folder / "left.closed").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (folder / "left.open").touch()
