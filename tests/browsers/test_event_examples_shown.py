"""The examples of events as a browser shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from tests.adapters.launch import free_port, module, running

from .driver import Browser

TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
ROWS = "[...document.querySelectorAll('#orders > li')].map(row => row.innerText)"
SOLD = "+document.querySelector('#figures dd').textContent"


@pytest.fixture
def window(chromium: Browser) -> Iterator[Browser]:
    yield chromium
    chromium.screen(0, 0)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_live_dashboard(width: int, window: Browser, tmp_path: Path) -> None:
    port = free_port()
    command = module("flask", "--app", "docs/examples/live/app", "run", "--port", str(port))
    with running(command, port, tmp_path / "log", {"LIVE_PACE": "0.3"}):
        window.screen(width, 800)
        page = window.open(f"http://127.0.0.1:{port}/")
        first, sold = page.evaluate(ROWS), page.evaluate(SOLD)
        page.wait_for(f"{SOLD} >= {sold + 3}")
        page.wait_for("document.getElementById('state').textContent === 'Live'")
        rows = page.evaluate(ROWS)
        assert len(rows) == len(first) == 8
        assert any(rows[new:] == first[: 8 - new] for new in range(2, 6))  # the newest on top
        assert page.evaluate("document.querySelectorAll('#teas li').length") == 5
        assert page.evaluate(TOO_WIDE) <= 0
        window.open(f"http://127.0.0.1:{port}/?left")


ASK = """(() => {
    lengths = [];
    new MutationObserver(() => lengths.push(document.querySelector('.answer').textContent.length))
        .observe(document.getElementById('talk'), {childList: true, subtree: true});
    document.querySelector('input').value = '<i>How long</i>?';
    document.querySelector('button').click();
})()"""
APPS = {
    "flask": lambda port: module(
        "flask", "--app", "docs/examples/chat/flask_app", "run", "--port", port
    ),
    "fastapi": lambda port: module(
        "uvicorn", "--app-dir", "docs/examples/chat", "fastapi_app:app", "--port", port
    ),
}


@pytest.mark.parametrize("framework", list(APPS))
def test_the_chat(framework: str, window: Browser, tmp_path: Path) -> None:
    pytest.importorskip(framework, reason=f"{framework} is not installed")
    port = free_port()
    with running(APPS[framework](str(port)), port, tmp_path / "log", {"CHAT_PACE": "0.3"}):
        window.screen(390, 800)
        page = window.open(f"http://127.0.0.1:{port}/")
        page.evaluate(ASK)
        page.wait_for("document.querySelector('.answer') && !document.querySelector('[aria-busy]')")
        assert (
            page.evaluate("document.querySelector('.question').textContent") == "<i>How long</i>?"
        )
        answer = page.evaluate("document.querySelector('.answer').textContent")
        words = answer.split()
        assert answer.startswith("Green tea: two minutes.")
        lengths = page.evaluate("[...new Set(lengths)]")
        assert len(lengths) == len(words) + 1  # it was seen empty, and after each of its words
        assert page.evaluate(TOO_WIDE) <= 0
