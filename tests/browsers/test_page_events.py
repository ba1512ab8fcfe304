"""The event that the page script dispatches for each patch, and who may rely on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event

import pytest

from streamtmpl import PAGE_SCRIPT, PAGE_SCRIPT_HASH, PATCH_SCRIPT_HASH

from .driver import Browser, Page
from .region_pages import END, pieces
from .script_pages import COUNTING, LOADING, exists
from .server import PageServer
from .sites import Serve

SCRIPT = f"<script>{PAGE_SCRIPT}</script>"
START = f"<!DOCTYPE html><title>{'-' * 512}</title>{COUNTING}<body>"


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a response waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


@pytest.fixture
def patched(browser: Browser, server: PageServer):
    """Gives the events of a page: the element that each is at, and the elements that it names."""

    def patched(document: str, contents: dict[str, str], **options) -> list[list]:
        page = browser.open(server.add(START, *pieces(document + SCRIPT, contents, **options)))
        found: list[list] = page.evaluate("patched")
        return found

    return patched


def test_one_for_each_patch(patched):
    events = patched(
        "<p id=p>[[x]]</p><ul id=u><li id=first></li>[[y]]<li id=last></li></ul>",
        {"x": "<b id=b><i id=i></i></b> text", "y": "<li id=1></li>\n<li id=2></li>"},
        placeholders={"x": "<em id=e>wait</em> please"},
    )
    assert events == [["p", ["b"]], ["u", ["1", "2"]]]


def test_a_region_in_a_region(patched):
    events = patched(
        "<p id=p>[[x]]</p>", {"x": "<b id=b>[[y]]</b>", "y": "<i id=i></i>"}, order="xy"
    )
    assert events == [["p", ["b"]], ["b", ["i"]]]


def test_regions_side_by_side(patched):
    events = patched("<p id=p>[[x]][[y]]</p>", {"x": "<b id=x></b>", "y": "<b id=y></b>"})
    assert events == [["p", ["x"]], ["p", ["y"]]]


@pytest.mark.parametrize("content", ["", "text"])
def test_a_patch_without_elements(patched, content):
    events = patched(
        "<p id=p>[[x]]<b id=b></b></p>", {"x": content}, placeholders={"x": "<i id=i>wait</i>"}
    )
    assert events == [["p", []]]


def test_rows_of_a_table(patched):
    events = patched("<table><tbody id=t>[[x]]</table>", {"x": "<tr id=1><td>1<tr id=2><td>2"})
    assert events == [["t", ["1", "2"]]]


def test_a_patch_that_the_browser_cannot_reach(patched):
    """It is in an element that is open: the patch script puts it in its place in any browser."""
    assert patched("<p id=p>[[x]]</p><div>", {"x": "<b id=b></b>"}) == [["p", ["b"]]]


def test_scripts_of_the_patch_have_run_by_then(browser, server):
    content = "<b id=b></b><script>patched.push('script')</script>"
    parts = pieces(f"<p id=p>[[x]]</p>{SCRIPT}", {"x": content})
    page = browser.open(server.add(START, *parts))
    assert page.evaluate("patched") == ["script", ["p", ["b", ""]]]


def test_it_comes_when_the_patch_is_whole(browser, server, gate):
    document, script, whole, last, end = pieces(
        f"<p id=p>[[x]]</p>[[y]]{SCRIPT}", {"x": "<b id=b></b><i id=i></i>", "y": ""}
    )
    half, rest = whole[: whole.index("<i")], whole[whole.index("<i") :]
    later = Event()
    try:
        address = server.add(START, document, script, half, gate, rest, later, last, end)
        page = browser.open(address, wait=False)
        exists(page, "script")
        assert page.evaluate("patched") == []
        gate.set()
        page.wait_for("patched.length")
        assert page.evaluate("patched") == [["p", ["b", "i"]]]
        assert page.evaluate(LOADING)
    finally:
        later.set()


def test_none_for_what_a_script_removes(browser, server):
    remove = "<script>document.getElementById('p').textContent = ''</script>"
    parts = pieces(f"<p id=p>[[x]]</p><p id=q>[[y]]</p>{SCRIPT}{remove}", {"x": "", "y": ""})
    page = browser.open(server.add(START, *parts))
    assert page.evaluate("patched") == [["q", []]]


def test_from_the_head_it_tells_of_patches_as_well(browser, server):
    parts = pieces("<p id=p>[[x]]</p>", {"x": "<b id=b></b>"})
    page = browser.open(server.add(START.replace("<body>", f"{SCRIPT}<body>"), *parts))
    assert page.evaluate("patched") == [["p", ["b"]]]


def test_a_page_that_has_it_twice(patched):
    assert patched(f"{SCRIPT}<p id=p>[[x]]</p>", {"x": "<b id=b></b>"}) == [["p", ["b"]]]


AGAIN = """(() => {
  window.MutationObserver = function () { patched.push("observes") };
  window.htmx = {process() { patched.push("process") }};
  const script = document.createElement("script");
  script.text = SCRIPT;
  document.body.append(script);
})()"""


def test_in_a_page_that_is_there_it_does_nothing(browser, server):
    page = browser.open(server.add(START, END))
    page.evaluate(AGAIN.replace("SCRIPT", json.dumps(PAGE_SCRIPT)))
    assert page.evaluate("patched") == []


POLICIES = {
    "a nonce": "'nonce-n0'",
    "its hash": f"'{PAGE_SCRIPT_HASH}' '{PATCH_SCRIPT_HASH}' 'nonce-other'",
    "its address": "'self' 'nonce-other'",
}
ELEMENTS = {
    "a nonce": "<script nonce=n0>{{ page_script }}</script>",
    "its hash": "<script>{{ page_script }}</script>",
    "its address": "<script src=page.js></script>",
}
LISTENER = """<script nonce=%s>
patched = [];
addEventListener("streamtmpl:patch", event => patched.push(event.target.id));
</script>"""


@pytest.mark.parametrize("way", POLICIES)
def test_it_works_under_a_policy(browser: Browser, serve: Serve, way: str) -> None:
    site = serve("gunicorn")
    listener = LISTENER % ("n0" if way == "a nonce" else "other")
    page = site.add(
        f"{listener}<p id=p>{{% defer %}}<b>x</b>{{% enddefer %}}</p>{ELEMENTS[way]}",
        script="file" if way == "its address" else "inline",
        nonce="n0" if way == "a nonce" else None,
        headers={
            "Content-Security-Policy": f"default-src 'none'; script-src {POLICIES[way]};"
            " require-trusted-types-for 'script'"
        },
    )
    shown: Page = browser.open(page.url)
    shown.wait_for("patched.length")
    assert shown.evaluate("patched") == ["p"]
