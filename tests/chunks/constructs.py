"""The constructs a loop can be in, one by one and in each other, and the law that they stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.support.tracing import Consumer, Kind, Trace, assert_streamed, expected

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


@cache  # it is the same for each kind of stream
def _rendered(files: tuple[tuple[str, str], ...], options: tuple[tuple[str, Any], ...]) -> str:
    """What Jinja2 gives."""
    return expected(dict(files), {"rows": iter(ROWS), "word": "&"}, **dict(options))


def check(kind: Kind, files: Files, *, streams: bool = True, **options: Any) -> None:
    """The templates stream, and give what Jinja2 gives."""
    trace = Trace()
    context = {"rows": trace.rows(kind, ROWS), "word": "&"}
    with Consumer(kind, files, context, trace=trace, **options) as consumer:
        text = consumer.text()
    assert text == _rendered(tuple(files.items()), tuple(options.items()))
    assert trace.of("pull") == ROWS
    if streams:
        assert_streamed(trace, kind, ROWS)
