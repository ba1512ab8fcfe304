"""Loops, and everything that `loop` knows."""

from __future__ import annotations

from ..samples import Sample, made
from .shared import HOSTILE, ROWS, TREE

LOOPS = {
    "everything that loop knows": Sample(
        "{% for x in rows %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}"
        "{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}"
        "{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('<', '>') }}"
        "{{ loop.changed(x) }}{{ loop.changed(1) }}\n{% endfor %}",
        context=ROWS,
    ),
    "look-ahead in a generator": Sample(
        "{% for x in g %}{{ x }}{{ loop.last }}{{ loop.nextitem }}{% endfor %}{{ g|list }}",
        context={"g": made(lambda: iter([1, 2, 3]))},
    ),
    "the length of a generator": Sample(
        "{% for x in g %}{{ x }}{% if loop.first %}{{ loop.length }}{% endif %}{% endfor %}",
        context={"g": made(lambda: (n for n in (1, 2, 3)))},
    ),
    "break": Sample(
        "{% for x in g %}{{ x }}{% if x == 2 %}out{% break %}no{% endif %}.{% else %}no{% endfor %}"
        "{% for x in g %}{{ x }}{% endfor %}",
        context={"g": made(lambda: iter([1, 2, 3, 4]))},
    ),
    "continue": Sample(
        "{% for x in rows %}{% if loop.first %}skip{% continue %}{% endif %}{{ x }}{% endfor %}",
        context=ROWS,
    ),
    "only continued iterations": Sample(
        "{% for x in rows %}a{% continue %}b{% else %}else{% endfor %}"
        "{% for x in rows %}{% break %}{% else %}else{% endfor %}",
        context=ROWS,
    ),
    "leaving captures": Sample(
        "{% for x in rows %}<{% filter upper %}f{{ x }}{% if x == 'a' %}{% continue %}{% endif %}"
        "{% set y %}s{{ x }}{% if x == 'b' %}{% break %}{% endif %}{% endset %}{{ y }}"
        "{% endfilter %}>"
        "{% endfor %}.{{ y }}.",
        context=ROWS,
    ),
    "leaving nested captures": Sample(
        "{% for x in rows %}{% set a %}a{% filter upper %}b{% with z = x %}{% autoescape false %}"
        "{% if z == 'b' %}{% break %}{% endif %}{% endautoescape %}{% endwith %}{% endfilter %}"
        "{% endset %}{{ a }}{{ '<' }}{% endfor %}{{ '<' }}",
        context=ROWS,
    ),
    "leaving an inner loop": Sample(
        "{% for x in rows %}{% for y in rows %}{% if y == 'b' %}{% continue %}{% endif %}"
        "{% if x == 'b' %}{% break %}{% endif %}{{ x }}{{ y }}{% endfor %};{% endfor %}",
        context=ROWS,
    ),
    "else": Sample(
        "{% for x in empty %}no{% else %}{{ x }}none{% endfor %}"
        "{% for x in rows if x == 'z' %}no{% else %}{{ loop }}none{% endfor %}",
        context=ROWS,
    ),
    "a filtered loop": Sample(
        "{% for x in rows if x != b %}{{ loop.index }}/{{ loop.length }}{{ x }}{% endfor %}",
        context={**ROWS, "b": "b"},
    ),
    "scopes": Sample(
        "{% set v = 0 %}{% for x in rows %}{{ v }}{% set v = x %}{{ v }}{% endfor %}{{ v }}"
        "{% if true %}{% set v = 1 %}{% endif %}{{ v }}{% with v = 2 %}{{ v }}{% set v = 3 %}"
        "{{ v }}{% endwith %}{{ v }}{{ x }}",
        context=ROWS,
    ),
    "a namespace": Sample(
        "{% set ns = namespace(n=0) %}{% for x in rows %}{% set ns.n = ns.n + 1 %}"
        "{% set ns.t %}<{{ x }}>{% endset %}{% endfor %}{{ ns.n }}{{ ns.t }}{{ ns.none }}",
        context=ROWS,
    ),
    "shadowing": Sample(
        "{% for x in rows %}{% for x in [x, 1] %}{{ x }}{% endfor %}{{ x }}{% endfor %}{{ x }}",
        context={**ROWS, "x": "outer"},
    ),
    "loop of the outer loop": Sample(
        "{% for x in rows %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}"
        "{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}",
        context=ROWS,
    ),
    "unpacking": Sample(
        "{% for k, (a, b) in pairs %}{{ k }}{{ a }}{{ b }}{% endfor %}"
        "{% for k, v in d.items() %}{{ k }}={{ v }}{{ loop.last }}{% endfor %}",
        context={"pairs": [("<", (1, 2)), ("k", "ab")], "d": {"<": ">", "b": None}},
    ),
    "recursive": Sample(
        "{% for n in tree recursive %}<li>{{ loop.depth }}{{ loop.index }}{{ n.name }}"
        "{% if n.children %}<ul>{{ loop(n.children) }}</ul>{% endif %}</li>{% endfor %}",
        context=TREE,
    ),
    "recursive, captured": Sample(
        "{% for n in tree recursive %}{% set inner = loop(n.children) %}{{ n.name }}({{ inner }})"
        "{{ loop(n.children)|upper }}{{ loop(n.children) ~ '<' }}{% endfor %}",
        context=TREE,
    ),
    "recursive, by another name": Sample(
        "{% for n in tree recursive %}{% set again = loop %}{{ n.name }}{% for x in [1] %}"
        "{{ again(n.children) }}{% endfor %}{{ again.index }}{% endfor %}",
        context=TREE,
    ),
    "recursive, in a macro and with else": Sample(
        "{% macro list(items) %}{% for n in items recursive %}{{ n.name }}[{{ loop(n.children) }}]"
        "{% else %}none{% endfor %}{% endmacro %}{{ list(tree) }}{{ list([])|upper }}",
        context=TREE,
    ),
    "recursive, filtered": Sample(
        "{% for n in tree if n.name != 'c' recursive %}{{ n.name }}{{ loop.length }}"
        "({{ loop(n.children) }}){% endfor %}",
        context=TREE,
    ),
    "recursive in recursive": Sample(
        "{% for n in tree recursive %}{{ n.name }}{% for m in n.children recursive %}-{{ m.name }}"
        "{{ loop(m.children) }}{% endfor %}{{ loop(n.children) }};{% endfor %}",
        context=TREE,
    ),
    "lazy filters": Sample(
        "{% for x in rows|map('upper')|reject('equalto', 'B') %}{{ x }}{{ loop.last }}{% endfor %}"
        "{% for b in rows|batch(2, '-') %}{{ b|join('+') }}{% endfor %}"
        "{% for g in tree|groupby('name') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}",
        context={**ROWS, **TREE},
    ),
    "undefined": Sample("{% for x in nothing %}a{% else %}b{% endfor %}{{ nothing|list }}"),
    "many rows": Sample(
        "{% for n in range(3000) %}<tr><td>{{ n }}</td><td>{{ x }}</td></tr>\n{% endfor %}",
        context={"x": HOSTILE},
    ),
}  # fmt: skip
