"""Pages with regions that a script asks for: whatever it does with them, no placeholder is left."""

from __future__ import annotations

import json

import pytest

from .driver import Browser
from .sites import Site

PAGE = "<p>{% defer %}content{% placeholder %}wait{% enddefer %}</p>"

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


@pytest.mark.parametrize("way", WAYS)
def test_what_a_script_fetches_is_whole(way: str, browser: Browser, site: Site) -> None:
    page = browser.open(site.add("<div id=here></div>").url)
    url = json.dumps(site.add(PAGE).url)
    page.evaluate(f"(() => {{ {WAYS[way].replace('URL', url)} }})()")
    page.wait_for("document.querySelector('#here p')")
    assert page.evaluate("document.querySelector('#here p').textContent") == "content"
    assert page.evaluate("document.querySelectorAll('#here template').length") == 0


def test_what_a_frame_shows_is_patched(browser: Browser, site: Site) -> None:
    inside = site.add(PAGE.replace("content", "{{ wait('a') }}content"))
    page = browser.open(site.add(f"<iframe id=here src={inside.url}></iframe>").url, wait=False)
    shown = "document.querySelector('#here')?.contentDocument?.querySelector('p')?.textContent"
    page.wait_for(f"{shown} === 'wait'")
    inside.open("a")
    page.wait_for(f"{shown} === 'content'")
