"""Tenjin. ``${...}`` escapes. It has no macros and no ``super()``: forms come from an include, and
the layout has places where a page adds something. A statement within a line of text begins with a
line break, because its code would follow that of the text on the same line.
"""

from __future__ import annotations

import warnings
from functools import partial

from bench.ways import Peer, Way, Whole
from bench.workloads import MAIN, Workload, truncate

with warnings.catch_warnings():
    # Python says so of its source when it compiles it; nobody changes that source any more.
    warnings.filterwarnings("ignore", r".*invalid escape sequence")
    import tenjin
    import tenjin.helpers

_BASE = """\
<!DOCTYPE html>
<html lang="${_context.get('language', 'en')}">
<head>
  <meta charset="utf-8">
  <title><?py
if not captured_as('title'):
?>${shop.name}<?py
#endif
?></title>
  <link rel="stylesheet" href="/static/site.css">
<?py captured_as('more_head') ?>
</head>
<body class="${_context.get('theme', 'light')}">
  <header>
    <h1>${shop.name.upper()}</h1>
<?py if not captured_as('menu'): ?>
    <nav>
      <ul>
<?py     for index, entry in enumerate(navigation, 1): ?>
<?py         if index == 1: ?>
        <li class="first">
<?py         elif index == len(navigation): ?>
        <li class="last">
<?py         else: ?>
        <li>
<?py         #endif ?>
          <a href="${entry.url}">${entry.label}</a>
        </li>
<?py     #endfor ?>
      </ul>
    </nav>
<?py #endif ?>
  </header>
  <main>
<?py if not captured_as('content'): ?>
    <p>Nothing here yet.</p>
<?py #endif ?>
  </main>
  <aside>
<?py if not captured_as('sidebar'): ?>
<?py     if user: ?>
    <p>Signed in as ${user.name}</p>
<?py     else: ?>
    <p>Not signed in</p>
<?py     #endif ?>
<?py #endif ?>
<?py captured_as('more_sidebar') ?>
  </aside>
<?py if not captured_as('footer'): ?>
  <footer>
    <p>© ${shop.name}, ${shop.city}. ${truncate(shop.notice, 60)}</p>
  </footer>
<?py #endif ?>
</body>
</html>"""

_PAGE = """\
<?py _context['_layout'] = 'base.html' ?>
<?py with capture_as('title'): ?>${category.label} - ${shop.name}<?py
#endwith
?>
<?py with capture_as('more_head'): ?>
  <meta name="keywords" content="${', '.join(category.keywords)}">
<?py #endwith ?>
<?py with capture_as('content'): ?>
    <h2>${category.label.upper()} (${len(products)})</h2>
    <p>${category.text or 'No description.'}</p>
<?py     if products: ?>
<?py         for index, product in enumerate(products, 1): ?>
<?py             if index == len(products): ?>
    <article id="product-${index}" class="last">
<?py             else: ?>
    <article id="product-${index}">
<?py             #endif ?>
<?py             include('product.html', product=product) ?>
    </article>
<?py         #endfor ?>
<?py     else: ?>
    <p>No products.</p>
<?py     #endif ?>
    <form method="post">
<?py     for setting in settings: ?>
<?py         include('field.html', name=setting.name, value=setting.value, kind='text',
                     required=setting.required) ?>
<?py     #endfor ?>
    </form>
<?py #endwith ?>
<?py with capture_as('more_sidebar'): ?>
<?py     if recent: ?>
    <ol>
<?py         for index, product in enumerate(recent, 1): ?>
      <li>${index}. ${product.name}</li>
<?py         #endfor ?>
    </ol>
<?py     #endif ?>
<?py #endwith ?>
"""

_PRODUCT = """\
      <h3>${product.name}</h3>
      <p>${truncate(product.text, 40)}</p>
      <p class="price">${product.price} ${_context.get('currency', 'EUR')}</p>
<?py if product.stock > 10: ?>
      <p>In stock</p>
<?py elif product.stock: ?>
      <p>Only ${product.stock} left</p>
<?py else: ?>
      <p>Sold out</p>
<?py #endif ?>
      <p class="tags">${', '.join(product.tags)}</p>
"""

_FIELD = """\
      <label>${name}#{' *' if required else ''}
        <input type="${kind}" name="${name}" value="${value}">
      </label>
"""

_SHOP = {MAIN: _PAGE, "base.html": _BASE, "product.html": _PRODUCT, "field.html": _FIELD}

_SOURCES = {
    "table of numbers": """\
<table>
<?py for row in table: ?>
<tr><?py
for col in row.values():
?><td>${col}</td><?py
#endfor
?></tr>
<?py #endfor ?>
</table>""",
    "rows to escape": """\
<table>
<?py for row in rows: ?>
<tr><?py
for cell in row:
?><td>${cell}</td><?py
#endfor
?></tr>
<?py #endfor ?>
</table>""",
    "rows from a generator": """\
<table>
<?py for number, name, note, city in rows: ?>
<tr><td>${number}</td><td>${name}</td><td>${note}</td><td>${city}</td></tr>
<?py #endfor ?>
</table>""",
    "one line": "Hello ${name}!",
    "objects": """\
<?py for order in orders: ?>
<div id="order-${order.number}" class="${order.state}">
  <h3>${order.customer}, ${order.city}</h3>
  <p>${order.amount} for ${order.pieces} pieces; ${order.label()}</p>
<?py     if order.urgent: ?>
  <strong>today</strong>
<?py     else: ?>
  <span>this week</span>
<?py     #endif ?>
  <ul><?py
for item in order.items:
?><li>${item}</li><?py
#endfor
?></ul>
</div>
<?py #endfor ?>
""",
    "dicts": """\
<table>
<?py for row in rows: ?>
<tr><td>${row['first_name']}</td><td>${row['last_name']}</td><td>${row['email']}</td>\
<td>${row['street']}</td><td>${row['city']}</td><td>${row['country']}</td>\
<td>${row['phone']}</td><td>${row['note']}</td></tr>
<?py #endfor ?>
</table>""",
}

_GLOBALS = {**vars(tenjin.helpers), "truncate": truncate}
"""What templates may call; by default Tenjin takes the caller's globals."""


def _render(workload: Workload) -> Way:
    if workload.name == "real page":
        engine = tenjin.Engine()
        for name, source in _SHOP.items():
            engine.add_template(tenjin.Template(name, input=source))
        return Whole(partial(engine.render, MAIN, globals=_GLOBALS))
    template = tenjin.Template(MAIN, input=_SOURCES[workload.name])
    return Whole(partial(template.render, globals=_GLOBALS))


PEER = Peer(name="Tenjin", distributions=("tenjin",), ways={"render": _render})
