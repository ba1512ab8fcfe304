"""Included templates."""

from __future__ import annotations

from ..samples import Sample, template
from .shared import BY_NAME, PARENT, PARTS, ROWS

INCLUDES = {
    "in a loop": Sample("{% for x in rows %}{% include 'deep.html' %}{% endfor %}", PARTS, ROWS),
    "with and without context": Sample(
        "{% set x = '<' %}{% include 'part.html' %}{% include 'part.html' with context %}"
        "{% include 'part.html' without context %}{{ x }}", PARTS,
    ),
    "by list": Sample(
        "{% include ['no.html', 'part.html'] %}{% include names %}{% include ('no.html', part) %}",
        PARTS, {"names": ["no", "deep.html"], "part": template("part.html"), "x": 1},
    ),
    "missing": Sample(
        "a{% include 'no.html' ignore missing %}b{% include ['n', 'o'] ignore missing %}c"
        "{% include name ignore missing with context %}d", context={"name": "no"},
    ),
    "an object": Sample("{% include part %}", PARTS, {"part": template("deep.html"), "x": "<"}),
    "what extends": Sample(
        "<{% include 'child.html' %}>{% block title %}own{% endblock %}",
        {**PARENT, "child.html": "{% extends 'mid.html' %}{% block title %}c{% endblock %}"},
    ),
    "in everything that captures": Sample(
        "{% set c %}{% include 'part.html' %}{% endset %}{{ c }}{% filter upper %}"
        "{% include 'deep.html' %}{% endfilter %}{% macro m() %}{% include 'part.html' %}"
        "{% endmacro %}{{ m() }}{{ m()|upper }}", PARTS, {"x": "<a>"},
    ),
    "locals": Sample(
        "{% set x = 1 %}{% with x = 2 %}{% include 'part.html' %}{% endwith %}{% for x in [3] %}"
        "{% set y = 4 %}{% include 'y.html' %}{% endfor %}{% block b %}{% set x = 5 %}"
        "{% include 'part.html' %}{% endblock %}", {**PARTS, "y.html": "{{ x }}{{ y }}"
            "{% set x = 9 %}"},
    ),
    "itself": Sample(
        "{{ n }}{% if n < 5 %}{% with n = n + 1 %}{% include 'page.html' %}{% endwith %}"
        "{% endif %}.",
        context={"n": 0},
    ),
    "where escaping differs": Sample(
        "{{ '<' }}{% include 'a.txt' %}{{ '<' }}{% autoescape false %}{% include 'b.html' %}"
        "{{ '<' }}"
        "{% endautoescape %}", {"a.txt": "{{ '<' }}", "b.html": "{{ '<' }}"}, setup=BY_NAME,
    ),
}  # fmt: skip
