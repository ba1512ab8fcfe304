"""What docs/deferred.rst says that browsers do not do, or do all the same."""

from __future__ import annotations

import time
from threading import Event

import pytest

from streamtmpl import StreamEnvironment, render_stream

from .driver import Browser
from .region_pages import NATIVE
from .server import PageServer

HEAD = "<!DOCTYPE html><html><head><meta charset=utf-8>"


def page_of(source: str) -> str:
    """A page as it is streamed, its regions patched."""
    return "".join(render_stream(StreamEnvironment().from_string(source)))


REGION = "{% defer %}content{% placeholder %}wait{% enddefer %}"


@pytest.mark.parametrize(
    ("around", "found"),
    [
        ("<template id=x>[]</template>", "document.querySelector('#x').content.textContent"),
        (
            "<div id=x><template shadowrootmode=open>[]</template></div>",
            "document.querySelector('#x').shadowRoot.textContent",
        ),
    ],
    ids=["template", "shadow root"],
)
def test_a_region_that_is_not_of_the_document_keeps_its_placeholder(
    around: str, found: str, browser: Browser, server: PageServer
) -> None:
    before, after = around.split("[]")
    source = (
        f"{HEAD}<title>t</title></head><body>{before}{REGION}{after}<p>{REGION}</p></body></html>"
    )
    page = browser.open(server.add(page_of(source)))
    assert page.evaluate("document.querySelector('p').textContent") == "content"
    assert page.evaluate(found) == "wait"


def test_a_region_in_noscript_keeps_its_placeholder(chromium: Browser, server: PageServer) -> None:
    source = f"{HEAD}</head><body><noscript>{REGION}</noscript><p>{REGION}</p></body></html>"
    page = chromium.open(server.add(page_of(source)))
    assert page.evaluate("document.querySelector('p').textContent") == "content"
    assert "content" not in page.evaluate("document.querySelector('noscript').textContent")


@pytest.mark.parametrize(
    ("element", "found"),
    [
        ("<template id=x>content</template>", "document.querySelector('#x').content.textContent"),
        (
            "<div id=x><template shadowrootmode=open>content</template></div>",
            "document.querySelector('#x').querySelector('template, noscript') === null"
            " && document.querySelector('#x').shadowRoot.textContent",
        ),
        ("<noscript id=x>content</noscript>", "document.querySelector('#x').textContent"),
    ],
    ids=["template", "shadow root", "noscript"],
)
def test_in_a_region_they_are_what_they_are(
    element: str, found: str, browser: Browser, server: PageServer
) -> None:
    source = f"{HEAD}</head><body><div>{{% defer %}}{element}{{% enddefer %}}</div></body></html>"
    page = browser.open(server.add(page_of(source)))
    assert page.evaluate(found) == "content"


def test_regions_in_the_head(browser: Browser, server: PageServer) -> None:
    source = (
        f"{HEAD}{{% defer %}}<title>content</title>{{% placeholder %}}<title>wait</title>"
        "{% enddefer %}{% defer %}<meta name=description content=told>{% enddefer %}"
        "</head><body><p>text</p></body></html>"
    )
    page = browser.open(server.add(page_of(source)))
    assert page.evaluate("document.title") == "content"
    assert page.evaluate("document.head.querySelector('[name=description]').content") == "told"


def test_scripts_that_wait_for_the_end_of_a_page_that_is_cut(
    browser: Browser, server: PageServer
) -> None:
    """Chromium never ends such a document, so that ``defer`` scripts do not run; others do."""
    script = server.add("window.deferred = true", content_type="text/javascript")
    gate = Event()
    page = browser.open(
        server.add(f"{HEAD}<script src={script} defer></script><p>text{'-' * 600}", gate, cut=True),
        wait=False,
    )
    page.wait_for("document.querySelector('p')")
    gate.set()
    if page.evaluate(NATIVE):
        time.sleep(0.5)
        assert page.evaluate("document.readyState") == "loading"
        assert not page.evaluate("window.deferred === true")
    else:
        page.wait_for("document.readyState !== 'loading' && window.deferred === true")
