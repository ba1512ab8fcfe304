"""Parents, blocks, `super` and `self`."""

from __future__ import annotations

from ..samples import Sample, template
from .shared import LIB, PARENT, ROWS

INHERITANCE = {
    "three levels": Sample(
        "{% extends 'mid.html' %}{% block title %}{{ super() }}+page{% endblock %}"
        "{% block inner %}<{{ super() }}>{% endblock %}never", PARENT,
    ),
    "blocks used twice": Sample(
        "{% extends 'base.html' %}{% block title %}t<{{ '<' }}{% endblock %}"
        "{% block body %}{{ self.title() }}{{ self.title()|upper }}{{ super() }}{{ super() }}"
        "{{ self.inner() }}{% set x = super() %}{{ x|length }}{% endblock %}", PARENT,
    ),
    "super of super": Sample(
        "{% extends 'mid.html' %}{% block body %}{{ super.super() }}{{ super()|length }}"
        "{{ super() ~ '<' }}{% set s = super %}{{ s() }}{% endblock %}", PARENT,
    ),
    "super where none is": Sample(
        "{% block b %}{{ super is defined }}{{ self.nothing is defined }}{% endblock %}",
    ),
    "by variable": Sample("{% extends name %}{% block title %}x{% endblock %}", PARENT,
                          {"name": "mid.html"}),
    "by object": Sample("{% extends parent %}{% block title %}{{ super() }}{% endblock %}", PARENT,
                        {"parent": template("mid.html")}),
    "by list": Sample("{% extends names|first %}{% block title %}x{% endblock %}", PARENT,
                      {"names": ["base.html"]}),
    "only if": Sample(
        "before{% if flag %}{% extends 'base.html' %}{% endif %}after{% block title %}"
        "t{% endblock %}"
        "{% for x in [1] %}{{ x }}{% endfor %}{{ flag }}", PARENT, {"flag": True},
    ),
    "only if not": Sample(
        "before{% if flag %}{% extends 'base.html' %}{% endif %}after{% block title %}"
        "t{% endblock %}"
        "{% for x in [1] %}{{ x }}{% endfor %}{{ flag }}", PARENT, {"flag": False},
    ),
    "text before": Sample("early {{ 1 }}{% for x in [1] %}{{ x }}{% endfor %}"
        "{% extends 'base.html' %}"
                          "{% block title %}x{% endblock %}", PARENT),
    "what a child does outside of blocks": Sample(
        "{% extends 'base.html' %}{% set x = '<set>' %}{% macro m() %}<m>{{ x }}{% endmacro %}"
        "{% from 'lib.html' import show %}{{ boom() }}{% if x %}{% set y = 2 %}{% endif %}"
        "{% for i in [1] %}{% set z = i %}{% endfor %}{% block title %}{{ x }}{{ m() }}"
        "{{ show(1) }}"
        "{{ y }}{{ z }}{% endblock %}", {**PARENT, **LIB},
    ),
    "blocks in loops": Sample(
        "{% for x in rows %}{% block a %}{{ x }}.{% endblock %}{% block b scoped %}{{ x }}"
        "{{ loop.index }}{% endblock %}{% endfor %}", context=ROWS,
    ),
    "blocks in a child's branches": Sample(
        "{% extends 'base.html' %}{% if false %}{% block title %}hidden{% endblock %}{% endif %}"
        "{% for x in [1, 2] %}{% block inner %}in{{ x }}{% endblock %}{% endfor %}", PARENT,
    ),
    "a scoped block, overridden": Sample(
        "{% extends 'p.html' %}{% block b scoped %}[{{ x }}{{ super() }}]{% endblock %}",
        {"p.html": "{% for x in [1, '<'] %}{% block b scoped %}{{ x }}{% endblock %}{% endfor %}"},
    ),
    "a required block, filled": Sample(
        "{% extends 'p.html' %}{% block b %}filled{% endblock %}",
        {"p.html": "a{% block b required %} {% endblock %}b"},
    ),
    "blocks in macros and calls": Sample(
        "{% macro m() %}({% block b %}b{{ x }}{% endblock %}{{ caller() }}){% endmacro %}"
        "{% call m() %}{{ self.b() }}{% endcall %}", context={"x": "<"},
    ),
    "variables of a block": Sample(
        "{% set x = 1 %}{% block a %}{{ x }}{% set x = 2 %}{{ x }}{% block b %}{{ x }}"
        "{% endblock %}"
        "{% endblock %}{{ x }}{{ self.b() }}",
    ),
    "names that Python keeps": Sample(
        "{% block class %}{{ self.root() }}{% endblock %}{% block root %}r{% endblock %}"
        "{% block into %}i{% endblock %}{% set def = 1 %}{{ def }}{% macro lambda(yield) %}"
        "{{ yield }}{% endmacro %}{{ lambda(2) }}",
    ),
    "a title made of a block": Sample(
        "{% set title = self.title() %}{% extends 'base.html' %}{% block title %}<t>{% endblock %}"
        "{% block inner %}{{ title }}{% endblock %}", PARENT,
    ),
}  # fmt: skip
