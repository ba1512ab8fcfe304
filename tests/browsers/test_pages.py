"""Pages that streamtmpl renders: each region appears when it is ready, in any order."""

from __future__ import annotations

import re
from itertools import permutations
from urllib.request import Request, urlopen

import pytest

from tests.support.navigations import NAVIGATION

from .driver import PATIENCE, Browser, Page
from .region_pages import dom
from .sites import SERVERS, Serve, Site, SitePage

FOUR = """
<h1>Shell</h1>
<p id=a>{% defer %}<b>{{ wait('a') }}a</b>{% placeholder %}wait{% enddefer %}</p>
<ul id=b>{% defer %}<li>b{{ wait('b') }}<li>&amp;{% placeholder %}<li>wait{% enddefer %}</ul>
<table><tbody id=c>{% defer %}<tr><td>{{ wait('c') }}c{% placeholder %}<tr><td>wait
{%- enddefer %}</tbody></table>
<div id=d>{% defer %}{{ wait('d') }}<p>d<p>{% enddefer %}</div>
<p id=last>last</p>
"""
READY = {"a": "a", "b": "b&", "c": "c", "d": "d"}
WAITING = {"a": "wait", "b": "wait", "c": "wait", "d": ""}

THREE_LEVELS = """
<div>{% defer %}<i>1</i>
  <ul>{% defer %}<li>2</li>
    {% defer %}<li>{{ wait('z') }}3</li>{% placeholder %}<li>wait 3</li>{% enddefer %}
    <li>{{ wait('y') }}4</li>
    {% placeholder %}<li>wait 2</li>{% enddefer %}</ul>
  {{ wait('x') }}5
{% placeholder %}wait 1{% enddefer %}</div>
"""


def texts(page: Page) -> dict[str, str]:
    """What the four regions show."""
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...'abcd'].map("
        "id => [id, document.getElementById(id).textContent.trim()]))"
    )
    return found


@pytest.fixture(scope="module")
def expected(browser: Browser, any_site: Site):
    """Gives the DOM of a page that is rendered in order, its gates open."""
    known: dict[str, str] = {}

    def expected(body: str, gates: str) -> str:
        if body not in known:
            page = any_site.add(body, deferred="in-order", gates=gates)
            known[body] = dom(browser.open(page.url))
        return known[body]

    return expected


@pytest.mark.parametrize("order", list(permutations("abcd")), ids="".join)
def test_regions_are_ready_in_any_order(
    order: tuple[str, ...], browser: Browser, site: Site, expected
):
    served = site.add(FOUR)
    page = browser.open(served.url, wait=False)
    page.wait_for("document.getElementById('last')")
    assert page.evaluate("document.querySelector('h1').textContent") == "Shell"
    shown = dict(WAITING)
    assert texts(page) == shown
    for name in order:
        served.open(name)
        page.wait_for(f"document.getElementById('{name}').textContent.trim() === '{READY[name]}'")
        shown[name] = READY[name]
        assert texts(page) == shown
    page.wait_until_loaded()
    assert dom(page) == expected(FOUR, "abcd")


def test_a_browser_cannot_tell_the_servers_by_what_they_send(serve: Serve):
    """So that conftest.py shows the pages of only one of them to some browsers."""
    sent = []
    for kind in SERVERS:
        served = serve(kind).add(FOUR)
        with urlopen(Request(served.url, headers=NAVIGATION), timeout=PATIENCE) as response:
            for gate in "abcd":
                served.open(gate)
            text = response.read().decode()
        random_name = re.search(r"data-k=([\w-]+)", text)
        assert random_name is not None
        text = text.replace(random_name[1], "name")
        sent.append(sorted(text.split("<template for=")))  # whichever of the patches comes first
    assert len(sent[0]) == 5
    assert sent[0] == sent[1]


def test_what_is_open_from_the_start(browser: Browser, site: Site, expected):
    page = browser.open(site.add(FOUR, gates="abcd").url)
    assert texts(page) == READY
    assert dom(page) == expected(FOUR, "abcd")


@pytest.mark.parametrize("order", list(permutations("xyz")), ids="".join)
def test_nested_regions_are_ready_in_any_order(
    order: tuple[str, ...], browser: Browser, site: Site, expected
):
    """One that is ready waits until what it stands in is."""
    served = site.add(THREE_LEVELS)
    page = browser.open(served.url, wait=False)
    page.wait_for("document.querySelector('div')?.textContent.trim() == 'wait 1'")
    for name in order:
        served.open(name)
        page.wait_for(_shown_when(served))
    page.wait_until_loaded()
    assert dom(page) == expected(THREE_LEVELS, "xyz")


def _shown_when(served: SitePage) -> str:
    """JavaScript: whether the page shows what it should with the gates that have been passed."""
    text = "wait 1"
    if served.has("x.passed"):
        inner = "wait 2"
        if served.has("y.passed"):
            inner = f"2 {'3' if served.has('z.passed') else 'wait 3'} 4"
        text = f"1 {inner} 5"
    return f"document.querySelector('div').textContent.trim().split(/\\s+/).join(' ') === '{text}'"


def test_in_order_the_page_waits_for_its_regions(browser: Browser, site: Site):
    served = site.add(FOUR, deferred="in-order", gates="bcd")
    page = browser.open(served.url, wait=False)
    page.wait_for("document.getElementById('a')")
    assert page.evaluate("document.getElementById('b')") is None
    served.open("a")
    page.wait_until_loaded()
    assert texts(page) == READY
    assert page.evaluate("document.querySelector('template, script')") is None


def test_the_script_runs_while_the_first_region_is_awaited(browser: Browser, site: Site):
    """Firefox may not show what comes right behind it until more comes."""
    served = site.add(FOUR)
    page = browser.open(served.url, wait=False)
    page.wait_for("document.querySelector('body > script')")
    assert texts(page) == WAITING
    assert page.evaluate("document.querySelector('template')") is None


def test_a_script_from_a_file_loads_while_the_first_region_is_awaited(
    browser: Browser, serve: Serve
):
    site = serve("gunicorn")
    served = site.add(FOUR, script="file")
    page = browser.open(served.url, wait=False)
    page.wait_for(f"performance.getEntriesByName('{site.address}/file/patch.js').length")
    assert texts(page) == WAITING
    served.release()
