"""Hand-written templates that raise, in every place where something can."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, InvalidStateError
from typing import NoReturn

from jinja2 import TemplateRuntimeError

from ..samples import Sample, function, made, raising, template
from .awaiting import LATE_ERRORS
from .shared import LIB, PARENT, PARTS, ROWS, tree


class Broken:
    """Raises whatever a template does with it."""

    def __str__(self) -> NoReturn:
        raise ValueError("no text")

    def __iter__(self) -> NoReturn:
        raise ValueError("no items")

    def __bool__(self) -> NoReturn:
        raise ValueError("neither true nor false")

    def __call__(self) -> NoReturn:
        raise ValueError("no call")

    def __add__(self, other: object) -> NoReturn:
        raise ValueError("no sum")

    def __eq__(self, other: object) -> NoReturn:
        raise ValueError("no comparison")

    def __hash__(self) -> NoReturn:
        raise ValueError("no hash")

    @property
    def attribute(self) -> NoReturn:
        raise ValueError("no attribute")


class Stopping:
    @property
    def attribute(self) -> NoReturn:
        raise StopIteration("early")


class BrokenHtml:
    def __html__(self) -> NoReturn:
        raise ValueError("no markup")


def fails_at(count: int) -> Iterator[int]:
    yield from range(count)
    raise LookupError(f"after {count}")


BOOM = {"boom": raising(ValueError("boom")), **ROWS, "tree": tree()}
STRICT = {"undefined": "strict"}
LINES = "line\n<b>\n"


def at(place: str, **others: str) -> Sample:
    """A template with text and lines around what raises."""
    return Sample(f"{LINES}{place}\n{LINES}", {**PARENT, **LIB, **PARTS, **others}, BOOM)


# Where an expression can stand.
PLACES = {
    "a run": at("a\n{{ rows }}\nb\n{{ boom() }}\nc"),
    "a run of many lines": at("{{ rows }}\n" * 30 + "{{ boom(\n1,\n2) }}\n" + "{{ rows }}\n" * 30),
    "an expression of many lines": at("{{ rows\n ~ rows\n ~ boom(\n 1\n)\n ~ rows }}"),
    "the second call of a run": at("{{ str }}{{ rows.index('a') }}\n{{ boom() }}{{ boom() }}"),
    "a filter's argument": at("{{ rows|join(\n boom()) }}"),
    "a test": at("{% if\n rows is sameas(boom()) %}a{% endif %}"),
    "if": at("{% if boom() %}\na{% endif %}"),
    "elif": at("{% if not rows %}\na\n{% elif boom() %}\nb{% else %}c{% endif %}"),
    "else": at("{% if not rows %}\na\n{% else %}\nb{{ boom() }}{% endif %}"),
    "inline if": at("{{ 1 if\nboom() else 2 }}"),
    "for": at("{% for x in boom() %}\na{% endfor %}"),
    "for's filter": at("{% for x in rows\n if boom() %}\na{% endfor %}"),
    "for's body": at("{% for x in rows %}\n{{ x }}{% if x == 'b' %}\n{{ boom() }}{% endif %}"
                     "{% endfor %}"),
    "for's else": at("{% for x in empty %}\na{% else %}\n{{ boom() }}{% endfor %}"),
    "recursive for": at("{% for n in tree recursive %}\n{{ n.name }}{% if not n.children %}\n"
                        "{{ boom() }}{% endif %}{{ loop(n.children) }}{% endfor %}"),
    "set": at("{% set x =\n boom() %}{{ x }}"),
    "a set block": at("{% set x %}\na{{ boom() }}{% endset %}{{ x }}"),
    "a set block's filter": at("{% set x|replace('a',\n boom()) %}\na{% endset %}{{ x }}"),
    "with": at("{% with a = 1,\n b = boom() %}\n{% endwith %}"),
    "autoescape": at("{% autoescape boom() %}\n{% endautoescape %}"),
    "a filter block": at("{% filter upper %}\na\n{{ boom() }}{% endfilter %}"),
    "a filter block's argument": at("{% filter replace('a', boom()) %}\na\n{% endfilter %}"),
    "trans": at("{% trans x=rows,\n y=boom() %}\n{{ x }}{{ y }}{% endtrans %}"),
    "do": at("{% do\n boom() %}"),
    "extends": at("{% extends boom() %}"),
    "include": at("{% include boom() %}"),
    "import": at("{% import boom() as lib %}"),
    "from": at("{% from boom() import a %}"),
    "a macro": at("{% macro m() %}\na\n{{ boom() }}{% endmacro %}\n{{ m() }}"),
    "a captured macro": at("{% macro m() %}\na\n{{ boom() }}{% endmacro %}\n{{ m()|upper }}"),
    "a macro's default": at("{% macro m(a,\n b=boom()) %}\na{% endmacro %}\n{{ m() }}"),
    "a macro's argument": at("{% macro m(a) %}\na{% endmacro %}\n{{ m(\n boom()) }}"),
    "call": at("{% from 'lib.html' import wrap %}{% call(x) wrap() %}\n{{ x }}\n{{ boom() }}"
               "{% endcall %}"),
    "call's arguments": at("{% from 'lib.html' import show %}\n{% call show(boom()) %}"
        "\n{% endcall %}"),
    "an imported macro": at(
        "{% from 'm.html' import m %}\n{{ m(boom) }}", **{"m.html": "\n{% macro m(f) %}"
            "\n{{ f() }}\n{% endmacro %}"},
    ),
    "what an import runs": at(
        "\n{% import 'm.html' as m with context %}", **{"m.html": "\na{{ boom() }}"}
    ),
    "an include": at("\n{% include 'p.html' %}", **{"p.html": "\n\na\n{{ boom() }}"}),
    "an include of an include": at(
        "\n{% for x in rows %}{% include 'o.html' %}{% endfor %}",
        **{"o.html": "\n{% include 'p.html' %}", "p.html": "\n\n{% if x == 'b' %}{{ boom() }}"
            "{% endif %}"},
    ),
    "a block": at("{% block b %}\n{{ boom() }}{% endblock %}"),
    "a parent": at("{% extends 'p.html' %}", **{"p.html": "\n\n{{ boom() }}"}),
    "a parent's block": at("{% extends 'p.html' %}", **{"p.html": "\n{% block b %}\n{{ boom() }}"
        "{% endblock %}"}),
    "a child's block": at("{% extends 'base.html' %}{% block inner %}\n{{ super() }}"
        "\n{{ boom() }}{% endblock %}"),
    "super": at("{% extends 'p.html' %}{% block b %}\n{{ super() }}{% endblock %}",
                **{"p.html": "\n{% block b %}\n\n{{ boom() }}{% endblock %}"}),
    "self": at("{% block a %}\n{{ self.b() }}{% endblock %}{% block b %}\n{% if u %}{% endif %}"
               "{{ boom() }}{% endblock %}"),
    "a child's top": at("{% extends 'base.html' %}\n{% set x = boom() %}"),
    "a nested block": at("{% block a %}\n{% for x in rows %}{% block b scoped %}\n{{ boom() }}"
        "{% endblock %}"
                         "{% endfor %}{% endblock %}"),
}  # fmt: skip

BREAKING = {
    "printed": Sample("a\n{{ broken }}", context={"broken": made(Broken)}),
    "iterated": Sample("a\n{% for x in broken %}{% endfor %}", context={"broken": made(Broken)}),
    "as a condition": Sample("a\n{% if broken %}{% endif %}", context={"broken": made(Broken)}),
    "called": Sample("a\n{{ broken() }}", context={"broken": made(Broken)}),
    "called by call": Sample("a\n{% call broken() %}"
        "{% endcall %}", context={"broken": made(Broken)}),
    "added": Sample("a\n{{ broken + 1 }}", context={"broken": made(Broken)}),
    "its attribute": Sample("a\n{{ broken.attribute }}", context={"broken": made(Broken)}),
    "as a key": Sample("a\n{{ {}[broken] }}", context={"broken": made(Broken)}),
    "compared": Sample("a\n{{ loop }}{% for x in [1] %}{{ loop.changed(broken) }}{% endfor %}"
                       "{{ broken == 1 }}", context={"broken": made(Broken)}),
    "its markup": Sample("a\n{{ b }}", context={"b": made(BrokenHtml)}),
    "an item later on": Sample(
        "{% for x in g %}\n{{ x }}{% endfor %}", context={"g": made(lambda: fails_at(3))}
    ),
    "an item that is looked at early": Sample(
        "{% for x in g %}\n{{ x }}\n{{ loop.last }}{% endfor %}",
        context={"g": made(lambda: fails_at(3))},
    ),
    "an item counted": Sample(
        "{% for x in g %}\n{{ x }}\n{{ loop.length }}{% endfor %}",
        context={"g": made(lambda: fails_at(3))},
    ),
    "stop iteration from an attribute": Sample(
        "a\n{{ stopping.attribute }}", context={"stopping": made(Stopping)}, only="sync"
    ),
    "stop iteration from an attribute in a loop": Sample(
        "{% for x in rows %}\n{{ x }}{% if x == 'b' %}{{ stopping.attribute }}{% endif %}"
        "{% endfor %}after", context={**ROWS, "stopping": made(Stopping)}, only="sync",
    ),
    "an item that cannot be converted": Sample(
        "{% for x in rows|map('list')|map('float', default=stopping.attribute) %}\n{% endfor %}",
        context={**ROWS, "stopping": made(Broken)},
    ),
    "an item that a filter cannot take": Sample(
        "{% for x in ['a', 'b', 3]|map('list')|map('join', '-') %}\n{{ x }}{% endfor %}",
    ),
    "system exit": Sample("a\n{{ stop() }}", context={"stop": raising(SystemExit(3))}, only="sync"),
    "a timeout": Sample("a\n{{ f() }}", context={"f": raising(TimeoutError("late"))}),
    "a timeout in a block": Sample(
        "{% block b %}\n{% for x in rows %}{{ x }}\n{{ f() }}{% endfor %}{% endblock %}",
        context={**ROWS, "f": raising(TimeoutError())},
    ),
    "errors that thread pools know": Sample(
        "a\n{{ f() }}", context={"f": raising(InvalidStateError("state"))}
    ),
    "a cancelled thread": Sample("a\n{{ f() }}", context={"f": raising(CancelledError("gone"))}),
    "an error of the engine": Sample(
        "a\n{{ f() }}", context={"f": raising(TemplateRuntimeError("from <outside>"))}
    ),
    "an error with arguments": Sample(
        "a\n{{ f() }}", context={"f": raising(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"))}
    ),
}  # fmt: skip

MISUSE = {
    "unpacking too little": Sample("\n{% for a, b in [(1,)] %}{% endfor %}"),
    "unpacking a number": Sample("\n{% for a, b in [1] %}\n{% endfor %}"),
    "iterating a number": Sample("a\n{% for a in 1 %}\n{% endfor %}"),
    "iterating none, with loop": Sample("a\n{% for a in none %}\n{{ loop.index }}{% endfor %}"),
    "calling none": Sample("a\n{{ none() }}"),
    "calling what is undefined": Sample("a\n{{ u() }}"),
    "calling an attribute of undefined": Sample("a\n{{ u.x() }}"),
    "an undefined in all forms": Sample("\n{{ u }}", setup=STRICT),
    "an undefined attribute": Sample("\n{{ rows.x }}", context=ROWS, setup=STRICT),
    "an undefined condition": Sample("\n{% if u %}{% endif %}", setup=STRICT),
    "an undefined loop": Sample("\n{% for x in u %}{% endfor %}", setup=STRICT, only="sync"),
    "an undefined argument": Sample(
        "{% macro m(a) %}\n{{ a }}{% endmacro %}\n{{ m() }}", setup=STRICT
    ),
    "an undefined import": Sample("\n{% from 'lib.html' import nothing %}\n{{ nothing }}", LIB,
                                  setup=STRICT),
    "a missing macro": Sample("\n{% from 'lib.html' import nothing %}\n{{ nothing() }}", LIB),
    "a missing macro's call": Sample("\n{% call nothing() %}\n{% endcall %}"),
    "too many arguments": Sample("{% macro m(a) %}{% endmacro %}\n{{ m(1, 2) }}"),
    "an unknown keyword": Sample("{% macro m(a) %}{% endmacro %}\n{{ m(b=2) }}"),
    "an argument twice": Sample("{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m(1, a=2) }}"),
    "a macro that takes no caller": Sample(
        "{% macro m(a) %}{% endmacro %}\n{% call m(1) %}{% endcall %}"
    ),
    "no caller": Sample("{% macro m(a) %}\n{{ caller() }}{% endmacro %}\n{{ m(1) }}"),
    "no super": Sample("{% block b %}\n{{ super() }}{% endblock %}"),
    "no such block": Sample("{% block b %}\n{{ self.c() }}{% endblock %}"),
    "a required block": Sample("\n{% extends 'p.html' %}", {"p.html": "\n{% block b required %}"
        "{% endblock %}"}),
    "a required block on its own": Sample("a\n{% block b required %}{% endblock %}"),
    "extends twice": Sample("{% if rows %}\n{% extends 'base.html' %}{% endif %}\n"
                            "{% extends 'mid.html' %}", PARENT, ROWS),
    "extends nothing": Sample("\n{% extends u %}"),
    "extends what is missing": Sample("\na\n{% extends 'no.html' %}"),
    "extends what cannot be read": Sample(
        "\na\n{% extends 'bad.html' %}", {"bad.html": "\n{% if %}"}
    ),
    "includes nothing": Sample("\n{% include u %}"),
    "includes what is missing": Sample("\na\n{% include 'no.html' %}"),
    "includes none of many": Sample("\na\n{% include ['no.html', 'none.html'] %}"),
    "includes an empty list": Sample("\na\n{% include [] %}"),
    "includes what includes what is missing": Sample(
        "\n{% include 'p.html' ignore missing %}", {"p.html": "\n\n{% include 'no.html' %}"}
    ),
    "includes what cannot be read": Sample(
        "\n{% include 'bad.html' ignore missing %}", {"bad.html": "a\n{{ x | }}"}
    ),
    "imports what is missing": Sample("\na\n{% import 'no.html' as x %}"),
    "imports what cannot be read": Sample(
        "\na\n{% import 'bad.html' as x %}", {"bad.html": "\n{% x %}"}
    ),
    "loop of no recursive loop": Sample("{% for x in [[1]] %}\n{{ loop(x) }}{% endfor %}"),
    "a cycle of nothing": Sample("{% for x in [1] %}\n{{ loop.cycle() }}{% endfor %}"),
    "a filter that is unknown": Sample("\na\n{{ 1|nothing }}"),
    "a filter that is unknown in a branch": Sample("\na\n{% if true %}\n{{ 1|nothing }}"
        "{% endif %}"),
    "a test that is unknown in a branch": Sample("\n{% if true %}\n{{ 1 is nothing }}{% endif %}"),
    "constants that fail": Sample("a\n{{ 1 / 0 }}"),
    "a syntax error": Sample("a\n{% if %}"),
    "an unknown tag": Sample("a\n{% nothing %}"),
    "an open block": Sample("a\n{% if 1 %}\n{% for x in y %}"),
    "blocks of one name": Sample("{% block a %}{% endblock %}\n{% block a %}{% endblock %}"),
    "a namespace that is none": Sample("{% set ns = {} %}\n{% set ns.a = 1 %}"),
    "sandboxed": Sample("a\n{{ rows.__class__.__mro__ }}", context=ROWS, setup={"sandboxed": True}),
    "a sandboxed call": Sample("a\n{{ f.__globals__ }}{{ (1).__class__() }}",
                               context={"f": function(fails_at)}, setup={"sandboxed": True}),
    "a sandboxed format": Sample("a\n{{ '{0.__class__}'.format(rows) }}{{ range(9999999) }}",
                                 context=ROWS, setup={"sandboxed": True}),
    "a template object that fails": Sample(
        "\n{% include part %}", {"p.html": "\n\n{{ 1 / 0 }}"}, {"part": template("p.html")}
    ),
}  # fmt: skip

# Jinja2 only notices these when it joins its pieces, so it has no template line to tell.
NO_TEXT = {
    "a filter block that is no text": Sample("a\n{% filter length %}abc{% endfilter %}"),
    "a call that is no text": Sample("a\n{% call f() %}{% endcall %}",
                                     context={"f": function(lambda caller: 3)}),
    "a call of a number": Sample("{% macro m() %}{% call f() %}{% endcall %}{% endmacro %}"
        "{{ m() }}",
                                 context={"f": function(lambda caller: 3)}),
}  # fmt: skip

ERRORS = {
    f"{title}: {name}": sample
    for title, samples in {
        "in": PLACES,
        "value": BREAKING,
        "misuse": MISUSE,
        "late": LATE_ERRORS,
    }.items()
    for name, sample in samples.items()
}
