"""What the template has finished is in the consumer's hands, whatever construct it is in."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, pass_context, pass_environment, pass_eval_context
from jinja2.utils import select_autoescape
from markupsafe import Markup

from streamtmpl import StreamEnvironment
from tests.support.tracing import (
    ASYNC,
    SYNC,
    Consumer,
    Kind,
    Trace,
    assert_captured,
    every_kind,
    expected,
)

from .constructs import (
    BODIES,
    INNERMOST,
    LOOP,
    ROWS,
    WRAPS,
    call_body,
    check,
    include,
    local_macro,
    nested,
    recursive_loop,
    self_call,
    super_call,
)

BY_SUFFIX = select_autoescape()


@every_kind
@pytest.mark.parametrize("name", WRAPS)
def test_first_row_arrives_before_the_second_is_pulled(kind: Kind, name: str) -> None:
    check(kind, nested([WRAPS[name]]))
    check(kind, nested([WRAPS[name]]), autoescape=True)


@every_kind
@pytest.mark.parametrize("body", BODIES)
def test_every_kind_of_loop_streams(kind: Kind, body: str) -> None:
    for each in (local_macro, call_body, super_call, self_call, recursive_loop, include):
        check(kind, nested([each], BODIES[body]))


@pytest.mark.comparison
@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("outer", WRAPS)
def test_pairs(kind: Kind, outer: str) -> None:
    for inner in INNERMOST:
        check(kind, nested([WRAPS[outer], inner]), autoescape=True)


@pytest.mark.comparison
@settings(max_examples=40, deadline=None)
@given(
    wraps=st.lists(st.sampled_from(list(WRAPS)), min_size=3, max_size=6),
    body=st.sampled_from(list(BODIES)),
    suffix=st.sampled_from([".html", ".txt"]),
    kind=st.sampled_from([SYNC, ASYNC]),
)
def test_deep_nestings(wraps: list[str], body: str, suffix: str, kind: Kind) -> None:
    files = nested([WRAPS[name] for name in wraps], BODIES[body], suffix)
    check(kind, files, autoescape=BY_SUFFIX)


# -- escaping


@pass_context
def with_context(context: Any, value: Any) -> Any:
    return f"{value}!" if value == "1" else value


FINALIZERS: dict[str, Any] = {
    "constant": lambda value: Markup(f"<i>{value}</i>") if value == "2&" else value,
    "context": with_context,
}


@pytest.mark.comparison
@every_kind
@pytest.mark.parametrize("caller_suffix", [".html", ".txt"])
@pytest.mark.parametrize("callee_suffix", [".html", ".txt"])
@pytest.mark.parametrize("finalize", [None, "constant", "context"])
def test_templates_with_different_autoescape(
    kind: Kind, caller_suffix: str, callee_suffix: str, finalize: str | None
) -> None:
    for each in INNERMOST:
        files = nested([each], "{% for row in rows %}[{{ row }}]{% endfor %}")
        renamed = {f"{name}{callee_suffix}": source for name, source in files.items()}
        for name in list(files)[1:]:
            renamed = {
                key: source.replace(f"'{name}'", f"'{name}{callee_suffix}'")
                for key, source in renamed.items()
            }
        main = f"main{caller_suffix}"
        renamed = {main: renamed.pop(f"main{callee_suffix}"), **renamed}
        options: dict[str, Any] = {"autoescape": BY_SUFFIX}
        if finalize is not None:
            options["finalize"] = FINALIZERS[finalize]
        check(kind, renamed, streams=False, **options)


@every_kind
@pytest.mark.parametrize("caller_suffix", [".html", ".txt"])
@pytest.mark.parametrize("callee_suffix", [".html", ".txt"])
def test_different_autoescape_still_streams(
    kind: Kind, caller_suffix: str, callee_suffix: str
) -> None:
    library = f"lib{callee_suffix}"
    files = {
        f"main{caller_suffix}": (
            f"{{% import '{library}' as lib %}}{{{{ word }}}}{{{{ lib.m(rows) }}}}"
        ),
        library: f"{{% macro m(rows) %}}{{{{ '<' }}}}{LOOP}{{% endmacro %}}",
    }
    check(kind, files, autoescape=BY_SUFFIX)


# -- other callables


class Callable_:
    """A callable object that looks a bit like a macro."""

    name = "m"
    arguments = ("rows",)

    def __call__(self, rows: Any) -> Any:
        return ["<", rows]


@pass_eval_context
def knows_escaping(eval_ctx: Any, rows: Any) -> Any:
    return Markup("<b>") if eval_ctx.autoescape else "<a>"


@pass_context
def knows_context(context: Any, rows: Any) -> Any:
    return f"<{context['word']}>"


@pass_environment
def knows_environment(environment: Any, rows: Any) -> Any:
    return Markup("<{}>").format(environment.block_start_string)


def jinja_macro(source: str, **options: Any) -> Any:
    return Environment(**options).from_string(source).module.m  # type: ignore[attr-defined]


def streaming_macro(source: str, **options: Any) -> Any:
    return StreamEnvironment(**options).from_string(source).module.m  # type: ignore[attr-defined]


MACRO = "{% macro m(rows) %}<{{ rows }}{{ caller() if caller }}>{% endmacro %}"

CALLABLES: dict[str, Any] = {
    "function": lambda rows: f"<{rows}>",
    "function that gives markup": lambda rows: Markup("<{}>").format(rows),
    "function that gives an int": lambda rows: 3,
    "function that gives none": lambda rows: None,
    "type": str,
    "method": "<{}>".format,
    "object": Callable_(),
    "pass_eval_context": knows_escaping,
    "pass_context": knows_context,
    "pass_environment": knows_environment,
    "macro of jinja2": jinja_macro(MACRO),
    "macro of jinja2 with autoescape": jinja_macro(MACRO, autoescape=True),
    "macro of another environment": streaming_macro(MACRO),
    "macro of another environment with autoescape": streaming_macro(MACRO, autoescape=True),
}


@pytest.mark.comparison
@every_kind
@pytest.mark.parametrize("name", CALLABLES)
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("finalize", [None, str])
def test_any_other_callable(kind: Kind, name: str, autoescape: bool, finalize: Any) -> None:
    source = "a{{ m(word) }}{{ word }}{{ m(word) }}z{% for m in [m] %}{{ m(word) }}{% endfor %}"
    context = {"word": "&", "m": CALLABLES[name]}
    options = {"autoescape": autoescape, "finalize": finalize}
    with Consumer(kind, source, context, **options) as consumer:
        assert consumer.text() == expected(source, context, **options)


@every_kind
@pytest.mark.parametrize("name", ["function", "function that gives markup", "method", "type"])
def test_call_block_on_any_other_callable(kind: Kind, name: str) -> None:
    function = CALLABLES[name]
    source = "a{% call m(word) %}body{% endcall %}z"
    context = {"word": "&", "m": lambda word, caller: function(f"{word}{caller is not None}")}
    with Consumer(kind, source, context, autoescape=True) as consumer:
        assert consumer.text() == expected(source, context, autoescape=True)


@every_kind
def test_call_block_on_a_macro_of_another_environment(kind: Kind) -> None:
    source = "a{% call m(word) %}body{% endcall %}z"
    context = {"word": "&", "m": CALLABLES["macro of another environment"]}
    library = "{% macro m(rows) %}<{{ rows }}{{ caller() if caller }}>{% endmacro %}"
    if kind.async_environment:
        pytest.skip("a sync macro cannot await its caller")
    with Consumer(kind, source, context) as consumer:
        assert consumer.text() == expected(library + source, {"word": "&"})


@every_kind
def test_callable_that_is_a_macro_only_sometimes(kind: Kind) -> None:
    source = (
        "{% macro m(it) %}[{{ it }}]{% endmacro %}"
        "{% for f in [m, shout, m, shout] %}{{ f('a') }}{{ f('<') }}-{{ f(f('&')) }}{% endfor %}"
    )
    context = {"shout": lambda it: f"{it}!"}
    with Consumer(kind, source, context, autoescape=True) as consumer:
        assert consumer.text() == expected(source, context, autoescape=True)


@every_kind
def test_callable_that_is_undefined_raises_what_jinja2_raises(kind: Kind) -> None:
    for source in (
        "a{{ m(1) }}",
        "{% call m(1) %}{% endcall %}",
        "{{ super() }}",
        "{{ caller() }}",
    ):
        with pytest.raises(Exception) as theirs:  # noqa: PT011 - compared below
            expected(source)
        consumer = Consumer(kind, source)
        with consumer, pytest.raises(type(theirs.value)) as ours:
            consumer.rest()
        assert str(ours.value) == str(theirs.value)


# -- what is captured

CAPTURES = {
    "set block": "{% set text %}" + LOOP + "{% endset %}{{ text }}",
    "set block in a macro": (
        "{% macro m(rows) %}{% set text %}" + LOOP + "{% endset %}{{ text }}{% endmacro %}"
        "{{ m(rows) }}"
    ),
    "set block with a filter": "{% set text|upper %}" + LOOP + "{% endset %}{{ text }}",
    "filter block": "{% filter upper %}" + LOOP + "{% endfilter %}",
    "include in a filter block": "{% filter upper %}{% include 'loop' %}{% endfilter %}",
    "call in a filter block": (
        "{% macro m() %}{{ caller() }}{% endmacro %}"
        "{% filter upper %}{% call m() %}" + LOOP + "{% endcall %}{% endfilter %}"
    ),
    "recursive loop in a set block": (
        "{% set text %}{% for row in [rows] recursive %}{% if row is string %}[{{ row }}]"
        "{% else %}{{ loop(row) }}{% endif %}{% endfor %}{% endset %}{{ text }}"
    ),
    "block in a filter block": "{% filter upper %}{% block it %}"
    + LOOP
    + "{% endblock %}{% endfilter %}",
    "assignment": "{% set text = macros.m(rows) %}{{ text }}",
    "filter": "{{ macros.m(rows)|upper }}",
    "concatenation": "{{ macros.m(rows) ~ '!' }}",
    "addition": "{{ macros.m(rows) + '!' }}",
    "comparison": "{{ macros.m(rows) == '' }}{{ 1 }}",
    "argument": "{{ same(macros.m(rows)) }}",
    "item of a list": "{{ [macros.m(rows)]|join }}",
    "method": "{{ macros.m(rows).upper() }}",
    "subscript": "{{ macros.m(rows)[:-1] }}",
    "test": "{% if macros.m(rows) is string %}yes{% endif %}",
    "loop": "{% for piece in [macros.m(rows)] %}{{ piece }}{% endfor %}",
    "self as a value": "{% if no %}{% block it %}"
    + LOOP
    + "{% endblock %}{% endif %}{{ self.it()|upper }}",
    "argument of a streamed macro": (
        "{% macro show(text) %}<{{ text }}>{% endmacro %}{{ show(macros.m(rows)) }}"
    ),
}


@every_kind
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("name", CAPTURES)
def test_captured(kind: Kind, name: str, autoescape: bool) -> None:
    files = {
        "main": "{% import 'macros' as macros %}head" + CAPTURES[name] + "tail",
        "macros": "{% macro m(rows) %}" + LOOP + "{% endmacro %}",
        "loop": LOOP,
    }
    trace = Trace()
    context = {"rows": trace.rows(kind, ROWS), "same": lambda value: value}
    with Consumer(kind, files, context, trace=trace, autoescape=autoescape) as consumer:
        text = consumer.text()
    reference = {"rows": iter(ROWS), "same": context["same"]}
    assert text == expected(files, reference, autoescape=autoescape)
    assert_captured(trace, ROWS)


# -- chunks at all


@every_kind
def test_nothing_is_handed_over_twice_or_out_of_order(kind: Kind) -> None:
    names = itertools.count()
    source = (
        "{{ n() }}{% if true %}{{ n() }}{% endif %}{{ n() }}"
        "{% for x in [1, 2] %}{{ n() }}{% endfor %}"
    )
    with Consumer(kind, source, {"n": lambda: f"<{next(names)}>"}) as consumer:
        assert consumer.text() == "<0><1><2><3><4>"
