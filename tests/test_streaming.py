"""What the template has finished is in the consumer's hands, whatever construct it is in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, pass_context, pass_environment, pass_eval_context
from jinja2.utils import select_autoescape
from markupsafe import Markup

from streamtmpl import StreamEnvironment
from tests.tracing import (
    ASYNC,
    SYNC,
    Consumer,
    Kind,
    Trace,
    assert_captured,
    assert_streamed,
    every_kind,
    expected,
)

ROWS = ["<0>", "1", "2&", "3"]
LOOP = "{% for row in rows %}[{{ row|safe }}]{% endfor %}"

Files = dict[str, str]
Wrap = Callable[[str, str, Files], str]
"""Puts a body that shows ``rows`` into a construct: (body, unique name, templates) -> body."""

WRAPS: dict[str, Wrap] = {}


def wrap(function: Wrap) -> Wrap:
    WRAPS[function.__name__] = function
    return function


@wrap
def local_macro(body: str, name: str, files: Files) -> str:
    return f"{{% macro m(rows) %}}{body}{{% endmacro %}}a{{{{ m(rows) }}}}z"


@wrap
def macro_with_keyword(body: str, name: str, files: Files) -> str:
    return f"{{% macro m(x=1, rows=()) %}}{body}{{% endmacro %}}a{{{{ m(rows=rows) }}}}z"


@wrap
def macro_with_varargs(body: str, name: str, files: Files) -> str:
    return (
        "{% macro m() %}{% set rows = varargs[0] %}"
        f"{body}{{% endmacro %}}{{% set args = [rows] %}}a{{{{ m(*args) }}}}z"
    )


@wrap
def renamed_macro(body: str, name: str, files: Files) -> str:
    return (
        f"{{% macro m(rows) %}}{body}{{% endmacro %}}"
        "{% set other = m %}{% set box = {'it': other} %}a{{ box.it(rows) }}z"
    )


@wrap
def macro_of_macro(body: str, name: str, files: Files) -> str:
    return (
        f"{{% macro inner(rows) %}}{body}{{% endmacro %}}"
        "{% macro outer(rows) %}({{ inner(rows) }}){% endmacro %}a{{ outer(rows) }}z"
    )


@wrap
def from_import(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{body}{{% endmacro %}}"
    return f"{{% from '{name}' import m as f %}}a{{{{ f(rows) }}}}z"


@wrap
def import_attribute(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{body}{{% endmacro %}}"
    return f"{{% import '{name}' as lib %}}a{{{{ lib.m(rows) }}}}z"


@wrap
def import_item(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{body}{{% endmacro %}}"
    return f"{{% import '{name}' as lib %}}a{{{{ lib['m'](rows) }}}}z"


@wrap
def import_with_context(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{{{{ word }}}}{body}{{% endmacro %}}"
    return f"{{% import '{name}' as lib with context %}}a{{{{ lib.m(rows) }}}}z"


@wrap
def from_import_with_context(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{{{{ word }}}}{body}{{% endmacro %}}"
    return f"{{% from '{name}' import m with context %}}a{{{{ m(rows) }}}}z"


@wrap
def import_of_import(body: str, name: str, files: Files) -> str:
    files[name] = f"{{% macro m(rows) %}}{body}{{% endmacro %}}"
    files[f"outer-{name}"] = f"{{% import '{name}' as lib %}}{{% set again = {{'lib': lib}} %}}"
    return f"{{% import 'outer-{name}' as outer %}}a{{{{ outer.again.lib.m(rows) }}}}z"


@wrap
def call_body(body: str, name: str, files: Files) -> str:
    return (
        "{% macro m() %}({{ caller() }}){% endmacro %}"
        f"{{% call m() %}}{body}{{% endcall %}}"
    )


@wrap
def call_body_with_argument(body: str, name: str, files: Files) -> str:
    return (
        "{% macro m(it) %}({{ caller(it) }}){% endmacro %}"
        f"{{% call(rows) m(rows) %}}{body}{{% endcall %}}"
    )


@wrap
def called_macro(body: str, name: str, files: Files) -> str:
    return (
        f"{{% macro m(rows) %}}{body}{{{{ caller() }}}}{{% endmacro %}}"
        "{% call m(rows) %}x{% endcall %}"
    )


@wrap
def caller_of_caller(body: str, name: str, files: Files) -> str:
    return (
        "{% macro inner() %}<{{ caller() }}>{% endmacro %}"
        "{% macro outer() %}{% call inner() %}{{ caller() }}{% endcall %}{% endmacro %}"
        "{% macro outmost() %}{% set c = caller %}{% call inner() %}{{ c() }}{% endcall %}"
        f"{{% endmacro %}}{{% call outmost() %}}{body}{{% endcall %}}"
    )


@wrap
def imported_call(body: str, name: str, files: Files) -> str:
    files[name] = "{% macro m() %}({{ caller() }}){% endmacro %}"
    return f"{{% import '{name}' as lib %}}{{% call lib.m() %}}{body}{{% endcall %}}"


@wrap
def include(body: str, name: str, files: Files) -> str:
    files[name] = f"({body})"
    return f"{{% include '{name}' %}}"


@wrap
def include_list(body: str, name: str, files: Files) -> str:
    files[name] = f"({body})"
    return f"{{% include ['missing', '{name}'] ignore missing %}}"


@wrap
def include_dynamic(body: str, name: str, files: Files) -> str:
    files[name] = f"({body})"
    return f"{{% set which = '{name}' %}}{{% include which ignore missing with context %}}"


@wrap
def block(body: str, name: str, files: Files) -> str:
    files[name] = f"({{% block it scoped %}}{body}{{% endblock %}})"
    return f"{{% include '{name}' %}}"


@wrap
def inherited(body: str, name: str, files: Files) -> str:
    files[f"base-{name}"] = "({% block it %}{% endblock %})"
    files[name] = f"{{% extends 'base-{name}' %}}{{% block it %}}{body}{{% endblock %}}"
    return f"{{% include '{name}' %}}"


@wrap
def inherited_dynamically(body: str, name: str, files: Files) -> str:
    files[f"base-{name}"] = "({% block it %}{% endblock %})"
    files[name] = (
        f"{{% set base = 'base-{name}' %}}{{% if word %}}{{% extends base %}}{{% endif %}}"
        f"{{% block it %}}{body}{{% endblock %}}"
    )
    return f"{{% include '{name}' %}}"


@wrap
def super_call(body: str, name: str, files: Files) -> str:
    files[f"base-{name}"] = f"({{% block it %}}{body}{{% endblock %}})"
    files[name] = (
        f"{{% extends 'base-{name}' %}}{{% block it %}}<{{{{ super() }}}}>{{% endblock %}}"
    )
    return f"{{% include '{name}' %}}"


@wrap
def super_of_super(body: str, name: str, files: Files) -> str:
    files[f"base-{name}"] = f"({{% block it %}}{body}{{% endblock %}})"
    files[f"middle-{name}"] = f"{{% extends 'base-{name}' %}}{{% block it %}}m{{% endblock %}}"
    files[name] = (
        f"{{% extends 'middle-{name}' %}}{{% block it %}}<{{{{ super.super() }}}}>{{% endblock %}}"
    )
    return f"{{% include '{name}' %}}"


@wrap
def super_in_call(body: str, name: str, files: Files) -> str:
    files[f"base-{name}"] = f"({{% block it %}}{body}{{% endblock %}})"
    files[name] = (
        f"{{% extends 'base-{name}' %}}{{% block it %}}"
        "{% macro m() %}<{{ caller() }}>{% endmacro %}"
        "{% call m() %}{{ super() }}{% endcall %}{% endblock %}"
    )
    return f"{{% include '{name}' %}}"


@wrap
def self_call(body: str, name: str, files: Files) -> str:
    files[name] = (
        f"{{% if false %}}{{% block it %}}{body}{{% endblock %}}{{% endif %}}<{{{{ self.it() }}}}>"
    )
    return f"{{% include '{name}' %}}"


@wrap
def self_item(body: str, name: str, files: Files) -> str:
    files[name] = (
        "{% if false %}{% block it %}"
        f"{body}{{% endblock %}}{{% endif %}}<{{{{ self['it']() }}}}>"
    )
    return f"{{% include '{name}' %}}"


@wrap
def recursive_loop(body: str, name: str, files: Files) -> str:
    return (
        "{% for depth in [2] recursive %}<{% if depth %}{{ loop([depth - 1]) }}{% else %}"
        f"{body}{{% endif %}}>{{% endfor %}}"
    )


@wrap
def renamed_recursive_loop(body: str, name: str, files: Files) -> str:
    return (
        "{% for depth in [1] recursive %}{% set again = loop %}"
        "{% for once in [1] %}<{% if depth %}{{ again([depth - 1]) }}{% else %}"
        f"{body}{{% endif %}}>{{% endfor %}}{{% endfor %}}"
    )


@wrap
def plain_statements(body: str, name: str, files: Files) -> str:
    return (
        "{% with a = 1 %}{% if a %}{% for b in [1] %}{% for c in [] %}{% else %}"
        f"{body}{{% endfor %}}{{% endfor %}}{{% endif %}}{{% endwith %}}"
    )


@wrap
def autoescape_on(body: str, name: str, files: Files) -> str:
    return f"{{% autoescape true %}}{local_macro(body, name, files)}{{% endautoescape %}}"


@wrap
def autoescape_off(body: str, name: str, files: Files) -> str:
    return f"{{% autoescape false %}}{local_macro(body, name, files)}{{% endautoescape %}}"


@wrap
def autoescape_unknown(body: str, name: str, files: Files) -> str:
    return f"{{% autoescape word %}}{local_macro(body, name, files)}{{% endautoescape %}}"


BODIES = {
    "loop": LOOP,
    "loop with loop object": "{% for row in rows %}{{ loop.index }}[{{ row|safe }}]{% endfor %}",
    "loop with test": "{% for row in rows if row %}[{{ row|safe }}]{% endfor %}",
    "loop with test and loop object": (
        "{% for row in rows if row %}{{ loop.index0 }}[{{ row|safe }}]{% endfor %}"
    ),
    "recursive loop": (
        "{% for row in [rows] recursive %}{% if row is string %}[{{ row|safe }}]"
        "{% else %}{{ loop(row) }}{% endif %}{% endfor %}"
    ),
    "macro per row": (
        "{% macro cell(it) %}[{{ it|safe }}]{% endmacro %}"
        "{% for row in rows %}{{ cell(row) }}{% endfor %}"
    ),
}


INNERMOST: list[Wrap] = [
    local_macro,
    import_attribute,
    from_import_with_context,
    call_body,
    called_macro,
    include,
    block,
    super_call,
    self_call,
    recursive_loop,
]
"""One of each construct."""


def nested(wraps: list[Wrap], body: str = LOOP, suffix: str = "") -> Files:
    """Templates in which *body* stands in all *wraps*, the first one the outermost."""
    files: Files = {}
    for number, each in reversed(list(enumerate(wraps))):
        body = each(body, f"t{number}{suffix}", files)
    return {f"main{suffix}": f"head{body}tail", **files}


def check(kind: Kind, files: Files, *, streams: bool = True, **options: Any) -> None:
    """The templates stream, and give what Jinja2 gives."""
    trace = Trace()
    context = {"rows": trace.rows(kind, ROWS), "word": "&"}
    with Consumer(kind, files, context, trace=trace, **options) as consumer:
        text = consumer.text()
    assert text == expected(files, {"rows": iter(ROWS), "word": "&"}, **options)
    assert trace.of("pull") == ROWS
    if streams:
        assert_streamed(trace, kind, ROWS)


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


@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("outer", WRAPS)
def test_pairs(kind: Kind, outer: str) -> None:
    for inner in INNERMOST:
        check(kind, nested([WRAPS[outer], inner]), autoescape=True)


@settings(max_examples=40, deadline=None)
@given(
    wraps=st.lists(st.sampled_from(list(WRAPS)), min_size=3, max_size=6),
    body=st.sampled_from(list(BODIES)),
    suffix=st.sampled_from([".html", ".txt"]),
    kind=st.sampled_from([SYNC, ASYNC]),
)
def test_deep_nestings(wraps: list[str], body: str, suffix: str, kind: Kind) -> None:
    files = nested([WRAPS[name] for name in wraps], BODIES[body], suffix)
    check(kind, files, autoescape=select_autoescape())


# -- escaping


@every_kind
@pytest.mark.parametrize("caller_suffix", [".html", ".txt"])
@pytest.mark.parametrize("callee_suffix", [".html", ".txt"])
@pytest.mark.parametrize("finalize", [None, "constant", "context"])
def test_templates_with_different_autoescape(
    kind: Kind, caller_suffix: str, callee_suffix: str, finalize: str | None
) -> None:
    @pass_context
    def with_context(context: Any, value: Any) -> Any:
        return f"{value}!" if value == "1" else value

    finalizers: dict[str | None, Any] = {
        None: None,
        "constant": lambda value: Markup(f"<i>{value}</i>") if value == "2&" else value,
        "context": with_context,
    }
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
        options: dict[str, Any] = {"autoescape": select_autoescape()}
        if finalize is not None:
            options["finalize"] = finalizers[finalize]
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
    check(kind, files, autoescape=select_autoescape())


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


# -- includes without context


POSITIONS = {
    "top level": "{}",
    "macro": "{{% macro m() %}}<{}>{{% endmacro %}}{{{{ m() }}}}",
    "captured macro": "{{% macro m() %}}<{}>{{% endmacro %}}{{{{ m()|upper }}}}",
    "call": (
        "{{% macro m() %}}<{{{{ caller() }}}}>{{% endmacro %}}{{% call m() %}}{}{{% endcall %}}"
    ),
    "filter block": "{{% filter upper %}}<{}>{{% endfilter %}}",
    "set block": "{{% set text %}}<{}>{{% endset %}}{{{{ text }}}}{{{{ text }}}}",
    "block": "{{% block it %}}<{}>{{% endblock %}}",
    "self": "{{% block it %}}<{}>{{% endblock %}}{{{{ self.it() }}}}{{{{ self.it()|upper }}}}",
    "loop": "{{% for x in [1, 2] %}}<{}>{{% endfor %}}",
    "recursive loop": "{{% for x in [1] recursive %}}<{}>{{{{ loop([]) }}}}{{% endfor %}}",
    "filter block in a macro": (
        "{{% macro m() %}}{{% filter upper %}}<{}>{{% endfilter %}}{{% endmacro %}}{{{{ m() }}}}"
    ),
    "condition": "{{% if word %}}<{}>{{% endif %}}",
    "with": "{{% with a = 1 %}}<{}>{{% endwith %}}",
}
INCLUDES = {
    "name": "{% include 'part' without context %}",
    "list": "{% include ['missing', 'part'] without context %}",
    "ignore missing": "{% include 'missing' ignore missing without context %}",
    "present, ignore missing": "{% include 'part' ignore missing without context %}",
    "expression": "{% include part without context %}",
}


@every_kind
@pytest.mark.parametrize("position", POSITIONS)
def test_include_without_context(kind: Kind, position: str) -> None:
    for name, include_tag in INCLUDES.items():
        part = "(p&{{ word is defined }}{% for i in [1, 2] %}<{{ i }}{% endfor %})"
        shown = "" if name == "ignore missing" else "(p&{{ false }}<1<2)"
        files = {"main": "a" + POSITIONS[position].format(include_tag) + "z", "part": part}
        plain = {"main": "a" + POSITIONS[position].format(shown) + "z"}
        context = {"word": "w", "part": "part"}
        for autoescape in (False, True):
            with Consumer(kind, files, context, autoescape=autoescape) as consumer:
                assert consumer.text() == expected(plain, context, autoescape=autoescape)


@every_kind
def test_include_without_context_renders_its_template_once(kind: Kind) -> None:
    trace = Trace()
    files = {
        "main": "{% for i in [1, 2, 3] %}{% include 'part' without context %}{% endfor %}",
        "part": "{{ note('part') }}x",
    }
    consumer = Consumer(kind, files)
    consumer.environment.globals["note"] = trace.note
    with consumer:
        consumer.environment.cache.clear()  # type: ignore[union-attr]
        assert consumer.text() == "xxx"
    assert trace.of("part") == [None]


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
