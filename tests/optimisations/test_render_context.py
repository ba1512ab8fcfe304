"""The context of a render is made without Jinja2's detours, for Jinja2's own class alone.

Globals change between renders, are shadowed by variables, differ from template to template; and a
context class of the user's keeps every method that it overrides.
"""

from __future__ import annotations

from collections import ChainMap
from types import MappingProxyType
from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import Namespace

from .agreement import Change, Notes, Pair, every_kind, given, sync_and_async

PAGE = {
    "page.html": "{{ x }}{{ y }}{{ g }}{{ range is defined }}{{ seen() }}"
    "{% macro m(a=g) %}{{ a }}{{ y }}{{ seen() }}{% endmacro %}{{ m() }}{{ m()|length }}"
    "{% for y in [1] %}{{ y }}{% set z = y %}{{ seen() }}{% include 'part' %}{% endfor %}"
    "{% block b %}{% set w = 1 %}{{ g }}{{ w }}{{ seen() }}{% endblock %}{{ self.b() }}"
    "{% import 'lib' as lib %}{{ lib.v }}{{ lib.m() }}"
    "{% import 'lib' as lib with context %}{{ lib.v }}{{ lib.m() }}",
    "part": "[{{ x }}{{ y }}{{ z }}{{ g }}{{ seen() }}]",
    "lib": "{% set v = g %}{% macro m() %}{{ x }}{{ g }}{% endmacro %}",
}


@pass_context
def seen(context: Context) -> str:
    names = ("x", "y", "z", "w", "g")
    kept = {name: context.get(name, "-") for name in names}
    return f"{kept}{[name in context for name in names]}{context.resolve('nope') is not None}"


def with_globals(environment: Any) -> None:
    environment.globals.update(g="<g>", seen=seen)


GLOBALS: dict[str, Change] = {
    "as they are": lambda environment: None,
    "one more": lambda environment: environment.globals.update(y="<y>"),
    "another value": lambda environment: environment.globals.update(g="<other>"),
    "one less": lambda environment: environment.globals.pop("g"),
    "a variable's name": lambda environment: environment.globals.update(x="<global x>"),
    "a filter's name": lambda environment: environment.globals.update(upper="u", loop="l"),
    "no range": lambda environment: environment.globals.pop("range"),
}
TEMPLATES: dict[str, Change] = {
    "of the template": lambda environment: environment.get_template(
        "page.html", globals={"y": "<template's>", "g": "<template's>"}
    ),
    "of the part": lambda environment: environment.get_template("part", globals={"z": "<part's>"}),
    "of the template itself": lambda environment: environment.get_template(
        "page.html"
    ).globals.update(g="<its own>"),
}
CONTEXTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a variable": {"x": "<x>"},
    "a global's name": {"x": "<x>", "g": "<mine>"},
    "range": {"range": 3},
    "none": {"x": None, "g": None},
    "the engine's names": dict.fromkeys(
        ("self", "context", "environment", "out", "write", "missing", "resolve", "undefined"), 1
    ),
    "more of them": dict.fromkeys(("name", "blocks", "tell", "concat", "t_1", "v_1", "l_0_x"), 2),
}


@every_kind
@pytest.mark.parametrize("change", GLOBALS.values(), ids=GLOBALS)
def test_globals(change: Change, kind: str) -> None:
    def both(environment: Any) -> None:
        with_globals(environment)
        change(environment)

    pair = Pair(PAGE, kind, change=both)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)


@every_kind
@pytest.mark.parametrize(
    "change", [*GLOBALS.values(), *TEMPLATES.values()], ids=[*GLOBALS, *TEMPLATES]
)
def test_globals_that_change_between_two_renders(change: Change, kind: str) -> None:
    pair = Pair(PAGE, kind, change=with_globals)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)
    pair.change(change)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)


class Made(dict):
    """Globals that make up what they have not."""

    def __missing__(self, key: str) -> str:
        return f"<made up {key}>"


@sync_and_async
@pytest.mark.parametrize(
    "kind_of_globals",
    [dict, Made, lambda values: ChainMap({"y": "<first>"}, {"y": "<second>", "z": 1}, values)],
)
def test_mappings_for_globals(kind_of_globals: Any, kind: str) -> None:
    def change(environment: Any) -> None:
        with_globals(environment)
        environment.globals = kind_of_globals(environment.globals)

    pair = Pair(PAGE, kind, change=change)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)


class MoreGlobals:
    """Templates have globals out of several mappings, the first of which wins."""

    def make_globals(self, given: Any) -> Any:
        first, second = {"y": "<first>", "w": 1}, {"y": "<second>", "g": "<second>", "z": 2}
        return ChainMap(given or {}, first, second, self.globals)  # type: ignore[attr-defined]


@sync_and_async
def test_globals_out_of_several_mappings(kind: str) -> None:
    pair = Pair(PAGE, kind, mixin=MoreGlobals, change=with_globals)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)
    assert "<first>&lt;second&gt;" in Pair(
        "{{ y }}{{ g|e }}", kind, mixin=MoreGlobals, change=with_globals
    ).text(given())


@sync_and_async
def test_what_a_context_is_made_of(kind: str) -> None:
    pair = Pair("{{ x }}{{ self }}{{ context }}", kind)
    for values in ({1: 2}, {"x": 1, ("a",): 2}, [("x", 1)], [("x", 1), ("x", 2)], [1], "ab", None):
        pair.agree(lambda notes, values=values: values)  # type: ignore[misc]
    pair.text(lambda notes: MappingProxyType({"x": 1}))
    pair.text(lambda notes: ChainMap({"x": 1}, {"context": 2}))


NAMES = [
    "self",
    "context",
    "out",
    "environment",
    "write",
    "missing",
    "resolve",
    "tell",
    "undefined",
]
NAMES += [
    "t_1",
    "v_1",
    "name",
    "blocks",
    "call",
    "escape_text",
    "loop",
    "super",
    "caller",
    "varargs",
]
NAMES += ["kwargs", "concat", "l_0_x", "root", "block_b", "macro"]


@sync_and_async
def test_names_that_generated_code_has_for_itself(kind: str) -> None:
    shown = "".join(f"{{{{ {name} }}}}" for name in NAMES)
    source = (
        f"{shown}{{% block b %}}{shown}{{% endblock %}}{{% macro macro() %}}{{{{ out }}}}"
        f"{{{{ t_1 }}}}"
        "{% endmacro %}{{ macro() }}{% for out in [1] %}{{ out }}{{ write }}{% endfor %}{{ out }}"
        "{% set write = 5 %}{{ write }}{% set v_1 = 6 %}{{ v_1 }}"
    )
    values = {name: number for number, name in enumerate(NAMES)}
    Pair(source, kind).text(given(**values))


# -- context classes of users


class Resolving(Context):
    def resolve_or_missing(self, key: str) -> Any:
        return f"<{key}>" if key in ("y", "g") else super().resolve_or_missing(key)


class GettingAll(Context):
    def get_all(self) -> dict[str, Any]:
        return {**super().get_all(), "z": "<all>"}


class Deriving(Context):
    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        return super().derived({**(locals or {}), "w": "<derived>"})


class Beginning(Context):
    def __init__(self, environment: Any, parent: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(environment, {**parent, "z": "<begun>"}, *args, **kwargs)


class Containing(Context):
    def __contains__(self, name: object) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:
        return "<got>" if key == "x" else super().get(key, default)


class Exporting(Context):
    def get_exported(self) -> dict[str, Any]:
        return {**super().get_exported(), "v": "<exported>"}


@every_kind
@pytest.mark.parametrize(
    "context_class", [Resolving, GettingAll, Deriving, Beginning, Containing, Exporting]
)
def test_own_context_classes(context_class: type[Context], kind: str) -> None:
    def change(environment: Any) -> None:
        with_globals(environment)
        environment.context_class = context_class

    pair = Pair(PAGE, kind, change=change, autoescape=True)
    for label, values in CONTEXTS.items():
        pair.agree(given(**values), label)


@pass_context
def about(context: Context) -> str:
    """What a function can find out about its context."""
    return (
        f"{context.name}{context.exported_vars}{sorted(context.blocks)}{context.eval_ctx.autoescape}"
        f"{'range' in context.globals_keys}{'x' in context.globals_keys}{sorted(context.vars)}"
        f"{'x' in context.parent}{isinstance(context, Context)}{'x' in dict(context.get_all())}"
    )


@sync_and_async
def test_what_functions_see_of_a_context(kind: str) -> None:
    def change(environment: Any) -> None:
        environment.globals["about"] = about

    templates = {
        "page.html": "{{ about() }}{% set y = 1 %}{{ about() }}{% for z in [1] %}{% set w = 1 %}"
        "{{ about() }}{% include 'part' %}{% endfor %}{% block b %}{% set v = 1 %}{{ about() }}"
        "{% endblock %}{% autoescape true %}{{ about() }}{% endautoescape %}",
        "part": "[{{ about() }}{% block p %}{% endblock %}]",
    }

    def make(notes: Notes) -> dict[str, Any]:
        return {"x": 1}

    Pair(templates, kind, change=change).text(make)


LATER = [
    "{% for i in l %}{% block b scoped %}{% set ns.s = self %}{% endblock %}{% endfor %}"
    "{% extends 'p' %}{% set y = ns.s.c is defined %}",
    "{% for i in l %}{% block b scoped %}{% set ns.s = self %}{% endblock %}{% endfor %}"
    "{% extends 'p' %}{% block c %}c{{ super() }}{% endblock %}{% set y = ns.s.c() %}",
    "{% for i in l %}{% set q = i %}{{ keep() }}{% endfor %}{% extends 'p' %}{% set y = kept() %}",
    "{% for i in l %}{% block b scoped %}{{ keep() }}{{ about() }}{% set i = 3 %}{{ kept() }}"
    "{% block inner scoped %}{{ keep() }}{{ i }}{{ about() }}{% endblock %}{% endblock %}"
    "{% endfor %}{{ kept() }}{{ about() }}{{ i }}",
    "{% set z = 1 %}{% for i in l %}{% block b scoped %}{% include 'part' %}{% import 'lib' as lib"
    " with context %}{{ lib.v }}{% from 'lib' import v %}{{ v }}{% endblock %}{% endfor %}",
    "{% for i in l %}{% block b scoped %}{% autoescape false %}{{ x }}{{ about() }}"
    "{% endautoescape %}{{ x }}{% endblock %}{{ about() }}{% endfor %}",
]
"""Pages in which the context of a part of the template lasts, or is looked into."""


@every_kind
@pytest.mark.parametrize("page", LATER)
def test_the_context_of_a_part_of_a_template(page: str, kind: str) -> None:
    def change(environment: Any) -> None:
        environment.globals["about"] = about

    def make(notes: Notes) -> dict[str, Any]:
        kept_contexts: list[Context] = []

        @pass_context
        def keep(context: Context) -> str:
            kept_contexts.append(context)
            return ""

        def kept() -> str:
            return " ".join(
                f"{sorted((name, len(blocks)) for name, blocks in each.blocks.items())}"
                f"{each.get('i')}{each.get('z', '-')}{sorted(each.vars)}{type(each).__name__}"
                for each in kept_contexts
            )

        return {"ns": Namespace(), "l": [1, 2], "x": "<x>", "keep": keep, "kept": kept}

    templates = {
        "page.html": page,
        "p": "P{{ y }}{% block c %}pc{% endblock %}{% block b %}{% endblock %}{{ kept() }}",
        "part": "[{{ i }}{{ z }}{{ about() }}{{ keep() }}]",
        "lib": "{% set v = [i, z, x] %}",
    }
    Pair(templates, kind, change=change, autoescape=True).agree(make)
