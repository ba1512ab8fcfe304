"""``python -m bench.constructs``: the language, construct by construct, against Jinja2.

Each construct stands in a loop of 200 rows, `<li>`...`</li>`, and is rendered by Jinja2 and read
from a stream of streamtmpl's, in a new random order each round. The outputs are compared first.
Jinja2 takes part twice: how far its second time is from the first is the noise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from random import Random
from typing import Any

from jinja2 import DictLoader, Environment, Template, pass_context
from markupsafe import Markup

from bench.command import count, run
from bench.contest import CONTROL
from bench.findings import Findings, table
from bench.rounds import Spread, interleaved
from streamtmpl import StreamEnvironment, render_stream

ROWS = 200
ALLOWED = 1.0
"""The share of Jinja2's time that each construct must stay within."""

SCOPES, MACROS = "Assignments and scopes", "Macros, includes and blocks"

PRELUDES = {
    SCOPES: "{% set ns = namespace(sum=0) %}",
    MACROS: """\
{% macro plain(text) %}<b>{{ text }}</b>{% endmacro %}\
{% macro link(text, url, kind='plain') %}<a href="{{ url }}" class="{{ kind }}">{{ text }}</a>\
{% endmacro %}\
{% macro either(text, flag) %}{% if flag %}{{ text }}{% else %}-{% endif %}{% endmacro %}\
{% macro all(items) %}{% for item in items %}{{ item }},{% endfor %}{% endmacro %}\
{% macro around() %}<p>{{ caller() }}</p>{% endmacro %}\
{% macro perhaps(text) %}<p>{{ text }}{% if caller %}{{ caller() }}{% endif %}</p>{% endmacro %}\
{% macro tag(text) %}<p{{ kwargs|xmlattr }}>{{ text }}</p>{% endmacro %}\
{% import 'forms.html' as forms %}""",
}
"""What stands before the loop, by the group of the construct in it."""

OTHERS: Mapping[str, str] = {
    "forms.html": "{% macro field(name, value='', kind='text') %}"
    "<input type='{{ kind }}' name='{{ name }}' value='{{ value }}'>{% endmacro %}",
    "part.html": "<i>{{ row.name }}</i>",
    "constant.html": "<hr>",
    "loop.html": "{% for tag in row.tags %}{{ tag }}{% endfor %}",
}

CONSTRUCTS: Mapping[str, Sequence[str]] = {
    "Values": (
        *("{{ row.name }}", "{{ row.id }}", "{{ row.price }}", "{{ row.owner.name }}", "{{ row }}"),
        *(
            "{{ row.data.name }}",
            "{{ row.data['name'] }}",
            "{{ row.pair[0] }}",
            "{{ row.tags[0] }}",
        ),
        *("{{ row.html }}", "{{ row.kind }}", "{{ row.tags }}", "{{ row.missing }}", "{{ site }}"),
    ),
    "Calls": (
        *("{{ row.get_url() }}", "{{ row.label(1) }}", "{{ row.label('a', b=2) }}"),
        *("{{ url_for('item', id=row.id) }}", "{{ with_context(row.id) }}"),
        *("{{ row.name.upper() }}", "{{ row.data.get('name', '') }}"),
        *("{{ row.day.isoformat() }}", "{{ row.day.strftime('%d.%m.%Y') }}"),
        *("{{ '{:.2f}'.format(row.price) }}", "{{ '%.2f' % row.price }}"),
    ),
    "Filters": (
        *("upper", "lower", "title", "capitalize", "trim", "truncate(5)", "replace('a', 'b')"),
        *("default('x')", "default('x', true)", "length", "e", "safe", "string", "striptags"),
        *("urlencode", "wordcount", "indent", "center(20)", "first", "reverse", "list"),
        *("join('-')", "sort|join", "unique|join", "map('upper')|join", "exclaimed"),
    ),
    "Filters of other values": (
        *("{{ row.missing|default('x') }}", "{{ row.price|round(1) }}", "{{ row.price|int }}"),
        *("{{ row.tags|join(', ') }}", "{{ row.tags|first }}", "{{ row.tags|tojson }}"),
        *("{{ row.tags|map('upper')|join(', ') }}", "{{ row.tags|select('in', 'ab')|list }}"),
        *("{{ some|map(attribute='name')|join(', ') }}", "{{ some|sum(attribute='price') }}"),
        *("{{ dicts|map(attribute='name')|join(', ') }}", "{{ dicts|sum(attribute='id') }}"),
        *("{{ {'href': row.name}|xmlattr }}", "{{ '%s-%d'|format(row.name, row.id) }}"),
        *("{{ row.id|filesizeformat }}", "{{ row|attr('name') }}"),
    ),
    "Expressions": (
        *("{{ row.price * 2 + 1 }}", "{{ row.name ~ '-' ~ row.id }}", "{{ row.name[:4] }}"),
        *("{{ row.html ~ row.name }}", "{{ row.price ~ ' EUR' }}"),
        *("{{ row.id // 2 }}", "{{ row.none or 'x' }}", "{{ row.active and 'x' }}"),
        *("{{ 'a' if row.active else 'b' }}", "{{ 'a' if row.active }}", "{{ [row.id, 1]|join }}"),
    ),
    "Conditions": (
        *("{% if row.active %}a{% endif %}", "{% if row.active %}a{% else %}b{% endif %}"),
        *("{% if not row.none %}a{% endif %}", "{% if row.active and row.name %}a{% endif %}"),
        "{% if row.id == 1 %}a{% elif row.id == 2 %}b{% elif row.id > 3 %}c{% else %}d{% endif %}",
        *("{% if row.missing is defined %}a{% endif %}", "{% if row.none is none %}a{% endif %}"),
        *("{% if row.id is odd %}a{% endif %}", "{% if row.id is divisibleby 3 %}a{% endif %}"),
        *("{% if 'a' in row.tags %}a{% endif %}", "{% if row.tags|length > 2 %}a{% endif %}"),
        *("{% if nothing %}a{% endif %}", "{% if nothing is defined %}a{% endif %}"),
        *("{% if row.get_url() %}a{% endif %}", "{% if row.active %}{% continue %}{% endif %}"),
    ),
    "loop": (
        *("{{ loop.index }}", "{{ loop.length }}", "{{ loop.cycle('odd', 'even') }}"),
        *("{% if loop.first %}a{% endif %}", "{% if not loop.last %}, {% endif %}"),
        *(
            "{% if loop.changed(row.active) %}a{% endif %}",
            "{{ loop.nextitem.name if loop.nextitem }}",
        ),
    ),
    "Inner loops": (
        "{% for tag in row.tags %}<i>{{ tag }}</i>{% endfor %}",
        "{% for tag in row.tags %}{{ tag }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% for tag in row.tags if tag %}{{ tag }}{% else %}none{% endfor %}",
        "{% for tag in row.missing %}{{ tag }}{% else %}none{% endfor %}",
        "{% for tag in row.tags|reverse %}{{ tag }}{% endfor %}",
        "{% for one in some %}<a href='{{ one.url }}'>{{ one.name }}</a>{% endfor %}",
        "{% for one in some %}{% if one.active %}{{ one.name }}{% else %}-{% endif %}{% endfor %}",
        "{% for key, value in row.data.items() %}{{ key }}={{ value }}{% endfor %}",
        "{% for key, value in row.data|dictsort %}{{ key }}={{ value }}{% endfor %}",
        "{% for key, value in row.data|items %}{{ key }}={{ value }}{% endfor %}",
        *(
            "{% for i in range(3) %}{{ i }}{% endfor %}",
            "{% for i in range(row.id % 5) %}*{% endfor %}",
        ),
        *(
            "{% for column in columns %}<td>{{ row.data[column] }}{% endfor %}",
            "{% for column in columns %}<td>{{ row|attr(column) }}{% endfor %}",
        ),
        "{% for one in some|selectattr('active') %}{{ one.name }}{% endfor %}",
        "{% for one in some|rejectattr('active') %}{{ one.name }}{% endfor %}",
        "{% for one in some|sort(attribute='name') %}{{ one.name }}{% endfor %}",
        "{% for one in dicts|sort(attribute='name') %}{{ one.name }}{% endfor %}",
        "{% for pair in row.tags|batch(2) %}{{ pair|join }}{% endfor %}",
        "{% for group in some|groupby('active') %}{{ group.grouper }}{% endfor %}",
    ),
    SCOPES: (
        *("{% set x = row.name %}{{ x }}", "{% set x, y = row.name, row.id %}{{ x }}{{ y }}"),
        *("{% set x = row.get_url() %}{{ x }}", "{% set x = row.name|upper %}{{ x }}"),
        *("{% set x %}a{{ row.name }}b{% endset %}{{ x }}", "{% set ns.sum = ns.sum + 1 %}"),
        *(
            "{% with x = row.name %}{{ x }}{% endwith %}",
            "{% filter upper %}{{ row.name }}{% endfilter %}",
        ),
        "{% autoescape false %}{{ row.name }}{% endautoescape %}",
    ),
    MACROS: (
        *(
            "{{ plain(row.name) }}",
            "{{ link(row.name, row.url) }}",
            "{{ link(row.name, url=row.url) }}",
        ),
        *(
            "{{ either(row.name, row.active) }}",
            "{{ all(row.tags) }}",
            "{{ plain(row.name)|upper }}",
        ),
        *("{% call around() %}{{ row.name }}{% endcall %}", "{{ forms.field(row.name) }}"),
        *("{{ perhaps(row.name) }}", "{{ tag(row.name) }}", "{{ tag(row.name, class='a') }}"),
        *("{{ forms.field(row.name, value=row.id) }}", "{% include 'part.html' %}"),
        *("{% include 'constant.html' %}", "{% include 'loop.html' %}"),
        "{% include 'constant.html' without context %}",
        "{% block inner scoped %}{{ row.name }}{% endblock %}",
    ),
    "Translations": (
        *("{{ _('Hello') }}", "{% trans %}Hello{% endtrans %}"),
        "{% trans name=row.name %}Hello {{ name }}{% endtrans %}",
        "{% trans n=row.id %}one{% pluralize %}{{ n }} many{% endtrans %}",
    ),
    "Text alone": ("constant",),
}
"""Templates, or the filters of `row.name`, by what they have in common."""

BASELINE, OURS = "Jinja2", "streamtmpl"


class Owner:
    """What a row belongs to."""

    def __init__(self, number: int) -> None:
        self.name = f"owner {number}"


class Row:
    """An object as applications have them."""

    none = None

    def __init__(self, number: int) -> None:
        self.id = number
        self.name = f"name <{number}>"
        self.url = f"?row={number}"
        self.price = number * 1.5
        self.active = number % 2 == 0
        self.tags = ["a", "b", f"c{number}"]
        self.pair = (number, "second")
        self.data = {"id": number, "name": self.name}
        self.day = date(2024, 1, 1 + number % 28)
        self.owner = Owner(number)
        self.html = Markup("<b>bold</b>")
        self.kind = Kind("kind")

    def __str__(self) -> str:
        return self.name

    def get_url(self) -> str:
        """Where it is shown."""
        return self.url

    def label(self, a: object, b: int = 1) -> str:
        """Both arguments."""
        return f"{a}{b}"


class Kind(str):
    """Text of a type of its own, as translations and choices are."""

    __slots__ = ()


@pass_context
def with_context(context: object, value: object) -> object:
    """A function that wants the context, as ``url_for`` of Starlette does."""
    return value


def url_for(endpoint: str, **values: object) -> str:
    """A function that does not."""
    return f"/{endpoint}/{values['id']}"


def constructs() -> Iterator[tuple[str, str]]:
    """All constructs, with the name of their group."""
    for group, members in CONSTRUCTS.items():
        for member in members:
            yield group, f"{{{{ row.name|{member} }}}}" if group == "Filters" else member


def environment(kind: type[Environment]) -> Environment:
    """An environment that has all of them as templates."""
    pages = {
        f"{number}.html": f"{PRELUDES.get(group, '')}{{% for row in rows %}}<li>{source}</li>\n"
        "{% endfor %}"
        for number, (group, source) in enumerate(constructs())
    }
    made = kind(
        loader=DictLoader({**OTHERS, **pages}),
        autoescape=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        str, lambda one, many, number: one if number == 1 else many, newstyle=True
    )
    made.globals.update(url_for=url_for, with_context=with_context, site="Site & Sons")
    made.filters["exclaimed"] = lambda value: f"{value}!"
    return made


def renderings(variables: Mapping[str, Any]) -> dict[tuple[str, str], Callable[[], object]]:
    """What renders each construct, by the label of the engine and the construct.

    :raises SystemExit: the two render different text.
    """
    theirs, ours = environment(Environment), environment(StreamEnvironment)

    tasks: dict[tuple[str, str], Callable[[], object]] = {}
    for number, (_, source) in enumerate(constructs()):
        whole = partial(theirs.get_template(f"{number}.html").render, variables)
        stream = partial(streamed, ours.get_template(f"{number}.html"), variables)
        if whole() != stream():
            raise SystemExit(f"error: different text for {source}")
        tasks[BASELINE, source] = tasks[BASELINE + CONTROL, source] = whole
        tasks[OURS, source] = stream
    return tasks


def streamed(template: Template, variables: Mapping[str, Any]) -> str:
    """The chunks of a stream, joined as `render()` joins its pieces."""
    return "".join(render_stream(template, variables))


def timed(render: Callable[[], object]) -> float:
    """CPU seconds of one render."""
    begin = time.process_time()
    render()
    return time.process_time() - begin


def measure(rounds: int, random: Random) -> dict[str, tuple[Spread, Spread]]:
    """By construct, its time as a share of Jinja2's, and that of Jinja2 itself."""
    rows = [Row(number) for number in range(ROWS)]
    some = rows[:3]
    dicts = [row.data for row in some]
    tasks = renderings(
        {"rows": rows, "some": some, "dicts": dicts, "columns": ["id", "name"]},
    )
    times = interleaved(
        {key: partial(timed, render) for key, render in tasks.items()}, rounds, random
    )

    def share(label: str, source: str) -> Spread:
        pairs = zip(times[label, source], times[BASELINE, source], strict=True)
        return Spread.of([mine / theirs for mine, theirs in pairs])

    return {
        source: (share(OURS, source), share(BASELINE + CONTROL, source))
        for _, source in constructs()
    }


def text(shares: Mapping[str, tuple[Spread, Spread]]) -> str:
    """A table for each group, with what is needed to read them."""
    parts = [
        f"CPU time of {ROWS} rows as a share of Jinja2's, less is faster: the median of the rounds",
        "and, in brackets, the bounds of their middle half.",
    ]
    for group in CONSTRUCTS:
        found = [(shares[source][0], source) for name, source in constructs() if name == group]
        rows = [
            [f"`{source}`".replace("|", "\\|"), f"{share:.2f}"]
            for share, source in sorted(found, key=lambda one: one[0].middle)
        ]
        parts += ["", table([group, "share"], rows)]
    slower = [source for source, (mine, _) in shares.items() if mine.middle > ALLOWED]
    noise = max(abs(again.middle - 1) for _, again in shares.values())
    parts += [
        "",
        f"Jinja2 against itself: off by {noise:.0%} at most.",
        f"Goal for streamtmpl: at most {ALLOWED:.1f}:"
        f" {'MISSED by ' + ', '.join(f'`{source}`' for source in slower) if slower else 'met'}.",
    ]
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables; return 1 if a construct takes longer than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.constructs", description=__doc__)
    parser.add_argument("--rounds", type=count, default=30, help="default: %(default)s")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    shares = measure(chosen.rounds, Random())
    data = [
        {"construct": source, "share": mine.middle, "jinja2_again": again.middle}
        for source, (mine, again) in shares.items()
    ]
    met = all(mine.middle <= ALLOWED for mine, _ in shares.values())
    command = f"python -m bench.constructs --rounds {chosen.rounds}"
    return Findings(command, text(shares), data, [], met)


if __name__ == "__main__":
    sys.exit(main())
