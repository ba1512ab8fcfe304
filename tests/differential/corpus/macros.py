"""Macros, calls, imports."""

from __future__ import annotations

from markupsafe import Markup

from ..samples import Sample, function, raising
from .shared import BY_NAME, HOSTILE, LIB, ROWS, Html, apply, chunks, escaping, seen

MACROS = {
    "arguments": Sample(
        "{% macro m(a, b, c='<c>', d=a) %}{{ a }}|{{ b }}|{{ c }}|{{ d }}{% endmacro %}"
        "{{ m() }}{{ m(1) }}{{ m('<', b=2) }}{{ m(1, 2, 3, 4) }}{{ m(*[1, 2], **{'d': none}) }}",
    ),
    "varargs and kwargs": Sample(
        "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs|dictsort }}{{ caller is defined }}"
        "{% endmacro %}"
        "{{ m(1, 2, '<', k='>') }}{% call m(1, 2) %}x{% endcall %}",
    ),
    "what a macro tells": Sample(
        "{% macro m(a, b=1) %}{{ varargs }}{{ caller() }}{% endmacro %}{{ m.name }}"
        "{{ m.arguments }}"
        "{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{{ m is callable }}",
    ),
    "recursive": Sample(
        "{% macro m(n) %}{{ n }}{% if n %}({{ m(n - 1) }}|{{ m(n - 1)|length }}){% endif %}"
        "{% endmacro %}{{ m(4) }}",
    ),
    "defined late or twice": Sample(
        "{% if m is defined %}{{ m() }}{% endif %}{% macro m() %}1{% endmacro %}{{ m() }}"
        "{% macro m() %}2{% endmacro %}{{ m() }}",
    ),
    "under a name of the context": Sample(
        "{{ f() }}{% macro f() %}<m>{% endmacro %}{{ f() }}",
        context={"f": function(lambda: "<f>")}, setup={"undefined": "chainable"},
    ),
    "not a macro but any callable": Sample(
        "{{ f() }}{{ g() }}{{ h() }}{{ i() }}{{ text.upper() }}{{ d.f() }}{{ Thing() }}",
        context={
            "f": function(lambda: HOSTILE), "g": function(lambda: Markup("<b>")),
            "h": function(lambda: None), "i": function(lambda: 3), "text": "<",
            "d": {"f": str}, "Thing": function(Html),
        },
    ),
    "as values": Sample(
        "{% macro m(x='<') %}<m>{{ x }}{% endmacro %}{% macro n(f) %}{{ f(1) }}{{ f()|upper }}"
        "{% endmacro %}{{ n(m) }}{{ [m][0](2) }}{{ {'m': m}.m(3) }}{{ (m if true else n)(4) }}"
        "{% set ns = namespace(m=m) %}{{ ns.m(5) }}{{ apply(m, 6) }}{{ m|string }}"
        "{% for f in [m, n] %}{% if loop.first %}{{ f() }}{% endif %}{% endfor %}",
        context={"apply": function(apply)}, only="sync",
    ),
    "as values, awaited": Sample(
        "{% macro m(x='<') %}<m>{{ x }}{% endmacro %}{% macro n(f) %}{{ f(1) }}{{ f()|upper }}"
        "{% endmacro %}{{ n(m) }}{{ [m][0](2) }}{{ {'m': m}.m(3) }}{{ (m if true else n)(4) }}"
        "{% set ns = namespace(m=m) %}{{ ns.m(5) }}{{ apply(m, 6) }}",
        context={"apply": function(apply)},
    ),
    "captured": Sample(
        "{% macro m() %}<m>{{ '<' }}{% endmacro %}{% set x = m() %}{{ x }}{{ m()|upper }}"
        "{{ m() ~ '<' }}{{ [m()] }}{{ m() if m() else 1 }}{{ m()|length }}{{ m() == x }}",
    ),
    "closures": Sample(
        "{% for x in rows %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% with y = '<' %}"
        "{% macro n() %}{{ x }}{{ y }}{{ m() }}{% endmacro %}{{ n() }}{% endwith %}{% endfor %}",
        context=ROWS,
    ),
    "in macros": Sample(
        "{% macro outer(x) %}{% macro inner() %}[{{ x }}]{% endmacro %}{{ inner() }}"
        "{{ inner()|upper }}{% endmacro %}{{ outer('<') }}",
    ),
    "call": Sample(
        "{% from 'lib.html' import wrap, twice %}{% call(x) wrap() %}{{ x }}{{ '<' }}{% endcall %}"
        "{% call(i) twice() %}{{ i }}{% call(x) wrap() %}{{ i }}{{ x }}{% endcall %}{% endcall %}",
        LIB,
    ),
    "call in a loop": Sample(
        "{% macro m() %}({{ caller() }}){% endmacro %}{% for x in rows %}{% call m() %}{{ x }}"
        "{{ loop.index }}{% set x = 'set' %}{{ x }}{% endcall %}{{ x }}{% endfor %}",
        context=ROWS,
    ),
    "caller as a value": Sample(
        "{% macro m() %}{{ apply(caller) }}{% set c = caller() %}{{ c }}{{ caller()|upper }}"
        "{% filter upper %}{{ caller() }}{% endfilter %}{{ n(caller) }}{% endmacro %}"
        "{% macro n(f) %}<n>{{ f() }}{% endmacro %}{% call m() %}<c>{{ '<' }}{% endcall %}",
        context={"apply": function(apply)}, only="sync",
    ),
    "caller of the caller": Sample(
        "{% macro a() %}a{{ caller() }}{% endmacro %}{% macro b() %}b{% set outer = caller %}"
        "{% call a() %}{{ outer() }}{{ outer()|upper }}{% endcall %}{% endmacro %}"
        "{% call b() %}<c>{% endcall %}",
    ),
    "call of what is no macro": Sample(
        "{% call f() %}<{{ x }}>{% endcall %}{% call g(1) %}x{% endcall %}",
        context={"x": "<", "f": function(lambda caller: caller()),
                 "g": function(lambda n, caller: "<g>" + caller())},
        only="sync",
    ),
    "calls that stop iteration": Sample(
        "{% macro m() %}m{{ stop() }}m{% endmacro %}a{{ stop() }}b{{ m() }}{% for x in [1, 2] %}"
        "{{ x }}{{ stop() }}{% endfor %}{% filter upper %}f{{ stop() }}{% endfilter %}",
        context={"stop": raising(StopIteration("s"))}, only="sync",
    ),
    "call without a body": Sample("{% call f() %}{% endcall %}.",
                                  context={"f": function(lambda caller: "<f>")}),
    "imported": Sample(
        "{% import 'lib.html' as lib %}{% from 'lib.html' import show as s, value %}"
        "{{ lib.show(1) }}"
        "{{ s('<') }}{{ value }}{{ lib.value }}{{ lib }}{{ lib.nothing }}{{ lib['show'](2) }}",
        LIB,
    ),
    "imported with context": Sample(
        "{% set x = '<x>' %}{% import 'c.html' as c with context %}{{ c.m() }}{{ c.top }}"
        "{% for x in [1, 2] %}{% from 'c.html' import m with context %}{{ m() }}{% endfor %}"
        "{% import 'c.html' as d %}{{ d.m() }}",
        {"c.html": "{% macro m() %}{{ x }}{{ y }}{% endmacro %}{% set top = x %}"}, {"y": "<y>"},
    ),
    "imported where escaping differs": Sample(
        "{% import 'lib.txt' as t %}{% import 'lib.html' as h %}{{ t.show('<') }}{{ h.show('<') }}"
        "{% call(x) t.wrap() %}{{ x }}<{{ '<' }}{% endcall %}{% autoescape false %}"
        "{{ t.show('<') }}{{ h.show('<') }}{% endautoescape %}{{ t.value }}{{ t }}",
        LIB, setup=BY_NAME,
    ),
    "escaping that only shows when rendering": Sample(
        "{% macro m(x) %}<m>{{ x }}{% endmacro %}{% macro n() %}{{ caller() }}{% endmacro %}"
        "{% autoescape flag %}{{ m('<') }}{{ '<' }}"
        "{% call n() %}{{ '<' }}{% endcall %}{% set s %}<{{ '<' }}{% endset %}{{ s }}{{ m(s) }}"
        "{% endautoescape %}{{ m('<') }}",
        context={"flag": False},
    ),
    "escaping on and off": Sample(
        "{% macro off(x) %}<o>{{ x }}{% endmacro %}{% autoescape true %}{% macro m(x) %}<m>{{ x }}"
        "{% endmacro %}{{ m('<') }}{{ off('<') }}{% set on = m %}{{ apply(m, '<') }}"
        "{% autoescape false %}{{ m('<') }}{{ off('<') }}{% endautoescape %}"
        "{% autoescape not flag %}{{ m('<') }}{{ off('<') }}{{ escaping() }}{% endautoescape %}"
        "{% endautoescape %}{{ off('<') }}",
        context={"flag": False, "escaping": function(escaping), "apply": function(apply)},
        setup={"autoescape": "off"},
    ),
    "finalize sees what macros write": Sample(
        "{% macro n() %}{{ caller() }}{% endmacro %}{% macro m() %}{{ 'x' }}{{ none }}"
        "{% endmacro %}"
        "{{ m() }}{{ m()|upper }}{% call n() %}y{{ '<' }}{% endcall %}",
        setup={"finalize": "brackets"},
    ),
    "pass-argument functions": Sample(
        "{% set v = 1 %}{{ seen('v', 'x') }}{% for x in rows %}{% set v = x %}{{ seen('v', 'x') }}"
        "{% endfor %}{{ escaping() }}{{ chunks() }}{% block b %}{% set w = 2 %}"
        "{{ seen('v', 'w') }}{% endblock %}{% macro m(x) %}{{ seen('x', 'v') }}{% endmacro %}"
        "{{ m(1) }}",
        context={**ROWS, "seen": function(seen), "escaping": function(escaping),
                 "chunks": function(chunks)},
    ),
    "deep recursion": Sample(
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}.{% endmacro %}{{ m(60) }}"
    ),
}  # fmt: skip
