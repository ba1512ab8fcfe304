"""The dashboard of the documentation, started in each framework as a reader would start it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import pytest

from .http_client import TIMEOUT, Connection, Head
from .launch import ROOT, Server, free_port, module, running
from .patches import is_plain, patched, patches, places, read_until

FOLDER = "docs/examples/dashboard"
GATED = "tests.adapters.apps.gated_dashboard"

SHOWN = {
    "figures": "€ 18,419",
    "hours": '<svg class="chart',
    "deliveries": "24 chests, 92 % of the way",
    "orders": "<td>Ruiz &amp; Sons</td>",
}
"""What the queries show, in the order of the page."""

BROWSER = "Sec-Fetch-Dest: document\r\n"
SCRIPT = "Sec-Fetch-Dest: empty\r\nUser-Agent: Mozilla/5.0\r\n"


class Example(NamedTuple):
    """How the dashboard is run in a framework.

    :ivar needs: the packages that this takes.
    :ivar command: the command as in the documentation, for a port.
    :ivar gated: the same for the dashboard whose queries wait.
    """

    app: str
    needs: tuple[str, ...]
    command: Callable[[int], list[str]]
    gated: Callable[[int], list[str]]


def _flask(app: str) -> Callable[[int], list[str]]:
    return lambda port: module("flask", "--app", app, "run", "--port", str(port))


def _hypercorn(app: str) -> Callable[[int], list[str]]:
    return lambda port: module("hypercorn", app, "-b", f"127.0.0.1:{port}")


def _uvicorn(app: str) -> Callable[[int], list[str]]:
    return lambda port: module("uvicorn", "--app-dir", FOLDER, app, "--port", str(port))


def _runserver(*script: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, *script, "runserver", "--noreload", str(port)]


EXAMPLES = {
    "flask": Example(
        "flask_app", ("flask",), _flask(f"{FOLDER}/flask_app"), _flask(f"{GATED}:app")
    ),
    "quart": Example(
        "quart_app",
        ("quart", "hypercorn"),
        _hypercorn(f"{FOLDER}/quart_app:app"),
        _hypercorn(f"{GATED}:app"),
    ),
    "starlette": Example(
        "starlette_app",
        ("starlette", "uvicorn"),
        _uvicorn("starlette_app:app"),
        _uvicorn(f"{GATED}:app"),
    ),
    "django-wsgi": Example(
        "django_app", ("django",), _runserver(f"{FOLDER}/django_app.py"), _runserver("-m", GATED)
    ),
    "django-asgi": Example(
        "django_app",
        ("django", "uvicorn"),
        _uvicorn("django_app:application"),
        _uvicorn(f"{GATED}:app"),
    ),
}


@pytest.fixture(params=EXAMPLES, scope="module")
def example(request: pytest.FixtureRequest) -> Example:
    found = EXAMPLES[request.param]
    for package in found.needs:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it comes with the extra 'servers'")
    return found


@pytest.fixture(scope="module")
def server(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The example, a hundred times as fast."""
    port, log = free_port(), tmp_path_factory.mktemp(example.app) / "log"
    with running(example.command(port), port, log, {"DASHBOARD_PACE": "0.01"}) as server:
        yield server


@contextmanager
def asked(port: int, headers: str, path: str = "/") -> Iterator[tuple[Head, Callable[[], bytes]]]:
    """The head of a response, and what reads more of its body until there is no more."""
    with Connection(port) as connection:
        connection.send(path, headers=headers)
        head = connection.head()
        chunked = head.get("Transfer-Encoding") == "chunked"
        yield head, connection.chunk if chunked else connection.part


def fetched(port: int, headers: str, path: str = "/") -> str:
    with asked(port, headers, path) as (head, more):
        assert head.status == 200
        return b"".join(iter(more, b"")).decode()


class Closing(HTMLParser):
    """Says which elements are not closed, or closed in another one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("link", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def left_open(page: str) -> list[str]:
    parser = Closing()
    parser.feed(page)
    parser.close()
    return parser.wrong + parser.open


def test_the_page_is_there_first_and_each_part_when_it_is_ready(example: Example, tmp_path: Path):
    port = free_port()
    variables = {"DASHBOARD": example.app, "GATES": str(tmp_path)}
    with (
        running(example.gated(port), port, tmp_path / "log", variables) as server,
        asked(port, BROWSER) as (head, more),
    ):
        assert head.status == 200
        page = read_until(more, "</footer>")
        assert patches(page) == []
        assert [place.count('aria-busy="true"') for place in places(page)] == [1, 1, 1, 1]
        _wait_for_queries(tmp_path / "events", SHOWN, server)
        for part in ("deliveries", "orders", "figures", "hours"):  # no order that the page has
            (tmp_path / part).touch()
            patch = read_until(more, "</template>")
            assert [name for name, text in SHOWN.items() if text in patch] == [part]
            assert patch.count("<template for=") == 1
            page += patch
        page += b"".join(iter(more, b"")).decode()
    assert patched(page).rstrip().endswith("</html>")


def _wait_for_queries(file: Path, parts: Mapping[str, str], server: Server) -> None:
    deadline = monotonic() + TIMEOUT
    while not file.exists() or sorted(file.read_text().split()) != sorted(parts):
        assert monotonic() < deadline, server.logged()
        sleep(0.02)


def test_a_browser_gets_patches_and_others_each_part_in_its_place(server: Server):
    page = fetched(server.port, BROWSER)
    assert sorted(place for place, _ in patches(page)) == [0, 1, 2, 3]
    text = fetched(server.port, SCRIPT)
    assert is_plain(text)
    found = [text.find(shown) for shown in SHOWN.values()]
    assert -1 not in found
    assert found == sorted(found)
    assert left_open(text) == left_open(patched(page)) == []
    assert "aria-busy" not in text + patched(page)

    def without_times(page: str) -> str:
        return re.sub(r"after \d+\.\d s|\s", "", page)

    assert without_times(patched(page)) == without_times(text)


def test_each_part_has_a_placeholder_with_a_text(server: Server):
    page = fetched(server.port, BROWSER)
    texts = [re.sub(r"<[^>]+>", " ", place).split() for place in places(page)]
    assert [" ".join(words[:4]) for words in texts] == [
        "Asking the till …",
        "Asking the ledger …",
        "Asking the carrier …",
        "Asking the order book",
    ]


@pytest.mark.parametrize("reader", [BROWSER, SCRIPT])
def test_what_fails_is_said_politely_and_logged(reader: str, server: Server):
    before = server.logged().count("tracking.carrier.internal")
    page = fetched(server.port, reader, "/?fail=1")
    assert "No answer from the carrier" in page
    assert SHOWN["deliveries"] not in page
    assert not [name for name, text in SHOWN.items() if text not in page and name != "deliveries"]
    assert "carrier.internal" not in page
    assert "Error" not in page
    assert left_open(patched(page)) == []
    assert server.logged().count("tracking.carrier.internal") > before


def test_unless_it_is_told_otherwise_it_is_slow_enough_to_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DASHBOARD_PACE", raising=False)
    spec = spec_from_file_location("shop", ROOT / FOLDER / "shop.py")
    assert spec is not None
    assert spec.loader is not None
    shop = module_from_spec(spec)
    spec.loader.exec_module(shop)
    times = sorted(seconds * shop.PACE for seconds in shop.SECONDS.values())
    assert len(times) == 4
    assert all(later - earlier >= 0.8 for earlier, later in zip([0, *times], times, strict=False))
    assert times[-1] < 5
