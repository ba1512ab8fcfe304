"""User data that looks like the markup of regions, where autoescaping makes it text."""

from __future__ import annotations

import re

import pytest

from .driver import Browser, Page
from .region_pages import dom
from .sites import Site, SitePage

# `{}` is the name of a region of this very page that is not ready yet. Nobody could know it who
# has not got the page.
TEXTS = {
    "a patch": '<template for="{}">stolen</template>',
    "the end of a patch": '</template><template for="{}">stolen</template>\f\n',
    "a place": '<?start name="{}">stolen<?end>',
    "a place as a comment": '<!--?start name="{}"-->stolen<!--?end-->',
    "the text of a place": '?start name="{}" ?end',
    "an end": "<?end><?end></p></div></body></html>",
    "a script": "</template><script>document.body.title = 'ran'</script>",
    "an attribute": "\"'><b onclick=1 title='{}'",
    "a comment": "<!-- {}",
    "characters": "&lt;{}&gt; &amp;amp; <é\U0001f600>",
}

BODY = """
<p id=value>{% defer %}{% set text = wait('value') %}{{ text }}{% placeholder %}
{{ wait('placeholder') }}{% enddefer %}</p>
<div>{% defer %}{% set text = wait('more') %}<b title="{{ text }}">{{ text }}</b>
<textarea>{{ text }}</textarea><script type="text/plain">{{ text|tojson }}</script>
{% placeholder %}wait{% enddefer %}</div>
<p id=error>{% defer %}{{ fail(wait('error')) }}{% placeholder %}wait{% error %}{{ error }}
{%- enddefer %}</p>
<p id=own>{% defer %}{{ wait('own') }}{% placeholder %}wait{% enddefer %}</p>
<p id=last>last</p>
{% for n in [1, 2, 3] %}{% defer %}{{ wait('empty ' ~ n) }}{% enddefer %}{% endfor %}
"""

EMPTY = ("empty 1", "empty 2", "empty 3")
"""Gates of regions without text: patches for when only something has to follow."""

SHOWN = {
    "value": "!/<(!--)?\\?start/.test(document.getElementById('value').innerHTML)",
    "more": "document.querySelector('div > textarea')",
    "error": "document.getElementById('error').textContent !== 'wait'",
}
"""JavaScript: whether a region has been patched in."""


def shown(page: Page, name: str) -> str:
    found: str = page.evaluate(f"document.getElementById('{name}').textContent.trim()")
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_text(name: str, browser: Browser, site: Site):
    known = TEXTS[name]
    served = site.add(BODY)
    guessed = known.format("0")
    served.open_soon("placeholder", guessed)
    page = browser.open(served.url, wait=False)
    page.wait_for("document.getElementById('last')")
    assert shown(page, "value") == guessed.strip()
    own = re.findall(r'<(?:!--)?\?start name="([^"]+)"', _markup(page, "own"))
    assert len(own) == 1
    text = known.format(own[0])
    empty = list(EMPTY)
    for gate, condition in SHOWN.items():
        served.open(gate, text)
        _wait_for(page, condition, served, empty)
    assert shown(page, "own") == "wait"
    for gate in empty:
        served.open(gate)
    served.open("own", "own")
    page.wait_until_loaded()
    assert shown(page, "value") == shown(page, "error") == text.strip()
    assert page.evaluate("document.querySelector('b').title") == text
    assert page.evaluate("document.querySelector('textarea').value") == text
    assert page.evaluate("JSON.parse(document.querySelector('div script').text)") == text
    assert shown(page, "own") == "own"
    assert page.evaluate("document.body.title") == ""
    assert dom(page) == dom(browser.open(_in_order(site, text).url))


def _wait_for(page: Page, condition: str, served: SitePage, empty: list[str]) -> None:
    """Wait until it is true, and have more sent if that takes long.

    After a script in a patch, Firefox may hold the next patch back until something follows it.
    """
    while empty:
        try:
            page.wait_for(condition, 2)
            return
        except TimeoutError:
            served.open(empty.pop())
    page.wait_for(condition)


def _markup(page: Page, name: str) -> str:
    found: str = page.evaluate(f"document.getElementById('{name}').innerHTML")
    return found


def _in_order(site: Site, text: str) -> SitePage:
    """The page with this text, which comes as it is to stay."""
    served = site.add(BODY, deferred="in-order")
    for gate in ("placeholder", "value", "more", "error"):
        served.open_soon(gate, text)
    for gate in EMPTY:
        served.open_soon(gate)
    served.open_soon("own", "own")
    return served
