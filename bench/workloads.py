"""The pages that every engine renders: Jinja2 sources and the data for them.

A context is built anew for every single render, because some data can be read only once (a
generator of rows). Data that can be read many times is built once per workload.

Engines spell some escapes differently: a double quote is ``&#34;`` to one, ``&quot;`` to another,
and MiniJinja escapes slashes. So that all of them render the same text, no value contains a quote
or a slash; what there is to escape are ``&``, ``<`` and ``>``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Context = dict[str, object]
Row = tuple[int, str, str, str]

MAIN = "page.html"
"""The name of the template in `Workload.sources` that is rendered."""


@dataclass(frozen=True)
class Workload:
    """One page, rendered with autoescaping on."""

    name: str
    title: str
    sources: Mapping[str, str]
    """Jinja2 sources by template name; engines with another syntax go by `name`."""
    build: Callable[[], Callable[[], Context]]
    """Make the data; the function it returns makes one context for one render."""
    rows: int | None = None
    """How many there are in the page, if it is a page of rows."""


# Table of numbers: integers in dicts.

_TABLE_OF_VALUES = """\
<table>
{% for row in table %}<tr>\
{% for col in row.values() %}<td>{{ col }}</td>{% endfor %}\
</tr>
{% endfor %}</table>
"""


def _integers() -> Callable[[], Context]:
    names = "abcdefghij"
    table = [{name: 7 * i + j for j, name in enumerate(names)} for i in range(1000)]
    return lambda: {"table": table}


# Rows to escape: strings, two in five with characters to escape.

_TABLE_OF_CELLS = """\
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
"""


def _strings() -> Callable[[], Context]:
    rows = [
        [f"customer {i}", f"<item {i}>", "Springfield", f"{i} & more", f"order-{i:06}"]
        for i in range(1000)
    ]
    return lambda: {"rows": rows}


# Real page: as applications have them.

_BASE = """\
<!DOCTYPE html>
<html lang="{{ language|default('en') }}">
<head>
  <meta charset="utf-8">
  <title>{% block title %}{{ shop.name }}{% endblock %}</title>
  {% block head %}<link rel="stylesheet" href="/static/site.css">{% endblock %}
</head>
<body class="{{ theme|default('light') }}">
  <header>
    <h1>{{ shop.name|upper }}</h1>
    {%- block navigation %}
    <nav>
      <ul>
        {%- for entry in navigation %}
        <li{% if loop.first %} class="first"{% elif loop.last %} class="last"{% endif %}>
          <a href="{{ entry.url }}">{{ entry.label }}</a>
        </li>
        {%- endfor %}
      </ul>
    </nav>
    {%- endblock %}
  </header>
  <main>
    {%- block content %}
    <p>Nothing here yet.</p>
    {%- endblock %}
  </main>
  <aside>
    {%- block sidebar %}
    {%- if user %}
    <p>Signed in as {{ user.name }}</p>
    {%- else %}
    <p>Not signed in</p>
    {%- endif %}
    {%- endblock %}
  </aside>
  {%- block footer %}
  <footer>
    <p>© {{ shop.name }}, {{ shop.city }}. {{ shop.notice|truncate(60) }}</p>
  </footer>
  {%- endblock %}
</body>
</html>
"""

_PAGE = """\
{% extends "base.html" %}
{% from "forms.html" import field %}
{% block title %}{{ category.label }} - {{ super() }}{% endblock %}
{% block head %}{{ super() }}
  <meta name="keywords" content="{{ category.keywords|join(', ') }}">{% endblock %}
{% block content %}
    <h2>{{ category.label|upper }} ({{ products|length }})</h2>
    <p>{{ category.text|default("No description.") }}</p>
    {%- for product in products %}
    <article id="product-{{ loop.index }}"{% if loop.last %} class="last"{% endif %}>
      {%- include "product.html" %}
    </article>
    {%- else %}
    <p>No products.</p>
    {%- endfor %}
    <form method="post">
      {%- for setting in settings %}
      {{- field(setting.name, setting.value, required=setting.required) }}
      {%- endfor %}
    </form>
{%- endblock %}
{% block sidebar %}{{ super() }}
    {%- if recent %}
    <ol>
      {%- for product in recent %}
      <li>{{ loop.index }}. {{ product.name }}</li>
      {%- endfor %}
    </ol>
    {%- endif %}
{%- endblock %}
"""

# Whitespace control leaves no empty lines: engines with other rules can write the same page.
_PRODUCT = """
      <h3>{{ product.name }}</h3>
      <p>{{ product.text|truncate(40) }}</p>
      <p class="price">{{ product.price }} {{ currency|default("EUR") }}</p>
      {%- if product.stock > 10 %}
      <p>In stock</p>
      {%- elif product.stock %}
      <p>Only {{ product.stock }} left</p>
      {%- else %}
      <p>Sold out</p>
      {%- endif %}
      <p class="tags">{{ product.tags|join(", ") }}</p>"""

_FORMS = """\
{% macro field(name, value="", kind="text", required=false) %}
      <label>{{ name }}{% if required %} *{% endif %}
        <input type="{{ kind }}" name="{{ name }}" value="{{ value }}">
      </label>
{%- endmacro %}
"""


@dataclass(frozen=True)
class Shop:
    name: str
    city: str
    notice: str


@dataclass(frozen=True)
class User:
    name: str


@dataclass(frozen=True)
class Entry:
    label: str
    url: str


@dataclass(frozen=True)
class Category:
    label: str
    text: str
    keywords: list[str]


@dataclass(frozen=True)
class Product:
    name: str
    text: str
    price: float
    stock: int
    tags: list[str]


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    required: bool


def _shop_page() -> Callable[[], Context]:
    products = [_product(i) for i in range(30)]
    page: Context = {
        "shop": Shop("Nuts & Bolts", "Graz", "Prices include tax; shipping is extra. " * 3),
        "user": User("Ada <ada@example.org>"),
        "navigation": [Entry(f"Department {i}", f"?department={i}&page=1") for i in range(8)],
        "category": Category("Screws", "Every <thread> we have", ["metric", "imperial", "wood"]),
        "products": products,
        "recent": products[:5],
        "settings": [Setting(f"option-{i}", f"> {i} mm", i % 3 == 0) for i in range(50)],
    }
    return lambda: dict(page)


def _product(i: int) -> Product:
    return Product(
        name=f"Screw M{i}",
        text=f"Zinc-plated steel screw with a hexagon head, {i} mm, in boxes of a hundred.",
        price=1.25 + i,
        stock=i % 14,
        tags=["steel", f"M{i}", "hex & slot"],
    )


def truncate(text: str, length: int) -> str:
    """Cut at a space, as Jinja2's filter of that name does, for engines without such a filter."""
    if len(text) <= length + 5:
        return text
    return text[: length - 3].rsplit(" ", 1)[0] + "..."


# Rows from a generator: as from a database cursor.

_UNPACKED_ROWS = """\
<table>
{% for number, name, note, city in rows %}\
<tr><td>{{ number }}</td><td>{{ name }}</td><td>{{ note }}</td><td>{{ city }}</td></tr>
{% endfor %}</table>
"""


def generated_rows(count: int) -> Iterator[Row]:
    """Yield `count` rows of four cells, one at a time, that exist nowhere else."""
    for i in range(count):
        yield i, f"customer {i}", "paid & <shipped>" if i % 4 == 0 else "open", "Springfield"


def _generated() -> Callable[[], Context]:
    return lambda: {"rows": generated_rows(5000)}


# One line: as little as possible.


def _greeting() -> Callable[[], Context]:
    return lambda: {"name": "World"}


# Objects: attributes and a method.

_OBJECTS = """\
{% for order in orders %}\
<div id="order-{{ order.number }}" class="{{ order.state }}">
  <h3>{{ order.customer }}, {{ order.city }}</h3>
  <p>{{ order.amount }} for {{ order.pieces }} pieces; {{ order.label() }}</p>
  {% if order.urgent %}<strong>today</strong>{% else %}<span>this week</span>{% endif %}
  <ul>{% for item in order.items %}<li>{{ item }}</li>{% endfor %}</ul>
</div>
{% endfor %}"""


class Order:
    def __init__(self, number: int) -> None:
        self.number = number
        self.state = "open"
        self.customer = f"customer {number}"
        self.city = "Graz & Linz"
        self.amount = 12.5 + number
        self.pieces = number % 9
        self.urgent = number % 3 == 0
        self.items = [f"screw {number}", "nut <M5>", "washer"]

    def label(self) -> str:
        return f"order {self.number}"


def _orders() -> Callable[[], Context]:
    orders = [Order(number) for number in range(1000)]
    return lambda: {"orders": orders}


# Dicts: the template reads them like objects.

_DICTS = """\
<table>
{% for row in rows %}\
<tr><td>{{ row.first_name }}</td><td>{{ row.last_name }}</td><td>{{ row.email }}</td>\
<td>{{ row.street }}</td><td>{{ row.city }}</td><td>{{ row.country }}</td>\
<td>{{ row.phone }}</td><td>{{ row.note }}</td></tr>
{% endfor %}</table>
"""


def _dicts() -> Callable[[], Context]:
    rows = [
        {
            "first_name": f"Ada {i}",
            "last_name": "Lovelace",
            "email": f"ada{i}@example.org",
            "street": f"{i} Main Street",
            "city": "Springfield",
            "country": "AT",
            "phone": f"+43 1 {i:06}",
            "note": "likes <tables> & charts",
        }
        for i in range(1000)
    ]
    return lambda: {"rows": rows}


_SHOP = {MAIN: _PAGE, "base.html": _BASE, "product.html": _PRODUCT, "forms.html": _FORMS}

WORKLOADS = (
    Workload(
        "table of numbers", "rows of 10 integers", {MAIN: _TABLE_OF_VALUES}, _integers, rows=1000
    ),
    Workload(
        "rows to escape",
        "rows of 5 strings, 2 of which have characters to escape",
        {MAIN: _TABLE_OF_CELLS},
        _strings,
        rows=1000,
    ),
    Workload(
        "real page",
        "inheritance with 6 blocks, an include for each of 30 products, a macro called 50 times",
        _SHOP,
        _shop_page,
    ),
    Workload(
        "rows from a generator",
        "rows of 4 cells that are made one by one",
        {MAIN: _UNPACKED_ROWS},
        _generated,
        rows=5000,
    ),
    Workload("one line", "`Hello {{ name }}!`", {MAIN: "Hello {{ name }}!"}, _greeting),
    Workload(
        "objects",
        "objects with 6 attributes, a method and an inner loop",
        {MAIN: _OBJECTS},
        _orders,
        rows=1000,
    ),
    Workload("dicts", "dicts of 8 strings, read as `row.name`", {MAIN: _DICTS}, _dicts, rows=1000),
)
