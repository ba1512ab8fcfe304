"""Alpine, Stimulus, Turbo and scripts of the page's own while regions are still awaited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conftest import Library
from .driver import Browser, Page
from .libraries import HTMX
from .script_pages import LOADING, click, exists, page, region
from .server import PageServer
from .sites import Serve, Site, SitePage


@pytest.fixture
def site(serve: Serve) -> Iterator[Site]:
    """Pages of async templates; after the test none of them waits for anything."""
    site = serve("uvicorn")
    yield site
    site.release()


def text(shown: Page, name: str) -> str:
    """What the element with that id says."""
    found: str = shown.evaluate(f"document.getElementById('{name}').textContent")
    return found


def count_while_awaited(browser: Browser, site: Site, counter: str, end: str) -> None:
    """Click counters above the regions and in one; each counts each click, in the end as well."""
    above, inside = (counter.replace("ID", name) for name in ("above", "inside"))
    wanted = page(site, f"{above}<div>{region('a', inside)}</div>{region('b', '')}", end=end)
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    click(shown, "above")
    shown.wait_for("document.getElementById('above').textContent === '1'")
    wanted.open("a")
    exists(shown, "#inside")
    shown.wait_for("document.getElementById('inside').textContent === '0'")
    click(shown, "inside")
    shown.wait_for("document.getElementById('inside').textContent === '1'")
    assert shown.evaluate(LOADING)

    wanted.open("b")
    shown.wait_until_loaded()
    for name in ("above", "inside"):
        click(shown, name)
        shown.wait_for(f"document.getElementById('{name}').textContent !== '1'")
        assert text(shown, name) == "2"


ALPINE = "<button id=ID x-data='{n: 0}' x-text=n x-on:click=n++></button>"


def test_alpine_at_the_end_of_the_content(browser: Browser, site: Site, library: Library) -> None:
    count_while_awaited(browser, site, ALPINE, f"<script src={library('Alpine')}></script>")


STIMULUS = "<button id=ID data-controller=counter data-action=counter#add></button>"
CONTROLLER = """<script>
const app = new Stimulus.Application();
app.register("counter", class extends Stimulus.Controller {
  connect() { this.element.textContent = 0 }
  add() { this.element.textContent++ }
});
START
</script>"""
EARLY = "app.dispatcher.start(); app.router.start();"


def test_stimulus_that_is_started_at_once(browser: Browser, site: Site, library: Library) -> None:
    controller = CONTROLLER.replace("START", f"app.start(); {EARLY}")
    end = f"<script src={library('Stimulus')}></script>{controller}"
    count_while_awaited(browser, site, STIMULUS, end)


def test_stimulus_waits_by_itself(browser: Browser, site: Site, library: Library) -> None:
    controller = CONTROLLER.replace("START", "app.start();")
    end = f"<script src={library('Stimulus')}></script>{controller}"
    wanted = page(site, f"{STIMULUS.replace('ID', 'above')}{region('a', '<i></i>')}", end=end)
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    assert text(shown, "above") == ""
    wanted.open("a")
    shown.wait_until_loaded()
    shown.wait_for("document.getElementById('above').textContent === '0'")


def test_a_listener_at_the_document(browser: Browser, site: Site) -> None:
    """Nothing of ours is needed for it."""
    listener = """<script>
    addEventListener("click", ({target}) => { if (target.matches("button")) target.textContent++ });
    </script>"""
    count_while_awaited(browser, site, "<button id=ID>0</button>", listener)


def test_a_listener_at_what_is_patched(browser: Browser, site: Site) -> None:
    """The script of the page is called for its content, and for each patch."""
    listener = """<script>
    const connect = root => root.querySelectorAll("button").forEach(button =>
      button.onclick ??= () => { button.textContent++ });
    connect(document.body);
    addEventListener("streamtmpl:patch", event => connect(event.target));
    </script><script>{{ page_script }}</script>"""
    count_while_awaited(browser, site, "<button id=ID>0</button>", listener)


WAITING = """<script>
ran = [];
addEventListener("DOMContentLoaded", () => ran.push("DOMContentLoaded"));
</script>
<script src=FILE defer></script>
<script type=module>ran.push("module")</script>"""


def test_who_waits_for_the_last_region(browser: Browser, site: Site, server: PageServer) -> None:
    deferred, plain = (
        server.add(f"ran.push('{how}')", content_type="text/javascript")
        for how in ("defer", "plain")
    )
    body = f"<p id=p>{region('a', '')}</p>{region('b', '')}"
    end = f"<script src={plain}></script><script>ran.push('inline')</script>"
    wanted = page(site, body, WAITING.replace("FILE", deferred), end)
    shown = browser.open(wanted.url, wait=False)
    shown.wait_for("window.ready")
    assert shown.evaluate("ran") == ["plain", "inline"]
    wanted.open("a")
    shown.wait_for("document.getElementById('p').textContent === ''")
    assert shown.evaluate("ran") == ["plain", "inline"]
    wanted.open("b")
    shown.wait_until_loaded()
    assert shown.evaluate("ran.slice(2)") == ["defer", "module", "DOMContentLoaded"]


def there(site: Site, library: str = "") -> str:
    """The address of a page to go to."""
    return page(site, "<b id=there>there</b>", library, end="").url


def leave(shown: Page) -> None:
    """Click the link while a region is awaited."""
    shown.wait_for("window.ready")
    shown.evaluate("window.stayed = true")
    click(shown, "on")
    exists(shown, "#there")
    assert shown.evaluate("window.stayed") is True


def left_for_good(shown: Page, wanted: SitePage) -> None:
    """The patch of the page that has been left changes nothing."""
    wanted.open_soon("a")  # WebKit may have ended the response
    shown.wait_until_loaded()
    assert shown.evaluate("document.body.innerText.trim()") == "there"


def back(shown: Page) -> None:
    """Go back to the page that has been left; its region is there."""
    shown.evaluate("history.back()")
    exists(shown, "#on")
    shown.wait_for("document.querySelector('p').textContent === 'late'")


def link(address: str, more: str = "") -> str:
    """A link, and a region that is awaited."""
    return f"<a id=on {more} href={address}>on</a><p>{region('a', '<i>late</i>')}</p>"


NO_SNAPSHOT = "<meta name=turbo-cache-control content=no-cache>"


def test_a_visit_by_turbo_while_a_region_is_awaited(
    browser: Browser, site: Site, library: Library
) -> None:
    head = f"<script src={library('Turbo')}></script>"
    wanted = page(site, link(there(site, head)), head + NO_SNAPSHOT, end="")
    shown = browser.open(wanted.url, wait=False)
    leave(shown)
    left_for_good(shown, wanted)
    back(shown)


def test_turbo_keeps_snapshots_of_placeholders(
    browser: Browser, site: Site, library: Library
) -> None:
    """Unless it is told not to."""
    head = f"<script src={library('Turbo')}></script>"
    wanted = page(site, link(there(site, head)), head, end="")
    shown = browser.open(wanted.url, wait=False)
    leave(shown)
    left_for_good(shown, wanted)
    shown.evaluate("history.back()")
    exists(shown, "#on")
    assert shown.evaluate("document.querySelector('p').textContent") != "late"


@pytest.mark.parametrize("htmx", HTMX)
def test_a_boosted_link_while_a_region_is_awaited(
    htmx: str, browser: Browser, site: Site, library: Library
) -> None:
    body = link(there(site), "hx-boost=true hx-history=false")
    wanted = page(site, body, f"<script src={library(htmx)}></script>")
    shown = browser.open(wanted.url, wait=False)
    leave(shown)
    left_for_good(shown, wanted)
    back(shown)


@pytest.mark.parametrize(("more", "kept"), [("", True), ("hx-history=false", False)])
def test_htmx_2_keeps_snapshots_of_placeholders(
    more: str, kept: bool, browser: Browser, site: Site, library: Library
) -> None:
    """Unless it is told not to."""
    head = f"<script src={library('htmx 2')}></script>"
    wanted = page(site, link(there(site), f"hx-boost=true {more}"), head)
    shown = browser.open(wanted.url, wait=False)
    leave(shown)
    snapshots = shown.evaluate("JSON.parse(sessionStorage.getItem('htmx-history-cache') ?? '[]')")
    found = [page["content"] for page in snapshots if wanted.url.endswith(page["url"])]
    assert ["wait" in content for content in found] == ([True] if kept else [])
