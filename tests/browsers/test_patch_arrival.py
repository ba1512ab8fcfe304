"""When patches are applied, while the document still arrives, and when it never ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event

import pytest

from .driver import Browser, Page
from .region_pages import END, NATIVE, SCRIPT, patch, pieces, with_markers
from .server import PageServer

START = f"<!DOCTYPE html><title>{'-' * 512}</title><body>"
"""WebKit with GTK begins with the 513th byte: until then it waits for what the document may be."""


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a response waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


def text(page: Page, selector: str) -> str:
    found: str = page.evaluate(f"document.querySelector({selector!r}).textContent")
    return found


def wait_for_the_end(page: Page) -> None:
    """Wait until the browser knows that its connection was cut."""
    if page.evaluate(NATIVE):
        time.sleep(0.05)  # Chromium stops, and the document stays "loading"
    else:
        page.wait_for("document.readyState !== 'loading'")


def test_a_patch_is_applied_before_the_next_arrives(browser, server, gate):
    document, script, first, second, end = pieces(
        "<p>[[x]]</p><i>[[y]]</i>",
        {"x": "first", "y": "second"},
        placeholders={"x": "wait", "y": "wait"},
    )
    page = browser.open(server.add(START, document, script, first, gate, second, end), wait=False)
    page.wait_for("document.querySelector('p')?.textContent === 'first'")
    assert text(page, "i") == "wait"
    assert page.evaluate("document.readyState") == "loading"
    gate.set()
    page.wait_until_loaded()
    assert text(page, "i") == "second"


def test_a_document_is_shown_while_its_first_patch_is_awaited(browser, server, gate):
    document = with_markers("<p>[[x]]</p>", {"x": "wait"})
    rest = [SCRIPT, patch("x", "here"), END]
    page = browser.open(server.add(START, document, gate, *rest), wait=False)
    page.wait_for("document.querySelector('p')?.textContent === 'wait'")
    gate.set()
    page.wait_for("document.querySelector('p').textContent === 'here'")


def test_half_a_patch_takes_no_place_by_script(browser, server, gate):
    """Where the browser patches, the placeholder goes as soon as the patch begins to arrive."""
    before, after = patch("x", "<b>one</b>[[y]]<b>two</b>").split("<b>two")
    document = with_markers("<p>[[x]]</p>", {"x": "wait"})
    page = browser.open(
        server.add(START, document, SCRIPT, before, gate, "<b>two" + after, patch("y", "-"), END),
        wait=False,
    )
    page.wait_for("document.querySelector('b, template')")
    assert text(page, "p") == ("one" if page.evaluate(NATIVE) else "wait")
    gate.set()
    page.wait_until_loaded()
    assert text(page, "p") == "one-two"


def test_an_element_that_a_script_appends_does_not_complete_a_patch(browser, server, gate):
    document = with_markers("<p>[[x]]</p>", {"x": "wait"})
    before, after = patch("x", "<b>one</b><b>two</b>").split("<b>two")
    page = browser.open(
        server.add(START, document, SCRIPT, before, gate, "<b>two" + after, END), wait=False
    )
    page.wait_for("document.querySelector('b, template')")
    page.evaluate("document.body.append(document.createElement('aside'))")
    gate.set()
    page.wait_until_loaded()
    assert text(page, "p") == "onetwo"


def test_text_that_a_script_appends_does_not_complete_a_patch(browser, server, gate):
    document = with_markers("<p>[[x]]</p>", {"x": "wait"})
    before, after = patch("x", "<b>one</b><b>two</b>").split("<b>two")
    page = browser.open(
        server.add(START, document, SCRIPT, before, gate, "<b>two" + after, END), wait=False
    )
    page.wait_for("document.querySelector('b, template')")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<aside>hi</aside>\\n<!-- there -->')"
    )
    gate.set()
    page.wait_until_loaded()
    assert text(page, "p") == "onetwo"


def test_a_deferred_script_finds_all_patches(browser, server):
    script = server.add(
        "document.body.title = document.querySelector('p').textContent",
        content_type="text/javascript",
    )
    document = f'<script src="{script}" defer></script><p>[[x]]</p>'
    page = browser.open(server.add(START, *pieces(document, {"x": "here"})))
    assert page.evaluate("document.body.title") == "here"


def test_the_parsed_document_needs_no_text_behind_its_last_patch(browser, server):
    document = with_markers("<p>[[x]]</p>", {"x": "wait"})
    last = patch("x", "here").rstrip()
    page = browser.open(server.add(START, document, SCRIPT, last))
    assert text(page, "p") == "here"


def test_after_the_document_nothing_is_patched(browser, server):
    """Templates that a script adds later are its own, in all browsers."""
    page = browser.open(server.add(START, *pieces("<p>[[x]]</p>", {"x": "here"})))
    page.evaluate(
        """(() => {
          const later = document.createElement('template');
          later.setAttribute('for', 'later');
          document.querySelector('p').append(document.createComment('?start name="later"'));
          document.body.append(later, 'text');
        })()"""
    )
    assert page.evaluate("document.querySelectorAll('template').length") == 1


@pytest.mark.parametrize("rest", ["", "<templ", "</bo"])
def test_a_connection_that_is_cut_between_patches(rest, browser, server, gate):
    document, script, first, _, _ = pieces(
        "<p>[[x]]</p><i>[[y]]</i>", {"x": "here", "y": ""}, placeholders={"y": "wait"}
    )
    page = browser.open(
        server.add(START, document, script, first, rest, gate, cut=True), wait=False
    )
    page.wait_for("document.querySelector('p')?.textContent === 'here'")
    gate.set()
    wait_for_the_end(page)
    assert text(page, "p") == "here"
    assert text(page, "i") == "wait"  # until it is sure, see test_lost_regions


def test_a_connection_that_is_cut_in_a_patch(browser, server, gate):
    """What has come is shown, as it would be in a document without patches."""
    document, script, first, _, _ = pieces(
        "<p>[[x]]</p><i>[[y]]</i>", {"x": "one<b>two</b>", "y": ""}, placeholders={"y": "wait"}
    )
    half = first.partition("wo</b>")[0]
    page = browser.open(server.add(START, document, script, half, gate, cut=True), wait=False)
    page.wait_for("document.querySelector('b, template')")
    gate.set()
    wait_for_the_end(page)
    assert text(page, "p") == "onet"
    assert text(page, "i") == "wait"


def test_large_patches(browser: Browser, server: PageServer):
    rows = "<tr><td>row</td></tr>" * 20_000
    page = browser.open(
        server.add(
            START,
            *pieces(
                "<table><tbody id=a>[[x]]</tbody></table><table><tbody id=b>[[y]]</tbody></table>",
                {"x": rows, "y": rows},
            ),
        )
    )
    assert page.evaluate("['a', 'b'].map(id => document.getElementById(id).rows.length)") == [
        20_000,
        20_000,
    ]
