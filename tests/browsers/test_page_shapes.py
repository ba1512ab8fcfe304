"""Where templates have regions: the patched page is the page in order."""

from __future__ import annotations

import pytest

from .driver import Browser
from .region_pages import dom, text
from .sites import Site

# Each body, and the text it shows. The first region of most waits for the last one: where regions
# are patched in, they come in another order than that of the document.
CASES: dict[str, tuple[str, str]] = {
    "rows": (
        """<table><thead><tr><th>n<th>square</thead><tbody>
        {% defer %}{{ wait('last') }}{% for n in [1, 2] %}
        <tr><td>{{ n }}</td><td>{{ n * n }}</td></tr>
        {% endfor %}{% placeholder %}<tr><td colspan=2>wait</td></tr>{% enddefer %}
        <tr><td>3</td><td>{% defer %}9{{ open('last') }}{% enddefer %}</td></tr>
        </tbody></table>""",
        "n square 1 1 2 4 3 9",
    ),
    "items": (
        """<ul><li>1</li>{% defer %}{{ wait('last') }}<li>2<li>3</li>
        {% placeholder %}<li>wait</li>{% enddefer %}<li>4</li>
        {% defer %}<li>5</li>{{ open('last') }}{% enddefer %}</ul>""",
        "1 2 3 4 5",
    ),
    "options": (
        """<select><option>1</option>
        {% defer %}{{ wait('last') }}<option selected>2</option>
        {% placeholder %}<option>wait</option>{% enddefer %}
        <optgroup label=more>{% defer %}<option>3</option>{{ open('last') }}{% enddefer %}
        </optgroup></select>""",
        "1 2 3",
    ),
    "a loop, backwards": (
        """{% for n in range(8) %}<p>{% defer %}
        {% if not loop.last %}{{ wait(n ~ '') }}{% endif %}
        {{ loop.index }} of {{ loop.length }}{{ open((n - 1) ~ '') }}
        {% placeholder %}wait for {{ n }}{% enddefer %}</p>{% endfor %}""",
        " ".join(f"{n} of 8" for n in range(1, 9)),
    ),
    "a loop of rows": (
        """<table>{% for n in 'abc' %}<tr><th>{{ n }}</th>{% defer %}
        <td>{{ n * 2 }}</td>{% placeholder %}<td>wait</td>{% enddefer %}</tr>
        {% endfor %}</table>""",
        "a aa b bb c cc",
    ),
    "more regions than run at once": (
        """<ul>{% for n in range(60) %}{% defer %}<li>{{ n }}</li>{% placeholder %}<li>wait</li>
        {% enddefer %}{% endfor %}</ul>""",
        " ".join(map(str, range(60))),
    ),
    "a loop in a region, with regions": (
        """<ol>{% defer %}{{ wait('last') }}{% for n in range(3) %}<li>{% defer %}{{ n }}
        {% enddefer %}{% endfor %}{% placeholder %}<li>wait{% enddefer %}</ol>
        {% defer %}<p>end{{ open('last') }}</p>{% enddefer %}""",
        "0 1 2 end",
    ),
    "a macro with its caller": (
        """{% macro card(title) %}<section><h2>{{ title }}</h2>
        {% defer %}<div>{{ caller(title|upper) }}</div>{% placeholder %}<i>wait</i>{% enddefer %}
        </section>{% endmacro %}
        {% set own = 'x & y' %}
        {% call(name) card('one') %}{{ wait('last') }}{{ name }} {{ own }}{% endcall %}
        {% call(name) card('two') %}{{ name }} {% defer %}in it{% enddefer %}
        {{ open('last') }}{% endcall %}""",
        "one ONE x & y two TWO in it",
    ),
    "an include": (
        """<h2>before</h2>{% set word = 'seen' %}{% include 'included.html' %}
        {% defer %}in a region: {% include 'included.html' %}{% enddefer %}<p>after</p>""",
        "before seen after it in a region: seen after it after",
    ),
    "paragraphs without end tags": (
        """<p>1 {% defer %}{{ wait('last') }}2{% placeholder %}wait{% enddefer %}
        <p>3 <b>4</b> {% defer %}5{{ open('last') }}{% placeholder %}wait{% enddefer %}""",
        "1 2 3 4 5",
    ),
    "within a form": (
        """<form><fieldset>{% defer %}<label>name <input name=n value=1></label>{% enddefer %}
        </fieldset><button>go</button></form>""",
        "name go",
    ),
    "a definition list": (
        "<dl><dt>1</dt>{% defer %}<dd>2<dt>3</dt>{% placeholder %}<dd>wait</dd>{% enddefer %}"
        "<dd>4</dl>",
        "1 2 3 4",
    ),
    "end tags left out": (
        "<p>1<p>{% defer %}2 <b>3</b>{% placeholder %}wait{% enddefer %}<p>4<ul><li>5</li>"
        "{% defer %}<li>6{% enddefer %}</ul>",
        "1 2 3 4 5 6",
    ),
    "three levels": (
        """<div>1 {% defer %}<div>2 {% defer %}<div>3 {% defer %}<p>4</p>{{ open('in') }}
        {% placeholder %}wait{% enddefer %}</div>{{ wait('in') }}
        {% placeholder %}wait{% enddefer %}</div>
        {% placeholder %}wait{% enddefer %} 5</div>""",
        "1 2 3 4 5",
    ),
    "three levels of a table": (
        """<table><tbody>{% defer %}<tr><td>1</td>{% defer %}<td>{% defer %}2{% enddefer %}</td>
        {% enddefer %}<td>3</td></tr>{% placeholder %}<tr><td>wait{% enddefer %}</tbody></table>""",
        "1 2 3",
    ),
    "a region in a placeholder's place": (
        "{% defer %}<p>a</p>{% placeholder %}<ul><li>wait</ul>{% enddefer %}"
        "{% defer %}<p>b</p>{% placeholder %}<table><tr><td>wait</table>{% enddefer %}",
        "ab",
    ),
    "nothing but a region": ("{% defer %}all{% placeholder %}wait{% enddefer %}", "all"),
    "an empty region": (
        "<p>a{% defer %}{% placeholder %}wait{% enddefer %}b{% defer %}{% enddefer %}</p>",
        "ab",
    ),
    "an image and a style": (
        """{% defer %}<style>b { color: red }</style>
        <svg><text>1</text><path d="M0 0"/></svg>{% enddefer %}<b>2</b>""",
        "1 2",
    ),
    "a region with a template": (
        """<div>{% defer %}<template><b>not shown</b></template>shown{% placeholder %}wait
        {% enddefer %}</div>""",
        "shown",
    ),
}

INCLUDED = """{% defer %}<p>{{ word }}</p>{% placeholder %}wait{% enddefer %}<p>after it</p>"""
BASE = f"""<!DOCTYPE html><html lang=en><head><title>{"-" * 1024}</title></head><body>
<main>{{% block main %}}<p>{{% defer %}}base {{{{ wait('last') }}}}{{% placeholder %}}wait
{{% enddefer %}}</p>{{% endblock %}}</main>
<footer>{{% block footer %}}foot{{% endblock %}}</footer></body></html>
"""
CHILD = """{% extends 'base.html' %}
{% block main %}<h2>child</h2>{{ super() }}
{% defer %}<div>{{ super() }}</div>{% enddefer %}{% endblock %}
{% block footer %}{% defer %}{{ super() }} of child{{ open('last') }}{% enddefer %}{% endblock %}
"""


@pytest.fixture(scope="session")
def _templates(any_site: Site) -> None:
    any_site.write("included.html", INCLUDED)
    any_site.write("base.html", BASE)


@pytest.mark.usefixtures("_templates")
@pytest.mark.parametrize("name", CASES)
def test_a_patched_page_is_the_page_in_order(name: str, browser: Browser, site: Site):
    body, words = CASES[name]
    page = browser.open(site.add(f"<main>{body}</main>", deferred="in-order").url)
    expected = dom(page)
    assert text(page) == words.replace(" ", "")
    page = browser.open(site.add(f"<main>{body}</main>").url)
    assert page.evaluate("document.querySelector('body > script')") is not None
    assert dom(page) == expected


@pytest.mark.usefixtures("_templates")
def test_a_block_with_super(browser: Browser, site: Site):
    page = browser.open(site.add_template(CHILD, deferred="in-order").url)
    expected = dom(page)
    assert text(page) == "childbasebasefootofchild"
    page = browser.open(site.add_template(CHILD).url)
    assert page.evaluate("document.querySelector('body > script')") is not None
    assert dom(page) == expected


# End tags that HTML lets authors leave out, around the place of a region.
OPEN_ENDS = {
    "an element left open before a region ends where that begins": (
        "<ul><li>1{% defer %}<li>2</li>{% placeholder %}{% enddefer %}</ul>",
        "<ul><li>1</li><li>2</li></ul>",
    ),
    "an element left open in a placeholder ends with it": (
        "<ul>{% defer %}<li>1</li>{% placeholder %}<li>wait{% enddefer %}<li>2</li></ul>",
        "<ul><li>1</li><li>2</li></ul>",
    ),
    "items": (
        "<ul><li>1{% defer %}<li>2{% placeholder %}<li>wait<li>wait{% enddefer %}<li>3</ul>",
        "<ul><li>1</li><li>2</li><li>3</li></ul>",
    ),
    "rows": (
        "<table><tbody><tr><td>1{% defer %}<tr><td>2{% placeholder %}<tr><td>wait{% enddefer %}"
        "<tr><td>3</table>",
        "<table><tbody><tr><td>1</td></tr><tr><td>2</td></tr><tr><td>3</td></tr></tbody></table>",
    ),
    "cells": (
        "<table><tbody><tr><th>1{% defer %}<td>2{% enddefer %}<td>3</table>",
        "<table><tbody><tr><th>1</th><td>2</td><td>3</td></tr></tbody></table>",
    ),
    "terms": (
        "<dl><dt>1{% defer %}{% if 1 %}<dd>2{% endif %}{% placeholder %}<dd>wait"
        "{% enddefer %}</dl>",
        "<dl><dt>1</dt><dd>2</dd></dl>",
    ),
    "terms in a description": (
        "<dl><dt>1</dt><dd><dl>{% defer %}<dt>2<dd>3{% enddefer %}</dl>4</dd></dl>",
        "<dl><dt>1</dt><dd><dl><dt>2</dt><dd>3</dd></dl>4</dd></dl>",
    ),
    "rows of a table in a cell": (
        "<table><tbody><tr><td><table><tbody>{% defer %}<tr><td>1{% enddefer %}</table>2</table>",
        "<table><tbody><tr><td><table><tbody><tr><td>1</td></tr></tbody></table>2</td></tr></tbody>"
        "</table>",
    ),
    "items of a list in an item": (
        "<ul><li><ul>{% defer %}<li>1{% enddefer %}</ul>2</ul>",
        "<ul><li><ul><li>1</li></ul>2</li></ul>",
    ),
    "a paragraph in a placeholder": (
        "{% defer %}<p>1{% placeholder %}<p>wait <b>for</b> it{% enddefer %}<form></form>",
        "<p>1</p><form></form>",
    ),
    "a division in a placeholder": (
        "{% defer %}1{% placeholder %}<div><img><br/>wait{% enddefer %}<b>2</b>",
        "1<b>2</b>",
    ),
}


@pytest.mark.parametrize("name", OPEN_ENDS)
def test_end_tags_that_are_left_out(name: str, browser: Browser, site: Site):
    body, expected = OPEN_ENDS[name]
    page = browser.open(site.add(f"<main>{body}</main>").url)
    assert page.evaluate("document.querySelector('main').innerHTML") == expected
