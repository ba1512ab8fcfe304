"""Genshi's markup templates, serialized as HTML, with the whitespace as it is.

It has no blocks: the page defines functions and includes the layout, which calls those that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from genshi.core import Stream
from genshi.template import TemplateLoader

from bench.ways import Peer, Pieces, Way, Whole
from bench.workloads import MAIN, Context, Workload, truncate

_NAMES = 'xmlns:py="http://genshi.edgewall.org/" xmlns:xi="http://www.w3.org/2001/XInclude"'

_PARTS = {
    "base.html": f"""\
<html {_NAMES} lang="${{value_of('language', 'en')}}">
<head>
  <meta charset="utf-8"/>
  <title><py:if test="defined('title')">${{title()}}</py:if>${{shop.name}}</title>
  <link rel="stylesheet" href="/static/site.css"/><py:if test="defined('more_head')">\
${{more_head()}}</py:if>
</head>
<body class="${{value_of('theme', 'light')}}">
  <header>
    <h1>${{shop.name.upper()}}</h1>
    <nav>
      <ul><py:for each="index, entry in enumerate(navigation, 1)">
        <li class="${{'first' if index == 1 else 'last' if index == len(navigation) else None}}">
          <a href="${{entry.url}}">${{entry.label}}</a>
        </li></py:for>
      </ul>
    </nav>
  </header>
  <main><py:choose><py:when test="defined('content')">${{content()}}</py:when><py:otherwise>
    <p>Nothing here yet.</p></py:otherwise></py:choose>
  </main>
  <aside><py:choose><py:when test="user">
    <p>Signed in as ${{user.name}}</p></py:when><py:otherwise>
    <p>Not signed in</p></py:otherwise></py:choose><py:if test="defined('more_sidebar')">\
${{more_sidebar()}}</py:if>
  </aside>
  <footer>
    <p>© ${{shop.name}}, ${{shop.city}}. ${{truncate(shop.notice, 60)}}</p>
  </footer>
</body>
</html>""",
    "product.html": f"""\
<py:with {_NAMES} vars="currency = value_of('currency', 'EUR')">
      <h3>${{product.name}}</h3>
      <p>${{truncate(product.text, 40)}}</p>
      <p class="price">${{product.price}} ${{currency}}</p>\
<py:choose><py:when test="product.stock > 10">
      <p>In stock</p></py:when><py:when test="product.stock">
      <p>Only ${{product.stock}} left</p></py:when><py:otherwise>
      <p>Sold out</p></py:otherwise></py:choose>
      <p class="tags">${{', '.join(product.tags)}}</p></py:with>""",
    "forms.html": f"""\
<py:def {_NAMES} function="field(name, value='', kind='text', required=False)">
      <label>${{name}}<py:if test="required"> *</py:if>
        <input type="${{kind}}" name="${{name}}" value="${{value}}"/>
      </label></py:def>""",
}

_PAGE = f"""\
<!DOCTYPE html>
<html {_NAMES} py:strip=""><xi:include href="forms.html"/>\
<py:def function="title">${{category.label}} - </py:def>\
<py:def function="more_head">
  <meta name="keywords" content="${{', '.join(category.keywords)}}"/></py:def>\
<py:def function="content">
    <h2>${{category.label.upper()}} (${{len(products)}})</h2>
    <p>${{category.text or 'No description.'}}</p>\
<py:for each="index, product in enumerate(products, 1)">
    <article id="product-${{index}}" class="${{'last' if index == len(products) else None}}">\
<xi:include href="product.html"/>
    </article></py:for><py:if test="not products">
    <p>No products.</p></py:if>
    <form method="post"><py:for each="setting in settings">\
${{field(setting.name, setting.value, required=setting.required)}}</py:for>
    </form></py:def>\
<py:def function="more_sidebar"><py:if test="recent">
    <ol><py:for each="index, product in enumerate(recent, 1)">
      <li>${{index}}. ${{product.name}}</li></py:for>
    </ol></py:if></py:def>\
<xi:include href="base.html"/></html>"""

_SOURCES = {
    "table of numbers": f"""\
<table {_NAMES}>
<py:for each="row in table"><tr><td py:for="col in row.values()">$col</td></tr>
</py:for></table>""",
    "rows to escape": f"""\
<table {_NAMES}>
<py:for each="row in rows"><tr><td py:for="cell in row">$cell</td></tr>
</py:for></table>""",
    "real page": _PAGE,
    "rows from a generator": f"""\
<table {_NAMES}>
<py:for each="number, name, note, city in rows"><tr><td>$number</td><td>$name</td><td>$note</td>\
<td>$city</td></tr>
</py:for></table>""",
    "one line": f'<html {_NAMES} py:strip="">Hello $name!</html>',
    "objects": f"""\
<py:for {_NAMES} each="order in orders"><div id="order-${{order.number}}" class="$order.state">
  <h3>$order.customer, $order.city</h3>
  <p>$order.amount for $order.pieces pieces; ${{order.label()}}</p>
  <py:choose><strong py:when="order.urgent">today</strong>\
<span py:otherwise="">this week</span></py:choose>
  <ul><li py:for="item in order.items">$item</li></ul>
</div>
</py:for>""",
    "dicts": f"""\
<table {_NAMES}>
<py:for each="row in rows"><tr><td>${{row['first_name']}}</td><td>${{row['last_name']}}</td>\
<td>${{row['email']}}</td><td>${{row['street']}}</td><td>${{row['city']}}</td>\
<td>${{row['country']}}</td><td>${{row['phone']}}</td><td>${{row['note']}}</td></tr>
</py:for></table>""",
}


def _load(workload: Workload) -> Callable[[Context], Stream]:
    sources = {MAIN: _SOURCES[workload.name], **_PARTS}

    def find(name: str) -> tuple[str, str, BytesIO, None]:
        return name, name, BytesIO(sources[name].encode()), None

    template = TemplateLoader([find]).load(MAIN)
    return lambda context: template.generate(truncate=truncate, **context)


def _render(workload: Workload) -> Way:
    events = _load(workload)
    return Whole(
        lambda context: events(context).render("html", encoding=None, strip_whitespace=False)
    )


def _serialize(workload: Workload) -> Way:
    events = _load(workload)
    return Pieces(lambda context: events(context).serialize("html", strip_whitespace=False))


PEER = Peer(
    name="Genshi",
    distributions=("Genshi",),
    ways={"render": _render, "serialize": _serialize},
)
