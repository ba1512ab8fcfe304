"""The patch script under a Content-Security-Policy, from a file, and without scripts at all."""

from __future__ import annotations

import pytest

from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH

from .driver import Browser, Page
from .region_pages import NATIVE, SCRIPT, pieces, script_with
from .server import PageServer

START = "<!DOCTYPE html><body>"
DOCUMENT = "<p>[[x]]</p>"
JAVASCRIPT = "text/javascript"

NONCE = script_with(nonce="n0")
NONCED = """<script nonce="n0">document.body.title += 'nonce'</script>"""
FORGED = """<script nonce="n1">document.body.title += 'forged'</script>"""
BARE = """<script>document.body.title += 'bare'</script>"""


@pytest.fixture
def opened(browser: Browser, server: PageServer):
    """Gives a page with one region, its patch script as given, under a policy."""

    def opened(script: str, policy: str, content: str = "") -> Page:
        parts = pieces(
            DOCUMENT, {"x": f"<b>here</b>{content}"}, placeholders={"x": "wait"}, script=script
        )
        headers = {"Content-Security-Policy": policy}
        return browser.open(server.add(START, *parts, headers=headers))

    return opened


@pytest.fixture
def file(server: PageServer) -> str:
    """The address of a file with the patch script."""
    return server.add(PATCH_SCRIPT, content_type=JAVASCRIPT)


def shown(page: Page) -> str:
    """The text in the region's place."""
    text: str = page.evaluate("document.querySelector('p').firstElementChild?.textContent ?? ''")
    return text


@pytest.mark.parametrize(
    ("script", "policy"),
    [
        (NONCE, "default-src 'none'; script-src 'nonce-n0'"),
        (SCRIPT, f"default-src 'none'; script-src '{PATCH_SCRIPT_HASH}'"),
        (
            SCRIPT,
            f"script-src '{PATCH_SCRIPT_HASH}'; "
            "require-trusted-types-for 'script'; trusted-types 'none'",
        ),
    ],
    ids=["nonce", "hash", "trusted types"],
)
def test_a_strict_policy_lets_it_patch(script, policy, opened):
    assert shown(opened(script, policy)) == "here"


def test_a_file_that_the_policy_names_patches(opened, file):
    page = opened(script_with(file), f"script-src {file}")
    page.wait_for("document.querySelector('p b')")


def test_content_gets_no_more_from_the_policy_than_elsewhere(opened):
    page = opened(NONCE, "script-src 'nonce-n0'", NONCED + BARE + FORGED)
    assert shown(page) == "here"
    assert page.evaluate("document.body.title") == "nonce"


def test_strict_dynamic_trusts_what_the_script_inserts(opened):
    """To browsers, scripts in contents are then the patch script's own; where they patch, not."""
    page = opened(NONCE, "script-src 'nonce-n0' 'strict-dynamic'", NONCED + BARE)
    assert shown(page) == "here"
    ran = "nonce" if page.evaluate(NATIVE) else "noncebare"
    assert page.evaluate("document.body.title") == ran


def test_a_policy_without_the_script_leaves_placeholders(opened):
    page = opened(SCRIPT, "script-src 'none'")
    assert shown(page) == ("here" if page.evaluate(NATIVE) else "")


@pytest.mark.parametrize("wait", [0.0, 0.1], ids=["soon", "when all is there"])
def test_an_asynchronous_file_patches(wait, browser, server):
    file = server.add(wait, PATCH_SCRIPT, content_type=JAVASCRIPT)
    parts = pieces(DOCUMENT, {"x": "<b>here</b>"}, script=script_with(file))
    page = browser.open(server.add(START, *parts))
    assert shown(page) == "here"
    assert page.evaluate("document.querySelector('template')") is None


def test_chromium_needs_no_script(chromium, server):
    chromium.script_disabled(True)
    try:
        page = chromium.open(server.add(START, *pieces(DOCUMENT, {"x": f"<b>here</b>{BARE}"})))
        assert f"<p><b>here</b>{BARE}</p>" in page.html()
        assert page.evaluate("document.body.title") == ""
    finally:
        chromium.script_disabled(False)
