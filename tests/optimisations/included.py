"""Pages that include templates, and what those see of the variables around them."""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from .agreement import Notes, Pair

NAMES = ("x", "y", "z", "w", "only", "shared")


@pass_context
def seen(context: Context) -> str:
    """Each name the way a function of the context sees it."""
    return ",".join(f"{name}={context.get(name, '-')}" for name in NAMES)


@pass_context
def everything(context: Context) -> str:
    """What there is at all."""
    of_all = sorted({*NAMES, "loop"} & set(context.get_all()))
    return f"{of_all}{[name in context for name in NAMES]}{sorted(context.exported_vars)}"


OTHERS = {
    "part": "[{{ x }}{{ y }}{{ z }}{{ shared }}{{ seen() }}{{ everything() }}"
    "{{ loop is defined }}]",
    "sets": "{% set x = 'inner' %}{% set only = 1 %}{{ x }}{{ seen() }}{{ everything() }}",
    "macro": "{% macro q(a=x) %}{{ a }}{{ y }}{{ seen() }}{% endmacro %}{{ q() }}",
    "block": "{% block inner %}{{ x }}{{ y }}{{ seen() }}{% endblock %}{{ self.inner() }}",
    "child": "{% extends 'base' %}{% block b %}{{ super() }}{{ x }}{{ y }}{% set w = 4 %}"
    "{{ seen() }}"
    "{% endblock %}",
    "base": "<{% block b %}{{ x }}{{ seen() }}{% endblock %}>",
    "deep": "{% set y = 'deep' %}{% include 'part' %}",
    "loop": "{% for x in [x, 2] %}{% include 'part' %}{% endfor %}{{ x }}",
    "changes": "{% do l.append(1) %}{{ l }}",
    "lib": "{% set x = 'lib' %}{% set v = x %}{% macro f() %}{{ x }}{{ y }}{{ shared }}"
    "{% endmacro %}",
    "seer": "{% macro f() %}{{ x }}{{ y }}{{ z }}{{ shared }}{{ seen() }}{% endmacro %}",
    "missing part": "{% include 'nope' %}",
    "bad": "\n{{ 1 / 0 }}",
}
INCLUDES = {
    **{name: f"{{% include '{name}' %}}" for name in list(OTHERS)[:9]},
    "ignored": "{% include 'nope' ignore missing %}",
    "first of a list": "{% include ['nope', 'part'] %}",
    "first of a tuple": "{% include ('nope', 'sets') ignore missing %}",
    "none of a list": "{% include ['nope', 'none'] ignore missing %}",
    "no list": "{% include [] ignore missing %}",
    "a variable list": "{% include names %}",
    "a variable name": "{% include name %}",
    "a condition": "{% include 'part' if y else 'sets' %}",
    "twice": "{% include 'part' %}{% include 'sets' %}{% include 'part' %}",
    "import": "{% import 'lib' as lib %}{{ lib.f() }}{{ lib.v }}{{ lib.x }}{{ lib.nope }}",
    "import with context": "{% import 'lib' as lib with context %}{{ lib.f() }}{{ lib.v }}",
    "from import": "{% from 'seer' import f %}{{ f() }}",
    "from import with context": "{% from 'seer' import f as h with context %}{{ h() }}"
    "{{ h()|length }}",
    "from import of nothing": "{% from 'lib' import nope %}{{ nope }}",
}
PLACES = {
    "alone": "IT",
    "after set": "{% set y = 1 %}{% set z = '<z>' %}IT{{ y }}{{ x }}{{ seen() }}",
    "before and after set": "IT{% set y = 1 %}IT{% set y = 2 %}IT",
    "loop": "{% for y in [1, 2] %}IT{{ loop.index }}{% endfor %}{{ y }}{{ seen() }}",
    "set in a loop": "{% for y in [1, 2] %}{% set z = y * 2 %}IT{{ z }}{% set w = 1 %}"
    "IT{% endfor %}"
    "{{ z }}{{ w }}IT",
    "set again in a loop": "{% set z = 0 %}{% for y in [1, 2] %}IT{% set z = y %}IT{% endfor %}"
    "IT{{ z }}",
    "shadowed by a loop": "{% for x in [1, 2] %}IT{% endfor %}IT{{ x }}",
    "two loops": "{% for y in [1] %}{% set z = 1 %}{% for x in [5, 6] %}{% set w = x %}"
    "IT{% endfor %}IT"
    "{% endfor %}IT",
    "tested loop": "{% for y in [1, 2, 3] if y != 2 %}{% set z = loop.index %}IT{% endfor %}",
    "recursive loop": "{% for y in [[]] recursive %}{% set z = 1 %}IT{{ loop(y) }}{% endfor %}",
    "break and continue": "{% for y in [1, 2] %}{% set z = y %}IT{% if y == 1 %}{% continue %}"
    "{% endif %}"
    "{% set w = 1 %}IT{% break %}{% endfor %}IT",
    "else": "{% for y in [] %}{% else %}{% set z = 1 %}IT{% endfor %}IT",
    "with": "{% with y = 1, z = 2 %}IT{% set w = 3 %}IT{% endwith %}IT",
    "if": "{% if true %}{% set y = 1 %}IT{% endif %}IT",
    "set in a branch that does not run": "{% if false %}{% set y = 1 %}{% endif %}IT",
    "macro": "{% macro m(y, z=2) %}{% set w = 3 %}IT{% endmacro %}{{ m(1) }}{{ m(1)|upper }}IT",
    "call": "{% macro m() %}{{ caller(7) }}{% endmacro %}{% call(y) m() %}{% set w = 3 %}"
    "IT{% endcall %}",
    "filter": "{% filter upper %}{% set y = 3 %}IT{% endfilter %}",
    "set block": "{% set q %}IT{% endset %}{{ q }}",
    "block": "{% block q %}{% set y = 1 %}IT{% for z in [1] %}IT{% endfor %}{% endblock %}",
    "scoped block": "{% for y in [1, 2] %}{% block q scoped %}{% set w = 1 %}IT{% endblock %}"
    "{% endfor %}",
    "child's block": "{% extends 'base' %}{% set y = 1 %}{% block b %}IT{{ y }}{% endblock %}",
    "namespace": "{% set y = namespace(a=1) %}{% set y.a = 2 %}IT",
    "autoescape": "{% autoescape false %}IT{% endautoescape %}{% autoescape on %}"
    "IT{% endautoescape %}",
}


def context(notes: Notes) -> dict[str, Any]:
    return {"x": "<x>", "on": True, "l": [], "names": ["nope", "part"], "name": "sets"}


def with_globals(environment: Any) -> None:
    environment.globals.update(shared="<s>", seen=seen, everything=everything)


def pair(place: str, include: str, kind: str, **options: Any) -> Pair:
    source = PLACES[place].replace("IT", include)
    options.setdefault("change", with_globals)
    return Pair({"page.html": source, **OTHERS}, kind, **options)


@pass_context
def split(context: Context, *_: object) -> str:
    """Which variables are the template's own, and which it was given; its name and globals."""
    given = sorted({*NAMES, "loop"} & set(context.parent))
    return f"{sorted(context.vars)}{given}{context.name}{len(context.globals_keys)}"


def asked(environment: Any) -> None:
    with_globals(environment)
    environment.globals["split"] = environment.filters["split"] = split
    environment.tests["splitting"] = split
