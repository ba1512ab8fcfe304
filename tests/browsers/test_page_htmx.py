"""htmx on a page whose regions are still awaited."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from .conftest import Library, Start
from .driver import Browser, Page
from .libraries import HTMX
from .script_pages import LOADING, PAGE_SCRIPT, click, exists, fragment, page, region
from .server import PageServer
from .sites import Serve, Site

EACH_HTMX = pytest.mark.parametrize("htmx", HTMX)


@pytest.fixture
def site(serve: Serve) -> Iterator[Site]:
    """Pages of async templates; after the test none of them waits for anything."""
    site = serve("uvicorn")
    yield site
    site.release()


def button(name: str, asked: str, more: str = "") -> str:
    """A button that has htmx append what it asks for to the element "out"."""
    return f"<button id={name} hx-get={asked} hx-target='#out' hx-swap=beforeend {more}></button>"


def got(shown: Page, number: int) -> None:
    """Wait until that many answers are there."""
    shown.wait_for(f"document.querySelectorAll('#out i').length === {number}")


def use_while_awaited(browser: Browser, site: Site, head: str, end: str) -> None:
    """Click a button above the regions and one in a region; in the end both ask once a click."""
    asked = fragment(site)
    body = (
        button("above", asked, "hx-on:click=\"started.push('on')\"")
        + f"<div id=out></div><p>{region('a', button('inside', asked))}</p>"
        + f"<p>{region('b', '')}</p>"
    )
    wanted = page(site, body, head, end)
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready && window.htmx")
    click(shown, "above")
    got(shown, 1)
    wanted.open("a")
    shown.wait_for("patched.length")
    click(shown, "inside")
    got(shown, 2)
    assert shown.evaluate(LOADING)

    wanted.open("b")
    shown.wait_until_loaded()
    click(shown, "above")
    got(shown, 3)
    click(shown, "inside")
    got(shown, 4)
    asked_by = sorted(shown.evaluate("started"))
    assert asked_by == ["above", "above", "inside", "inside", "on", "on"]


@EACH_HTMX
def test_htmx_from_the_head(htmx: str, browser: Browser, site: Site, library: Library) -> None:
    use_while_awaited(browser, site, f"<script src={library(htmx)}></script>", PAGE_SCRIPT)


@EACH_HTMX
def test_htmx_from_the_end(htmx: str, browser: Browser, site: Site, library: Library) -> None:
    use_while_awaited(browser, site, "", f"<script src={library(htmx)}></script>{PAGE_SCRIPT}")


@EACH_HTMX
@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_htmx_that_comes_late(
    htmx: str, kind: str, start: Start, site: Site, library: Library
) -> None:
    end = f"{PAGE_SCRIPT}<script src={library(htmx)} async></script>"
    use_while_awaited(start(kind), site, "", end)


def test_webkit_runs_async_scripts_when_it_has_painted(
    start: Start, server: PageServer, library: Library
) -> None:
    """And it paints nothing of a page with little text."""
    first, second = Event(), Event()
    head = (
        f"<!DOCTYPE html><title>{'-' * 512}</title><script src={library('htmx 2')} async></script>"
    )
    address = server.add(head, "<body><p id=p>Text</p>", first, "<b id=b></b>", second)
    try:
        shown = start("webkit").open(address, wait=False)
        shown.wait_for("performance.getEntriesByType('resource')[0]?.responseEnd")
        first.set()
        exists(shown, "#b")
        assert shown.evaluate("typeof htmx") == "undefined"
    finally:
        first.set()
        second.set()
    shown.wait_until_loaded()
    assert shown.evaluate("typeof htmx") == "object"


@EACH_HTMX
def test_without_the_script_htmx_waits_for_the_last_region(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    body = button("above", fragment(site)) + f"<div id=out></div><p>{region('a', '')}</p>"
    wanted = page(site, body, f"<script src={library(htmx)}></script>", end="")
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "above")
    assert shown.evaluate("started") == []
    wanted.open("a")
    shown.wait_until_loaded()
    click(shown, "above")
    got(shown, 1)


@EACH_HTMX
def test_what_asks_by_itself_asks_once(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    asked = fragment(site)
    wanted = page(
        site,
        button("above", asked, "hx-trigger=load")
        + f"<p>{region('a', button('inside', asked, 'hx-trigger=load'))}</p>"
        + f"<div id=out></div>{region('b', '')}",
        f"<script src={library(htmx)}></script>",
    )
    shown = browser.open(wanted.url, wait=False)
    got(shown, 1)
    wanted.open("a")
    got(shown, 2)
    wanted.open("b")
    shown.wait_until_loaded()
    assert shown.evaluate("started") == ["above", "inside"]


@EACH_HTMX
def test_an_answer_that_comes_after_the_last_region(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    answer = site.add_template("<i>{{ wait('answer') }}</i>")
    wanted = page(
        site,
        f"{button('above', answer.url)}<div id=out></div><p>{region('a', '')}</p>",
        f"<script src={library(htmx)}></script>",
    )
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "above")
    wanted.open("a")
    shown.wait_until_loaded()
    answer.open("answer")
    got(shown, 1)
    click(shown, "above")
    got(shown, 2)
    assert shown.evaluate("started") == ["above", "above"]


@EACH_HTMX
def test_attributes_may_name_what_stands_below(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    wanted = page(
        site,
        button("above", fragment(site), "hx-trigger='click from:#below'")
        + f"<p>{region('a', '')}</p><div id=out></div><b id=below></b>",
        f"<script src={library(htmx)}></script>",
    )
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "below")
    got(shown, 1)


@pytest.mark.parametrize(
    ("htmx", "settings"),
    [("htmx 2", '{"defaultSwapStyle": "outerHTML"}'), ("htmx 4", '{"defaultSwap": "outerHTML"}')],
)
def test_the_configuration_of_the_page_counts(
    htmx: str, settings: str, browser: Browser, site: Site, library: Library
) -> None:
    wanted = page(
        site,
        f"<p><button id=above hx-get={fragment(site)}></button></p>{region('a', '')}",
        f"<meta name=htmx-config content='{settings}'><script src={library(htmx)}></script>",
    )
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "above")
    exists(shown, "p > i")
    assert shown.evaluate(LOADING)


def test_what_htmx_2_puts_off(browser: Browser, site: Site, library: Library) -> None:
    """Its own listeners, and its style for indicators."""
    body = button("above", fragment(site)) + f"<div id=out></div><p>{region('a', '')}</p>"
    wanted = page(
        site,
        body,
        f"<script src={library('htmx 2')}></script>"
        "<script>loaded = []; htmx.onLoad(element => loaded.push(element.localName));"
        "htmx.on('htmx:load', () => loaded.push('on'));"
        "addEventListener('htmx:load', () => loaded.push('plain'))</script>",
    )
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "above")
    shown.wait_for("loaded.length")
    assert shown.evaluate("loaded") == ["plain"]
    assert shown.evaluate("document.querySelectorAll('style').length") == 0
    wanted.open("a")
    shown.wait_until_loaded()
    shown.wait_for("loaded.length === 4")
    assert sorted(shown.evaluate("loaded.slice(1)")) == ["body", "on", "plain"]
    assert "htmx-indicator" in shown.evaluate("document.querySelector('style').textContent")


@EACH_HTMX
def test_in_order_the_script_does_no_harm(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    wanted = page(
        site,
        f"<div id=out></div>{{% defer %}}{button('inside', fragment(site))}{{% enddefer %}}",
        f"<script src={library(htmx)}></script>",
        deferred="in-order",
    )
    shown = browser.open(wanted.url)
    click(shown, "inside")
    got(shown, 1)
    click(shown, "inside")
    got(shown, 2)
    assert shown.evaluate("started") == ["inside", "inside"]
    assert shown.evaluate("patched") == []
