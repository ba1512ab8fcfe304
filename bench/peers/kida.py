"""Kida, which needs Python 3.14. Where its language is Jinja2's, it gets the same templates.

It has no ``super()``, so its layout has more blocks, and its macros are called ``def``. The page
sets the currency's default once: names that are not defined take Kida longer to look up than it
needs for everything else on the page.

These templates were checked with Kida 0.12.0, changed so that it runs on Python 3.13.
"""

from __future__ import annotations

from kida import DictLoader, Environment, Template

from bench.ways import Keywords, Peer, Pieces, Way
from bench.workloads import MAIN, Workload

_SHOP = {
    "base.html": """\
<!DOCTYPE html>
<html lang="{{ language|default('en') }}">
<head>
  <meta charset="utf-8">
  <title>{% block title %}{% end %}{{ shop.name }}</title>
  <link rel="stylesheet" href="/static/site.css">{% block more_head %}{% end %}
</head>
<body class="{{ theme|default('light') }}">
  <header>
    <h1>{{ shop.name|upper }}</h1>
    {%- block navigation %}
    <nav>
      <ul>
        {%- for entry in navigation %}
        <li{% if loop.first %} class="first"{% elif loop.last %} class="last"{% end %}>
          <a href="{{ entry.url }}">{{ entry.label }}</a>
        </li>
        {%- end %}
      </ul>
    </nav>
    {%- end %}
  </header>
  <main>
    {%- block content %}
    <p>Nothing here yet.</p>
    {%- end %}
  </main>
  <aside>
    {%- block sidebar %}
    {%- if user %}
    <p>Signed in as {{ user.name }}</p>
    {%- else %}
    <p>Not signed in</p>
    {%- end %}
    {%- end %}
    {%- block more_sidebar %}{% end %}
  </aside>
  {%- block footer %}
  <footer>
    <p>© {{ shop.name }}, {{ shop.city }}. {{ shop.notice|truncate(60) }}</p>
  </footer>
  {%- end %}
</body>
</html>""",
    MAIN: """\
{% extends "base.html" %}
{% from "forms.html" import field %}
{% block title %}{{ category.label }} - {% end %}
{% block more_head %}
  <meta name="keywords" content="{{ category.keywords|join(', ') }}">{% end %}
{% block content %}{% set currency = currency|default("EUR") %}
    <h2>{{ category.label|upper }} ({{ products|length }})</h2>
    <p>{{ category.text|default("No description.") }}</p>
    {%- for product in products %}
    <article id="product-{{ loop.index }}"{% if loop.last %} class="last"{% end %}>
      {%- include "product.html" %}
    </article>
    {%- else %}
    <p>No products.</p>
    {%- end %}
    <form method="post">
      {%- for setting in settings %}
      {{- field(setting.name, setting.value, required=setting.required) }}
      {%- end %}
    </form>
{%- end %}
{% block more_sidebar %}
    {%- if recent %}
    <ol>
      {%- for product in recent %}
      <li>{{ loop.index }}. {{ product.name }}</li>
      {%- end %}
    </ol>
    {%- end %}
{%- end %}""",
    "forms.html": """\
{% def field(name, value="", kind="text", required=false) %}
      <label>{{ name }}{% if required %} *{% end %}
        <input type="{{ kind }}" name="{{ name }}" value="{{ value }}">
      </label>
{%- end %}""",
}


def _load(workload: Workload) -> Template:
    # Jinja2 drops the line break at a template's end, Kida does not.
    sources = {name: source.removesuffix("\n") for name, source in workload.sources.items()}
    if workload.name == "real page":
        sources |= _SHOP
    return Environment(loader=DictLoader(sources), autoescape=True).get_template(MAIN)


def _render(workload: Workload) -> Way:
    return Keywords(_load(workload).render)


def _stream(workload: Workload) -> Way:
    return Pieces(_load(workload).render_stream)


PEER = Peer(
    name="Kida",
    distributions=("kida-templates",),
    ways={"render": _render, "render_stream": _stream},
)
