"""The table of the documentation, which htmx searches, sorts and pages by parts of its template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from tests.adapters.http_client import Connection
from tests.adapters.launch import Server, free_port, module, running

from .conftest import Library, Start
from .driver import Browser, Page

NAMES = "[...document.querySelectorAll('tbody th')].map(cell => cell.textContent)"
FOUND = "document.querySelector('#found').textContent"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def shop(tmp_path: Path, library: Library) -> Iterator[Server]:
    """The app as a reader starts it, with an htmx that needs no network."""
    port = free_port()
    command = module("flask", "--app", "docs/examples/table/app", "run", "--port", str(port))
    with running(command, port, tmp_path / "log", {"HTMX": library("htmx 2")}) as shop:
        yield shop


@pytest.fixture(params=["chromium", "firefox"], scope="session")
def browser(request: pytest.FixtureRequest, start: Start) -> Browser:
    return start(request.param)


@pytest.fixture
def page(browser: Browser, shop: Server) -> Page:
    """The table, and the regions that say what they have become to those who cannot see it."""
    page = browser.open(f"http://127.0.0.1:{shop.port}/")
    page.wait_for("window.htmx")
    page.evaluate("window.said = document.querySelector('[role=status]'), window.same = 1")
    return page


def click(page: Page, link: str) -> None:
    """As the Enter key does on a link that has the focus, when htmx has seen it."""
    page.wait_for("!document.querySelector('.htmx-request, .htmx-settling')")
    page.evaluate(f"document.getElementById('{link}').focus()")
    page.evaluate("document.activeElement.click()")


def search(page: Page, text: str) -> None:
    page.evaluate("document.querySelector('#query').focus()")
    page.evaluate(f"document.querySelector('#query').value = '{text}'")
    page.evaluate(
        "document.querySelector('#query').dispatchEvent(new Event('input', {bubbles: true}))"
    )


def ask(shop: Server, path: str, headers: str = "") -> tuple[str, str]:
    """The text at a path, and what a cache is told."""
    with Connection(shop.port) as connection:
        connection.send(path, headers=headers)
        head = connection.head()
        assert head.status == 200
        return connection.body(head).decode(), head.get("Vary") or ""


def test_htmx_gets_parts_and_everybody_else_the_page(shop: Server) -> None:
    path = "/?q=japan&sort=-euros&page=1"
    whole, vary = ask(shop, path)
    assert whole.startswith("<!doctype html>")
    assert "hx-swap-oob" not in whole  # htmx would take it out of a page that it shows again
    part, vary_of_part = ask(shop, path, "HX-Request: true\r\n")
    assert "HX-Request" in vary
    assert "HX-Request" in vary_of_part
    found, results = part.split("</p>", 1)
    assert found.strip().startswith('<p id="found"')
    assert found.replace(' hx-swap-oob="innerHTML"', "") in whole
    assert results.strip() in whole
    assert re.findall('row">([^<]+)', part) == [
        "Matcha",
        "Gyokuro",
        "Sencha, first flush",
        "Hojicha",
        "Genmaicha",
    ]
    back = "HX-Request: true\r\nHX-History-Restore-Request: true\r\n"
    assert ask(shop, path, back)[0] == whole


@pytest.mark.parametrize(
    "odd", ["?page=0", "?page=99", "?page=x", "?sort=no", "?q=" + quote("<b>")]
)
def test_what_nobody_offered_is_a_page_as_well(odd: str, shop: Server) -> None:
    assert "<b>" not in ask(shop, "/" + odd)[0]


def test_sorting_keeps_the_focus_and_says_the_order(page: Page) -> None:
    click(page, "by-euros")
    page.wait_for("document.querySelector('[aria-sort=ascending] #by-euros')")
    assert page.evaluate(NAMES)[0] == "Rooibos, organic"
    click(page, "by-euros")
    page.wait_for("document.querySelector('[aria-sort=descending] #by-euros')")
    assert page.evaluate(NAMES)[:2] == ["Matcha", "Gyokuro"]
    page.wait_for("document.activeElement.id === 'by-euros'")
    assert page.evaluate("document.querySelectorAll('[aria-sort]').length") == 1
    assert page.evaluate("window.same") == 1  # no page has been loaded


def test_searching_says_how_many_there_are(page: Page) -> None:
    click(page, "by-euros")
    page.wait_for("document.querySelector('[aria-sort] #by-euros')")
    search(page, "japan")
    page.wait_for(f"{FOUND} === '5 teas'")
    assert page.evaluate(NAMES)[0] == "Genmaicha"  # the cheapest
    assert page.evaluate("document.activeElement.id") == "query"
    assert page.evaluate("said.isConnected && said.textContent") == "5 teas"
    assert "q=japan" in page.evaluate("location.search")
    assert "sort=euros" in page.evaluate("location.search")
    assert page.evaluate("window.same") == 1


def test_paging_and_going_back(page: Page) -> None:
    first = page.evaluate(NAMES)
    click(page, "page-3")
    page.wait_for("document.querySelector('[aria-current=page]').id === 'page-3'")
    assert set(page.evaluate(NAMES)).isdisjoint(first)
    assert "page=3" in page.evaluate("location.search")
    page.wait_for("document.activeElement.id === 'page-3'")
    page.evaluate("history.back()")
    page.wait_for("document.querySelector('[aria-current=page]').id === 'page-1'")
    assert page.evaluate(NAMES) == first
    assert page.evaluate("document.querySelectorAll('main, h1, #found').length") == 3


def test_it_fits_a_phone(start: Start, shop: Server) -> None:
    chromium = start("chromium")
    chromium.screen(390, 800)
    try:
        page = chromium.open(f"http://127.0.0.1:{shop.port}/?phone")
        assert page.evaluate("innerWidth") == 390
        assert page.evaluate(TOO_WIDE) <= 0
    finally:
        chromium.screen(0, 0)
