"""wheezy.template with the standard library's escape function, as in its documentation.

It has no autoescape: every value is given to a filter, ``!e`` escapes and ``!s`` makes a string.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial

from wheezy.template.engine import Engine
from wheezy.template.ext.core import CoreExtension
from wheezy.template.loader import DictLoader

from bench.ways import Peer, Way, Whole
from bench.workloads import MAIN, Workload, truncate

_BASE = r"""@require(shop, user, navigation)
<!DOCTYPE html>
<html lang="@{ctx.get('language', 'en')!!e}">
<head>
  <meta charset="utf-8">
  <title>\
@def title():
@shop.name!e\
@end
@title()</title>
@def head():
  <link rel="stylesheet" href="/static/site.css">
@end
@head()\
</head>
<body class="@{ctx.get('theme', 'light')!!e}">
  <header>
    <h1>@shop.name.upper()!e</h1>
@def menu():
    <nav>
      <ul>
@for index, entry in enumerate(navigation, 1):
        <li\
@if index == 1:
 class="first"\
@elif index == len(navigation):
 class="last"\
@end
>
          <a href="@entry.url!e">@entry.label!e</a>
        </li>
@end
      </ul>
    </nav>
@end
@menu()\
  </header>
  <main>
@def content():
    <p>Nothing here yet.</p>
@end
@content()\
  </main>
  <aside>
@def sidebar():
@#ignore
@if user:
    <p>Signed in as @user.name!e</p>
@else:
    <p>Not signed in</p>
@end
@end
@sidebar()\
  </aside>
@def footer():
  <footer>
    <p>© @shop.name!e, @shop.city!e. @truncate(shop.notice, 60)!e</p>
  </footer>
@end
@footer()\
</body>
</html>"""

_PAGE = r"""@extends("base.html")
@require(shop, category, products, recent, settings)
@from "forms.html" import field
@def title():
@category.label!e - @super_defs["title"]()\
@end
@def head():
@super_defs["head"]()\
  <meta name="keywords" content="@{', '.join(category.keywords)!!e}">
@end
@def content():
    <h2>@category.label.upper()!e (@len(products)!s!e)</h2>
    <p>@{(category.text or 'No description.')!!e}</p>
@for index, product in enumerate(products, 1):
    <article id="product-@index!s!e"\
@if index == len(products):
 class="last"\
@end
>
@_r("product.html", {"product": product}, {}, {})\
    </article>
@end
@if not products:
    <p>No products.</p>
@end
    <form method="post">
@for setting in settings:
@field(setting.name, setting.value, required=setting.required)\
@end
    </form>
@end
@def sidebar():
@super_defs["sidebar"]()\
@if recent:
    <ol>
@for index, product in enumerate(recent, 1):
      <li>@index!s!e. @product.name!e</li>
@end
    </ol>
@end
@end
"""

_PRODUCT = r"""@require(product)
      <h3>@product.name!e</h3>
      <p>@truncate(product.text, 40)!e</p>
      <p class="price">@product.price!s!e @{ctx.get('currency', 'EUR')!!e}</p>
@if product.stock > 10:
      <p>In stock</p>
@elif product.stock:
      <p>Only @product.stock!s!e left</p>
@else:
      <p>Sold out</p>
@end
      <p class="tags">@{', '.join(product.tags)!!e}</p>
"""

_FORMS = r"""@def field(name, value='', kind='text', required=False):
      <label>@name!e\
@if required:
 *\
@end

        <input type="@kind!e" name="@name!e" value="@value!e">
      </label>
@end
"""

_PARTS = {"base.html": _BASE, "product.html": _PRODUCT, "forms.html": _FORMS}

_SOURCES = {
    "table of numbers": r"""@require(table)
<table>
@for row in table:
<tr>\
@for col in row.values():
<td>@col!s!e</td>\
@end
</tr>
@end
</table>""",
    "rows to escape": r"""@require(rows)
<table>
@for row in rows:
<tr>\
@for cell in row:
<td>@cell!e</td>\
@end
</tr>
@end
</table>""",
    "real page": _PAGE,
    "rows from a generator": r"""@require(rows)
<table>
@for number, name, note, city in rows:
<tr><td>@number!s!e</td><td>@name!e</td><td>@note!e</td><td>@city!e</td></tr>
@end
</table>""",
    "one line": "@require(name)\nHello @name!e!",
    "objects": r"""@require(orders)
@for order in orders:
<div id="order-@order.number!s!e" class="@order.state!e">
  <h3>@order.customer!e, @order.city!e</h3>
  <p>@order.amount!s!e for @order.pieces!s!e pieces; @order.label()!e</p>
@if order.urgent:
  <strong>today</strong>
@else:
  <span>this week</span>
@end
  <ul>\
@for item in order.items:
<li>@item!e</li>\
@end
</ul>
</div>
@end
""",
    "dicts": r"""@require(rows)
<table>
@for row in rows:
<tr><td>@row["first_name"]!e</td><td>@row["last_name"]!e</td><td>@row["email"]!e</td>\
<td>@row["street"]!e</td><td>@row["city"]!e</td><td>@row["country"]!e</td>\
<td>@row["phone"]!e</td><td>@row["note"]!e</td></tr>
@end
</table>""",
}


def render(escape: Callable[[str], str], workload: Workload) -> Way:
    """Load a workload's templates into an engine whose ``!e`` is *escape*."""
    loader = DictLoader({MAIN: _SOURCES[workload.name], **_PARTS})
    engine = Engine(loader, [CoreExtension()])
    engine.global_vars.update({"e": escape, "truncate": truncate})
    return Whole(engine.get_template(MAIN).render)


PEER = Peer(
    name="wheezy.template",
    distributions=("wheezy.template",),
    ways={"render": partial(render, html.escape)},
)
