"""Of which pages browsers show nothing before 1,024 bytes: what streamtmpl.doctor says of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from threading import Event

import pytest

from streamtmpl.doctor.browsers import LOOKED_AT

from .conftest import Start
from .server import PageServer

LITTLE = "<p>some text</p>"
ENOUGH = LITTLE + "x" * (LOOKED_AT - len(LITTLE))
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
SNIFF = {"X-Content-Type-Options": ""}  # or else the server of these tests sends it
META = "<!doctype html><meta charset=utf-8>"
HELD = 1.0
"""Seconds in which a page that is not held would be shown."""


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a response waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


@pytest.mark.parametrize(
    ("kind", "content_type", "headers", "begin", "held"),
    [
        ("chromium", "text/plain; charset=utf-8", SNIFF, LITTLE, True),
        ("chromium", "text/plain; charset=utf-8", SNIFF, ENOUGH, False),
        ("chromium", "text/plain; charset=utf-8", NOSNIFF, LITTLE, False),
        ("chromium", "text/html", SNIFF, LITTLE, False),
        ("firefox", "text/html", SNIFF, LITTLE, True),
        ("firefox", "text/html", SNIFF, ENOUGH[:-1], True),
        ("firefox", "text/html", SNIFF, ENOUGH, False),
        ("firefox", "text/html", SNIFF, META + LITTLE, False),
        ("firefox", "text/html", SNIFF, "\ufeff" + LITTLE, False),
        ("firefox", "text/html; charset=utf-8", SNIFF, LITTLE, False),
        ("firefox", "text/plain", NOSNIFF, LITTLE, True),
        ("firefox", "text/plain; charset=utf-8", SNIFF, LITTLE, False),
    ],
)
def test_who_waits(
    kind: str,
    content_type: str,
    headers: dict[str, str],
    begin: str,
    held: bool,
    start: Start,
    server: PageServer,
    gate: Event,
) -> None:
    url = server.add(begin, gate, "<p>end</p>", content_type=content_type, headers=headers)
    browser = start(kind)
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(browser.open, url, wait=False)
        if held:
            with pytest.raises(NotYet):
                opened.result(HELD)
            gate.set()
        page = opened.result(20)
    page.wait_for("document.body && document.body.textContent.includes('some text')")
    gate.set()
    page.wait_until_loaded()
