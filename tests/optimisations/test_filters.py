"""Filters and tests, called by generated code itself, are those that the environment has.

They are looked up when a template begins to run, so that another function of the same name, set
at any time, is the one that is called; and what it asks to be passed is decided when the template
is compiled, as in Jinja2.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from jinja2 import pass_context, pass_environment, pass_eval_context

from .agreement import Change, Make, Notes, Pair, each_escaping, every_kind, sync_and_async

NAMES = ["join", "list", "map", "first", "upper", "default", "length", "select", "sum", "unique"]
NAMES += ["sort", "truncate", "e", "safe", "replace", "items", "selectattr", "batch"]


def told(*args: Any, **kwargs: Any) -> str:
    """What a filter was called with; what is the engine's own by its type alone."""
    return f"<{[_named(value) for value in args]}{sorted(kwargs)}>"


def _named(value: Any) -> str:
    if isinstance(value, (str, int, list, dict)):
        return repr(value)
    return "environment" if hasattr(value, "block_start_string") else "something"


class OfClass:
    def __call__(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return "of class " + told(value, *args, **kwargs)


def fails(*args: Any, **kwargs: Any) -> NoReturn:
    raise KeyError("failed")


def stops(*args: Any, **kwargs: Any) -> NoReturn:
    raise StopIteration("stopped")


Replacing = Callable[[Any], Any]
REPLACED: dict[str, Replacing] = {
    "function": lambda original: lambda *args, **kwargs: told(*args, **kwargs),
    "of context": lambda original: pass_context(lambda *args, **kwargs: told(*args, **kwargs)),
    "of eval context": lambda original: pass_eval_context(
        lambda *args, **kwargs: told(*args, **kwargs)
    ),
    "of environment": lambda original: pass_environment(
        lambda *args, **kwargs: told(*args, **kwargs)
    ),
    "partial of the same": functools.partial,
    "wrapper of the same": lambda original: functools.wraps(original)(
        lambda *args, **kwargs: original(*args, **kwargs)
    ),
    "object": lambda original: OfClass(),
    "type": lambda original: str,
    "method": lambda original: "<>".join,
    "another filter": lambda original: str.title,
    "one that fails": lambda original: fails,
}
USES = {
    **{name: f"{{{{ x|{name} }}}}{{{{ d.x|{name} }}}}" for name in NAMES},
    "arguments": "{{ x|join('-') }}{{ d.x|join(d='+') }}{{ y|default('d') }}{{ s|truncate(3) }}",
    "chained": "{{ x|sort|first }}{{ d.x|list|join|upper }}{{ x|map('upper')|list|length }}",
    "by name": "{{ x|map('upper')|list }}{{ x|map('default', 'd')|join }}"
    "{{ x|select('odd')|list }}",
    "looped over": "{% for y in x|list %}{{ y }}{% endfor %}{% for y in d.x|sort %}{{ y }}"
    "{{ loop.last }}{% endfor %}{% for y in x|map('upper')|select %}{{ y }}{% endfor %}",
    "statements": "{% if x|length %}{% set z = x|join %}{{ z }}{% endif %}{% with w = x|first %}"
    "{{ w }}{% endwith %}",
    "constants": "{{ 'a'|upper }}{{ [1, 2]|join }}{{ '<'|e }}{{ '<'|safe }}{{ [3]|first }}",
    "macros": "{% macro m(a=x|length) %}{{ a }}{{ x|upper }}{% endmacro %}{{ m() }}{{ m()|upper }}",
    "blocks": "{% block b %}{{ x|upper }}{% endblock %}{{ self.b()|length }}{% include 'part' %}",
    "conditions": "{{ x|first if x|length else x|join }}{{ (x is odd) if false }}",
    "escaping": "{% autoescape false %}{{ s|e }}{{ s|upper }}{% endautoescape %}{{ s|safe }}"
    "{{ s|e }}",
}
VALUES: dict[str, Make] = {
    "list": lambda notes: ["b", "<a>"],
    "dict": lambda notes: {"b": 1, "a": 2},
    "none": lambda notes: None,
}


def context_of(make: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        x = make(notes)
        return {"x": x, "d": {"x": x}, "s": "<some text>"}

    return context


def replacing(replace: Replacing) -> Change:
    def change(environment: Any) -> None:
        for name in NAMES:
            environment.filters[name] = replace(environment.filters[name])
        environment.tests["odd"] = lambda value: True

    return change


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("replace", REPLACED.values(), ids=REPLACED)
def test_registered_before_compiling(replace: Replacing, use: str) -> None:
    for kind in ("sync", "async"):
        pair = Pair({"page.html": use, "part": "{{ x|upper }}"}, kind, change=replacing(replace))
        for label, make in VALUES.items():
            pair.agree(context_of(make), f"{kind}, {label}")


CALLED_ALIKE = ["function", "wrapper of the same", "object", "one that fails"]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_registered_after_compiling(use: str) -> None:
    templates = {"page.html": use, "part": "{{ x|upper }}"}
    for kind in ("sync", "async"):
        for name in CALLED_ALIKE:
            pair = Pair(templates, kind)
            pair.agree(context_of(VALUES["list"]), name)
            pair.change(replacing(REPLACED[name]))
            for label, make in VALUES.items():
                pair.agree(context_of(make), f"{kind}, {name}, {label}")


def _as_if_passed(environment: Any) -> None:
    """Functions that ask for what the compiled template does not give them."""
    for name in ("upper", "length", "replace"):
        environment.filters[name] = pass_environment(lambda environment, value, *args: f"<{value}>")


def _as_if_not_passed(environment: Any) -> None:
    """Functions that do not ask for what the compiled template gives them."""
    for name in ("join", "default"):
        environment.filters[name] = lambda value: "<one argument>"


@every_kind
@pytest.mark.parametrize("change", [_as_if_passed, _as_if_not_passed])
def test_what_is_passed_is_decided_when_compiling(change: Change, kind: str) -> None:
    for use in ("{{ x|upper }}", "{{ d.x|length }}", "{{ x|join }}", "{{ [x]|map('upper')|list }}"):
        pair = Pair(use, kind)
        pair.text(context_of(VALUES["list"]))
        pair.change(change)
        pair.agree(context_of(VALUES["list"]), use)


MISSING = [
    *("{{ x|gone }}", "\n{{ d.x|gone }}", "{{ x|gone|upper }}", "{{ x|upper|gone(1) }}"),
    *("{{ x|map('gone')|list }}", "\n{{ x is gone }}", "{{ x|select('gone')|list }}"),
    "{% for y in x|gone %}{{ y }}{% else %}none{% endfor %}",
    "{% if x is gone %}a{% endif %}",
    "{% filter gone %}{{ x }}{% endfilter %}",
    "{% set y = d.x|gone %}{{ y }}",
    "{% macro m() %}\n{{ x|gone }}{% endmacro %}a\n{{ m() }}",
    "{% block b %}\n{{ x|gone }}{% endblock %}",
]
SPARED = [
    *("a{{ x|gone if false }}", "{% if false %}{{ x|gone }}{% endif %}a", "{{ 1 or x|gone }}"),
    "{% macro m() %}{{ x|gone if no }}{% endmacro %}{{ m() }}a",
    "{% if false %}{% for y in x|gone %}{% endfor %}{% endif %}a{{ (x is gone) if false }}",
]


def forget(environment: Any) -> None:
    environment.filters.pop("gone", None)
    environment.tests.pop("gone", None)


def learn(environment: Any) -> None:
    environment.filters["gone"] = lambda value, *args: value
    environment.tests["gone"] = lambda value: True


@sync_and_async
@pytest.mark.parametrize("source", MISSING)
def test_missing_when_it_runs(source: str, kind: str) -> None:
    Pair(source, kind).error(context_of(VALUES["list"]))
    pair = Pair(source, kind, change=learn)
    pair.text(context_of(VALUES["list"]))
    pair.change(forget)
    assert (
        "o filter named" in (error := pair.error(context_of(VALUES["list"])).message)
        or "test" in error
    )


@sync_and_async
@pytest.mark.parametrize("source", SPARED)
def test_missing_where_nothing_runs(source: str, kind: str) -> None:
    pair = Pair(source, kind)
    if "{% if" in source or "{{ 1" not in source:
        pair.agree(context_of(VALUES["list"]))
    pair = Pair(source, kind, change=learn)
    pair.text(context_of(VALUES["list"]))
    pair.change(forget)
    pair.text(context_of(VALUES["list"]))


@sync_and_async
@pytest.mark.parametrize("error", [fails, stops])
def test_errors_of_filters_and_tests(error: Callable[..., NoReturn], kind: str) -> None:
    def change(environment: Any) -> None:
        environment.filters["broken"] = environment.tests["broken"] = error

    # A coroutine makes another RuntimeError of a StopIteration than a generator does.
    if kind == "async" and error is stops:
        return
    for source in (
        *("a\n{{ x|broken }}", "\n\n{{ d.x|broken }}", "{{ x|list|broken|upper }}"),
        *("\n{{ x is broken }}", "{% if\n x is broken %}{% endif %}", "{{ x|map('broken')|list }}"),
        *("{% for y in x|broken %}\n{{ y }}{% endfor %}", "{% set z = x|broken %}"),
    ):
        Pair(source, kind, change=change).error(context_of(VALUES["list"]))


# -- Jinja2's own filters, whose arguments and results take short ways

# What may give an iterator, and what gives a value.
ITERATING = ["batch(2)", "first", "join", "list", "map('string')", "max", "min", "reject('none')"]
ITERATING += ["reverse", "select", "slice(2)", "sort", "sum", "unique", "items", "dictsort"]
OTHERS = [
    "last",
    "length",
    "wordcount",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "e",
    "float",
]
OTHERS += [
    "default('d')",
    "replace('a','b')",
    "forceescape",
    "escape",
    "safe",
    "string",
    "int",
    "abs",
]
OTHERS += [
    "round",
    "urlize",
    "truncate(3)",
    "indent",
    "center(9)",
    "striptags",
    "wordwrap(3)",
    "count",
]
OTHERS += ["filesizeformat", "xmlattr", "urlencode", "tojson"]


def noting(notes: Notes) -> Callable[[int], int]:
    def note(number: int) -> int:
        notes.append(("pull", number))
        return number

    return note


MORE_VALUES: dict[str, Make] = {
    **VALUES,
    "numbers": lambda notes: [3, 1, 2],
    "text": lambda notes: "b<a",
    "generator": lambda notes: (each for each in ("b", "a")),
    "noted": lambda notes: map(noting(notes), (1, 2, 3)),
    "broken": lambda notes: (1 // n for n in (1, 0)),
    "empty": lambda notes: [],
    "mixed": lambda notes: [1, "a", None],
    "number": lambda notes: 5,
    "float": lambda notes: 2.5,
    "dicts": lambda notes: [{"a": 2}, {"a": 1}],
    "range": lambda notes: range(3),
    "bytes": lambda notes: b"ab",
}


@each_escaping
@sync_and_async
def test_own_filters(kind: str, autoescape: bool) -> None:
    for name in (*ITERATING, *OTHERS):
        shown = Pair(f"[{{{{ x|{name} }}}}]", kind, autoescape=autoescape)
        looked_up = (
            f"{{% set y = d.x|{name} %}}{{{{ y is defined }}}}{{{{ d.x|{name}|list|length }}}}"
        )
        assigned = Pair(looked_up, kind)
        for label, make in MORE_VALUES.items():
            # The others make text of a generator: its address.
            if name in ITERATING or label not in ("generator", "noted", "broken"):
                shown.agree(context_of(make), f"{name}, {label}")
                assigned.agree(context_of(make), f"{name}, {label}, assigned")


POLICIES = {
    "urlize.rel": "me",
    "urlize.target": "_top",
    "truncate.leeway": 0,
    "json.dumps_kwargs": {"sort_keys": False, "indent": 1},
    "json.dumps_function": lambda value, **kwargs: f"<{value}>",
    "ext.i18n.trimmed": True,
}


@each_escaping
@every_kind
def test_policies(kind: str, autoescape: bool) -> None:
    source = (
        "{{ 'www.example.org'|urlize }}{{ u|urlize }}{{ 'some text here'|truncate(11) }}"
        "{{ s|tojson }}"
        "{{ s|truncate(9) }}{% trans %}\n  a\n  b\n{% endtrans %}"
    )

    def change(environment: Any) -> None:
        environment.policies.update(POLICIES)

    before = Pair(source, kind, change=change, autoescape=autoescape)
    between = Pair(source, kind, autoescape=autoescape)
    make = context_of(VALUES["list"])
    assert before.text(make) != between.text(make)
    between.change(change)
    between.text(make)
