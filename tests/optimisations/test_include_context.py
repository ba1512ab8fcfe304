"""Included templates see the variables around them: all of those, as they are then, and no others.

What the root of an included template reads is handed to it. Its context is another one for each
include, in a loop for each iteration, and has dicts of its own only when somebody asks; what the
included template sets stays in there. Imports with context see the same.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment, pass_context, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import missing

from .agreement import Notes, Pair, each_escaping, every_kind, sync_and_async

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
NAMED = list(OTHERS)[:9]
IGNORING = [name for name in INCLUDES if "ignore" in name or "missing" in name or "list" in name]
CHOSEN = ["first of a list", "first of a tuple", "a variable name", "a condition", "twice"]
IMPORTS = [name for name in INCLUDES if "import" in name]
FAILING = [
    "{% include 'nope' %}",
    "{% include 'missing part' ignore missing %}",
    "{% include 'bad' ignore missing %}",
    "{% include undefined_name %}",
    "{% include 3 %}",
    "{% from 'lib' import nope %}{{ nope() }}",
    "{% import 'nope' as n %}",
]
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
LOSES_TEXT = ("macro", "call", "filter", "set block", "recursive loop", "autoescape")
"""Where Jinja2 loses what is included without context."""


def context(notes: Notes) -> dict[str, Any]:
    return {"x": "<x>", "on": True, "l": [], "names": ["nope", "part"], "name": "sets"}


def with_globals(environment: Any) -> None:
    environment.globals.update(shared="<s>", seen=seen, everything=everything)


def pair(place: str, include: str, kind: str, **options: Any) -> Pair:
    source = PLACES[place].replace("IT", include)
    options.setdefault("change", with_globals)
    return Pair({"page.html": source, **OTHERS}, kind, **options)


@sync_and_async
@pytest.mark.parametrize("place", PLACES)
def test_includes(place: str, kind: str) -> None:
    for group in (NAMED, IGNORING, CHOSEN, IMPORTS) if kind == "sync" else (NAMED, CHOSEN):
        everything = "|".join(INCLUDES[name] for name in group)
        pair(place, everything, kind, autoescape=True).text(context)


@pytest.mark.parametrize("place", [place for place in PLACES if place not in LOSES_TEXT])
def test_includes_without_context(place: str) -> None:
    pair(place, "{% include 'part' without context %}", "sync").text(context)


@pytest.mark.parametrize("place", PLACES)
def test_includes_that_fail(place: str) -> None:
    for include in FAILING:
        pair(place, include, "sync").error(context)


@each_escaping
@every_kind
def test_escaping(kind: str, autoescape: bool) -> None:
    for place in ("loop", "set in a loop", "macro", "call", "autoescape"):
        for name in ("part", "child", "macro", "import with context"):
            pair(place, INCLUDES[name], kind, autoescape=autoescape).text(context, name)


def test_a_global_that_a_template_brings() -> None:
    """Globals of one template are not those of the one that it includes."""

    def change(environment: Any) -> None:
        environment.get_template("page.html", globals={"z": "page"})
        environment.get_template("part", globals={"w": "part"})

    for place in ("alone", "loop", "macro"):
        templates = pair(place, INCLUDES["part"], "sync")
        templates.text(context, place)
        templates.change(change)
        assert "z=page" in templates.text(context, place)


@pass_context
def keep(context: Context, name: str, value: object) -> str:
    """Sets a variable behind the template's back, as some extensions do."""
    context.vars[name] = value
    context.exported_vars.add(name)
    return ""


@sync_and_async
def test_variables_set_behind_the_templates_back(kind: str) -> None:
    source = (
        "{{ keep('y', 1) }}{% include 'part' %}{{ seen() }}{% for z in [1] %}{{ keep('w', 2) }}"
        "{% include 'part' %}{% endfor %}{% include 'keeps' %}{{ seen() }}"
    )

    def change(environment: Any) -> None:
        with_globals(environment)
        environment.globals["keep"] = keep

    templates = {"page.html": source, "keeps": "{{ keep('only', 3) }}{{ seen() }}", **OTHERS}
    assert "y=1" in Pair(templates, kind, change=change).text(context)


@sync_and_async
def test_template_objects(kind: str) -> None:
    """Templates given as objects, of the same environment."""
    source = (
        "{% for y in [1, 2] %}{% set z = y %}{% include get('part') %}{% endfor %}"
        "{% include [get('sets')] %}{% import get('lib') as lib %}{{ lib.f() }}"
    )

    def change(environment: Any) -> None:
        with_globals(environment)
        environment.globals["get"] = environment.get_template

    assert "<x>" in Pair({"page.html": source, **OTHERS}, kind, change=change).text(context)


# -- a context that is made of what the root was given when somebody asks for it


@pass_context
def split(context: Context, *_: object) -> str:
    """Which variables are the template's own, and which it was given; its name and globals."""
    given = sorted({*NAMES, "loop"} & set(context.parent))
    return f"{sorted(context.vars)}{given}{context.name}{len(context.globals_keys)}"


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


def asked(environment: Any) -> None:
    with_globals(environment)
    environment.globals["split"] = environment.filters["split"] = split
    environment.tests["splitting"] = split


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


@pytest.mark.parametrize("place", ["alone", "loop", "set in a loop", "macro", "two loops"])
def test_errors_in_included_templates(place: str) -> None:
    errors = {
        "direct": "\n{{ x.nope.nope }}",
        "in a loop": "\n{% for i in [1] %}\n{{ y.nope.nope }}{% endfor %}",
        "nested": "{{ x }}\n{% include 'bad' %}",
        "missing": "{{ x }}\n{% include 'nope' %}",
        "call": "\n\n{{ x() }}",
    }
    for name, source in errors.items():
        files = {"page.html": PLACES[place].replace("IT", "\n{% include 'fails' %}"), **OTHERS}
        Pair({**files, "fails": source}, change=with_globals).error(context, name)


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


def test_a_template_that_changes_while_it_is_included() -> None:
    """It is what it is when the function around the include begins, as far as anybody can tell."""
    files = {
        "page.html": "{% for y in [1, 2] %}{% include 'part' %}{% endfor %}",
        "part": "[{{ y }}]",
    }
    templates = Pair(files)
    assert templates.text() == "[1][2]"

    def forget(environment: Environment) -> None:
        assert environment.cache is not None
        environment.cache.clear()

    templates._files["part"] = "{% set z = y %}<{{ z }}>"
    templates.change(forget)
    assert templates.text() == "<1><2>"
