"""What Jinja2 lets users replace: finalize, undefined, context class, concat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
import pytest
from jinja2 import pass_context, pass_environment, pass_eval_context
from jinja2.runtime import Context
from markupsafe import Markup

from streamtmpl import StreamEnvironment, render_stream

from .renderings import assert_same, renderings


def plain_finalize(value: Any) -> Any:
    return "none" if value is None else value


@pass_context
def with_context(context: Context, value: Any) -> Any:
    return context.get("instead", "unset") if value is None else value


@pass_eval_context
def with_eval_context(eval_ctx: Any, value: Any) -> Any:
    return f"<{eval_ctx.autoescape}>" if value is None else value


@pass_environment
def with_environment(environment: jinja2.Environment, value: Any) -> Any:
    return environment.newline_sequence.encode().hex() if value is None else value


FINALIZERS: list[Callable[..., Any]] = [
    plain_finalize,
    with_context,
    with_eval_context,
    with_environment,
    str,
    lambda value: Markup(f"<b>{value}</b>"),
]
FINALIZED = """{{ nothing }}{{ none }}{{ x }}{{ 1 }}{{ 'text<' }}text<
{% macro m(y) %}<{{ y }}{{ nothing }}{{ caller and caller() }}>{% endmacro %}
{{ m(none) }}{{ m(x)|upper }}{% call m(1) %}{{ nothing }}call<{% endcall %}
{% autoescape flag %}data<{{ nothing }}{{ x }}{{ m(2) }}{% endautoescape %}
{% block b %}{{ none }}block{% endblock %}{{ self.b() }}
{% for n in rows recursive %}{{ n }}{{ loop([]) }}{% endfor %}"""


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("finalize", FINALIZERS)
def test_finalize(finalize: Callable[..., Any], autoescape: bool, is_async: bool) -> None:
    options: dict[str, Any] = {
        "finalize": finalize,
        "autoescape": autoescape,
        "enable_async": is_async,
    }
    ours, plain = StreamEnvironment(**options), jinja2.Environment(**options)
    for flag in (False, True):
        context = {"nothing": None, "x": "<x>", "flag": flag, "rows": [1], "instead": "<i>"}
        assert assert_same(ours, plain, FINALIZED, **context)


def test_finalize_sees_what_calls_return() -> None:
    seen: list[Any] = []

    def finalize(value: Any) -> Any:
        seen.append(value)
        return value

    source = "{% macro m() %}m{% endmacro %}{{ m() }}"
    assert StreamEnvironment(finalize=finalize).from_string(source).render() == "m"
    assert seen == ["m"]


class OwnUndefined(jinja2.Undefined):
    """Prints what is missing."""

    def __str__(self) -> str:
        return f"<missing {self._undefined_name}>"

    def __html__(self) -> str:
        return f"missing {self._undefined_name}"


UNDEFINED: list[type[jinja2.Undefined]] = [
    jinja2.Undefined,
    jinja2.ChainableUndefined,
    jinja2.DebugUndefined,
    jinja2.StrictUndefined,
    OwnUndefined,
    jinja2.make_logging_undefined(logging.getLogger("undefined")),
    jinja2.make_logging_undefined(logging.getLogger("undefined"), OwnUndefined),
]
UNDEFINED_USES = [
    "[{{ nope }}]",
    "[{{ nope.attribute }}]",
    "[{{ nope['item'] }}]",
    "[{{ x.nope }}{{ x['nope'] }}]",
    "[{{ nope() }}]",
    "{% for n in nope %}{{ n }}{% else %}none{% endfor %}",
    "{% for n in nope recursive %}{{ n }}{{ loop(nope) }}{% else %}none{% endfor %}",
    "{{ nope|default('d') }}{{ nope is defined }}",
    "{% if nope %}a{% else %}b{% endif %}",
    "{{ nope == 1 }}",
    "{{ nope ~ 'a' }}",
    "{{ 'a' if false }}[{{ nope|upper }}]",
    "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}",
    "{% autoescape flag %}{{ nope }}{% endautoescape %}",
]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("source", UNDEFINED_USES)
@pytest.mark.parametrize("undefined", UNDEFINED)
def test_undefined(
    undefined: type[jinja2.Undefined],
    source: str,
    autoescape: bool,
    is_async: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options: dict[str, Any] = {
        "undefined": undefined,
        "autoescape": autoescape,
        "enable_async": is_async,
    }
    context = {"x": {}, "flag": True}

    def outcome(render: Callable[[], str]) -> tuple[str, list[str]]:
        caplog.clear()
        try:
            text = render()
        except jinja2.UndefinedError as error:
            text = f"{type(error).__name__}: {error}"
        return text, [record.getMessage() for record in caplog.records]

    plain = jinja2.Environment(**options).from_string(source)
    ours: Any = StreamEnvironment(**options).from_string(source)
    expected = outcome(lambda: plain.render(context))
    assert outcome(lambda: ours.render(context)) == expected
    assert outcome(lambda: "".join(ours.generate(context))) == expected
    if not is_async:
        assert outcome(lambda: "".join(render_stream(ours, context))) == expected


class ResolvingContext(Context):
    """Finds every name."""

    def resolve_or_missing(self, key: str) -> Any:
        if key == "special":
            return "<special>"
        return super().resolve_or_missing(key)


class CallingContext(Context):
    """Sees every call."""

    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        calls: Any = self.environment.globals.setdefault("calls", [])
        calls.append(getattr(callable, "name", "?"))
        return super().call(callable, *args, **kwargs)


CONTEXT_USES = """{{ special }}
{% macro m(x) %}{{ special }}{{ x }}{{ caller and caller() }}{% endmacro %}
{{ m(special) }}{% call m(1) %}{{ special }}{% endcall %}{{ m(2)|upper }}
{% block b %}{{ special }}{% endblock %}{{ self.b() }}{{ f(special) }}
{% for n in [1] recursive %}{{ special }}{{ loop([]) }}{% endfor %}"""


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("context_class", [ResolvingContext, CallingContext])
def test_context_class(context_class: type[Context], is_async: bool) -> None:
    results = []
    for kind in (jinja2.Environment, StreamEnvironment):
        environment = kind(autoescape=True, enable_async=is_async)
        environment.context_class = context_class
        template = environment.from_string(CONTEXT_USES)
        text = template.render(f=lambda value: f"({value})")
        results.append((text, environment.globals.get("calls")))
    assert results[0] == results[1]
    assert "special" in results[0][0] or results[0][1]


def test_a_context_that_changes_calls_changes_calls_in_runs() -> None:
    class Shouting(Context):
        def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
            return super().call(callable, *args, **kwargs).upper()

    class Environment(StreamEnvironment):
        context_class = Shouting

    macro = "{% macro m() %}m{{ caller and caller() }}{% endmacro %}"
    source = macro + "{{ m() }}{% call m() %}c{% endcall %}"
    template = Environment().from_string(source)
    assert set(renderings(template, {})) == {"MMC"}


@pytest.mark.parametrize("is_async", [False, True])
def test_own_concat(is_async: bool) -> None:
    def joined(pieces: Iterable[str]) -> str:
        return "<" + "".join(pieces) + ">"

    class Plain(jinja2.Environment):
        concat = staticmethod(joined)

    class Ours(StreamEnvironment):
        concat = staticmethod(joined)

    source = (
        "{% macro m() %}m{% endmacro %}a{{ m() }}{% set s %}s{% endset %}{{ s }}"
        "{% filter upper %}f{% endfilter %}{% block b %}b{% endblock %}{{ self.b() }}"
        "{% for n in [1] recursive %}{{ n }}{{ loop([]) }}{% endfor %}"
    )
    plain = Plain(enable_async=is_async).from_string(source)
    ours = Ours(enable_async=is_async).from_string(source)
    assert ours.render() == plain.render() == "<a<m><s><F>b<b><1<>>>"
    # A stream has nobody to join it: only what is joined inside of the template is.
    assert "".join(ours.generate()) == "".join(plain.generate()) == "a<m><s><F>b<b><1<>>"


def test_the_context_is_called_as_that_of_jinja2() -> None:
    @pass_context
    def shown(context: Any) -> str:
        return repr(context)

    for kind in (jinja2.Environment, StreamEnvironment):
        text = kind().from_string("{{ shown() }}").render(shown=shown)
        assert text.startswith("<Context {")


@pytest.mark.parametrize("call", ["m(**1)", "m(b=1, **{'b': 2})", "m(*1)", "self.b(**1)"])
@pytest.mark.parametrize("is_async", [False, True])
def test_errors_of_what_is_spread(call: str, is_async: bool) -> None:
    source = (
        "{% macro m(b) %}{% endmacro %}{% block b %}{% endblock %}{% if x %}{{ CALL }}{% endif %}"
    )
    messages = set()
    for kind in (jinja2.Environment, StreamEnvironment):
        template = kind(enable_async=is_async).from_string(source.replace("CALL", call))
        with pytest.raises(TypeError) as caught:
            template.render(x=1)
        messages.add(str(caught.value))
    assert len(messages) == 1
