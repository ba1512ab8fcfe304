r"""Bottle's SimpleTemplate. ``{{...}}`` escapes; ``\\`` joins a line to the statement that follows.

It has no blocks: the page hands the layout its content with ``rebase`` and the other parts as
functions. The form field is a function of a template that is included once.
"""

from __future__ import annotations

from bottle import SimpleTemplate

from bench.ways import Peer, Way, Whole
from bench.workloads import MAIN, Workload, truncate

_BASE = r"""<!DOCTYPE html>
<html lang="{{get('language', 'en')}}">
<head>
  <meta charset="utf-8">
  <title>\\
% if defined('title'):
%     title()
% else:
{{shop.name}}\\
% end
</title>
  <link rel="stylesheet" href="/static/site.css">
% if defined('more_head'):
%     more_head()
% end
</head>
<body class="{{get('theme', 'light')}}">
  <header>
    <h1>{{shop.name.upper()}}</h1>
    <nav>
      <ul>
% for index, entry in enumerate(navigation, 1):
        <li\\
% if index == 1:
 class="first"\\
% elif index == len(navigation):
 class="last"\\
% end
>
          <a href="{{entry.url}}">{{entry.label}}</a>
        </li>
% end
      </ul>
    </nav>
  </header>
  <main>
{{!base}}
  </main>
  <aside>
% if user:
    <p>Signed in as {{user.name}}</p>
% else:
    <p>Not signed in</p>
% end
% if defined('more_sidebar'):
%     more_sidebar()
% end
  </aside>
  <footer>
    <p>© {{shop.name}}, {{shop.city}}. {{truncate(shop.notice, 60)}}</p>
  </footer>
</body>
</html>"""

_PAGE = r"""% rebase('base.html')
% forms = include('forms.html')
% def title():
{{category.label}} - {{shop.name}}\\
% end
% def more_head():
  <meta name="keywords" content="{{', '.join(category.keywords)}}">
% end
% def more_sidebar():
% if recent:
    <ol>
% for index, product in enumerate(recent, 1):
      <li>{{index}}. {{product.name}}</li>
% end
    </ol>
% end
% end
    <h2>{{category.label.upper()}} ({{len(products)}})</h2>
    <p>{{category.text or 'No description.'}}</p>
% for index, product in enumerate(products, 1):
    <article id="product-{{index}}"\\
% if index == len(products):
 class="last"\\
% end
>
% include('product.html', product=product)
    </article>
% end
% if not products:
    <p>No products.</p>
% end
    <form method="post">
% for setting in settings:
% forms['field'](setting.name, setting.value, required=setting.required)
% end
    </form>"""

_PRODUCT = r"""      <h3>{{product.name}}</h3>
      <p>{{truncate(product.text, 40)}}</p>
      <p class="price">{{product.price}} {{get('currency', 'EUR')}}</p>
% if product.stock > 10:
      <p>In stock</p>
% elif product.stock:
      <p>Only {{product.stock}} left</p>
% else:
      <p>Sold out</p>
% end
      <p class="tags">{{', '.join(product.tags)}}</p>
"""

_FORMS = r"""% def field(name, value='', kind='text', required=False):
      <label>{{name}}{{' *' if required else ''}}
        <input type="{{kind}}" name="{{name}}" value="{{value}}">
      </label>
% end
"""

_SOURCES = {
    "table of numbers": r"""<table>
% for row in table:
<tr>\\
% for col in row.values():
<td>{{col}}</td>\\
% end
</tr>
% end
</table>""",
    "rows to escape": r"""<table>
% for row in rows:
<tr>\\
% for cell in row:
<td>{{cell}}</td>\\
% end
</tr>
% end
</table>""",
    "real page": _PAGE,
    "rows from a generator": r"""<table>
% for number, name, note, city in rows:
<tr><td>{{number}}</td><td>{{name}}</td><td>{{note}}</td><td>{{city}}</td></tr>
% end
</table>""",
    "one line": "Hello {{name}}!",
    "objects": r"""% for order in orders:
<div id="order-{{order.number}}" class="{{order.state}}">
  <h3>{{order.customer}}, {{order.city}}</h3>
  <p>{{order.amount}} for {{order.pieces}} pieces; {{order.label()}}</p>
% if order.urgent:
  <strong>today</strong>
% else:
  <span>this week</span>
% end
  <ul>\\
% for item in order.items:
<li>{{item}}</li>\\
% end
</ul>
</div>
% end
""",
    "dicts": """<table>
% for row in rows:
<tr><td>{{row['first_name']}}</td><td>{{row['last_name']}}</td><td>{{row['email']}}</td>\
<td>{{row['street']}}</td><td>{{row['city']}}</td><td>{{row['country']}}</td>\
<td>{{row['phone']}}</td><td>{{row['note']}}</td></tr>
% end
</table>""",
}


class _Template(SimpleTemplate):
    """Knows the functions that templates call."""

    defaults = {"truncate": truncate}  # noqa: RUF012 - declared by SimpleTemplate


def _render(workload: Workload) -> Way:
    template = _Template(_SOURCES[workload.name], name=MAIN)
    if workload.name == "real page":
        # What it would read from files.
        template.cache["forms.html"] = _Template(_FORMS)
        template.cache["product.html"] = _Template(_PRODUCT)
        template.cache["base.html"] = _Template(_BASE)
    return Whole(template.render)


PEER = Peer(name="Bottle", distributions=("bottle",), ways={"render": _render})
