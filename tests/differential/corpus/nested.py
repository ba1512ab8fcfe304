"""Everything that streams, in everything that it can stand in."""

from __future__ import annotations

from ..samples import Sample
from .shared import LIB, tree

# Everything that writes straight into a stream ...
STREAMED = {
    "a macro": "{{ m('<') }}",
    "an imported macro": "{{ lib.show('<') }}",
    "call": "{% call m('<') %}c{{ '<' }}{% endcall %}",
    "super": "{{ super() }}",
    "self": "{{ self.other() }}",
    "caller": "{{ asked() }}",
    "recursion": "{% for n in tree recursive %}{{ n.name }}{{ loop(n.children) }}{% endfor %}",
    "include": "{% include 'part.html' %}",
    "block": "{% block nested %}n{{ '<' }}{% endblock %}",
    "for": "{% for x in rows %}{{ x }}{% endfor %}",
    "trans": "{% trans x='<' %}t{{ x }}{% endtrans %}",
}
# ... in everything that it can stand in.
AROUND = {
    "nothing": "%s",
    "set": "{%% set a %%}a%s{%% endset %%}{{ a }}{{ a|upper }}",
    "filter": "{%% filter upper %%}f%s{%% endfilter %%}",
    "loop": "{%% for i in [1, 2] %%}%s{%% endfor %%}",
    "with": "{%% with w = 1 %%}%s{%% endwith %%}",
    "unescaped": "{%% autoescape false %%}%s{%% endautoescape %%}",
    "volatile": "{%% autoescape flag %%}%s{%% endautoescape %%}",
    "call": "{%% call wrap() %%}%s{%% endcall %%}",
    "if": "{%% if flag is defined %%}%s{%% endif %%}",
}
SURROUNDINGS = {
    "base.html": "{% block body %}base{{ '<' }}{% endblock %}{% block other %}o{{ '<' }}"
    "{% endblock %}",
    "lib.html": LIB["lib.html"],
    "part.html": "p{{ '<' }}",
}
PAGE = (
    "{%% extends 'base.html' %%}{%% import 'lib.html' as lib %%}"
    "{%% macro m(x) %%}<m>{{ x }}{%% if caller %%}{{ caller() }}{%% endif %%}{%% endmacro %%}"
    "{%% macro wrap() %%}<w>{{ caller() }}</w>{%% endmacro %%}"
    "{%% block body %%}%s{%% endblock %%}"
)


def within(inner: str, outer: str) -> Sample:
    """A caller needs a macro around it, all else stands in a block."""
    body = outer % inner
    if "asked()" in inner:
        macro = "{% macro around() %}{% set asked = caller %}" + body + "{% endmacro %}"
        body = macro + "{% call around() %}c{{ '<' }}{% endcall %}"
    context = {"tree": tree(), "rows": ["<", "b"], "flag": False}
    return Sample(PAGE % body, SURROUNDINGS, context)


NESTED = {
    f"{inner} in {outer}": within(STREAMED[inner], AROUND[outer])
    for inner in STREAMED
    for outer in AROUND
}
