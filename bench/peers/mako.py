"""Mako, with every expression escaped (``default_filters``) and without its undefined values."""

from __future__ import annotations

from mako.lookup import TemplateLookup
from mako.template import Template

from bench.ways import Keywords, Peer, Way
from bench.workloads import MAIN, Workload

_BASE = r"""<!DOCTYPE html>
<html lang="${context.get('language', 'en')}">
<head>
  <meta charset="utf-8">
  <title><%block name="title">${shop.name}</%block></title>
  <%block name="head"><link rel="stylesheet" href="/static/site.css"></%block>
</head>
<body class="${context.get('theme', 'light')}">
  <header>
    <h1>${shop.name.upper()}</h1>
<%block name="menu">\
    <nav>
      <ul>
% for entry in navigation:
        <li\
% if loop.first:
 class="first"\
% elif loop.last:
 class="last"\
% endif
>
          <a href="${entry.url}">${entry.label}</a>
        </li>
% endfor
      </ul>
    </nav>
</%block>\
  </header>
  <main>
<%block name="content">\
    <p>Nothing here yet.</p>
</%block>\
  </main>
  <aside>
<%block name="sidebar">\
% if user:
    <p>Signed in as ${user.name}</p>
% else:
    <p>Not signed in</p>
% endif
</%block>\
  </aside>
<%block name="footer">\
  <footer>
    <p>© ${shop.name}, ${shop.city}. ${truncate(shop.notice, 60)}</p>
  </footer>
</%block>\
</body>
</html>\
<%! from bench.workloads import truncate %>\
"""

_PAGE = r"""<%inherit file="base.html"/>\
<%namespace name="forms" file="forms.html"/>\
<%block name="title">${category.label} - ${parent.title() | n}</%block>\
<%block name="head">${parent.head() | n}
  <meta name="keywords" content="${', '.join(category.keywords)}"></%block>\
<%block name="content">\
    <h2>${category.label.upper()} (${len(products)})</h2>
    <p>${category.text or "No description."}</p>
% if products:
% for product in products:
    <article id="product-${loop.index + 1}"\
% if loop.last:
 class="last"\
% endif
>
<%include file="product.html" args="product=product"/>\
    </article>
% endfor
% else:
    <p>No products.</p>
% endif
    <form method="post">
% for setting in settings:
${forms.field(setting.name, setting.value, required=setting.required) | n}\
% endfor
    </form>
</%block>\
<%block name="sidebar">\
${parent.sidebar() | n}\
% if recent:
    <ol>
% for product in recent:
      <li>${loop.index + 1}. ${product.name}</li>
% endfor
    </ol>
% endif
</%block>\
"""

_PRODUCT = r"""<%page args="product"/>\
<%! from bench.workloads import truncate %>\
      <h3>${product.name}</h3>
      <p>${truncate(product.text, 40)}</p>
      <p class="price">${product.price} ${context.get("currency", "EUR")}</p>
% if product.stock > 10:
      <p>In stock</p>
% elif product.stock:
      <p>Only ${product.stock} left</p>
% else:
      <p>Sold out</p>
% endif
      <p class="tags">${", ".join(product.tags)}</p>
"""

_FORMS = r"""<%def name="field(name, value='', kind='text', required=False)">\
      <label>${name}${" *" if required else ""}
        <input type="${kind}" name="${name}" value="${value}">
      </label>
</%def>\
"""

_PARTS = {"base.html": _BASE, "product.html": _PRODUCT, "forms.html": _FORMS}

_SOURCES = {
    "table of numbers": r"""<table>
% for row in table:
<tr>\
% for col in row.values():
<td>${col}</td>\
% endfor
</tr>
% endfor
</table>""",
    "rows to escape": r"""<table>
% for row in rows:
<tr>\
% for cell in row:
<td>${cell}</td>\
% endfor
</tr>
% endfor
</table>""",
    "real page": _PAGE,
    "rows from a generator": r"""<table>
% for number, name, note, city in rows:
<tr><td>${number}</td><td>${name}</td><td>${note}</td><td>${city}</td></tr>
% endfor
</table>""",
    "one line": "Hello ${name}!",
    "objects": r"""% for order in orders:
<div id="order-${order.number}" class="${order.state}">
  <h3>${order.customer}, ${order.city}</h3>
  <p>${order.amount} for ${order.pieces} pieces; ${order.label()}</p>
% if order.urgent:
  <strong>today</strong>
% else:
  <span>this week</span>
% endif
  <ul>\
% for item in order.items:
<li>${item}</li>\
% endfor
</ul>
</div>
% endfor
""",
    "dicts": r"""<table>
% for row in rows:
<tr><td>${row["first_name"]}</td><td>${row["last_name"]}</td><td>${row["email"]}</td>\
<td>${row["street"]}</td><td>${row["city"]}</td><td>${row["country"]}</td>\
<td>${row["phone"]}</td><td>${row["note"]}</td></tr>
% endfor
</table>""",
}


def _load(workload: Workload) -> Template:
    lookup = TemplateLookup(default_filters=["h"], strict_undefined=True, filesystem_checks=False)
    for name, source in {MAIN: _SOURCES[workload.name], **_PARTS}.items():
        lookup.put_string(name, source)
    return lookup.get_template(MAIN)


def _render(workload: Workload) -> Way:
    return Keywords(_load(workload).render_unicode)


PEER = Peer(name="Mako", distributions=("Mako",), ways={"render": _render})
