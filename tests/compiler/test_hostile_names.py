"""A template may be called anything: nothing of its name is code."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from enum import Enum
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import StreamEnvironment, render_stream
from tests.differential.dice import examples

HOSTILE = [
    '"+str(ran.append(1))+"',
    "'+str(ran.append(1))+'",
    '")+str(ran.append(1))+("',
    "{ran.append(1)}",
    "{{ran.append(1)}}",
    "{'{'}ran.append(1){'}'}",
    '"""+str(ran.append(1))+"""',
    "\n    ran.append(1)\n",
    "#",
    "\\",
    "\\'",
    '\\"',
    "a'b",
    'a"b',
    "a'b\"c",
    "\\N{DASH}",
    "\\x",
    "%s %(a)s",
    "\r\n\t\0",
    "\ud800é\u2028",
    "page.html",
    "",
]
WHOLE = (
    "{% import t as whole %}{% import t as whole with context %}"
    "{% from t import m, n, nothing as no %}{% from t import m as k with context %}"
    "{% block b required %}{% endblock %}{% block c scoped %}{{ super() }}{{ self.b() }}"
    "{% endblock %}{% macro m(a) %}{{ a }}{{ caller() if caller }}{% endmacro %}"
    "{% for x in [1] recursive %}{{ loop.index }}{{ 'a' if u }}{% include t %}{% endfor %}"
    "{% for x in y if x %}{% include [t, t] ignore missing without context %}{% endfor %}"
    "{% call m(1) %}{{ u|nothing if u }}{% endcall %}{% filter upper %}a{% endfilter %}"
    "{% set x %}a{% endset %}{% set ns.a = 1 %}{% autoescape u %}a{% endautoescape %}"
    "{% defer timeout=1 %}{{ 'a' if u }}{% placeholder %}a{% error %}{{ error }}{% enddefer %}"
    "{% boundary %}a{% fallback %}{{ error }}{% endboundary %}{% trans %}a{% endtrans %}"
    "{% do x.append(1 if u) %}{{ u.a.b[1](*a, **k) ~ ((1 is nothing) if u) }}{% debug %}"
)


def environment(sources: dict[str, str], *, is_async: bool = False) -> Any:
    made: Any = StreamEnvironment(
        undefined=jinja2.StrictUndefined,
        enable_async=is_async,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.debug"],
        loader=jinja2.DictLoader(sources),
    )
    made.install_null_translations(newstyle=True)
    return made


@pytest.fixture
def ran() -> Iterator[list[int]]:
    """What hostile names write into; generated code finds it among Python's own names."""
    found: list[int] = []
    builtins.ran = found  # type: ignore[attr-defined]
    yield found
    del builtins.ran  # type: ignore[attr-defined]


def compiles(name: str, *, is_async: bool) -> None:
    """A template of that *name*, with every construct, compiles; its code knows the name."""
    made = environment({}, is_async=is_async)
    extending = "{% if t %}{% extends t %}{% endif %}{% extends t %}" + WHOLE
    for source, defer_init in ((WHOLE, False), (extending, True)):
        code = made.compile(source, name, raw=True, defer_init=defer_init)
        namespace: dict[str, Any] = {"environment": made}
        exec(code, namespace)
        assert namespace["name"] == name


def error_of(source: str, name: str) -> str:
    """What rendering *source* as the template of that *name* raises."""
    made = environment({"lib": "", name: source})
    with pytest.raises(jinja2.UndefinedError) as caught:
        list(render_stream(made.get_template(name), {"u": ""}))
    return str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_every_construct_in_a_template_of_that_name(
    name: str, is_async: bool, ran: list[int]
) -> None:
    compiles(name, is_async=is_async)
    parts = "{{ 'a' if u }}{% block b %}{{ 1 if u }}b{% endblock %}{% macro m() %}m{% endmacro %}"
    page = (
        "{% extends t %}{% from t import m with context %}{% block b %}{{ super() }}"
        "{% include t %}{{ m() }}"
        "{{ 2 if u }}{% import t as o with context %}{{ o.m() }}{% endblock %}"
    )
    made = environment({name: parts, name + "2": page}, is_async=is_async)
    assert made.get_template(name + "2").render(u="", t=name) == "bbmm"
    assert ran == []


@pytest.mark.parametrize("name", HOSTILE)
def test_errors_show_the_name(name: str, ran: list[int]) -> None:
    shows(name)
    assert ran == []


def shows(name: str) -> None:
    """Errors show the *name* as Python does."""
    place = f"line 2 in {name!r}"
    assert error_of("\n{{ ('a' if u).b }}", name) == (
        f"the inline if-expression on {place} evaluated to false and no else section was defined."
    )
    assert error_of("\n{% from 'lib' import no %}{{ no }}", name) == (
        f"the template 'lib' (imported on {place}) does not export the requested name 'no'"
    )


@pytest.mark.comparison
@examples(60)
@given(st.text(st.sampled_from("'\"\\{}()+#\n%aN0\ud800é"), max_size=12))
def test_any_name(name: str) -> None:
    for is_async in (False, True):
        compiles(name, is_async=is_async)
    shows(name)


class _Name(str):
    def __repr__(self) -> str:
        return "ran.append(1)"


class _Names(str, Enum):
    PAGE = "page.html"


@pytest.mark.parametrize("name", [Markup("page.html"), _Name("page.html"), _Names.PAGE])
def test_names_of_a_class_of_their_own(name: str, ran: list[int]) -> None:
    compiles(name, is_async=False)
    assert "page.html" in error_of("{{ ('a' if u).b }}", name)
    assert ran == []
