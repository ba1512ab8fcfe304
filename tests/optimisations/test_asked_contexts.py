"""The context of an included template is made when somebody asks for it, and is as Jinja2's."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment, pass_context, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import missing

from .agreement import Pair, each_escaping, sync_and_async
from .included import (
    INCLUDES,
    OTHERS,
    PLACES,
    asked,
    context,
    everything,
    pair,
    seen,
    with_globals,
)

ASKING = {
    "function": "{{ split() }}",
    "filter": "{{ x|split }}",
    "test": "{{ x is splitting }}{% if x is splitting %}{{ z }}{% endif %}",
    "filter block": "{% filter split %}{{ z }}{% endfilter %}",
    "in a loop": "{% for i in [1, 2] %}{{ x }}{{ z }}{{ split() }}{{ w }}{% endfor %}{{ y }}",
    "in a loop's test": "{% for i in [1, 2] if split() and z %}{{ i }}{{ w }}{% endfor %}",
    "in a macro": "{% macro m() %}{{ y }}{{ split() }}{{ z }}{% endmacro %}{{ m() }}{{ m() }}",
    "after set": "{% set y = 5 %}{{ split() }}{% for i in [1] %}{{ y }}{{ x }}{{ z }}{% endfor %}",
    "before set": "{{ split() }}{% set x = 5 %}{{ split() }}{{ x }}",
    "set in a branch": "{% if z %}{% set z = 7 %}{% endif %}{{ split() }}{{ z }}",
    "set in a loop": "{% for i in [1] %}{% set z = 7 %}{{ split() }}{{ z }}{% endfor %}{{ z }}",
    "block": "{% block b scoped %}{{ split() }}{{ z }}{% endblock %}{{ x }}",
    "import": "{% import 'lib' as x with context %}{{ split() }}{{ x.f() }}{{ x.v }}",
    "include after": "{{ split() }}{% include 'part' %}",
    "include after set": "{% set z = 8 %}{% include 'part' %}{% include 'sets' %}{{ z }}",
    "include in a loop": "{% for y in [1, 2] %}{% include 'deep' %}{{ split() }}{% endfor %}",
    "no variables": "{% include 'part' %}",
}


@sync_and_async
@pytest.mark.parametrize("asking", ASKING)
def test_a_context_that_is_asked_for(asking: str, kind: str) -> None:
    for place in ("alone", "after set", "set in a loop", "macro", "block", "two loops"):
        source = PLACES[place].replace("IT", "{% include 'asks' %}{% include 'nests' %}")
        templates = {"page.html": source, "asks": ASKING[asking], **OTHERS}
        templates["nests"] = (
            "{% set w = 'nests' %}{% for z in [x] %}{% include 'asks' %}{% endfor %}"
        )
        Pair(templates, kind, change=asked, autoescape=True).text(context, place)


LATE_READS = {
    "loop": "{{ keep('y', 0) }}{% for i in [1, 2] %}{{ y }}{{ z }}{{ keep('z', i) }}{% endfor %}",
    "loop's test": "{% for i in [1] if keep('y', 2) or true %}{{ y }}{% endfor %}",
    "macro": "{% macro m() %}{{ y }}{% endmacro %}{{ m() }}{{ keep('y', 3) }}{{ m() }}",
    "filter": "{{ 'y'|keep(4) }}{% for i in [1] %}{{ y }}{% endfor %}",
    "test": "{% if 'y' is keep(5) %}{% endif %}{% for i in [1] %}{{ y }}{% endfor %}",
    "with": "{{ keep('y', 6) }}{% with a = y %}{{ a }}{{ y }}{% endwith %}",
    "include": "{{ keep('y', 7) }}{% include 'part' %}{{ y }}",
    "set": "{% set w = 1 %}{{ keep('w', 2) }}{% for i in [1] %}{{ w }}{% endfor %}{{ seen() }}",
}


@sync_and_async
@pytest.mark.parametrize("late", LATE_READS)
def test_a_variable_that_is_set_behind_the_templates_back_and_read_later(
    late: str, kind: str
) -> None:
    def change(environment: Any) -> None:
        with_globals(environment)
        environment.globals["keep"] = environment.filters["keep"] = keeps_itself
        environment.tests["keep"] = keeps_itself

    page = "{% for y in [0] %}{% include 'reads' %}{{ y }}{{ seen() }}{% endfor %}{{ seen() }}"
    templates = {"page.html": page, "reads": LATE_READS[late], **OTHERS}
    Pair(templates, kind, change=change).text(context)


@pass_context
def keeps_itself(context: Context, name: str, value: object) -> str:
    context.vars[name] = value
    return ""


def test_finalize_gets_the_context() -> None:
    @pass_context
    def finalize(context: Context, value: object) -> object:
        context.vars["y"] = "kept"
        return f"{value}{sorted(context.vars)}"

    page = "{% for y in [0] %}{% include 'reads' %}{% endfor %}"
    templates = {"page.html": page, "reads": "{{ x }}{% for i in [1] %}{{ y }}{% endfor %}"}
    assert "kept" in Pair(templates, finalize=finalize).text(context)


@each_escaping
@sync_and_async
def test_each_include_has_an_evaluation_context_of_its_own(kind: str, autoescape: bool) -> None:
    """Extensions keep notes on it."""

    @pass_eval_context
    def count(eval_ctx: Any, value: object) -> object:
        eval_ctx.count = getattr(eval_ctx, "count", 0) + 1
        return f"{eval_ctx.count}{eval_ctx.autoescape}{value}"

    @pass_eval_context
    def plain(eval_ctx: EvalContext) -> str:
        eval_ctx.autoescape = False
        return ""

    def change(environment: Any) -> None:
        environment.filters["count"] = count
        environment.globals["plain"] = plain

    page = "{% for y in [1, 2] %}{{ y|count }}{% include 'counts' %}{% endfor %}"
    counts = (
        "{% macro m() %}<{{ x }}>{% endmacro %}{{ x|count }}{{ y|count }}{{ plain() }}{{ m() }}"
        "{% autoescape on %}{{ x }}{% endautoescape %}"
    )
    templates = {"page.html": page, "counts": counts}
    Pair(templates, kind, change=change, autoescape=autoescape).text(context)


class _Resolving(Context):
    """Looks variables up in its own way, as some applications do."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return f"own {key}" if found is missing and len(key) == 1 else found


class _OtherContext(Context):
    pass


@sync_and_async
@pytest.mark.parametrize("context_class", [_Resolving, _OtherContext])
def test_a_context_class_of_the_users(context_class: type[Context], kind: str) -> None:
    class Mixin:
        pass

    Mixin.context_class = context_class  # type: ignore[attr-defined]
    for place in ("loop", "set in a loop", "macro"):
        for name in ("part", "sets", "deep", "child"):
            templates = pair(place, INCLUDES[name], kind, mixin=Mixin)
            assert "own" in templates.text(context) or context_class is _OtherContext


def test_templates_that_jinja2_has_compiled() -> None:
    """They are included, and include, with contexts of ours."""
    theirs = Environment(extensions=["jinja2.ext.do"])
    theirs.globals.update(seen=seen, everything=everything, shared="<s>")
    compiled = {name: theirs.from_string(OTHERS[name]) for name in ("part", "sets", "macro")}

    def change(environment: Any) -> None:
        asked(environment)
        environment.globals["get"] = compiled.get

    source = (
        "{% for y in [1, 2] %}{% set z = y %}{% include get('part') %}{% include get('sets') %}"
        "{% include 'between' %}{% endfor %}"
    )
    between = "{{ x }}{% for w in [3] %}{% include get('macro') %}{{ split() }}{% endfor %}"
    templates = {"page.html": source, "between": between, **OTHERS}
    assert "<x>" in Pair(templates, change=change).text(context)


@sync_and_async
def test_a_template_class_that_makes_contexts_itself(kind: str) -> None:
    def change(environment: Any) -> None:
        with_globals(environment)

        class Own(environment.template_class):
            def new_context(
                self, vars: Any = None, shared: bool = False, locals: Any = None
            ) -> Any:
                return super().new_context({**(vars or {}), "w": "own"}, shared, locals)

        environment.template_class = Own

    for place in ("loop", "set in a loop", "macro"):
        assert "w=own" in pair(place, INCLUDES["part"], kind, change=change).text(context, place)


def test_debug_and_translations_in_an_included_template() -> None:
    def change(environment: Any) -> None:
        asked(environment)
        environment.add_extension("jinja2.ext.debug")
        environment.install_gettext_callables(
            pass_context(lambda context, text: f"{text}{context.get('y')}"),
            lambda one, many, number: one if number == 1 else many,
            newstyle=True,
        )

    told = "{% trans %}told {{ y }}{% endtrans %}{{ _('%(y)s', y=y) }}{% debug %}"
    for place in ("loop", "macro", "with"):
        source = PLACES[place].replace("IT", "{% include 'told' %}")
        text = Pair({"page.html": source, "told": told, **OTHERS}, change=change).text(
            lambda notes: {"x": "<x>", "on": True}, place
        )
        assert "told 1" in text
