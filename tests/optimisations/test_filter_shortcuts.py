"""Some filters give what is known of plain text at once, if they are still Jinja2's own.

Others go straight to the text of a run. Any other value, and any other filter of that name, takes
the way that it always takes.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import jinja2
import pytest
from jinja2 import pass_environment, pass_eval_context
from markupsafe import Markup

from .agreement import Change, Make, Notes, Pair, each_escaping, every_kind, sync_and_async
from .test_escaping_by_type import VALUES
from .test_undefined import Telling, Unmakeable

FILTERS = [
    *("upper", "lower", "capitalize", "trim", "string", "safe", "e", "escape", "join", "join(',')"),
    *("join('<')", "join(1)", "join('<'|safe)", "default('d')", "default(1)", "d('<')", "d('{}')"),
    *("default('d', true)", "default(none)", "default(x)", "upper|e", "e|upper", "safe|upper"),
    *(
        "lower|trim|safe",
        "string|safe",
        "e|e",
        "safe|e",
        "default('d')|upper",
        "upper|default('d')",
    ),
    *("join(',')|upper", "list|join", "trim|default('<')|e", "trim('<')", "join(d='-')"),
    *("truncate(3)", "truncate(4)|upper", "truncate(2)", "truncate(True)", "truncate(3, true)"),
    *("truncate", "truncate(length=3)", "truncate(3, leeway=0)"),
    *("replace('<', '{}')", "replace('a', '')", "replace('>', '\"\\'')", "replace('a', 'b', 1)"),
    *("replace('<'|safe, 'b')", "replace(1, 'b')", "replace('<', x)", "replace(new='b', old='a')"),
    *("replace('a')|string", "round", "round(1)", "round(-1)", "round(true)", "round('1')"),
    *("round(1, 'floor')", "round(precision=1)", "round(x)", "round(2)|string|replace('.', ',')"),
]
SHORTCUTS = [
    *("upper", "string", "safe", "e", "join(',')", "default('d')", "d('<')", "upper|e"),
    *("truncate(3)", "replace('<', '>')", "round(1)"),
]
USES = {
    "shown": "a{{ x|F }}b{{ d.x|F }}",
    "missing": "a{{ nope|F }}b{{ d.nope|F }}{{ (nope|F) ~ 1 }}",
    "in an expression": "{{ (x|F) ~ '<' }}{{ (d.x|F) is defined }}{{ 1 if d.x|F else 2 }}",
    "assigned": "{% set y = d.x|F %}{{ y }}{{ y ~ '<' }}{% set z = x|F %}{{ z }}",
    "of a loop's variable": "{% for y in [x, x] %}{{ y|F }}{{ y }}{{ y|F }}{% endfor %}",
    "of a list": "{{ [x, '<']|F }}{% set y = (x, x) %}{{ y|F }}{% if y|F %}yes{% endif %}",
    "escaped or not": "{% autoescape on %}{{ x|F }}{% endautoescape %}{% autoescape false %}"
    "{{ x|F }}"
    "{{ (x|F) ~ '<' }}{% endautoescape %}",
    "an argument": "{% macro m(a) %}{{ a|F }}{{ a }}{% endmacro %}{{ m(x) }}{{ m(x|F) }}{{ m() }}",
}


def context_of(make: Make) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        x = make(notes)
        return {"x": x, "d": {"x": x}, "on": True}

    return context


CONTEXTS = {label: context_of(make) for label, make in VALUES.items()}


@each_escaping
@sync_and_async
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_values(use: str, kind: str, autoescape: bool) -> None:
    # Every value meets every other filter, each of them in some use.
    step = 3 if kind == "sync" and autoescape else 11
    for index, name in enumerate(FILTERS):
        pair = Pair(use.replace("F", name), kind, autoescape=autoescape)
        for label, make in list(CONTEXTS.items())[index % step :: step]:
            pair.agree(make, f"{name}, {label}")


class _Awaited:
    """A filter is given it as it is; what a filter gives is awaited."""

    def __await__(self) -> Any:
        yield from ()
        return "<awaited>"

    def __str__(self) -> str:
        return "<to be awaited>"

    __repr__ = __str__


@each_escaping
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_values_that_are_to_be_awaited(use: str, autoescape: bool) -> None:
    for name in FILTERS:
        pair = Pair(use.replace("F", name), "async", autoescape=autoescape)
        pair.agree(context_of(lambda notes: _Awaited()), name)


@sync_and_async
@pytest.mark.parametrize("leeway", [5, 0, 1.5, -1, None, True, "5"])
def test_how_much_longer_text_may_be_than_what_it_is_cut_to(leeway: Any, kind: str) -> None:
    def change(environment: Any) -> None:
        environment.policies["truncate.leeway"] = leeway

    def forget(environment: Any) -> None:
        del environment.policies["truncate.leeway"]

    texts = ["<b> <c> <d>", "nospaceatall", "a b c d e f g", "12345678", "123456789", "", " " * 20]
    for length in (3, 4, 6, 8):
        source = f"{{% for x in texts %}}{{{{ x|truncate({length}) }}}};{{% endfor %}}"
        pair = Pair(source, kind, autoescape=True)
        for kindred in (str, Markup):
            values = [kindred(text) for text in texts]
            pair.agree(lambda notes, values=values: {"texts": values})  # type: ignore[misc]
            pair.change(change)
            pair.agree(lambda notes, values=values: {"texts": values})  # type: ignore[misc]
        pair.change(forget)
        assert "truncate.leeway" in pair.error(lambda notes: {"texts": texts}).message


@each_escaping
@sync_and_async
def test_numbers_to_be_rounded(kind: str, autoescape: bool) -> None:
    places = ["", "(0)", "(1)", "(2)", "(-1)", "(400)", "(-400)"]
    source = "".join(f"{{{{ x|round{each} }}}},{{{{ (x|round{each}) ~ 1 }}}};" for each in places)
    pair = Pair(source, kind, autoescape=autoescape)
    numbers = [0.5, 1.5, 2.675, -0.04, -0.0, 1e16, 1e300, 1.7976931348623157e308, 12.345]
    infinite = [float("inf"), float("nan"), -float("inf")]
    others = [3, True, 10**30, Decimal("2.5"), Fraction(5, 2), complex(1, 2), Rounded(2.5)]
    for number in [*numbers, *infinite, *others]:
        pair.agree(lambda notes, number=number: {"x": number}, repr(number))  # type: ignore[misc]


FORMATS = ["%s", "<%s>", "%.2f", "%d|%5d", "%r %%", "%", "none", "%(x)s", "{%s}", "'\\n%s\""]


@each_escaping
@every_kind
@pytest.mark.parametrize("arguments", ["x", "x, 2", "d.x", "later(x), x", "k=x", "*[x]", ""])
def test_texts_that_values_are_put_into(arguments: str, kind: str, autoescape: bool) -> None:
    for text in FORMATS:
        put = f"{text!r}|format({arguments})"
        source = f"{{{{ {put} }}}}{{{{ ({put}) ~ x }}}}{{{{ {put}|upper }}}}"
        pair = Pair(source, kind, autoescape=autoescape)
        for change in (None, _other, _told_format):
            if change:
                pair.change(change)
            for label, make in list(CONTEXTS.items())[:: 7 if change is None else 19]:
                pair.agree(
                    lambda notes, make=make: {**make(notes), "later": repr},  # type: ignore[misc]
                    f"{text}, {label}",
                )


def _told_format(environment: Any) -> None:
    environment.filters["format"] = _told("format")


class Rounded(float):
    def __round__(self, places: Any = None) -> Any:
        return f"<rounded {places}>"


def _told(name: str) -> Any:
    return lambda value, *args: f"<{name}>"


def _other(environment: Any) -> None:
    for name in ("upper", "lower", "capitalize", "trim", "string", "safe", "e", "escape", "d"):
        environment.filters[name] = _told(name)
    environment.filters["truncate"] = pass_environment(lambda *args, **kwargs: "<cut>")
    environment.filters["replace"] = pass_eval_context(lambda *args, **kwargs: "<replaced>")
    environment.filters["round"] = lambda *args, **kwargs: 0.25
    environment.filters["join"] = lambda value, *args, **kwargs: 7
    environment.filters["default"] = lambda value, *args: isinstance(value, jinja2.Undefined)


def _exchanged(environment: Any) -> None:
    filters = environment.filters
    filters["upper"], filters["lower"] = filters["lower"], filters["upper"]
    filters["safe"], filters["string"] = filters["string"], filters["safe"]
    filters["e"] = filters["trim"]


@sync_and_async
@pytest.mark.parametrize("change", [_other, _exchanged])
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_other_filters_of_these_names(use: str, change: Change, kind: str) -> None:
    for name in SHORTCUTS:
        source = use.replace("F", name)
        before, after = Pair(source, kind, change=change), Pair(source, kind)
        for label, make in list(CONTEXTS.items())[::9]:
            before.agree(make, f"{name}, {label}")
            after.agree(make, f"{name}, {label}")
        after.change(change)
        for label, make in list(CONTEXTS.items())[::9]:
            after.agree(make, f"{name}, {label}, changed")


@each_escaping
@sync_and_async
@pytest.mark.parametrize(
    "undefined", [jinja2.StrictUndefined, jinja2.ChainableUndefined, Telling, Unmakeable]
)
def test_what_is_missing(undefined: Any, kind: str, autoescape: bool) -> None:
    for name in FILTERS[::2]:
        for use in ("{{ nope|F }}", "{{ d.nope|F }}", "{% set y = nope|F %}{{ y }}{{ [nope]|F }}"):
            source = use.replace("F", name)
            Pair(source, kind, undefined=undefined, autoescape=autoescape).agree(CONTEXTS["lazy"])
