"""The text of a ``set`` or ``filter`` block is collected in a list where it is only written.

Whether it is HTML is asked when it is there: a block, or a function, may have changed the escaping.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from streamtmpl.compiler.tags import StreamExtension
from tests.support.compact import compiled_to

from .agreement import EXTENSIONS, Make, Notes, Pair, each_escaping, given, sync_and_async

BODIES = {
    "nothing": "",
    "text": "<b>",
    "a value": "{{ x }}",
    "a run": "<i>{{ x }}{{ n }} {{ n }}</i>\n{{ m }}",
    "branches": "{% if n > 1 %}{{ x }}{% elif f(n) %}{% else %}{% endif %}{% if x %}y{% endif %}",
    "a variable": "{% set w = x %}{{ w }}{% with z = n %}{{ z }}{{ w }}{% endwith %}",
    "a call": "{{ f(x) }}{{ f('<') ~ x }}",
    "calls in a row": "{{ f(x) }}a{{ f(x) }}{{ o.shout(x) }}",
    "a loop": "{% for i in [1, x] %}{{ i }};{% else %}none{% endfor %}",
    "a lazy loop": "{% for i in pulls() %}{{ i }}{{ loop.last }}{% endfor %}",
    "a filter that pulls": "{{ pulls()|join('<') }}{% set z = pulls()|list %}{{ z }}",
    "a recursive loop": "{% for i in [[1], []] recursive %}{{ loop.depth }}"
    "{{ loop(i) if i and i != 1 }}{% endfor %}",
    "a macro": "{% macro a(y) %}<{{ y }}{% set v %}{{ y }}{% endset %}{{ v }}{% endmacro %}"
    "{{ a(x) }}{{ a(1)|upper }}",
    "a call block": "{% call(y) shown(n) %}{{ y }}{{ x }}{% endcall %}",
    "an imported macro": "{% import 'lib' as lib %}{{ lib.a(x) }}{{ lib.v }}",
    "an include": "{% include 'part' %}{% include ['gone', 'part'] ignore missing %}",
    "a block": "{% block inner %}{{ x }}{% endblock %}{{ self.inner() }}",
    "a set block": "{% set v %}{{ x }}{% endset %}{{ v }}{{ v|upper }}",
    "set blocks": "{% set v %}{% set w %}{{ x }}{% endset %}{{ w }}{% endset %}{{ v }}{{ w }}",
    "one with a loop": "{% set v %}{% for i in [x] %}{{ i }}{% endfor %}{% endset %}{{ v }}",
    "a filter block": "{% filter upper %}<b>{{ x }}{% filter trim %} {{ n }} {% endfilter %}"
    "{% endfilter %}",
    "a translation": "{% trans y=x %}<{{ y }}>{% endtrans %}",
    "other escaping": "{% autoescape on %}{{ x }}{% set v %}<{% endset %}{{ v }}{% endautoescape %}"
    "{% autoescape false %}{{ x }}{% set v %}<{% endset %}{{ v|e }}{% endautoescape %}",
    "a namespace": "{% set ns = namespace(a=1) %}{% set ns.a %}{{ x }}{% endset %}{{ ns.a }}",
    "a boundary": "{% boundary %}{{ x }}{% set v %}{{ n }}{% endset %}{{ v }}{% endboundary %}",
    "an object": "{{ html }}{{ markup }}{{ markup ~ x }}{{ text }}",
    "an error": "\n{{ x }}\n{{ n.y.z }}",
    "an error of a filter": "{{ x }}\n{{ x|int('<').y.z }}",
}
BLOCKS = {
    "set": "{% set q %}IT{% endset %}{{ q }}{{ q is escaped }}{{ q ~ '<' }}{{ q|e }}",
    "set and filtered": "{% set q | upper %}IT{% endset %}{{ q }}{{ q is escaped }}",
    "set and filtered twice": "{% set q | told | replace('<', x) %}IT{% endset %}{{ q }}",
    "filtered": "{% filter upper %}IT{% endfilter %}",
    "filtered twice": "{% filter told|e %}IT{% endfilter %}",
    "filtered and set": "{% set q %}{% filter told %}IT{% endfilter %}{% endset %}{{ q }}",
    "an attribute": "{% set ns = namespace() %}{% set ns.q %}IT{% endset %}{{ ns.q }}{{ ns.q|e }}",
    "in a loop": "{% for k in [1, 2] %}{% set q %}{{ k }}IT{% endset %}{{ q }}{{ loop.index }}"
    "{% continue %}{% endfor %}",
    "in a lazy loop": "{% for k in pulls() %}{% set q %}{{ k }}IT{% endset %}{{ q }}{% endfor %}",
    "in a macro": "{% macro mc(x, n) %}{% set q %}IT{% endset %}{{ q }}{% endmacro %}{{ mc(x, n) }}"
    "{{ mc(x, 0)|length }}",
    "in a branch": "{% if n %}{% set q %}IT{% endset %}{% endif %}{{ q }}",
    "with": "{% with %}{% set q %}IT{% endset %}{{ q }}{% endwith %}",
}
OTHERS = {
    "part": "[{{ x }}{% set v %}<{{ n }}>{% endset %}{{ v }}]",
    "lib": "{% macro a(y) %}<{{ y }}>{% endmacro %}{% set v %}<v>{% endset %}",
}
BASE = "{{ q }}{% set r %}<base>{{ x }}{% endset %}{% block b %}{{ q }}{{ r }}{% endblock %}{{ r }}"
SHOWN = "{% macro shown(a) %}({{ caller(a) }}){% endmacro %}"


class Text(str):
    """Its text is another one when it is asked."""

    def __str__(self) -> str:
        return "<asked>"


class Html:
    def __html__(self) -> str:
        return "<html>"


def context(notes: Notes) -> dict[str, Any]:
    def note(value: object) -> object:
        notes.append(("f", str(value)))
        return value

    def pulls() -> Any:
        for number in (1, "<2>"):
            notes.append(("pull", number))
            yield number

    objects = {"html": Html(), "markup": Markup("<m>"), "text": Text("<t>")}
    o = type("Shouting", (), {"shout": lambda self, value: f"{value}!"})()
    return {**objects, "x": "<x>", "n": 2, "m": 1.5, "f": note, "o": o, "pulls": pulls, "on": True}


def with_filter(environment: Any) -> None:
    environment.filters["told"] = lambda value: f"{type(value).__name__}<{value}>"


@pytest.mark.parametrize(("kind", "autoescape"), [("sync", False), ("sync", True), ("async", True)])
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_blocks(block: str, kind: str, autoescape: bool) -> None:
    step = 1 if kind == "sync" and autoescape else 2
    for label, body in list(BODIES.items())[::step]:
        if "macro" in block and label == "a block":
            continue
        page = SHOWN + block.replace("IT", body) + "{{ q }}"
        files = {"page.html": page, **OTHERS}
        options: dict[str, Any] = {"extensions": [*EXTENSIONS, StreamExtension]}
        pair = Pair(files, kind, change=with_filter, autoescape=autoescape, **options)
        pair.agree(context, label)


@pytest.mark.parametrize(
    "place", ["{% block b %}IT{% endblock %}", "IT{% block b %}{{ q }}{% endblock %}"]
)
def test_children(place: str) -> None:
    """What a child sets outside of its blocks it sets, but does not show."""
    for kind in ("sync", "async"):
        for block in BLOCKS.values():
            for extends in ("{% extends 'base' %}", "{% if on %}{% extends 'base' %}{% endif %}"):
                page = extends + place.replace("IT", block.replace("IT", BODIES["a run"]))
                files = {"page.html": page, "base": BASE}
                Pair(files, kind, change=with_filter, autoescape=True).agree(context, page)


@sync_and_async
def test_long_templates(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_to(monkeypatch, "compact")
    for block in BLOCKS.values():
        for label in ("a run", "a loop", "a call", "set blocks", "a macro", "a filter block"):
            page = SHOWN + block.replace("IT", BODIES[label])
            Pair(page, kind, change=with_filter, autoescape=True).agree(context, label)


# -- escaping that is not what it was when the block was compiled


@pass_eval_context
def escaping(eval_ctx: EvalContext, value: bool) -> str:
    eval_ctx.autoescape = value
    return ""


ASKED = "{% set q %}<b>{{ x }}{% endset %}{{ q }}{{ q|e }}{{ q is escaped }}{{ q ~ '<' }}"
CHILD = "{% extends 'other' %}{% block b %}{{ super() }}"
CHANGED = {
    "a block": "{% autoescape true %}{% block b %}IT{% endblock %}{% endautoescape %}",
    "a block, off": "{% autoescape false %}{% block b %}IT{% endblock %}{% endautoescape %}",
    "a scoped block": "{% autoescape on %}{% block b scoped %}IT{% endblock %}{% endautoescape %}",
    "a macro": "{% set ns = namespace() %}{% autoescape true %}{% macro m() %}IT{% endmacro %}"
    "{% set ns.m = m %}{{ m() }}{% endautoescape %}{{ ns.m() }}{{ ns.m()|e }}",
    "a macro, off": "{% set ns = namespace() %}{% autoescape false %}{% macro m() %}IT"
    "{% endmacro %}{% set ns.m = m %}{{ m() }}{% endautoescape %}{{ ns.m() }}{{ ns.m()|e }}",
    "a function": "{{ escaping(false) }}IT{{ escaping(true) }}IT",
    "a function in the block": "{% set v %}<{{ escaping(false) }}{% endset %}{{ v is escaped }}IT"
    "{% set v %}<{{ escaping(true) }}{% endset %}{{ v is escaped }}IT",
    "a loop": "{% for i in [true, false] %}{{ escaping(i) }}IT{% endfor %}",
    "a caller": "{% macro m() %}{% autoescape false %}{{ caller() }}{% endautoescape %}"
    "{% endmacro %}{% call m() %}IT{% endcall %}",
}


@pytest.mark.parametrize("autoescape", [True, False, lambda name: name == "page.html"])
@sync_and_async
@pytest.mark.parametrize("source", CHANGED.values(), ids=CHANGED)
def test_escaping_that_is_changed(source: str, kind: str, autoescape: Any) -> None:
    page = source.replace("IT", ASKED)
    templates = {
        "alone": {"page.html": page},
        "included": {"page.html": "{% include 'other' %}{{ x }}", "other": page},
        "extended": {"page.html": "{% extends 'other' %}", "other": page},
        "extending": {"page.html": CHILD + ASKED + "{% endblock %}", "other": page},
    }
    make: Make = given(x="<x>", on=True, escaping=escaping)
    for label, files in templates.items():
        Pair(files, kind, autoescape=autoescape).agree(make, label)


class Joined(str):
    def __html__(self) -> str:
        return f"<joined>{str.__str__(self)}"


class OwnConcat:
    """Joins to something else than text."""

    concat = staticmethod(lambda texts: Joined("".join(texts)))


@each_escaping
@sync_and_async
def test_own_concat(kind: str, autoescape: bool) -> None:
    for block in BLOCKS.values():
        for label in ("text", "a run", "a call", "an object", "set blocks", "a filter block"):
            page = block.replace("IT", BODIES[label])
            pair = Pair(page, kind, mixin=OwnConcat, change=with_filter, autoescape=autoescape)
            pair.agree(context, label)
