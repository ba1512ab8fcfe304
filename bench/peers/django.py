"""Django's templates, by an `Engine` of their own: nothing here needs or makes Django settings.

``use_l10n=False`` writes numbers as they are, as every other engine does; localization is on by
default, and takes longer than the rest of the work on a number. An include stands in for the macro.
"""

from __future__ import annotations

from django.template import Context as DjangoContext
from django.template import Engine, Library

from bench.ways import Peer, Way, Whole
from bench.workloads import MAIN, Context, Workload, truncate

_PARTS = {
    "base.html": """\
<!DOCTYPE html>
<html lang="{{ language|default:'en' }}">
<head>
  <meta charset="utf-8">
  <title>{% block title %}{{ shop.name }}{% endblock %}</title>
  {% block head %}<link rel="stylesheet" href="/static/site.css">{% endblock %}
</head>
<body class="{{ theme|default:'light' }}">
  <header>
    <h1>{{ shop.name|upper }}</h1>{% block navigation %}
    <nav>
      <ul>{% for entry in navigation %}
        <li{% if forloop.first %} class="first"{% elif forloop.last %} class="last"{% endif %}>
          <a href="{{ entry.url }}">{{ entry.label }}</a>
        </li>{% endfor %}
      </ul>
    </nav>{% endblock %}
  </header>
  <main>{% block content %}
    <p>Nothing here yet.</p>{% endblock %}
  </main>
  <aside>{% block sidebar %}{% if user %}
    <p>Signed in as {{ user.name }}</p>{% else %}
    <p>Not signed in</p>{% endif %}{% endblock %}
  </aside>{% block footer %}
  <footer>
    <p>© {{ shop.name }}, {{ shop.city }}. {{ shop.notice|truncate:60 }}</p>
  </footer>{% endblock %}
</body>
</html>""",
    "product.html": """\
<h3>{{ product.name }}</h3>
      <p>{{ product.text|truncate:40 }}</p>
      <p class="price">{{ product.price }} {{ currency|default:"EUR" }}</p>\
{% if product.stock > 10 %}
      <p>In stock</p>{% elif product.stock %}
      <p>Only {{ product.stock }} left</p>{% else %}
      <p>Sold out</p>{% endif %}
      <p class="tags">{{ product.tags|join:", " }}</p>""",
    "field.html": """\
<label>{{ name }}{% if required %} *{% endif %}
        <input type="{{ kind|default:'text' }}" name="{{ name }}" value="{{ value }}">
      </label>""",
}

_PAGE = """\
{% extends "base.html" %}
{% block title %}{{ category.label }} - {{ block.super }}{% endblock %}
{% block head %}{{ block.super }}
  <meta name="keywords" content="{{ category.keywords|join:', ' }}">{% endblock %}
{% block content %}
    <h2>{{ category.label|upper }} ({{ products|length }})</h2>
    <p>{{ category.text|default:"No description." }}</p>{% for product in products %}
    <article id="product-{{ forloop.counter }}"{% if forloop.last %} class="last"{% endif %}>
      {% include "product.html" %}
    </article>{% empty %}
    <p>No products.</p>{% endfor %}
    <form method="post">{% for item in settings %}
      {% include "field.html" with name=item.name value=item.value required=item.required %}\
{% endfor %}
    </form>{% endblock %}
{% block sidebar %}{{ block.super }}{% if recent %}
    <ol>{% for product in recent %}
      <li>{{ forloop.counter }}. {{ product.name }}</li>{% endfor %}
    </ol>{% endif %}{% endblock %}"""

_SOURCES = {
    "table of numbers": """\
<table>
{% for row in table %}<tr>{% for col in row.values %}<td>{{ col }}</td>{% endfor %}</tr>
{% endfor %}</table>""",
    "rows to escape": """\
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>""",
    "real page": _PAGE,
    "rows from a generator": """\
<table>
{% for number, name, note, city in rows %}\
<tr><td>{{ number }}</td><td>{{ name }}</td><td>{{ note }}</td><td>{{ city }}</td></tr>
{% endfor %}</table>""",
    "one line": "Hello {{ name }}!",
    "objects": """\
{% for order in orders %}\
<div id="order-{{ order.number }}" class="{{ order.state }}">
  <h3>{{ order.customer }}, {{ order.city }}</h3>
  <p>{{ order.amount }} for {{ order.pieces }} pieces; {{ order.label }}</p>
  {% if order.urgent %}<strong>today</strong>{% else %}<span>this week</span>{% endif %}
  <ul>{% for item in order.items %}<li>{{ item }}</li>{% endfor %}</ul>
</div>
{% endfor %}""",
    "dicts": """\
<table>
{% for row in rows %}\
<tr><td>{{ row.first_name }}</td><td>{{ row.last_name }}</td><td>{{ row.email }}</td>\
<td>{{ row.street }}</td><td>{{ row.city }}</td><td>{{ row.country }}</td>\
<td>{{ row.phone }}</td><td>{{ row.note }}</td></tr>
{% endfor %}</table>""",
}

register = Library()
"""Where Django looks for this module's filters."""
register.filter("truncate", truncate)


def _render(workload: Workload) -> Way:
    sources = {MAIN: _SOURCES[workload.name], **_PARTS}
    memory = ("django.template.loaders.locmem.Loader", sources)
    loaders = [("django.template.loaders.cached.Loader", [memory])]
    template = Engine(loaders=loaders, builtins=[__name__]).get_template(MAIN)

    def render(context: Context) -> str:
        return template.render(DjangoContext(context, use_l10n=False))

    return Whole(render)


PEER = Peer(name="Django", distributions=("Django",), ways={"render": _render})
