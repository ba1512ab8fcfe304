"""A page with regions is painted before the first of them is ready, however little it says.

WebKit paints nothing of a document before it has some 200 characters of visible text.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from .driver import Browser
from .region_pages import pieces, script_with
from .server import PageServer

START = f"<!DOCTYPE html><title>{'-' * 512}</title><body>"
PAINTED = "performance.getEntriesByName('first-contentful-paint').length"
BOX = "document.querySelector('[inert]')"


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a response waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


def parts(script: str) -> list[str]:
    return pieces("<p>[[x]]</p>", {"x": "here"}, placeholders={"x": "wait"}, script=script)


def test_the_shell_is_painted_while_the_first_region_is_awaited(
    browser: Browser, server: PageServer, gate: Event
) -> None:
    document, script, *rest = parts(script_with())
    page = browser.open(server.add(START, document, script, gate, *rest), wait=False)
    page.wait_for(PAINTED)
    assert page.evaluate("document.querySelector('p').textContent") == "wait"
    gate.set()
    page.wait_until_loaded()
    assert page.evaluate("document.querySelector('p').textContent") == "here"


def test_what_makes_it_paint_takes_no_space_and_goes(
    browser: Browser, server: PageServer, gate: Event
) -> None:
    """Whatever paragraphs look like; under a policy without inline styles, too."""
    document, script, *rest = parts(script_with(nonce="n0"))
    style = "<style nonce=n0>p { padding: 1em; border: 1px solid } body { display: grid }</style>"
    sources = "default-src 'none'; script-src 'nonce-n0'; style-src 'nonce-n0'"
    policy = {"Content-Security-Policy": sources}
    page = browser.open(
        server.add(START, style, document, script, gate, *rest, headers=policy), wait=False
    )
    page.wait_for(BOX)
    assert page.evaluate(f"{BOX}.getBoundingClientRect().width") == 0
    height = "document.documentElement.scrollHeight"
    with_box = page.evaluate(height)
    assert page.evaluate(f"({BOX}.style.display = 'none', {height})") == with_box
    gate.set()
    page.wait_until_loaded()
    assert page.evaluate(f"{BOX} === null")
