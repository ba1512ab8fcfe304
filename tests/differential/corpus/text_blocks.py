"""Blocks that make values, translations, and names that generated code might use."""

from __future__ import annotations

from ..samples import Sample, made
from .shared import ROWS

TEXT_BLOCKS = {
    "set blocks": Sample(
        "{% set a %}<{{ '<' }}>{% endset %}{{ a }}{% set b|upper|replace('X', '<') %}x{{ a }}"
        "{% endset %}{{ b }}{% set c %}{% endset %}[{{ c }}]{{ c is escaped }}",
    ),
    "set blocks, not escaped": Sample(
        "{% set a %}<{{ '<' }}>{% endset %}{{ a }}{{ a is escaped }}{% autoescape true %}{{ a }}"
        "{% set b %}<{% endset %}{{ b }}{% endautoescape %}{{ b }}", setup={"autoescape": "off"},
    ),
    "filter blocks": Sample(
        "{% filter upper %}a{% filter replace('A', '<') %}A{{ '<' }}{% endfilter %}{% endfilter %}"
        "{% filter escape %}<{% endfilter %}{% filter trim|indent(2, true) %} x\ny {% endfilter %}",
    ),
    "with": Sample("{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}{% with a = 2, b = a %}"
                   "{{ a }}{{ b }}{% endwith %}", context={"a": "<"}),
    "translations": Sample(
        "{% trans %}plain{% endtrans %}{% trans x='<' %}a {{ x }} 100%{% endtrans %}"
        "{% trans n=rows|length %}one {{ n }}{% pluralize %}many {{ n }}{% endtrans %}"
        "{% trans trimmed count=1 %}\n  one\n  line\n{% pluralize count %}{{ count }}{% endtrans %}"
        "{{ _('<') }}{{ gettext('a') }}{{ ngettext('a', 'b', 2) }}", context=ROWS,
    ),
    "do": Sample("{% do items.append('<') %}{{ items }}{% for x in [1, 2] %}"
                 "{% do items.append(x) %}"
                 "{% endfor %}{{ items }}", context={"items": made(list)}),
    "cycler and joiner": Sample(
        "{% set c = cycler('a', 'b') %}{% set j = joiner('<') %}{% for x in rows %}{{ j() }}"
        "{{ c.next() }}{{ c.current }}{% endfor %}", context=ROWS,
    ),
    "names of generated code": Sample(
        "".join(f"{{% set {name} = '{name}' %}}{{{{ {name} }}}}" for name in (
            "context", "environment", "out", "write", "cut", "name", "blocks", "root", "resolve",
            "undefined", "missing", "escape", "Markup", "str", "type", "len", "concat", "identity",
            "l_0_x", "t_1", "event", "gen", "template", "parent_template", "reciter", "buffer",
            "eval_ctx", "auto_await", "included_template", "cond_expr_undefined", "int", "string",
        )) + "{% macro m() %}{{ caller(2) }}{% endmacro %}{% for write in [out, str] %}"
             "{{ write }}{{ type }}{% endfor %}{% macro out(str) %}"
        "{{ str }}{{ len }}{% endmacro %}{{ out(1) }}{% call(len) m() %}{{ len }}{% endcall %}",
    ),
    "deeply nested conditions": Sample("{% if x %}" * 45 + "{{ x }}" + "{% endif %}" * 45,
                                       context={"x": 1}),
    "deeply nested loops": Sample(
        "".join(f"{{% for x{n} in [{n}] %}}" for n in range(18)) + "{{ x17 }}"
        + "{% endfor %}" * 18,
    ),
    "deeply nested captures": Sample(
        "{% filter upper %}{% with y = x %}" * 8 + "{{ y }}" + "{% endwith %}{% endfilter %}" * 8,
        context={"x": "<a"},
    ),
}  # fmt: skip
