"""Pages with regions that a script asks for: whatever it does with them, no placeholder is left."""

from __future__ import annotations

import json

import pytest

from .conftest import Library
from .driver import Browser, Page
from .libraries import HTMX
from .sites import Site

PAGE = "<p>{% defer %}content{% placeholder %}wait{% enddefer %}</p>"

TURBO_PAGE = "<!DOCTYPE html><title>page</title>%s<body>%s</body></html>"
"""Turbo replaces the body: what it runs by is in the head."""

# What is done with the page at URL; "here" is an element of the page that asks.
WAYS = {
    "innerHTML": "fetch(URL).then(r => r.text()).then(t => { here.innerHTML = t })",
    "DOMParser": """fetch(URL).then(r => r.text()).then(t => {
        here.append(...new DOMParser().parseFromString(t, "text/html").body.childNodes) })""",
    "fragment": """fetch(URL).then(r => r.text()).then(t => {
        here.append(document.createRange().createContextualFragment(t)) })""",
    "XMLHttpRequest": """{ const asked = new XMLHttpRequest(); asked.responseType = "document";
        asked.onload = () => here.append(...asked.response.body.childNodes);
        asked.open("GET", URL); asked.send() }""",
}


def assert_whole(page: Page) -> None:
    """What comes into the element "here" has its regions in their places."""
    page.wait_for("document.querySelector('#here p')")
    assert page.evaluate("document.querySelector('#here p').textContent") == "content"
    assert page.evaluate("document.querySelectorAll('#here template').length") == 0


def assert_visited(page: Page) -> None:
    """The page has become another one, whole, and its window has stayed."""
    page.wait_for("document.querySelector('p')")
    assert page.evaluate("document.querySelector('p').textContent") == "content"
    assert page.evaluate("document.querySelectorAll('template').length") == 0
    assert page.evaluate("window.stayed") is True


@pytest.mark.parametrize("way", WAYS)
def test_what_a_script_fetches_is_whole(way: str, browser: Browser, site: Site) -> None:
    page = browser.open(site.add("<div id=here></div>").url)
    url = json.dumps(site.add(PAGE).url)
    page.evaluate(f"(() => {{ {WAYS[way].replace('URL', url)} }})()")
    assert_whole(page)


def test_what_a_frame_shows_is_patched(browser: Browser, site: Site) -> None:
    inside = site.add(PAGE.replace("content", "{{ wait('a') }}content"))
    page = browser.open(site.add(f"<iframe id=here src={inside.url}></iframe>").url, wait=False)
    shown = "document.querySelector('#here')?.contentDocument?.querySelector('p')?.textContent"
    page.wait_for(f"{shown} === 'wait'")
    inside.open("a")
    page.wait_for(f"{shown} === 'content'")


@pytest.mark.parametrize("htmx", HTMX)
def test_what_htmx_gets(htmx: str, browser: Browser, site: Site, library: Library) -> None:
    asked = site.add(PAGE).url
    body = f"<div id=here hx-get={asked} hx-trigger=load></div>"
    page = browser.open(site.add(f"<script src={library(htmx)}></script>{body}").url)
    assert_whole(page)


@pytest.mark.parametrize("htmx", HTMX)
def test_a_boosted_link(htmx: str, browser: Browser, site: Site, library: Library) -> None:
    body = f"<a hx-boost=true href={site.add(PAGE).url}>on</a>"
    page = browser.open(site.add(f"<script src={library(htmx)}></script>{body}").url)
    page.evaluate("(() => { stayed = true; document.querySelector('a').click() })()")
    assert_visited(page)


def test_a_turbo_frame(browser: Browser, site: Site, library: Library) -> None:
    asked = site.add(f"<turbo-frame id=here>{PAGE}</turbo-frame>").url
    body = f"<turbo-frame id=here src={asked}></turbo-frame>"
    page = browser.open(site.add(f"<script src={library('Turbo')}></script>{body}").url)
    assert_whole(page)


def test_a_visit_by_turbo(browser: Browser, site: Site, library: Library) -> None:
    script = f"<script src={library('Turbo')}></script>"
    body = f"<a href={site.add_template(TURBO_PAGE % (script, PAGE)).url}>on</a>"
    page = browser.open(site.add_template(TURBO_PAGE % (script, body)).url)
    page.evaluate("(() => { stayed = true; document.querySelector('a').click() })()")
    assert_visited(page)
