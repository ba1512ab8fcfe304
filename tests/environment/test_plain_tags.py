"""Our tags in environments that do not stream: in order, one part or the other."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any

import jinja2
import pytest
from jinja2.exceptions import SecurityError
from jinja2.ext import babel_extract
from jinja2.sandbox import SandboxedEnvironment

import streamtmpl
from streamtmpl import StreamEnvironment, StreamExtension, enable_streaming

DEFER = "{% defer %}BODY{% placeholder %}WAIT{% error %}FAILED {{ error }}{% enddefer %}"
BOUNDARY = "{% boundary %}BODY{% fallback %}FAILED {{ error }}{% endboundary %}"
MACRO = "{% macro m(x) %}({{ x }}{{ caller() if caller }}){% endmacro %}"
PARENT = "<{% block b %}parent{% endblock %}>"

SOURCES = {
    "{% flush %}a{% flush %}": "a",
    DEFER.replace("BODY", "{{ n }}"): "1",
    DEFER.replace("BODY", "a{{ n / 0 }}"): "FAILED division by zero",
    "{% defer %}{{ n }}{% placeholder %}WAIT{% enddefer %}": "1",
    "{% defer timeout=n %}{{ n }}{% enddefer %}": "1",
    BOUNDARY.replace("BODY", "{{ n }}"): "1",
    BOUNDARY.replace("BODY", "a{{ n / 0 }}"): "FAILED division by zero",
    "a{% boundary %}b{{ n / 0 }}{% endboundary %}c": "ac",
    "{% set error = 'e' %}" + BOUNDARY.replace("BODY", "{{ error }}") + "{{ error }}": "ee",
    "{% set x = 1 %}{% boundary %}{% set x = 2 %}{{ x }}{% endboundary %}{{ x }}": "21",
    "{% for i in 'ab' %}{% boundary %}{{ i }}{{ loop.index }}{% endboundary %}{% endfor %}": "a1b2",
    MACRO + "{% boundary %}{{ m('<b>') }}{% endboundary %}": "(&lt;b&gt;)",
    MACRO + "{% boundary %}{% call m(1) %}{{ n }}{% endcall %}{% endboundary %}": "(11)",
    "{% macro w() %}{% boundary %}[{{ caller() }}]{% endboundary %}{% endmacro %}"
    "{% call w() %}<i>{% endcall %}": "[<i>]",
    "{% macro w() %}{% defer %}{{ n / 0 }}{% error %}FAILED {{ caller() }}{% enddefer %}"
    "{% endmacro %}{% call w() %}<i>{% endcall %}": "FAILED <i>",
    "{% set s %}" + BOUNDARY.replace("BODY", "<{{ '<' }}") + "{% endset %}{{ s }}": "<&lt;",
    "{% filter upper %}" + DEFER.replace("BODY", "a{{ n }}") + "{% endfilter %}": "A1",
    BOUNDARY.replace("BODY", "{% boundary %}{{ x.y }}{% fallback %}{{ n / 0 }}{% endboundary %}"):
        "FAILED division by zero",
    "{% extends 'parent' %}{% flush %}x" + DEFER + BOUNDARY: "<parent>",
    "{% extends 'parent' %}{% block b %}{% boundary %}{{ super() }}{{ n }}{% endboundary %}"
    "{% endblock %}": "<parent1>",
    "{% if n %}{% extends 'parent' %}{% endif %}{% flush %}x" + DEFER + BOUNDARY: "<parent>",
    "{% boundary %}{% include 'parent' %}{% fallback %}{% include 'none' %}{% endboundary %}":
        "<parent>",
}  # fmt: skip


def plain(kind: Any = jinja2.Environment, **options: Any) -> Any:
    """As libraries make one that takes over the extensions of another environment."""
    extensions = list(StreamEnvironment().extensions)
    assert extensions == ["streamtmpl.StreamExtension"]
    loader = jinja2.DictLoader({"parent": PARENT})
    return kind(extensions=extensions, autoescape=True, loader=loader, **options)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("kind", [jinja2.Environment, SandboxedEnvironment])
@pytest.mark.parametrize("source", SOURCES)
def test_in_order(source: str, kind: Any, is_async: bool) -> None:
    template = plain(kind, enable_async=is_async).from_string(source)
    text = asyncio.run(template.render_async(n=1)) if is_async else template.render(n=1)
    assert text == SOURCES[source]
    ours = StreamEnvironment(
        autoescape=True, enable_async=is_async, loader=jinja2.DictLoader({"parent": PARENT})
    )
    assert ours.from_string(source).render(n=1) == text


def test_a_security_error_is_none_to_be_shown() -> None:
    source = "{% boundary %}{{ f.__globals__.x }}{% fallback %}{% endboundary %}ok"
    template = plain(SandboxedEnvironment).from_string(source)
    with pytest.raises(SecurityError):
        template.render(f=plain)


def test_what_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    template = plain().from_string("\n" + DEFER.replace("BODY", "\n{{ 1 // 0 }}"))
    with caplog.at_level(logging.WARNING, "streamtmpl"):
        template.render()
    (record,) = caplog.records
    assert record.getMessage() == (
        "the deferred region at line 2 of template '<template>' failed: its 'error' part is shown"
    )


def test_what_nothing_is_there_for_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        plain().from_string("{% defer %}{{ 1 // 0 }}{% enddefer %}").render()


def test_enabling_afterwards() -> None:
    environment = enable_streaming(plain())
    assert list(environment.extensions) == ["streamtmpl.StreamExtension"]
    template = environment.from_string("{% flush %}" + DEFER.replace("BODY", "{{ n }}"))
    assert "WAIT" in "".join(streamtmpl.render_stream(template, {"n": 1}))


def test_the_name() -> None:
    assert StreamExtension.identifier == f"streamtmpl.{StreamExtension.__name__}"
    assert streamtmpl.StreamExtension is StreamExtension


MESSAGES = (
    "{% defer %}{% trans %}body{% endtrans %}{% placeholder %}{{ _('wait') }}{% error %}"
    "{{ _('failed') }}{% enddefer %}{% flush %}\n{% boundary %}{{ _('inside') }}{% fallback %}"
    "{% trans %}instead{% endtrans %}{% endboundary %}"
)
FOUND = ["body", "failed", "inside", "instead", "wait"]


def test_messages_are_found() -> None:
    options = {"extensions": "streamtmpl.StreamExtension", "silent": "false"}
    found = babel_extract(io.BytesIO(MESSAGES.encode()), ["_", "gettext"], [], options)
    assert sorted(str(message) for _, _, message, _ in found) == FOUND


def test_babel_finds_messages(tmp_path: Any) -> None:
    extract = pytest.importorskip("babel.messages.extract")
    (tmp_path / "page.html").write_text(MESSAGES, encoding="utf-8")
    method = [("**.html", "jinja2.ext:babel_extract")]
    options = {"**.html": {"extensions": "streamtmpl.StreamExtension", "silent": "false"}}
    found = extract.extract_from_dir(tmp_path, method, options)
    assert sorted(message for _, _, message, *_ in found) == FOUND


LEAVING = [
    "{% boundary %}{{ i }}\n{% LEAVE %}{% endboundary %}",
    "{% boundary %}{{ i }}{% fallback %}\n{% if i %}{% LEAVE %}{% endif %}{% endboundary %}",
    "{% defer %}{% for j in [] %}{% else %}\n{% LEAVE %}{% endfor %}{% error %}e{% enddefer %}",
    "{% boundary %}{% with x = i %}\n{% LEAVE %}{% endwith %}{% endboundary %}",
]


@pytest.mark.parametrize("statement", ["break", "continue"])
@pytest.mark.parametrize("source", LEAVING)
def test_what_would_leave_a_loop_around_is_an_error_in_words(source: str, statement: str) -> None:
    """Of Python it would be a SyntaxError in generated code."""
    environment = plain()
    environment.add_extension("jinja2.ext.loopcontrols")
    loop = "{% for i in 'ab' %}" + source.replace("LEAVE", statement) + "{% endfor %}"
    with pytest.raises(jinja2.TemplateAssertionError, match=f"'{statement}' inside a") as raised:
        environment.from_string(loop)
    assert raised.value.lineno == 2


@pytest.mark.parametrize("tag", ["boundary", "defer"])
def test_a_loop_inside_can_be_left(tag: str) -> None:
    environment = plain()
    environment.add_extension("jinja2.ext.loopcontrols")
    loop = "{% for i in 'abc' %}{% if i == 'b' %}{% continue %}{% endif %}{{ i }}{% endfor %}"
    source = "{% " + tag + " %}" + loop + "{% end" + tag + " %}"
    assert environment.from_string(source).render() == "ac"


def test_a_region_without_an_error_part_is_left_as_any_block() -> None:
    environment = plain()
    environment.add_extension("jinja2.ext.loopcontrols")
    source = "{% for i in 'ab' %}{% defer %}{{ i }}{% continue %}x{% enddefer %},{% endfor %}"
    assert environment.from_string(source).render() == "ab"
