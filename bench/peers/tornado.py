"""Tornado's templates. ``generate`` gives bytes; they are decoded, as other engines give strings.

It has blocks but no ``super()``, so the layout has more of them; instead of a macro the form field
is an include, which Tornado compiles into the page.
"""

from __future__ import annotations

from tornado.template import DictLoader

from bench.ways import Peer, Way, Whole
from bench.workloads import MAIN, Context, Workload, truncate

_PARTS = {
    "base.html": """\
<!DOCTYPE html>
<html lang="{{ globals().get('language', 'en') }}">
<head>
  <meta charset="utf-8">
  <title>{% block title %}{% end %}{{ shop.name }}</title>
  <link rel="stylesheet" href="/static/site.css">{% block more_head %}{% end %}
</head>
<body class="{{ globals().get('theme', 'light') }}">
  <header>
    <h1>{{ shop.name.upper() }}</h1>{% block navigation %}
    <nav>
      <ul>{% for index, entry in enumerate(navigation, 1) %}
        <li{% if index == 1 %} class="first"\
{% elif index == len(navigation) %} class="last"{% end %}>
          <a href="{{ entry.url }}">{{ entry.label }}</a>
        </li>{% end %}
      </ul>
    </nav>{% end %}
  </header>
  <main>{% block content %}
    <p>Nothing here yet.</p>{% end %}
  </main>
  <aside>{% block sidebar %}{% if user %}
    <p>Signed in as {{ user.name }}</p>{% else %}
    <p>Not signed in</p>{% end %}{% block more_sidebar %}{% end %}{% end %}
  </aside>{% block footer %}
  <footer>
    <p>© {{ shop.name }}, {{ shop.city }}. {{ truncate(shop.notice, 60) }}</p>
  </footer>{% end %}
</body>
</html>""",
    "product.html": """\
<h3>{{ product.name }}</h3>
      <p>{{ truncate(product.text, 40) }}</p>
      <p class="price">{{ product.price }} {{ globals().get('currency', 'EUR') }}</p>\
{% if product.stock > 10 %}
      <p>In stock</p>{% elif product.stock %}
      <p>Only {{ product.stock }} left</p>{% else %}
      <p>Sold out</p>{% end %}
      <p class="tags">{{ ", ".join(product.tags) }}</p>""",
    "field.html": """\
<label>{{ name }}{% if required %} *{% end %}
        <input type="{{ kind }}" name="{{ name }}" value="{{ value }}">
      </label>""",
}

_PAGE = """\
{% extends "base.html" %}\
{% block title %}{{ category.label }} - {% end %}\
{% block more_head %}
  <meta name="keywords" content="{{ ', '.join(category.keywords) }}">{% end %}\
{% block content %}
    <h2>{{ category.label.upper() }} ({{ len(products) }})</h2>
    <p>{{ category.text or 'No description.' }}</p>\
{% for index, product in enumerate(products, 1) %}
    <article id="product-{{ index }}"{% if index == len(products) %} class="last"{% end %}>
      {% include "product.html" %}
    </article>{% end %}{% if not products %}
    <p>No products.</p>{% end %}
    <form method="post">{% set kind = "text" %}{% for setting in settings %}\
{% set name = setting.name %}{% set value = setting.value %}{% set required = setting.required %}
      {% include "field.html" %}{% end %}
    </form>{% end %}\
{% block more_sidebar %}{% if recent %}
    <ol>{% for index, product in enumerate(recent, 1) %}
      <li>{{ index }}. {{ product.name }}</li>{% end %}
    </ol>{% end %}{% end %}"""

_SOURCES = {
    "table of numbers": """\
<table>
{% for row in table %}<tr>{% for col in row.values() %}<td>{{ col }}</td>{% end %}</tr>
{% end %}</table>""",
    "rows to escape": """\
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% end %}</tr>
{% end %}</table>""",
    "real page": _PAGE,
    "rows from a generator": """\
<table>
{% for number, name, note, city in rows %}\
<tr><td>{{ number }}</td><td>{{ name }}</td><td>{{ note }}</td><td>{{ city }}</td></tr>
{% end %}</table>""",
    "one line": "Hello {{ name }}!",
    "objects": """\
{% for order in orders %}\
<div id="order-{{ order.number }}" class="{{ order.state }}">
  <h3>{{ order.customer }}, {{ order.city }}</h3>
  <p>{{ order.amount }} for {{ order.pieces }} pieces; {{ order.label() }}</p>
  {% if order.urgent %}<strong>today</strong>{% else %}<span>this week</span>{% end %}
  <ul>{% for item in order.items %}<li>{{ item }}</li>{% end %}</ul>
</div>
{% end %}""",
    "dicts": """\
<table>
{% for row in rows %}\
<tr><td>{{ row["first_name"] }}</td><td>{{ row["last_name"] }}</td><td>{{ row["email"] }}</td>\
<td>{{ row["street"] }}</td><td>{{ row["city"] }}</td><td>{{ row["country"] }}</td>\
<td>{{ row["phone"] }}</td><td>{{ row["note"] }}</td></tr>
{% end %}</table>""",
}


def _render(workload: Workload) -> Way:
    sources = {MAIN: _SOURCES[workload.name], **_PARTS}
    loader = DictLoader(sources, namespace={"truncate": truncate}, whitespace="all")
    template = loader.load(MAIN)

    def render(context: Context) -> str:
        return template.generate(**context).decode()

    return Whole(render)


PEER = Peer(name="Tornado", distributions=("tornado",), ways={"render": _render})
