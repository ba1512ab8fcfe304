"""Included templates see the variables around them: all of those, as they are then, and no others.

What the root of an included template reads is handed to it. Its context is another one for each
include, in a loop for each iteration, and has dicts of its own only when somebody asks; what the
included template sets stays in there. Imports with context see the same.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from .agreement import Pair, each_escaping, every_kind, sync_and_async
from .included import (
    INCLUDES,
    OTHERS,
    PLACES,
    context,
    pair,
    with_globals,
)

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
LOSES_TEXT = ("macro", "call", "filter", "set block", "recursive loop", "autoescape")
"""Where Jinja2 loses what is included without context."""


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
