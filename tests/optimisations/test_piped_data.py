"""What Jinja2's own lazy filters make of data in memory is looped over, and drained, as it is.

Whether they are Jinja2's own, and what they got, is looked at when the template runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import pytest
from jinja2 import filters, pass_context, pass_environment, pass_eval_context
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context

from .agreement import Change, Make, Notes, Pair, given, sync_and_async
from .iterables import ITERABLES

PIPES = [
    *("map('string')", "map('noting')", "map(attribute='real')", "map('first')", "map"),
    *("select", "select('odd')", "reject('none')", "selectattr('real')", "rejectattr('real')"),
    *("batch(2)", "batch(2, 'x')", "batch", "unique", "unique(true)", "items", "list", "slice(2)"),
    *("map('string')|select", "select|map('noting')|unique", "unique|batch(2)|map('first')"),
    *("items|map('first')", "batch(2)|items", "list|map('string')", "map('string')|reverse"),
    *("map('string')|default('d')", "select|default(rows)", "map('string')|own|select"),
    *("own|map('string')", "select|join", "map('no')", "selectattr('real', 'no')"),
    *("map(**{'value': 1})", "select(1, context=2)", "unique(nothing=1)"),
]
USES = {
    "looped over": "{% for x in rows|F %}{{ x }};{% endfor %}",
    "of an attribute": "{% for x in d.rows|F %}{{ x }};{% else %}none{% endfor %}",
    "with loop": "{% for x in rows|F %}{{ loop.index }}{{ loop.previtem }}{{ x }}{% endfor %}",
    "look ahead": "{% for x in rows|F %}{{ x }}{{ loop.last }}{{ loop.nextitem }}{% endfor %}",
    "length": "{% for x in rows|F %}{{ x }}{{ loop.length }}{{ loop.revindex }}{% endfor %}",
    "tested": "{% for x in rows|F if x != 'b' %}{{ x }}{% else %}none{% endfor %}",
    "tested, with loop": "{% for x in rows|F if x %}{{ x }}{{ loop.last }}{% endfor %}",
    "recursive": "{% for x in rows|F recursive %}{{ x }}"
    "{{ loop(x|F) if x is iterable and x is not string and loop.depth < 4 }}{% endfor %}",
    "of a loop's variable": "{% for y in [rows, rows] %}{% for x in y|F %}{{ x }}{% endfor %}"
    "{{ loop.index }}{% endfor %}",
    "left": "{% for x in rows|F %}{{ x }}{% if loop.index == 2 %}{% break %}{% endif %}"
    "{% continue %}no{% endfor %}{% for x in rows|F %}{{ x }}{% endfor %}",
    "set before": "{% set y = rows|F %}{% for x in y %}{{ x }}{% break %}{% endfor %}"
    "{% for x in y %}{{ x }}{% endfor %}",
    "in a branch": "{% for x in (rows|F if rows else [0]) %}{{ x }}{% endfor %}",
    "joined": "a{{ rows|F|join(',') }}{{ d.rows|F|join }}",
    "drained": "{{ rows|F|list }}{% if d.rows|F|first %}{{ rows|F|sum }}{% endif %}",
    "in an expression": "{{ (rows|F|list ~ 1)|length }}{% set y = rows|F|list|length %}{{ y }}",
    "in a macro": "{% macro m(q) %}{% for x in q|F %}{{ x }}{% endfor %}{% endmacro %}"
    "{{ m(rows) }}",
    "captured": "{% set y %}{% for x in rows|F %}{{ x }}{% endfor %}{% endset %}{{ y }}",
    "the loop handed on": "{% for x in rows|F %}{{ f(loop).index }}{{ x }}{% endfor %}",
    "included": "{% for x in rows|F %}{% include 'part' %}{% endfor %}",
}
PART = "{{ loop.index }}{{ x }}{{ loop.last }}"


def of_users(*args: Any, **kwargs: Any) -> Iterator[Any]:
    """A generator of somebody else's, whatever is passed before the value."""
    passed = (Context, EvalContext, jinja2.Environment)
    for item in next(value for value in args if not isinstance(value, passed)):
        yield f"own {item}"


def with_filters(environment: Any) -> None:
    @pass_environment
    def noting(environment: Any, value: object) -> object:
        environment.notes.append(("noting", type(value).__name__))
        return value

    environment.filters.update(noting=noting, own=of_users)


def context_of(make: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        rows = make(notes)
        return {"rows": rows, "d": {"rows": rows}, "f": lambda value: value}

    return context


# Printed, they are their types and addresses.
CONTEXTS = {
    label: context_of(make)
    for label, make in ITERABLES.items()
    if label not in ("until a value", "groups")
}
SOME = {label: CONTEXTS[label] for label in ("list", "dict", "generator", "lists")}


@sync_and_async
@pytest.mark.parametrize("use", USES)
def test_pipes(use: str, kind: str) -> None:
    first = list(USES).index(use) % 2
    for number, pipe in enumerate(PIPES[first::2]):
        files = {"page.html": USES[use].replace("F", pipe), "part": PART}
        pair = Pair(files, kind, change=with_filters, autoescape=True)
        for label, make in {**SOME, **dict(list(CONTEXTS.items())[number % 11 :: 11])}.items():
            pair.agree(make, f"{pipe}, {label}")


# -- filters that are replaced


def _exchanged(environment: Any) -> None:
    kept = environment.filters.copy()
    for name, other in (("map", "select"), ("select", "map"), ("unique", "first")):
        environment.filters[name] = kept[other]


def _by(value: Any, *names: str) -> Change:
    def change(environment: Any) -> None:
        environment.filters.update(dict.fromkeys(names or LAZY, value))

    return change


def _renamed(environment: Any) -> None:
    for name in LAZY:
        environment.filters[f"my_{name}"] = environment.filters.pop(name)


def _as_sync(environment: Any) -> None:
    """Those that Jinja2 has for sync environments, which want the same passed."""
    names = ["map", "select", "reject", "unique", "join", "sum", "first"]
    environment.filters.update({name: getattr(filters, f"sync_do_{name}") for name in names})


def _wrapped(environment: Any) -> None:
    """Functions that want what Jinja2's do, and give its generators over what is not in memory."""
    for name in ("map", "select", "unique"):
        original = environment.filters[name]
        environment.filters[name] = wrapping(original)


def wrapping(original: Any) -> Any:
    def function(passed: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        return original(passed, (item for item in list(value)), *args, **kwargs)

    function.jinja_pass_arg = original.jinja_pass_arg  # type: ignore[attr-defined]
    return function


LAZY = ["map", "select", "reject", "batch", "unique", "items"]
CHANGES: dict[str, Change] = {
    "exchanged": _exchanged,
    "by a generator": _by(of_users),
    "by one that wants the context": _by(pass_context(lambda *args, **k: of_users(*args))),
    "by a list": _by(lambda value, *args, **kwargs: ["<x>"]),
    "by sync ones": _as_sync,
    "wrapped": _wrapped,
    "shortcuts": _by(of_users, "default", "string", "upper", "trim"),
    "drains": _by(pass_eval_context(lambda *args: list(of_users(*args))), "list", "join", "sum"),
}
REPLACED = [
    *("map('string')", "select", "unique", "batch(2)", "reject('none')", "items", "unique|select"),
    *("map('string')|default('d')", "select|list", "list|map('string')"),
]


@sync_and_async
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_replaced_filters(change: Change, kind: str) -> None:
    for use in ("looped over", "tested, with loop", "drained"):
        for pipe in REPLACED:
            source = USES[use].replace("F", pipe)
            before, after = Pair(source, kind, change=change), Pair(source, kind)
            for label, make in SOME.items():
                before.agree(make, f"{pipe}, {label}")
                after.agree(make, f"{pipe}, {label}")
            after.change(change)
            for label, make in SOME.items():
                after.agree(make, f"{pipe}, {label}, changed")


def test_filters_under_other_names() -> None:
    for kind in ("sync", "async"):
        for pipe in ("my_map('string')", "my_select|my_unique", "my_batch(2)|my_map('first')"):
            for use in USES.values():
                if "include" not in use:
                    pair = Pair(use.replace("F", pipe), kind, change=_renamed, autoescape=True)
                    pair.agree(SOME["list"], pipe)


@sync_and_async
@pytest.mark.parametrize(
    "name",
    [
        *("list", "join", "first", "sum", "slice", "unique", "groupby"),
        *("map", "select", "reject", "selectattr", "rejectattr"),
    ],
)
def test_jinja2s_own_where_another_one_was_compiled(name: str, kind: str) -> None:
    """It is not passed what it wants, and says so in its own words."""
    for source in ("{{ rows|F }}", "{% for x in rows|F(1) %}{{ x }}{% endfor %}"):
        pair = Pair(source.replace("F", name), kind, change=_by(lambda value, *args: value, name))
        pair.text(given(rows=[1, 2]))
        pair.change(_by(FILTERS[name], name))
        pair.agree(given(rows=[1, 2]))


# -- data that changes while it is pulled

GROWING = [
    "{% for x in rows|F %}{{ x }}{{ grow(x) }}{% endfor %}",
    "{% for x in rows|F %}{{ x }}{{ loop.last }}{{ grow(x) }}{% endfor %}",
    "{% for x in rows|F %}{{ grow(x) }}{{ x }}{{ loop.nextitem }}{% endfor %}",
    "{% for x in rows|F %}{{ x }}{{ loop.length if loop.first }}{{ grow(x) }}{% endfor %}",
    "{% for x in rows|F if grow(x) or true %}{{ x }}{{ loop.index }}{% endfor %}",
]


@sync_and_async
@pytest.mark.parametrize("source", GROWING)
def test_data_that_grows(source: str, kind: str) -> None:
    def context(make: Callable[[], Any]) -> Make:
        def of(notes: Notes) -> dict[str, Any]:
            rows = make()

            def grow(item: Any) -> str:
                if len(rows) < 6:
                    rows.update({len(rows): 1}) if isinstance(rows, dict) else rows.append(9)
                return ""

            return {"rows": rows, "grow": grow}

        return of

    for pipe in ("map('string')", "select", "batch(2)", "reject('none')|map('string')", "list"):
        pair = Pair(source.replace("F", pipe), kind)
        for make in (lambda: [1, 2], lambda: {1: 1, 2: 2}):
            pair.agree(context(make), pipe)
    pair = Pair(source.replace("F", "items"), kind)
    pair.agree(context(lambda: {1: 1, 2: 2}), "items")


@pytest.mark.parametrize("undefined", [jinja2.StrictUndefined, jinja2.ChainableUndefined])
def test_what_is_missing(undefined: Any) -> None:
    for kind in ("sync", "async"):
        for pipe in (
            "map('string')",
            "select",
            "batch(2)",
            "unique",
            "items",
            "map('string')|list",
        ):
            pair = Pair(USES["looped over"].replace("F", pipe), kind, undefined=undefined)
            pair.agree()
