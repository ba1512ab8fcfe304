"""Scripts, and what else is active, in the content of regions."""

from __future__ import annotations

import pytest

from .driver import Browser, Page
from .region_pages import NATIVE, pieces
from .server import PageServer

START = "<!DOCTYPE html><body><script>log = []</script>"
JAVASCRIPT = "text/javascript"


@pytest.fixture
def patched(browser: Browser, server: PageServer):
    """Gives the page whose regions have these contents, nested as the slots in them say."""

    def patched(document: str, contents: dict[str, str]) -> Page:
        return browser.open(server.add(START, *pieces(document, contents)))

    return patched


def logging(word: str) -> str:
    return f"<script>log.push('{word}')</script>"


def test_scripts_run_once_and_in_order(patched):
    page = patched(
        "<p>[[x]]</p><p>[[z]]</p>",
        {
            "x": logging("1") + "<b>[[y]]</b>" + logging("2"),
            "y": logging("3"),
            "z": logging("4"),
        },
    )
    assert page.evaluate("log") == ["1", "2", "3", "4"]


def test_a_script_finds_what_is_before_it_and_where_it_is(patched):
    page = patched(
        "<p id=p>[[x]]</p>",
        {
            "x": "<b id=b></b><script>log.push(document.getElementById('b').localName,"
            "document.currentScript.parentNode.id, document.querySelector('template'))</script>"
        },
    )
    assert page.evaluate("log") == ["b", "p", None]


def test_the_placeholder_is_gone_when_scripts_run(browser, server):
    script = "<script>log.push(document.querySelector('p').textContent)</script>"
    parts = pieces("<p>[[x]]</p>", {"x": script}, placeholders={"x": "wait"})
    page = browser.open(server.add(START, *parts))
    assert "wait" not in page.evaluate("log")[0]


def test_a_script_that_fails_stops_no_other_patch(patched):
    page = patched(
        "<p>[[x]]</p><p>[[y]]</p>",
        {"x": "<script>throw new Error('expected')</script>1", "y": logging("2")},
    )
    assert page.evaluate("log") == ["2"]
    assert page.evaluate("document.querySelector('p').lastChild.data") == "1"


def test_scripts_from_files_run_in_their_order(patched, server):
    def external(*pieces: float | str) -> str:
        return f'<script src="{server.add(*pieces, content_type=JAVASCRIPT)}"></script>'

    page = patched(
        "<p>[[x]]</p>", {"x": external(0.05, "log.push('slow')") + external("log.push('fast')")}
    )
    page.wait_for("log.length === 2")
    assert page.evaluate("log") == ["slow", "fast"]


def test_scripts_marked_async_stay_so(patched, server):
    file = server.add("log.push('ran')", content_type=JAVASCRIPT)
    page = patched("<p>[[x]]</p>", {"x": f'<script src="{file}" async></script>'})
    page.wait_for("log.length === 1")
    assert page.evaluate("document.querySelector('p script').outerHTML").endswith(
        'async=""></script>'
    )


def test_modules_run(patched):
    page = patched("<p>[[x]]</p>", {"x": "<script type=module>log.push('module')</script>"})
    page.wait_for("log.length === 1")


def test_data_blocks_and_templates_stay_inert(patched):
    data = "<script type=text/plain>log.push('data')</script>"
    page = patched("<p>[[x]]</p>", {"x": f"{data}<template>{logging('in')}</template>"})
    assert page.evaluate("log") == []
    assert page.evaluate("document.querySelector('p template').content.childNodes.length") == 1


def test_custom_elements_are_made_in_their_place(patched):
    define = (
        "<script>customElements.define('x-y', class extends HTMLElement {"
        " connectedCallback() { log.push(this.isConnected, this.parentNode.localName) } })</script>"
    )
    page = patched(define + "<p>[[x]]</p>", {"x": "<x-y></x-y>"})
    assert page.evaluate("log") == [True, "p"]


def test_handlers_in_attributes_work(patched):
    page = patched("<p>[[x]]</p>", {"x": """<button onclick="log.push('click')"></button>"""})
    page.evaluate("document.querySelector('button').click()")
    assert page.evaluate("log") == ["click"]


def test_form_fields_belong_to_the_form_around_them(patched):
    page = patched("<form id=f>[[x]]</form>", {"x": "<input name=a value=1>"})
    assert page.evaluate("document.querySelector('input').form?.id") == "f"
    assert page.evaluate("[...new FormData(document.forms[0])]") == [["a", "1"]]


def test_an_inline_script_waits_for_a_file_only_where_the_browser_patches(patched, server):
    file = server.add(0.05, "log.push('file')", content_type=JAVASCRIPT)
    page = patched("<p>[[x]]</p>", {"x": f'<script src="{file}"></script>' + logging("inline")})
    page.wait_for("log.length === 2")
    expected = ["file", "inline"] if page.evaluate(NATIVE) else ["inline", "file"]
    assert page.evaluate("log") == expected
