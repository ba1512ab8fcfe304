"""Chameleon. Its macros have no ``super()``: the layout has slots where a page adds something."""

from __future__ import annotations

from chameleon import PageTemplate

from bench.ways import Keywords, Peer, Way
from bench.workloads import Workload, truncate

_BASE = """\
<!DOCTYPE html>
<html lang="${language|'en'}">
<head>
  <meta charset="utf-8">
  <title metal:define-slot="title">${shop.name}</title>
  <link rel="stylesheet" href="/static/site.css"><metal:head define-slot="more_head"/>
</head>
<body class="${theme|'light'}">
  <header>
    <h1>${shop.name.upper()}</h1>
    <nav metal:define-slot="navigation">
      <ul>
        <li tal:repeat="entry navigation" \
class="${'first' if repeat.entry.start else 'last' if repeat.entry.end else None}">
          <a href="${entry.url}">${entry.label}</a>
        </li>
      </ul>
    </nav>
  </header>
  <main><metal:content define-slot="content">
    <p>Nothing here yet.</p></metal:content>
  </main>
  <aside><metal:sidebar define-slot="sidebar">
    <p tal:condition="user">Signed in as ${user.name}</p>\
<p tal:condition="not user">Not signed in</p></metal:sidebar>\
<metal:more define-slot="more_sidebar"/>
  </aside>
  <footer metal:define-slot="footer">
    <p>© ${shop.name}, ${shop.city}. ${truncate(shop.notice, 60)}</p>
  </footer>
</body>
</html>"""

_PAGE = """\
<metal:page use-macro="layout">\
<title metal:fill-slot="title">${category.label} - ${shop.name}</title>\
<metal:head fill-slot="more_head">
  <meta name="keywords" content="${', '.join(category.keywords)}"></metal:head>\
<metal:content fill-slot="content" tal:define="currency currency|'EUR'">
    <h2>${category.label.upper()} (${len(products)})</h2>
    <p>${category.text or 'No description.'}</p>
    <article tal:repeat="product products" id="product-${repeat.product.number}" \
class="${'last' if repeat.product.end else None}"><metal:x use-macro="product_page"/>
    </article><tal:empty condition="not products">
    <p>No products.</p></tal:empty>
    <form method="post"><tal:settings repeat="setting settings">\
<metal:x use-macro="forms.macros['field']"
         tal:define="name setting.name; value setting.value; required setting.required"/>\
</tal:settings>
    </form></metal:content>\
<metal:more fill-slot="more_sidebar"><tal:recent condition="recent">
    <ol>
      <li tal:repeat="product recent">${repeat.product.number}. ${product.name}</li>
    </ol></tal:recent></metal:more>\
</metal:page>"""

_PRODUCT = """\
<tal:product>
      <h3>${product.name}</h3>
      <p>${truncate(product.text, 40)}</p>
      <p class="price">${product.price} ${currency}</p><tal:stock switch="True">
      <p tal:case="product.stock > 10">In stock</p>\
<p tal:case="product.stock > 0">Only ${product.stock} left</p>\
<p tal:case="default">Sold out</p></tal:stock>
      <p class="tags">${', '.join(product.tags)}</p></tal:product>"""

_FORMS = """\
<metal:field define-macro="field" tal:define="kind kind|'text'">
      <label>${name}${' *' if required else ''}
        <input type="${kind}" name="${name}" value="${value}">
      </label></metal:field>"""

_SOURCES = {
    "table of numbers": """\
<table>
<tr tal:repeat="row table"><tal:col repeat="col row.values()"><td>${col}</td></tal:col></tr>
</table>""",
    "rows to escape": """\
<table>
<tr tal:repeat="row rows"><tal:cell repeat="cell row"><td>${cell}</td></tal:cell></tr>
</table>""",
    "real page": _PAGE,
    "rows from a generator": """\
<table>
<tr tal:repeat="(number, name, note, city) rows"><td>${number}</td><td>${name}</td>\
<td>${note}</td><td>${city}</td></tr>
</table>""",
    "one line": "Hello ${name}!",
    "objects": """\
<tal:orders repeat="order orders">\
<div id="order-${order.number}" class="${order.state}">
  <h3>${order.customer}, ${order.city}</h3>
  <p>${order.amount} for ${order.pieces} pieces; ${order.label()}</p>
  <strong tal:condition="order.urgent">today</strong>\
<span tal:condition="not order.urgent">this week</span>
  <ul><tal:item repeat="item order.items"><li>${item}</li></tal:item></ul>
</div>
</tal:orders>""",
    "dicts": """\
<table>
<tr tal:repeat="row rows"><td>${row['first_name']}</td><td>${row['last_name']}</td>\
<td>${row['email']}</td><td>${row['street']}</td><td>${row['city']}</td>\
<td>${row['country']}</td><td>${row['phone']}</td><td>${row['note']}</td></tr>
</table>""",
}


def _load(workload: Workload) -> PageTemplate:
    names: dict[str, object] = {"truncate": truncate}
    if workload.name == "real page":
        names["layout"] = PageTemplate(_BASE, extra_builtins=names)
        names["product_page"] = PageTemplate(_PRODUCT, extra_builtins=names)
        names["forms"] = PageTemplate(_FORMS)
    return PageTemplate(_SOURCES[workload.name], extra_builtins=names)


def _render(workload: Workload) -> Way:
    return Keywords(_load(workload).render)


PEER = Peer(name="Chameleon", distributions=("Chameleon",), ways={"render": _render})
