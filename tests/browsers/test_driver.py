"""The driver itself: what tests rely on."""

from __future__ import annotations

from threading import Event

import pytest

from tests.adapters.launch import free_port

from . import driver
from .driver import ScriptError, browser, missing
from .processes import NotStarted

PNG = b"\x89PNG\r\n"


@pytest.fixture
def page(browser, server):
    return browser.open(server.add("<!DOCTYPE html><title>t</title><p>text</p>"))


def test_values_come_as_they_are(page):
    assert page.evaluate("[1, 'é', null, { a: [true] }]") == [1, "é", None, {"a": [True]}]
    assert page.evaluate("undefined") is None


def test_what_throws_is_an_error_here(page):
    with pytest.raises(ScriptError, match="no such thing"):
        page.evaluate("(() => { throw new Error('no such thing') })()")


def test_the_document_can_be_read_as_it_is_now(page):
    page.evaluate("document.querySelector('p').append(' and more')")
    assert "<p>text and more</p>" in page.html()


def test_there_are_pictures(page, tmp_path):
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(PNG)


def test_what_is_never_true_times_out(page):
    with pytest.raises(TimeoutError, match=r"1 > 2 is still false in .*<p>text</p>"):
        page.wait_for("1 > 2", 0.02)


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_the_window_has_the_size_that_is_asked_for(kind, start, server):
    browser = start(kind)
    before = browser.open(server.add("<title>t</title>")).evaluate("[innerWidth, innerHeight]")
    browser.screen(390, 844)
    try:
        page = browser.open(server.add("<title>t</title>"))
        assert page.evaluate("[innerWidth, innerHeight]") == [390, 844]
    finally:
        browser.screen(0, 0)
    page.wait_for(f"innerWidth === {before[0]} && innerHeight === {before[1]}")


def test_chromium_says_what_it_prefers(chromium, server):
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    page = chromium.open(server.add("<title>t</title>"))
    assert not page.evaluate(dark)
    chromium.screen(0, 0, prefers_color_scheme="dark")
    page.wait_for(dark)
    chromium.screen(0, 0)
    page.wait_for(f"!{dark}")


def test_policies_do_not_apply_to_the_driver(browser, server):
    page = browser.open(
        server.add("<p>text", headers={"Content-Security-Policy": "default-src 'none'"})
    )
    assert page.evaluate("document.querySelector('p').textContent") == "text"


def test_a_browser_that_is_missing_is_not_started(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert missing("firefox") == "none of firefox-esr, firefox is installed"
    with pytest.raises(LookupError, match="firefox-esr"), browser("firefox"):
        pass


def test_a_page_that_still_loads_makes_way_for_the_next(browser, server):
    gates = [Event(), Event()]
    try:
        for gate in gates:
            page = browser.open(server.add(f"<title>{'-' * 512}</title><p>", gate), wait=False)
            page.wait_for("document.querySelector('p')")
            assert page.evaluate("document.readyState") == "loading"
    finally:
        for gate in gates:
            gate.set()


@pytest.mark.parametrize("kind", ["chromium", "firefox"])  # WebKit would take all its patience
def test_an_address_where_nobody_answers_is_an_error(kind, start):
    with pytest.raises(ScriptError, match=r"CONNECTION_REFUSED"):
        start(kind).open(f"http://127.0.0.1:{free_port()}/")


@pytest.fixture
def instead(monkeypatch, tmp_path):
    """Puts a shell script in a browser's place, which finds the browser's command in `$browser`."""

    def instead(kind, script):
        if (reason := missing(kind)) is not None:
            pytest.skip(f"no {kind}: {reason}")
        monkeypatch.setenv("browser", driver._command(kind))
        command = tmp_path / kind
        command.write_text(f'#!/bin/sh\necho started >>"$0.log"\n{script}\n')
        command.chmod(0o700)
        monkeypatch.setitem(driver._COMMANDS, kind, (str(command),))
        return command.with_suffix(".log")

    return instead


@pytest.mark.parametrize("kind", ["chromium", "firefox"])  # a second WebKit does not start
def test_a_browser_that_does_not_start_is_started_again(kind, instead, server):
    log = instead(kind, 'test $(wc -l <"$0.log") -gt 1 && exec "$browser" "$@"')
    with browser(kind) as running:
        page = running.open(server.add("<title>here</title>"))
        assert page.evaluate("document.title") == "here"
    assert log.read_text().count("started") > 1  # the second one may not be heard either


def test_a_browser_that_never_starts_says_so(instead):
    log = instead("chromium", "echo no display; exit 1")
    with pytest.raises(NotStarted, match="no display"), browser("chromium"):
        pass
    assert log.read_text().count("started") == 3
