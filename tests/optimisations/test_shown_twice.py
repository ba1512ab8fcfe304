"""A variable that is shown twice is escaped once, if it is plain text and stays what it is.

Anything else is asked for its text each time it is shown, in the order of the template.
"""

from __future__ import annotations

from typing import Any

from jinja2 import pass_eval_context
from markupsafe import Markup

from .agreement import Make, Notes, Pair, each_escaping, every_kind

TEMPLATES = {
    "macro": "{% macro m(a, b=a, c='<c>') %}{{ a }}{{ b }}{{ c }}{{ a }}{{ b }}{{ c }}"
    "{% endmacro %}"
    "{{ m(x) }}{{ m(x, '<b>') }}{{ m() }}{{ m(x)|upper }}{{ m(c=x) }}",
    "loop": "{% for a in [x, '<a>', 'a', 1, x] %}{{ a }}-{{ a }}{% endfor %}",
    "pairs": "{% for a, b in [(x, 1), ('<a>', x)] %}{{ a }}{{ b }}{{ a }}{{ b }}{% endfor %}",
    "with": "{% with a = x %}{{ a }}{{ a }}{% endwith %}{% with a = '<b>' %}{{ a }}{{ a }}"
    "{% endwith %}",
    "first in a branch": "{% for a in [x, '<a>'] %}{% if loop.first %}{{ a }}{% endif %}{{ a }}"
    "{{ a }}{% endfor %}",
    "then in a branch": "{% for a in [x, '<a>'] %}{{ a }}{% if loop.last %}{{ a }}{% else %}"
    "{{ a }}!"
    "{% endif %}{% endfor %}",
    "then in a loop": "{% for a in [x, '<a>'] %}{{ a }}{% for b in [1, 2] %}{{ a }}{% endfor %}"
    "{% endfor %}",
    "first in a loop": "{% for a in [x, '<a>'] %}{% for b in y %}{{ a }}{% endfor %}{{ a }}{{ a }}"
    "{% endfor %}",
    "of an inner loop": "{% for a in [x, '<a>'] %}{{ a }}{% for a in ['<i>', x] %}{{ a }}{{ a }}"
    "{% endfor %}{{ a }}{% endfor %}",
    "one loop after another": "{% for a in [x] %}{{ a }}{{ a }}{% endfor %}{% for a in ['<a>'] %}"
    "{{ a }}{{ a }}{% endfor %}",
    "set between": "{% for a in [x, '<a>'] %}{{ a }}{% set a = '<s>' %}{{ a }}{{ a }}{% endfor %}",
    "set in a macro": "{% macro m(a) %}{{ a }}{% if a %}{% set a = '<s>' %}{% endif %}{{ a }}"
    "{% endmacro %}{{ m(x) }}{{ m('') }}",
    "an import of the name": "{% for a in [x] %}{{ a }}{% from 'lib' import a %}{{ a }}"
    "{% endfor %}",
    "a macro of the name": "{% for a in [x] %}{{ a }}{% macro a() %}{% endmacro %}"
    "{{ a is callable }}"
    "{{ a() }}{% endfor %}",
    "seen by a call block": "{% macro m(a) %}{{ a }}{{ caller(a) }}{{ a }}{% endmacro %}"
    "{% call(a) m(x) %}{{ a }}{{ a }}{% endcall %}",
    "implicit parameters": "{% macro m() %}{{ varargs }}{{ kwargs }}{{ varargs }}{{ kwargs }}"
    "{% endmacro %}{{ m('<v>', k='<k>') }}",
    "autoescape between": "{% for a in [x, '<a>'] %}{{ a }}{% autoescape false %}{{ a }}{{ a }}"
    "{% endautoescape %}{{ a }}{% autoescape true %}{{ a }}{{ a }}{% endautoescape %}{% endfor %}",
    "autoescape by a value": "{% for a in [x, '<a>'] %}{{ a }}{% autoescape on %}{{ a }}{{ a }}"
    "{% endautoescape %}{% endfor %}",
    "escaping switched off": "{% for a in [x, '<a>'] %}{{ a }}{{ off() }}{{ a }}{% endfor %}",
    "captured": "{% for a in [x, '<a>'] %}{{ a }}{% filter upper %}{{ a }}{% endfilter %}"
    "{% set b %}"
    "{{ a }}{% endset %}{{ b }}{{ a }}{% endfor %}",
    "filtered between": "{% for a in [x, '<a>'] %}{{ a }}{{ a|e }}{{ a|safe }}{{ a }}{% endfor %}",
    "calls between": "{% macro m(b) %}{{ b }}{{ b }}{% endmacro %}{% for a in [x, '<a>'] %}{{ a }}"
    "{{ m(a) }}{{ a }}{% endfor %}",
    "continue": "{% for a in [x, '<a>', x] %}{% if loop.index == 2 %}{% continue %}{% endif %}"
    "{{ a }}"
    "{{ a }}{% endfor %}",
    "recursive": "{% for a in [y, []] recursive %}{{ a }}{{ loop(a) if a is iterable }}{{ a }}"
    "{% endfor %}",
    "tested": "{% for a in [x, '<a>'] if a %}{{ a }}{{ a }}{% endfor %}",
    "block": "{% block q %}{% for a in [x, '<a>'] %}{{ a }}{% block r scoped %}{{ a }}{{ a }}"
    "{% endblock %}{{ a }}{% endfor %}{% endblock %}",
}


class Counting:
    """Has another text each time, and says so."""

    def __init__(self, notes: Notes, name: str) -> None:
        self._notes, self._name, self._count = notes, name, 0

    def _told(self, how: str) -> str:
        self._count += 1
        self._notes.append((self._name, how, self._count))
        return f"<{self._name}{self._count}>"

    def __str__(self) -> str:
        return self._told("str")


class CountingHtml(Counting):
    def __html__(self) -> str:
        return self._told("html")


class CountingText(str):
    times = 0

    def __html__(self) -> str:
        self.times += 1
        return f"<html {self.times}>"

    def __str__(self) -> str:
        self.times += 1
        return f"<str {self.times}>"


class FailingSecond(CountingHtml):
    def __html__(self) -> str:
        if self._count:
            raise ValueError("no more")
        return super().__html__()


VALUES: dict[str, Make] = {
    "text": lambda notes: "<x>",
    "plain text": lambda notes: "x",
    "markup": lambda notes: Markup("<x>"),
    "int": lambda notes: 3,
    "float": lambda notes: 2.5,
    "bool": lambda notes: True,
    "none": lambda notes: None,
    "list": lambda notes: ["<x>"],
    "text of a class": lambda notes: CountingText("<x>"),
    "other text each time": lambda notes: Counting(notes, "s"),
    "other html each time": lambda notes: CountingHtml(notes, "h"),
    "fails the second time": lambda notes: FailingSecond(notes, "f"),
}


@pass_eval_context
def off(eval_ctx: Any) -> str:
    eval_ctx.autoescape = False
    return ""


def context_of(value: Make) -> Make:
    return lambda notes: {"x": value(notes), "y": [[]], "on": True, "off": off}


@each_escaping
@every_kind
def test_variables_shown_twice(kind: str, autoescape: bool) -> None:
    lib = "{% set a = '<lib>' %}"
    for template, source in TEMPLATES.items():
        pair = Pair({"page.html": source, "lib": lib}, kind, autoescape=autoescape)
        for name, value in VALUES.items():
            pair.agree(context_of(value), f"{template}: {name}")


def test_escaping_by_name() -> None:
    source = TEMPLATES["macro"]
    for autoescape in (lambda name: name == "page.html", lambda name: name != "page.html"):
        pair = Pair({"page.html": source, "lib": ""}, autoescape=autoescape)
        for name, value in VALUES.items():
            pair.agree(context_of(value), name)
