"""Text, expressions, values, whitespace."""

from __future__ import annotations

from markupsafe import Markup

from ..samples import Sample, function, made
from .shared import LIB, ROWS, Counted, Html, SubNumber, SubText, apply

OUTPUT = {
    "nothing": Sample(""),
    "only a comment": Sample("{# nothing #}"),
    "only whitespace": Sample(" \n\t "),
    "trailing newline": Sample("a\n"),
    "kept trailing newline": Sample("a\n\n", setup={"keep_trailing_newline": True}),
    "other newlines": Sample("a\r\nb\rc\n{{ d }}", setup={"newline_sequence": "\r\n"}),
    "quotes, braces and backslashes": Sample(
        "'\"'''\"\"\"{x}}{ {{ '{' }}\\ \\n \\N{DASH} %s %(a)s {0!r} $x\\{{ '\\\\' }}\\",
    ),
    "control characters": Sample("\x00\x07\x7f\x85\u2028\ufeff{{ x }}", context={"x": "\x00\x1b"}),
    "astral text": Sample("\U0001f600{{ x }}\U00020000", context={"x": "\U0001f9e6<"}),
    "text between expressions": Sample("{{ a }}{{ b }} {{ a }}{{ b }}", context={"a": 1, "b": 2.5}),
    "constants": Sample("{{ 1 }}{{ '<' }}{{ none }}{{ true }}{{ 1.0 }}{{ [1, '<'] }}"
        "{{ {'a': 1} }}"),
    "constants that fail": Sample("a{% if false %}{{ 1 / 0 }}{{ 'a'|int(base='x') }}{% endif %}b"),
    "all kinds of values": Sample(
        "{{ html }}|{{ text }}|{{ number }}|{{ none }}|{{ big }}|{{ nan }}|{{ b }}|{{ safe }}",
        context={
            "html": made(Html), "text": SubText("x"), "number": SubNumber(3), "none": None,
            "big": 10**40, "nan": float("nan"), "b": b"<bytes>", "safe": Markup("<safe>"),
        },
    ),
    "all kinds of values, not escaped": Sample(
        "{{ html }}|{{ text }}|{{ number }}|{{ none }}|{{ safe }}",
        context={
            "html": made(Html), "text": SubText("x"), "number": SubNumber(3), "none": None,
            "safe": Markup("<safe>"),
        },
        setup={"autoescape": "off"},
    ),
    "printed before it changes": Sample(
        "{{ items }}{{ items.append('<') }}{{ items }}{{ items.append(2) or '' }}{{ items }}",
        context={"items": made(list)},
    ),
    "printed again and again": Sample(
        "{{ it }}, {{ it }}{{ it.count }}{{ it|string }}{% if it %}{{ it }}{% endif %}",
        context={"it": made(Counted)},
    ),
    "a generator is used up": Sample(
        "{{ g|first }}{% for x in g %}{{ x }}{{ g|first }}{% endfor %}{{ g|list }}",
        context={"g": made(lambda: iter("abcdef"))},
    ),
    "huge text": Sample("x" * 40_000 + "{{ x }}" + "y" * 40_000, context={"x": "z" * 40_000}),
    "a run of many expressions": Sample("{{ a }}-{{ b }}" * 1500, context={"a": "<", "b": 1}),
    "many statements": Sample("{% if a %}{{ a }}{% endif %}" * 600, context={"a": "<"}),
    "a long concatenation": Sample("{{ " + " ~ ".join(["a"] * 300) + " }}", context={"a": "<"}),
    "printing what is no data": Sample(
        "{% macro m() %}{{ caller }}{% endmacro %}{% import 'lib.html' as lib %}{{ f }}{{ m }}"
        "{{ self }}{{ lib }}{{ lib|string }}{% block x %}{{ super }}{% endblock %}{{ range(3) }}"
        "{{ nothing }}{{ lib.nothing }}{{ f.nothing }}{% call m() %}{% endcall %}",
        LIB, {"f": function(apply)}, {"undefined": "debug"},
    ),
    "printing the loop": Sample("{% for x in [1, 2] %}{{ loop }}{% endfor %}", only="sync"),
    "whitespace control": Sample(
        " a {%- if true -%} b {{- 1 -}} c {%+ if true +%} d {% endif %} \n {%- endif %} \n e",
    ),
    "trimmed blocks": Sample(
        "  {% for x in rows %}\n    {{ x }}\n  {% endfor %}\n  {%+ if 1 %}\n a\n {%- endif %}\n",
        context=ROWS, setup={"trim_blocks": True, "lstrip_blocks": True},
    ),
    "raw": Sample("{% raw %}{{ x }}{% if %}{% endraw %}{{ x }}{%- raw -%} {# #} {%- endraw -%} .",
                  context={"x": 1}),
    "debug": Sample("{% set x = 1 %}<pre>{% debug %}</pre>"),
}  # fmt: skip
