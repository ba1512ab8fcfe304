"""A hundred templates of the size and kind that applications have, to be compiled, not rendered.

Ninety are written here by templates of templates: layouts, lists, details, forms, dashboards,
articles, libraries of macros, and text mails. What a page is about, its fields and which of the
variants it has are drawn from a generator with a fixed seed, so that the pages are the same
everywhere. The other ten are the workloads' templates.
"""

from __future__ import annotations

from random import Random

from jinja2 import DictLoader, Environment

from bench.workloads import WORKLOADS

SUBJECTS = (
    *("order", "customer", "product", "invoice", "ticket", "project", "course", "member"),
    *("device", "booking", "article", "shipment", "contract", "vehicle", "patient", "report"),
)
FIELDS = (
    *("name", "email", "city", "status", "total", "owner", "note", "phone", "street", "country"),
    *("created", "updated", "priority", "quantity", "price", "discount", "weight", "category"),
    *("title", "summary", "language", "currency", "balance", "rating", "position", "department"),
)

# The templates of templates: [% ... %] and [[ ... ]] are done here, {% ... %} and {{ ... }} stay.

_SHOWN = """\
[%- macro shown(value, field) -%]
{{ [[ pick([value, value, value, value ~ "|default('-')", value ~ "|truncate(30)",
            value ~ "|upper", "'%.2f'|format(" ~ value ~ "|float)", "labels[" ~ value ~ "]",
            "show_" ~ field ~ "(" ~ value ~ ")"]) ]] }}
[%- endmacro %]
"""

_LAYOUT = """\
<!doctype html>
<html lang="{{ locale.language|default('en') }}">
<head>
  <meta charset="utf-8">
  <title>{% block title %}{{ site.name }}{% endblock %}</title>
  {% block styles %}
  {% for sheet in stylesheets %}<link rel="stylesheet" href="{{ sheet }}">
  {% endfor %}
  {% endblock %}
</head>
<body class="[[ subject ]] {{ 'signed-in' if user else 'guest' }}">
  {% block header %}
  <header>
    <h1><a href="{{ url('home') }}">{{ site.name }}</a></h1>
    <ul>
    {% for href, label in menu if label %}
      <li{% if href == active %} class="active"{% endif %}><a href="{{ href }}">{{ label }}</a></li>
    {% endfor %}
    </ul>
    {% if user %}
    {{ user.name }}, <a href="{{ url('logout') }}">{{ _("Sign out") }}</a>
    {% else %}
    <a href="{{ url('login', next=request.path) }}">{{ _("Sign in") }}</a>
    {% endif %}
  </header>
  {% endblock %}
  {% with messages = flashed(with_categories=true) %}
  {% if messages %}
  <ul class="flashes">
    {% for category, message in messages %}<li class="{{ category }}">{{ message }}</li>{% endfor %}
  </ul>
  {% endif %}
  {% endwith %}
  <main>{% block content %}{% endblock %}</main>
  {% block aside %}
  <aside>
[% for field in fields %]
    <h4>[[ field|title ]]</h4>
    <p>The quick brown fox's den is far from the river &amp; the lazy dog sleeps.</p>
    {% if site.[[ field ]] %}<p>{{ site.[[ field ]] }}</p>{% endif %}
[% endfor %]
  </aside>
  {% endblock %}
  {% block footer %}
  <footer>&copy; {{ now().year }} {{ site.owner }}{% include "imprint.html" %}</footer>
  {% endblock %}
  {% block scripts scoped %}
  <script src="{{ url('static', file='site.js') }}"></script>
  {% endblock %}
</body>
</html>
"""

_PAGE = """\
{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% from "panels.html" import panel with context %}
{% block title %}{{ [[ subject ]].name|default("[[ subject ]]") }} - {{ super() }}{% endblock %}
{% block content %}
<h2>{{ _("[[ subject ]]")|title }}</h2>
[% block body %][% endblock %]
{% endblock %}
"""

_LIST = """\
[% extends "page" %]
[% from "shown" import shown with context %]
[% block body %]
<form class="filters" method="get">
[% for field in fields[:3] %]
  <label>[[ field|title ]]
    <select name="[[ field ]]">
      <option value="">All</option>
      {% for value, label in choices.[[ field ]] %}
      <option value="{{ value }}"{% if value == query.[[ field ]] %} selected{% endif %}>
        {{ label }}
      </option>
      {% endfor %}
    </select>
  </label>
[% endfor %]
  <button>{{ _("Filter") }}</button>
</form>
<table class="table">
  <thead><tr>
[% for field in fields %]
    <th class="[[ field ]]"><a href="{{ url('[[ subject ]].index', sort='[[ field ]]') }}">
      [[ field|title ]]{% if sort == "[[ field ]]" %} &darr;{% endif %}</a></th>
[% endfor %]
  </tr></thead>
  <tbody>
  {% for [[ subject ]] in [[ subject ]]s %}
    <tr class="{{ loop.cycle('odd', 'even') }}{% if [[ subject ]].archived %} archived{% endif %}">
      <td>{{ loop.index + page.offset }}</td>
[% for field in fields %]
      <td>[[ shown(subject ~ "." ~ field, field) ]]</td>
[% endfor %]
      <td class="actions">
        <a href="{{ url('[[ subject ]].show', id=[[ subject ]].id) }}">Show</a>
        {% if user.can("edit", [[ subject ]]) %}
        <a href="{{ url('[[ subject ]].edit', id=[[ subject ]].id) }}">Edit</a>
        {% endif %}
      </td>
    </tr>
  {% else %}
    <tr><td colspan="{{ columns|length }}">{{ _("Nothing found.") }}</td></tr>
  {% endfor %}
  </tbody>
</table>
{% if page.pages > 1 %}
<nav class="pagination">
  {% if page.before %}
  <a href="{{ url('[[ subject ]].index', page=page.before) }}">&laquo;</a>
  {% endif %}
  {% for number in page.numbers(left=2, right=2) %}
    {% if number is none %}<span>&hellip;</span>
    {% elif number == page.number %}<strong>{{ number }}</strong>
    {% else %}<a href="{{ url('[[ subject ]].index', page=number) }}">{{ number }}</a>
    {% endif %}
  {% endfor %}
</nav>
{% endif %}
<p>{{ page.total }} {{ "[[ subject ]]" if page.total == 1 else "[[ subject ]]s" }}</p>
[% endblock %]
"""

_DETAILS = """\
[% extends "page" %]
[% from "shown" import shown with context %]
[% block body %]
<dl class="[[ subject ]]">
[% for field in fields %]
[% if maybe() %]
  {% if [[ subject ]].[[ field ]] is defined and [[ subject ]].[[ field ]] %}
  <dt>[[ field|title ]]</dt>
  <dd>[[ shown(subject ~ "." ~ field, field) ]]</dd>
  {% endif %}
[% else %]
  <dt>[[ field|title ]]</dt>
  <dd>[[ shown(subject ~ "." ~ field, field) ]]</dd>
[% endif %]
[% endfor %]
</dl>
{% set events = [[ subject ]].events|sort(attribute="date", reverse=true)|list %}
{% if events %}
<h3>{{ _("History") }} ({{ events|length }})</h3>
<ol>
{% for event in events[:20] if event.public or user.admin %}
  <li>{{ event.date|date }}: {{ event.text }}
  {%- if event.tags %} ({{ event.tags|map(attribute="name")|join(", ") }}){% endif %}
  {% if not loop.last %}<hr>{% endif %}</li>
{% endfor %}
</ol>
{% endif %}
[% if maybe() %]
<ul class="comments">
{% for comment in [[ subject ]].comments recursive %}
  <li id="comment-{{ comment.id }}">
    <strong>{{ comment.author.name }}</strong>
    <div>{{ comment.html|safe }}</div>
    {% if comment.replies %}<ul>{{ loop(comment.replies) }}</ul>{% endif %}
  </li>
{% endfor %}
</ul>
[% endif %]
[% endblock %]
"""

_FORM = """\
[% extends "page" %]
[% block body %]
<form method="post" action="{{ url('[[ subject ]].save', id=[[ subject ]].id) }}">
  <input type="hidden" name="token" value="{{ csrf_token() }}">
  {% for error in form.errors %}<p class="error">{{ error }}</p>{% endfor %}
[% for field in fields %]
[% if maybe() %]
  {{ forms.field("[[ field ]]", form.[[ field ]].data, kind="[[ pick(['text', 'date']) ]]") }}
[% else %]
  <label for="[[ field ]]">[[ field|title ]]</label>
  <input id="[[ field ]]" name="[[ field ]]" value="{{ form.[[ field ]].data or '' }}"
    {%- if form.[[ field ]].errors %} class="invalid"{% endif %}>
  {% for error in form.[[ field ]].errors %}
  <small>{{ error }}</small>
  {% endfor %}
[% endif %]
[% endfor %]
  <button>{{ _("Save") }}</button>
  {% if [[ subject ]].id %}
  <a href="{{ url('[[ subject ]].show', id=[[ subject ]].id) }}">{{ _("Back") }}</a>
  {% endif %}
</form>
[% endblock %]
"""

_DASHBOARD = """\
[% extends "page" %]
[% block body %]
[% for field in fields %]
{% call panel("[[ field|title ]]", open=[[ maybe()|lower ]]) %}
  {% set value = totals.[[ field ]]|default(0) %}
  <p class="{% if value > limits.[[ field ]] %}high{% elif value %}normal{% else %}none{% endif %}">
    {{ "{:,}".format(value) }} <small>{{ (100 * value / totals.all)|round(1) }} %</small>
  </p>
  {% include "charts/[[ field ]].html" ignore missing %}
{% endcall %}
[% endfor %]
[% endblock %]
"""

_ARTICLE = """\
[% extends "page" %]
[% block body %]
<p class="by">{{ _("By") }} {{ [[ subject ]].author.name }}, {{ [[ subject ]].date|date }}</p>
[% for field in fields %]
<h3 id="[[ field ]]">[[ field|title ]]</h3>
[% for _ in range(pick([2, 4, 6, 8])) %]
<p>The quick brown fox's den is 12 m from the river &amp; the lazy dog sleeps beside it, "well".</p>
[% endfor %]
[% if maybe() %]
<img src="{{ url('static', file='[[ field ]].png') }}" alt="{{ _('[[ field ]]') }}">
[% endif %]
[% endfor %]
{% if related %}
<ul>
  {% for other in related %}<li><a href="{{ other.url }}">{{ other.title }}</a></li>{% endfor %}
</ul>
{% endif %}
[% endblock %]
"""

_MACROS = """\
[% for field in fields %]
{% macro [[ field ]]_input(name, value="", label=none, required=false, errors=()) -%}
<div class="[[ field ]]{% if errors %} invalid{% endif %}">
  {% if label %}<label for="{{ name }}">{{ label }}{% if required %} *{% endif %}</label>{% endif %}
  <input type="text" id="{{ name }}" name="{{ name }}" value="{{ value }}" {{ kwargs|xmlattr }}>
  {% for error in errors %}<small>{{ error }}</small>{% endfor %}
[% if maybe() %]
  {{ caller() if caller else "" }}
[% endif %]
</div>
{%- endmacro %}

[% endfor %]
"""

_MAIL = """\
[% from "shown" import shown with context %]
{% set total = items|sum(attribute="price") %}
{% autoescape false %}
{% filter trim %}
Dear {{ [[ subject ]].owner.name }},

{% for item in items -%}
{{ "%3d"|format(loop.index) }}. {{ item.name }}: {{ item.quantity }} x {{ item.price }}
{% if item.note %}{{ item.note|wordwrap(60)|indent(5) }}{% endif %}
{% endfor %}
{{ _("Total") }}: {{ total }} {{ currency }}

[% for field in fields %]
{% if [[ subject ]].[[ field ]] %}
[[ field|title ]]: [[ shown(subject ~ "." ~ field, field) ]]
{% endif %}
Please write to us if the [[ field ]] of your [[ subject ]] is not what you have ordered.
Do so within a month & we'll "sort it out".

[% endfor %]
{% endfilter %}
{% endautoescape %}
"""

SHAPES = {
    "layout": (_LAYOUT, 8),
    "list": (_LIST, 22),
    "details": (_DETAILS, 18),
    "form": (_FORM, 16),
    "dashboard": (_DASHBOARD, 8),
    "article": (_ARTICLE, 6),
    "macros": (_MACROS, 7),
    "mail": (_MAIL, 5),
}
"""The template of the pages and how many there are of them, by name of the shape."""

_PART = """\
<section id="part-###">
  <h2>{{ page.title }}</h2>
  {% if user.name %}
  <p>{{ user.name|title }} <a href="{{ url('show', id=item.id) }}">{{ item.price * 2 }}</a></p>
  {% for tag in item.tags %}
  <i class="{{ loop.cycle('odd', 'even') }}">{{ tag|upper }}</i>
  {% endfor %}
  {% endif %}
  <p>The quick brown fox's den is far from the river, {{ note }} the lazy dog sleeps.</p>
</section>
"""


def long_page(lines: int) -> str:
    """A template of that many lines, in parts of ten."""
    return "".join(_PART.replace("###", str(number)) for number in range(lines // 10))


def page_of_blocks(count: int) -> str:
    """A template of that many blocks, each of three lines."""
    return "".join(
        f"{{% block b{number} %}}\n<h2>{{{{ page.title }}}}</h2> {number}\n{{% endblock %}}\n"
        for number in range(count)
    )


def pages() -> dict[str, str]:
    """The hundred templates: Jinja2 sources by name, the same ones at every call."""
    found = {
        f"{workload.name}/{name}": source
        for workload in WORKLOADS
        for name, source in workload.sources.items()
    }
    random = Random(100)
    writer = _writer()
    writer.globals |= {"pick": random.choice, "maybe": lambda: random.random() < 0.5}
    for shape, (_, count) in SHAPES.items():
        for number in range(count):
            subject = random.choice(SUBJECTS)
            fields = random.sample(FIELDS, random.randint(8, 22))
            source = writer.get_template(shape).render(subject=subject, fields=fields)
            found[f"{shape}-{number}.html"] = source
    return found


def _writer() -> Environment:
    """Knows the templates of templates."""
    sources = {name: source for name, (source, _) in SHAPES.items()}
    return Environment(
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        loader=DictLoader({"page": _PAGE, "shown": _SHOWN, **sources}),
    )
