"""Pages in which an element is left open: every region gets its content, and the reader is told.

The patches of such a page are inside that element. A browser that patches by itself looks for
their places in there alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from streamtmpl import StreamEnvironment, render_stream

from .driver import Browser
from .region_pages import END, LOST, SCRIPT, patch, with_markers
from .server import PageServer

HEAD = f"<!DOCTYPE html><html><head><title>{'-' * 1024}</title></head><body>"
WARNINGS = (
    "<script>warned = []; console.warn = (text, element) => warned.push(text, element.localName)"
    "</script>"
)

BEHIND = {
    "footer": "<footer>f",
    "div": "<div>d",
    "label": "<label>l",
    "button": "<button>b",
    "item": "<ul><li>i",
    "select": "<select><option>o",
    "table": "<table><tr><td>t",
    "formatting": "<b><i>b",
    "link": "<p><a href='#x'>a</p>",
    "several": "<section><article><h2>h</h2><p>p",
    "custom": "<my-card>c",
    "form": "<form><fieldset><input>",
    "code": "<pre><code>c",
}
"""What is open at the end of the page, behind the region."""

AROUND = {
    "main": ("<main><p>", "</p>"),
    "comment": ("<main><p>Comment: <b>hello</p><p id=a>", "</p></main><footer>f</footer>"),
    "nested": ("<div><div><p><em>a<p>", "</div>"),
}
"""What is opened before the region, and what follows it."""

PAGES = {
    **{name: ("<main><p id=x>", f"</p></main>{rest}") for name, rest in BEHIND.items()},
    **AROUND,
}
every_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture
def gate() -> Iterator[Event]:
    """What the end of a page waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


def streamed(name: str, script: str | None) -> str:
    """A page as it is streamed."""
    before, after = PAGES[name]
    region = "{% defer %}<u>done</u>{% placeholder %}wait{% enddefer %}"
    env = StreamEnvironment(patch_script=script)
    template = env.from_string(f"{HEAD}{WARNINGS}{before}{region}{after}</body></html>")
    return "".join(render_stream(template))


@every_page
def test_a_region_gets_its_content(name: str, browser: Browser, server: PageServer) -> None:
    page = browser.open(server.add(streamed(name, "inline")))
    assert page.evaluate("document.querySelectorAll('u').length") == 1
    assert page.evaluate(
        "document.querySelector('main, div').contains(document.querySelector('u'))"
    )
    assert "wait" not in page.evaluate("document.body.innerText")
    assert page.evaluate("warned") == []  # the end tags went out before the patches


@every_page
def test_chromium_needs_no_script(name: str, chromium: Browser, server: PageServer) -> None:
    chromium.script_disabled(True)
    try:
        page = chromium.open(server.add(streamed(name, None)))
        assert page.evaluate(
            "document.querySelector('main, div').contains(document.querySelector('u'))"
        )
        assert "wait" not in page.evaluate("document.body.innerText")
    finally:
        chromium.script_disabled(False)


INNERMOST = {
    "item": "li",
    "select": "option",
    "table": "td",
    "formatting": "i",
    "several": "p",
    "custom": "my-card",
    "form": "fieldset",
}


@pytest.mark.parametrize("name", sorted(BEHIND.keys() - {"link"}))
def test_what_end_tags_do_not_reach_the_script_does(
    name: str, browser: Browser, server: PageServer, gate: Event
) -> None:
    """As where a tag comes in two pieces."""
    before, after = PAGES[name]
    document = with_markers(f"{before}[[x]]{after}", {"x": "wait"})
    first = patch("x", "<u>done</u>")
    page = browser.open(server.add(HEAD, WARNINGS, document, SCRIPT, first, gate, END), wait=False)
    page.wait_for("document.querySelector('main u')")  # before the document ends
    assert page.evaluate("document.readyState") == "loading"
    gate.set()
    page.wait_until_loaded()
    assert page.evaluate("document.querySelectorAll('u').length") == 1
    assert page.evaluate("warned") == ["unclosed", INNERMOST.get(name, name)]


def test_a_link_that_is_opened_again_behind_the_first_patch(
    browser: Browser, server: PageServer
) -> None:
    """What shows that the patch is complete is in the link, where the script does not look."""
    before, after = PAGES["link"]
    document = with_markers(f"{before}[[x]]{after}", {"x": "wait"})
    page = browser.open(server.add(HEAD, WARNINGS, document, SCRIPT, patch("x", "<u>1</u>"), END))
    assert page.evaluate("document.querySelector('main u').textContent") == "1"


@pytest.mark.parametrize(
    "region",
    [
        "{% defer %}<h1>one</h1>{% placeholder %}<p>wait</p>{% enddefer %}",
        "{% defer %}<h1>one</h1>{% enddefer %}",
    ],
)
@pytest.mark.parametrize(
    "before",
    ["", "<head>", "<html><head><meta charset=utf-8></head>"],
    ids=["title", "head", "end"],
)
def test_a_document_without_a_body_tag(
    region: str, before: str, browser: Browser, server: PageServer
) -> None:
    head = f"<title>{'-' * 512}</title>" if "</head>" not in before else ""
    end = "</head>" if before == "<head>" else ""
    source = f"<!doctype html>{before}{head}{end}\n{region}"
    page = browser.open(server.add("".join(render_stream(StreamEnvironment().from_string(source)))))
    assert page.evaluate("document.body.innerText.trim()") == "one"
    assert page.evaluate("document.querySelector('head h1, head p') === null")


def test_an_open_drawing_takes_no_patches(browser: Browser, server: PageServer) -> None:
    """HTML ends it: its end tag goes out. Where it does not, the content is at the page's end."""
    document = with_markers("<p>[[x]]</p><svg><text>t", {"x": "wait"})
    page = browser.open(server.add(HEAD, document, SCRIPT, patch("x", "<u>done</u>"), END))
    page.wait_for(f"document.querySelector('p').textContent === '{LOST}'")
    assert page.evaluate("document.querySelector('u').textContent") == "done"
    env = StreamEnvironment()
    source = f"{HEAD}<p>{{% defer %}}<u>done</u>{{% enddefer %}}</p><svg><text>t</body></html>"
    page = browser.open(server.add("".join(render_stream(env.from_string(source)))))
    assert page.evaluate("document.querySelector('p').textContent") == "done"
