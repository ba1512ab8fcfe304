"""A page whose connection is cut says so in the place of each region that has not come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.adapters.launch import free_port, running

from .driver import Browser
from .region_pages import LOST, pieces, script_with
from .server import PageServer, Piece

START = f"<!DOCTYPE html><title>{'-' * 512}</title><body>"
PLACES = "<p>[[x]]</p><table><tbody id=y>[[y]]</tbody></table>"
CONTENTS = {"x": "here", "y": "<tr><td>row</td></tr>"}
WAITING = {"x": "wait", "y": "<tr><td>wait</td></tr>"}


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a response waits for; it is open in the end."""
    gate = Event()
    yield gate
    gate.set()


def parts(silence: float | None) -> list[str]:
    return pieces(PLACES, CONTENTS, placeholders=WAITING, script=script_with(silence=silence))


def test_a_cut_page_says_so(browser: Browser, server: PageServer, gate: Event) -> None:
    document, script, first, _, _ = parts(0.2)
    page = browser.open(server.add(START, document, script, first, gate, cut=True), wait=False)
    page.wait_for("document.querySelector('p')?.textContent === 'here'")
    gate.set()
    page.wait_for(f"document.querySelector('#y')?.textContent === '{LOST}'")
    assert page.evaluate("document.querySelector('p').textContent") == "here"


def test_a_page_that_says_something_now_and_then_is_not_given_up(
    browser: Browser, server: PageServer, gate: Event
) -> None:
    document, script, *patches, end = parts(1.0)
    breaks: list[Piece | str] = ["\n", 0.25] * 12
    page = browser.open(
        server.add(START, document, script, *breaks, gate, *patches, end), wait=False
    )
    page.wait_for("document.querySelector('#y')")
    page.evaluate(
        "(seen = [], new MutationObserver(() => seen.push(document.body.textContent))"
        ".observe(document, {childList: true, subtree: true}))"
    )
    page.wait_for("document.body.textContent.split('\\n').length > 12")
    gate.set()
    page.wait_until_loaded()
    assert page.evaluate("document.querySelector('p').textContent") == "here"
    assert not any(LOST in text for text in page.evaluate("seen"))


def test_what_comes_all_the_same_takes_its_place(
    browser: Browser, server: PageServer, gate: Event
) -> None:
    document, script, *patches, end = parts(0.1)
    page = browser.open(server.add(START, document, script, gate, *patches, end), wait=False)
    page.wait_for(f"document.querySelector('#y')?.textContent === '{LOST}'")
    assert page.evaluate("document.querySelector('p').textContent") == LOST
    gate.set()
    page.wait_until_loaded()
    assert page.evaluate("document.querySelector('p').textContent") == "here"
    assert page.evaluate("document.querySelector('#y').textContent") == "row"
    assert LOST not in page.html().partition("</script>")[2]


def test_a_patch_that_is_arriving_is_not_touched(browser: Browser, server: PageServer) -> None:
    """It stops in the middle for longer than silence may last."""
    document, script, first, second, end = parts(0.2)
    first, rest = first.replace("here", "<b>he</b><b>re</b>").split("<b>re")
    page = browser.open(
        server.add(START, document, script, first, 1.0, "<b>re" + rest, second, end)
    )
    assert page.evaluate("document.querySelector('p').innerHTML") == "<b>he</b><b>re</b>"
    assert page.evaluate("document.querySelector('#y').textContent") == "row"


def test_a_script_that_holds_the_parser_up_costs_nothing(
    browser: Browser, server: PageServer
) -> None:
    """Line breaks come and are not seen; the patch it is in goes on, and so do the others."""
    slow = server.add(1.0, "", content_type="text/javascript")
    contents = {**CONTENTS, "x": f"<b>he</b><script src={slow}></script><b>re</b>"}
    document, script, first, second, end = pieces(
        PLACES, contents, placeholders=WAITING, script=script_with(silence=0.2)
    )
    breaks: list[Piece | str] = ["\n", 0.1] * 15
    page = browser.open(server.add(START, document, script, first, *breaks, second, end))
    assert page.evaluate("document.querySelector('p').textContent") == "here"
    assert page.evaluate("document.querySelector('#y').textContent") == "row"


def test_a_page_that_is_left_does_not_say_so(
    browser: Browser, server: PageServer, gate: Event
) -> None:
    """Firefox ends the document when the reader has followed a link, long before the next comes."""
    document, script, *_ = parts(None)
    page = browser.open(server.add(START, document, script, gate), wait=False)
    page.wait_for("document.querySelector('#y')")
    page.evaluate(
        "(sessionStorage.said = '', new MutationObserver(() => {"
        "sessionStorage.said += document.querySelector('p').textContent"
        "}).observe(document, {childList: true, subtree: true}))"
    )
    following = browser.open(server.add(1.0, "<p>next"))
    assert LOST not in following.evaluate("sessionStorage.said")


def test_a_complete_page_loses_nothing(browser: Browser, server: PageServer) -> None:
    """Nor does what only looks like the place of a region, such as a comment of a user's."""
    document, script, *patches, end = parts(None)
    fake = '<i>a<!--?start name="x"-->b<?start name="y">c<?end></i>'
    page = browser.open(server.add(START, fake, document, script, *patches, end))
    assert page.evaluate("document.querySelector('i').textContent") == "abc"
    assert LOST not in page.html().partition("</script>")[2]


APPLICATION = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from wsgiref.simple_server import make_server
from streamtmpl import StreamEnvironment
from streamtmpl.wsgi import StreamResponse

env = StreamEnvironment(autoescape=True, keep_alive=0.2, lost_text="It's <lost>")
template = env.from_string(
    "<!DOCTYPE html><title>" + "-" * 512 + "</title><body><p>{% defer %}{{ sleep(60) }}"
    "{% placeholder %}wait{% enddefer %}</p><i>{% defer %}here{% enddefer %}</i></body>"
)
threads = ThreadPoolExecutor(4)

def application(environ, start_response):
    response = StreamResponse(template, {"sleep": time.sleep}, executor=threads)
    return response(environ, start_response)

make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


def test_a_server_that_is_killed(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", APPLICATION, str(port)]
    with running(command, port, tmp_path / "log") as server:
        page = browser.open(f"http://127.0.0.1:{port}/", wait=False)
        page.wait_for("document.querySelector('i')?.textContent === 'here'")
        assert page.evaluate("document.querySelector('p').textContent") == "wait"
        server.process.kill()
        page.wait_for("document.querySelector('p').textContent === \"It's <lost>\"")
