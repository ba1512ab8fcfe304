"""A reader who leaves a page that streamtmpl renders: its regions end."""

from __future__ import annotations

import pytest

from .driver import Browser, Page
from .server import PageServer
from .sites import Serve, SitePage

GATES = [f"gate{number}" for number in range(8)]
BODY = """
<p>shell</p>
<p>{% defer %}{{ record('begun') }}{% for piece in endless() %}{{ piece }}{% endfor %}
{% enddefer %}</p>
""" + "".join(f"{{% defer %}}{{{{ wait('{gate}') }}}}{{% enddefer %}}" for gate in GATES)


@pytest.fixture(params=["goes on to another page", "stops loading"])
def leave(request: pytest.FixtureRequest, browser: Browser, server: PageServer):
    """Has the reader leave a page."""

    def leave(page: Page) -> None:
        if request.param == "stops loading":
            page.evaluate("window.stop()")
        else:
            browser.open(server.add("<p>other"))

    return leave


def opened(browser: Browser, served: SitePage) -> Page:
    page = browser.open(served.url, wait=False)
    page.wait_for("document.querySelector('p')")
    served.wait_for("begun")
    assert not served.has("ended")
    return page


def test_uvicorn_tells_at_once(browser: Browser, serve: Serve, leave):
    served = serve("uvicorn").add(BODY)
    leave(opened(browser, served))
    served.wait_for("ended")


def test_gunicorn_sees_it_when_it_sends_patches(browser: Browser, serve: Serve, leave):
    served = serve("gunicorn").add(BODY)
    leave(opened(browser, served))
    for gate in GATES:
        if not served.has("ended"):
            served.open(gate)
    served.wait_for("ended")
    served.release()
