"""What may never run: an error of compiling where it is one in Jinja2, else one of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.engines import Setup
from tests.differential.laws import Case, assert_same, whole_and_cut
from tests.differential.outcomes import Raised, Rendered
from tests.differential.samples import function
from tests.differential.values import Recipes
from tests.support.remembered import remembered


@pytest.fixture(scope="module", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


UNKNOWN = ("f(1|nothing)", "f(1 is nothing)", "f|nothing", "f.a(1|nothing).b", "(f|nothing).b")
"""Expressions with a filter or test that there is not."""

# Branches of conditional expressions: whether it is there is seen when they run.
CONDITIONS = (
    "{{ 'a' if X else 'b' }}",
    "{{ 'a' if 0 else X }}",
    "{{ X if 0 else 'b' }}",
    "{{ ('a' if X else 'b')|upper }}",
    "{{ ('a' if X else 'b') ~ f }}",
    "{{ ('a' if X else 'b') == f }}",
    "{{ not ('a' if X else 'b') }}",
    "{{ f('a' if X else 'b') }}",
    "{{ ('a' if ('b' if X else 'c') else 'd').e }}",
    "{{ [1 if X else 2] }}",
    "{% set x = 1 if X else 2 %}",
    "{% with x = 1 if X else 2 %}{% endwith %}",
    "{% for x in ('a' if X else 'b') %}{% endfor %}",
    "{% for x in 'a' if X else 'b' recursive %}{% endfor %}",
    "{% for x in 'a' if (1 if X else 2) %}{% endfor %}",
    "{% if 'a' if X else 'b' %}{% endif %}",
    "{% if 0 %}{% elif 'a' if X else 'b' %}{% endif %}",
    "{% call f('a' if X else 'b') %}{% endcall %}",
    "{% include 'a' if X else 'b' ignore missing %}",
    "{% filter default('a' if X else 'b') %}{% endfilter %}",
)
# Statements in a branch: not where the frame of the branch ends.
STATEMENTS = (
    "{{ X }}",
    "{% set x = X %}",
    "{% set x|nothing %}a{% endset %}",
    "{% with x = X %}{% endwith %}",
    "{% with x = 1 %}{{ X }}{% endwith %}",
    "{% for x in X %}{% endfor %}",
    "{% for x in 'a' %}{{ X }}{% endfor %}",
    "{% macro m() %}{{ X }}{% endmacro %}",
    "{% call f(X) %}{% endcall %}",
    "{% call f() %}{{ X }}{% endcall %}",
    "{% filter nothing %}a{% endfilter %}",
    "{% autoescape X %}a{% endautoescape %}",
    "{% autoescape true %}{{ X }}{% endautoescape %}",
    "{% include X %}",
    "{% block b %}{{ X }}{% endblock %}",
)

SOURCES = [
    *(f"{{% macro m() %}}\n{use}{{% endmacro %}}\nok" for use in CONDITIONS),
    *(f"a\n{use}" for use in CONDITIONS),
    *(f"{{% if 0 %}}\n{use}{{% endif %}}ok" for use in (*STATEMENTS, *CONDITIONS)),
    *(f"{{% if 1 %}}\n{use}{{% endif %}}ok" for use in STATEMENTS),
]


@pytest.mark.comparison
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("source", SOURCES)
def test_an_unknown_name(source: str, is_async: bool) -> None:
    context: Recipes = {"f": function(lambda *args, **kwargs: "f")}
    for expression in UNKNOWN if "X" in source else ("",):
        page = source.replace("X", expression)
        assert_same(
            Case({"page.html": page}, context, Setup(is_async=is_async)), ways=whole_and_cut
        )


@pytest.mark.parametrize("source", SOURCES[::9])
def test_an_unknown_name_here_and_there(source: str) -> None:
    context: Recipes = {"f": function(lambda *args, **kwargs: "f")}
    assert_same(Case({"page.html": source.replace("X", UNKNOWN[0])}, context))


def test_the_two_that_were_errors_of_compiling() -> None:
    unused = "{% macro m() %}{{ 'a' if f(1|nofilter) else 'b' }}{% endmacro %}ok"
    assert isinstance(assert_same(Case({"page.html": unused}, {})), Rendered)
    used = "{{ 'z' if f(1|nofilter) else 2 }}"
    outcome = assert_same(Case({"page.html": used}, {}))
    assert isinstance(outcome, Raised)
    assert outcome.message == "No filter named 'nofilter' found."


# What raises when it is folded, beside its parts: there Jinja2 lets the error out.
RAISING = (
    "'a'.v ~ 'b'",
    "'a'['v'] ~ 'b'",
    "'a'.v and 'b'",
    "'a'.v or 'b'",
    "not 'a'.v",
    "'a' if 'a'.v else 'b'",
    "('a'.v ~ 'b')|upper",
    "('a'.v ~ 'b').c",
    "('a'.v ~ 'b') is odd",
    "('a'.v ~ 'b') in 'c'",
    "1 + ('a'.v ~ 'b')",
    "f('a'.v ~ 'b')",
    "f(a='a'.v ~ 'b').c",
    "['a'.v ~ 'b']",
    "'a'.v",
    "'a'.v == 1",
    "{[]: 1}",
    "{[]: 1}.x",
    "{[]: 1} ~ 'x'",
    "f({[]: 1})",
    "u|default('a'.v ~ 'b')",
    "('a'.v ~ 'b')|e",
    "u ~ ('a'.v ~ 'b')",
)
FOLDED_IN = (
    "{{ X }}",
    "a{{ X }}{{ f }}",
    "{% set x = X %}",
    "{% if X %}{% endif %}",
    "{% if f %}{% elif X %}{% endif %}",
    "{% for x in X %}{% endfor %}",
    "{% with x = X %}{% endwith %}",
    "{% call f(X) %}{% endcall %}",
    "{% include X %}",
)


@pytest.mark.comparison
@pytest.mark.parametrize("undefined", ["default", "strict"])
@pytest.mark.parametrize("optimized", [True, False])
@pytest.mark.parametrize("use", FOLDED_IN)
def test_what_folding_raises(use: str, undefined: str, optimized: bool) -> None:
    context: Recipes = {"f": function(lambda *args, **kwargs: "f")}
    for is_async in (False, True):
        setup = Setup(undefined=undefined, optimized=optimized, is_async=is_async)
        for expression in RAISING:
            for branch in ("{% if 0 %}Y{% endif %}x", "x\nY"):
                page = branch.replace("Y", use).replace("X", expression)
                assert_same(Case({"page.html": page}, context, setup), ways=whole_and_cut)


def test_a_folded_error_in_a_branch_that_never_runs() -> None:
    page = "{% if 0 %}{{ 'a'.v ~ 'b' }}{% endif %}x"
    outcome = assert_same(Case({"page.html": page}, {}, Setup(undefined="strict")))
    assert isinstance(outcome, Raised)
    assert outcome.message == "'str object' has no attribute 'v'"


# Where whether to escape cannot be told.
ESCAPING = (
    "x",
    "",
    "a\n\n{{ x }}",
    "\n{% if 1 %}{{ x }}\n{% endif %}",
    "{% if 0 %}a{% endif %}",
    "\n{% set x = 1 %}{{ x }}\n",
    "{% set x = 1 %}",
    "{% set x %}a{% endset %}",
    "{{ 1 }}{{ '<' }}",
    "{{ 'a' ~ x }}",
    "\n{% for i in [1] %}\n{{ i }}{% endfor %}",
    "{% for i in [] %}a{% else %}\nb{% endfor %}",
    "\n{{ f() }}a",
    "{% call f() %}a{% endcall %}",
    "{% macro m() %}a{% endmacro %}",
    "{% macro m() %}a{% endmacro %}\n{{ m() }}",
    "{% macro m() %}a{% endmacro %}\n{{ m()|upper }}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape true %}a{% endautoescape %}",
    "{% block b %}a{% endblock %}",
    "{% include 'part.html' %}",
)


@pytest.mark.comparison
@pytest.mark.parametrize("finalize", ["none", "plain", "context"])
@pytest.mark.parametrize("undefined", ["default", "strict"])
@pytest.mark.parametrize("condition", ["nope", "nope.a", "f", "0 or f", "1 // 0", "f.a.b"])
def test_whether_to_escape(condition: str, undefined: str, finalize: str) -> None:
    context: Recipes = {"f": function(lambda *args, **kwargs: "<f>")}
    for is_async in (False, True):
        setup = Setup(undefined=undefined, finalize=finalize, is_async=is_async)
        for body in ESCAPING:
            page = f"a\n{{% autoescape {condition} %}}{body}{{% endautoescape %}}"
            case = Case({"page.html": page, "part.html": "part"}, context, setup)
            assert_same(case, ways=whole_and_cut)
