"""Events in browsers: their own EventSource, htmx, Turbo and Datastar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from urllib.request import urlopen

import pytest

pytest.importorskip("uvicorn", reason="uvicorn is not installed: see the extra 'servers'")

from streamtmpl.events import event_stream
from tests.adapters.launch import free_port, module, running
from tests.events.event_source import seen

from . import libraries
from .apps.event_pages import TRICKY
from .driver import PATIENCE, Browser, Page

ROW = "\n<li id='{}'>\n{} &amp; more\n</li>"
NEEDS = {
    "turbo": ["Turbo"],
    "htmx": ["htmx 2", "htmx sse"],
    "oob": ["htmx 2", "htmx sse"],
    "datastar": ["Datastar"],
}


class Site:
    """The pages behind a server."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._numbers = count()

    def open(self, browser: Browser, client: str) -> Page:
        return browser.open(f"{self._address}/pages/{client}?{next(self._numbers)}")

    def ask(self, path: str) -> str:
        with urlopen(f"{self._address}/{path}", timeout=PATIENCE) as response:
            return str(response.read().decode())

    def until_open(self, number: int) -> None:
        """Wait until so many listen."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.ask("open")) != str(number):
            assert time.monotonic() < deadline, f"{found} listen"
            time.sleep(0.02)

    def leave(self, browser: Browser) -> None:
        """Go to a page that does not listen, and wait until the server has seen that."""
        browser.open(f"{self._address}/open?{next(self._numbers)}")
        self.until_open(0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    command = module("uvicorn", "tests.browsers.apps.event_pages:app", "--port", str(port))
    command += ["--timeout-graceful-shutdown", "1"]
    with running(command, port, tmp_path_factory.mktemp("events") / "log"):
        yield Site(port)


def test_a_browser_reads_what_was_given(browser: Browser, site: Site) -> None:
    """And what the reader of the other tests reads, which follows the standard's text."""
    page = site.open(browser, "tricky")
    page.wait_for("ended")
    *expected, _ = seen(b"".join(event_stream(TRICKY, None)))
    assert page.evaluate("seen") == [list(event) for event in expected]
    assert len(expected) == len(TRICKY) - 1


def test_an_event_source(browser: Browser, site: Site) -> None:
    page = site.open(browser, "plain")
    page.wait_for("seen.length === 1")
    for text in ("one", "two"):
        site.ask(f"tell?{text}")
        page.wait_for(f"seen.length > 1 && seen.at(-1)[2] === '{text}'")
    assert page.evaluate("seen") == [
        ["message", "after None", ""],
        ["told", ROW.format("one", "one"), "one"],
        ["told", ROW.format("two", "two"), "two"],
    ]
    site.leave(browser)


def test_it_connects_again_and_says_what_it_has_seen(browser: Browser, site: Site) -> None:
    page = site.open(browser, "plain")
    page.wait_for("seen.length === 1")
    site.ask("tell?%C3%A9")
    page.wait_for("seen.length === 2")
    site.ask("drop")
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen[2][1]") == "after %C3%A9"
    assert page.evaluate("opened") == 2
    site.until_open(1)
    site.leave(browser)


@pytest.mark.parametrize("client", list(NEEDS))
def test_a_library_shows_the_parts(client: str, browser: Browser, site: Site) -> None:
    for name in NEEDS[client]:
        try:
            libraries.source(name)
        except LookupError as error:
            pytest.skip(str(error))
    page = site.open(browser, client)
    site.until_open(1)
    rows = "[...document.querySelectorAll('#rows > li')].map(row => row.innerText.trim())"
    expected = []
    for text in ("one", "two", "three"):
        site.ask(f"tell?{text}")
        expected.append(f"{text} & more")
        page.wait_for(f"document.getElementById('{text}')")
        assert page.evaluate(rows) == expected
    assert page.evaluate("document.querySelectorAll('li').length") == 3
    site.leave(browser)
