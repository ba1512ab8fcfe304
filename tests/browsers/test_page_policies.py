"""Pages that streamtmpl renders, under a Content-Security-Policy and without scripts."""

from __future__ import annotations

import pytest

from streamtmpl import PATCH_SCRIPT_HASH

from .driver import Browser, Page
from .region_pages import NATIVE
from .sites import Serve, Site

BODY = """
<h1>Shell</h1>
<p>{% defer %}<b>here</b>{% placeholder %}wait{% enddefer %}</p>
<ul>{% defer %}<li>1</li>{% defer %}<li>2</li>{% enddefer %}{% enddefer %}</ul>
"""
# In a region, under a policy: only what has the response's nonce may run.
SCRIPTS = """
<p>{% defer %}<b>here</b>
<script nonce=n0>document.body.title += 'nonce '</script>
<script nonce=n1>document.body.title += 'forged '</script>
<script>document.body.title += 'bare '</script>
<img src="/none" onerror="document.body.title += 'handler '">
{% placeholder %}wait{% enddefer %}</p>
<ul>{% defer %}<li>12</li>{% enddefer %}</ul>
"""


def policy(scripts: str) -> dict[str, str]:
    return {"Content-Security-Policy": f"default-src 'none'; script-src {scripts}"}


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "['p', 'ul'].map(name => document.querySelector(name).textContent.trim())"
    )
    return found


ALL = ["here", "12"]
NONE = ["wait", ""]


def test_a_nonce(browser: Browser, site: Site):
    page = browser.open(site.add(BODY, nonce="n0", headers=policy("'nonce-n0'")).url)
    assert shown(page) == ALL


def test_a_nonce_lets_nothing_else_of_a_region_run(browser: Browser, site: Site):
    page = browser.open(site.add(SCRIPTS, nonce="n0", headers=policy("'nonce-n0'")).url)
    page.wait_for("document.querySelectorAll('script').length")
    assert page.evaluate("document.querySelector('b').textContent") == "here"
    assert page.evaluate("document.body.title") == "nonce "


def test_the_hash(browser: Browser, site: Site):
    page = browser.open(site.add(BODY, headers=policy(f"'{PATCH_SCRIPT_HASH}'")).url)
    assert shown(page) == ALL


def test_another_nonce_leaves_placeholders(browser: Browser, site: Site):
    page = browser.open(site.add(BODY, nonce="n1", headers=policy("'nonce-n0'")).url)
    assert shown(page) == (ALL if page.evaluate(NATIVE) else NONE)


@pytest.mark.parametrize(("nonce", "scripts"), [(None, "'self'"), ("n0", "'nonce-n0'")])
def test_the_script_that_flask_serves(
    nonce: str | None, scripts: str, browser: Browser, serve: Serve
):
    site = serve("gunicorn")
    page = browser.open(site.add(BODY, script="file", nonce=nonce, headers=policy(scripts)).url)
    page.wait_for("document.querySelector('li + li')")
    assert shown(page) == ALL
    assert page.evaluate("document.querySelector('script').src") == site.address + "/file/patch.js"
    assert page.evaluate("document.querySelector('template')") is None


def test_a_page_without_the_script(browser: Browser, site: Site):
    page = browser.open(site.add(BODY, script="none", headers=policy("'none'")).url)
    assert page.evaluate("document.querySelector('script')") is None
    assert shown(page) == (ALL if page.evaluate(NATIVE) else NONE)


def test_in_order_a_page_has_no_script(browser: Browser, site: Site):
    page = browser.open(site.add(BODY, deferred="in-order", headers=policy("'none'")).url)
    assert page.evaluate("document.querySelector('script')") is None
    assert shown(page) == ALL


def test_chromium_with_scripts_switched_off(chromium: Browser, site: Site):
    chromium.script_disabled(True)
    try:
        page = chromium.open(site.add(SCRIPTS).url)
        assert shown(page)[1] == "12"
        assert page.evaluate("document.querySelector('p > b').textContent") == "here"
        assert page.evaluate("document.body.title") == ""
    finally:
        chromium.script_disabled(False)
