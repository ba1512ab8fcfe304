"""Regions that fail or take too long, in pages that streamtmpl renders."""

from __future__ import annotations

import pytest

from .driver import Browser
from .region_pages import dom, text
from .sites import Site

# Each body, and the text it shows. Nobody opens the gate `never`.
CASES: dict[str, tuple[str, str]] = {
    "an error": (
        """<p>a {% defer %}lost <b>{{ fail('<oops>') }}{% placeholder %}wait
        {% error %}<i>{{ error }}</i>{% enddefer %} z</p>{% defer %}<p>other</p>{% enddefer %}""",
        "a <oops> z other",
    ),
    "an error without a part for it": (
        """<p>a {% defer %}lost <b>{{ fail('oops') }}{% placeholder %}wait{% enddefer %} z</p>
        {% defer %}<p>other</p>{% enddefer %}""",
        "a z other",
    ),
    "an error in the part for it": (
        """<p>a {% defer %}{{ fail('oops') }}{% placeholder %}wait
        {% error %}lost {{ fail('again') }}{% enddefer %} z</p>""",
        "a z",
    ),
    "an error in a row": (
        """<table><tbody>{% for n in [1, 0, 2] %}{% defer %}<tr><td>{{ 2 / n }}</td></tr>
        {% placeholder %}<tr><td>wait</td></tr>
        {% error %}<tr><td>{{ error }}</td></tr>{% enddefer %}{% endfor %}</tbody></table>""",
        "2.0 division by zero 1.0",
    ),
    "too long": (
        """<p>a {% defer timeout=0.02 %}{{ wait('never') }}{% placeholder %}wait
        {% error %}{{ error }}{% enddefer %} z</p>{% defer %}<p>other</p>{% enddefer %}""",
        "a the region took longer than 0.02 s z other",
    ),
    "too long, without a part for errors": (
        """<p>a {% defer timeout=0.02 %}{{ wait('never') }}{% placeholder %}wait{% enddefer %}
        z</p>""",
        "a z",
    ),
    "an inner region fails": (
        """<div>{% defer %}<p>1</p>{% defer %}{{ fail('oops') }}{% error %}<p>2</p>{% enddefer %}
        <p>3</p>{% placeholder %}wait{% enddefer %}</div>""",
        "1 2 3",
    ),
    "an outer region fails, the inner one goes with it": (
        """<div>{% defer %}{% defer %}{{ wait('never') }}{% enddefer %}{{ fail('oops') }}
        {% placeholder %}wait{% error %}<p>instead</p>{% enddefer %}</div>""",
        "instead",
    ),
    "a boundary around a region": (
        """{% boundary %}<p>{% defer %}1{% placeholder %}wait{% enddefer %}</p>2
        {% fallback %}instead{% endboundary %}""",
        "1 2",
    ),
    "a boundary that fails, and its region with it": (
        """{% boundary %}<p>{% defer %}{{ wait('never') }}{% placeholder %}wait{% enddefer %}</p>
        {{ fail('<oops>') }}{% fallback %}<p>{{ error }}</p>{% endboundary %}
        {% defer %}<p>other</p>{% enddefer %}""",
        "<oops> other",
    ),
    "a boundary around a region that fails": (
        """{% boundary %}<p>1 {% defer %}{{ fail('oops') }}{% placeholder %}wait
        {% error %}{{ error }}{% enddefer %}</p>{% fallback %}instead{% endboundary %}""",
        "1 oops",
    ),
    "a boundary in a region": (
        """<div>{% defer %}<p>1</p>{% boundary %}<b>lost {{ fail('oops') }}
        {% fallback %}<p>2</p>{% endboundary %}<p>3</p>{% placeholder %}wait{% enddefer %}</div>""",
        "1 2 3",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_patched_page_is_the_page_in_order(name: str, browser: Browser, site: Site):
    body, words = CASES[name]
    page = browser.open(site.add(f"<main>{body}</main>", deferred="in-order").url)
    expected = dom(page)
    assert text(page) == words.replace(" ", "")
    page = browser.open(site.add(f"<main>{body}</main>").url)
    assert page.evaluate("document.readyState") == "complete"
    assert dom(page) == expected


def test_a_placeholder_stays_until_the_error_is_there(browser: Browser, site: Site):
    served = site.add(
        "<p>{% defer %}{{ fail(wait('a')) }}{% placeholder %}wait{% error %}{{ error }}"
        "{% enddefer %}</p>"
    )
    page = browser.open(served.url, wait=False)
    page.wait_for("document.querySelector('p')?.textContent === 'wait'")
    served.open("a", "sold out")
    page.wait_for("document.querySelector('p').textContent === 'sold out'")


def test_what_shows_nothing_is_logged(browser: Browser, site: Site):
    served = site.add("<p>{% defer %}{{ fail('not shown') }}{% enddefer %}</p>")
    page = browser.open(served.url)
    assert text(page) == ""
    name = f"{served.url.rpartition('/')[2]}.html"
    logged = site.server.logged()
    assert f"the deferred region at line 1 of template '{name}' failed" in logged
    assert "ValueError: not shown" in logged
