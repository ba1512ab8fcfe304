"""``{% boundary %}``: the whole body, or the fallback."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from jinja2 import DictLoader, TemplateSyntaxError

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.gates import Gate, in_loop, settle
from tests.support.patched import assembled, page
from tests.support.tracing import Consumer, Kind, every_kind

CASES: dict[str, tuple[str | dict[str, str], str]] = {
    "no error": ("{% boundary %}a{{ name }}{% fallback %}f{% endboundary %}b", "a&lt;Ann&gt;b"),
    "nothing of the body": (
        "{% boundary %}lost{{ boom() }}{% fallback %}f{% endboundary %}b",
        "fb",
    ),
    "error": (
        "{% boundary %}{{ boom() }}{% fallback %}{{ error }}{{ error.args[0] }}{% endboundary %}",
        "&lt;boom&gt;&lt;boom&gt;",
    ),
    "error is gone afterwards": (
        "{% boundary %}{{ boom() }}{% fallback %}f{% endboundary %}[{{ error }}]",
        "f[]",
    ),
    "error of that name around it": (
        "{% set error = 1 %}{% boundary %}{{ error }}{{ boom() }}{% fallback %}{{ error }}"
        "{% endboundary %}{{ error }}",
        "&lt;boom&gt;1",
    ),
    "undefined": (
        "{% boundary %}{{ nope.x }}{% fallback %}{{ error.message }}{% endboundary %}",
        "&#39;nope&#39; is undefined",
    ),
    "in a loop": (
        "{% for n in [2, 0, 1] %}{% boundary %}{{ 2 // n }}{% fallback %}{{ loop.index }}f"
        "{% endboundary %},{% endfor %}",
        "1,2f,2,",
    ),
    "around a loop": (
        "{% boundary %}{% for n in [2, 1, 0] %}{{ 2 // n }}{% endfor %}{% fallback %}f"
        "{% endboundary %}",
        "f",
    ),
    "nested": (
        "{% boundary %}a{% boundary %}lost{{ boom() }}{% fallback %}f{% endboundary %}b"
        "{% fallback %}no{% endboundary %}",
        "afb",
    ),
    "nested, the fallback fails": (
        "{% boundary %}lost{% boundary %}{{ boom() }}{% fallback %}{{ 1 / 0 }}{% endboundary %}"
        "{% fallback %}{{ error }}{% endboundary %}",
        "division by zero",
    ),
    "in a fallback": (
        "{% boundary %}{{ boom() }}{% fallback %}{% boundary %}{{ 1 / 0 }}{% fallback %}"
        "{{ error }}{% endboundary %}{{ error }}{% endboundary %}",
        "division by zero&lt;boom&gt;",
    ),
    "in a macro": (
        "{% macro m(n) %}{% boundary %}{{ 2 // n }}{% fallback %}f{{ n }}{% endboundary %}"
        "{% endmacro %}{{ m(2) }}{{ m(0) }}{{ m(0)|upper }}",
        "1f0F0",
    ),
    "around a macro": (
        "{% macro m(n) %}lost{{ 2 // n }}{% endmacro %}{% boundary %}{{ m(0) }}{% fallback %}f"
        "{% endboundary %}",
        "f",
    ),
    "a macro of the fallback": (
        "{% boundary %}{{ boom() }}{% fallback %}{% macro m() %}{{ error }}{% endmacro %}{{ m() }}"
        "{% endboundary %}",
        "&lt;boom&gt;",
    ),
    "around a call block": (
        "{% macro m() %}[{{ caller() }}]{% endmacro %}{% boundary %}{% call m() %}{{ boom() }}"
        "{% endcall %}{% fallback %}f{% endboundary %}",
        "f",
    ),
    "captured": (
        "{% set text %}{% boundary %}{{ boom() }}{% fallback %}f{% endboundary %}g{% endset %}"
        "{{ text|upper }}",
        "FG",
    ),
    "around a capture": (
        "{% boundary %}{% set text %}{{ boom() }}{% endset %}{{ text }}{% fallback %}f"
        "{% endboundary %}",
        "f",
    ),
    "in a filter block": (
        "{% filter upper %}a{% boundary %}{{ boom() }}{% fallback %}f{% endboundary %}"
        "{% endfilter %}",
        "AF",
    ),
    "around an include": (
        {"main": "{% boundary %}{% include 'p' %}{% fallback %}f{% endboundary %}",
         "p": "lost{{ boom() }}"},
        "f",
    ),
    "a template that is not there": (
        "{% boundary %}{% include 'nope' %}{% fallback %}{{ error.name }}{% endboundary %}",
        "nope",
    ),
    "in a block, around super": (
        {"main": "{% extends 'b' %}{% block x %}{% boundary %}{{ super() }}{% fallback %}f"
         "{% endboundary %}{% endblock %}",
         "b": "[{% block x %}lost{{ boom() }}{% endblock %}]"},
        "[f]",
    ),
    "around a block": (
        {"main": "{% extends 'b' %}{% block x %}lost{{ boom() }}{% endblock %}",
         "b": "[{% boundary %}{% block x %}{% endblock %}{% fallback %}f{% endboundary %}]"},
        "[f]",
    ),
    "around a recursive loop": (
        "{% boundary %}{% for n in [[0]] recursive %}{% if n %}{{ loop(n) }}{% else %}{{ boom() }}"
        "{% endif %}{% endfor %}{% fallback %}f{% endboundary %}",
        "f",
    ),
    "what is set inside": (
        "{% boundary %}{% set a = 1 %}{{ a }}{% fallback %}f{% endboundary %}[{{ a }}]",
        "1[]",
    ),
    "at the top of a child": (
        {"main": "{% extends 'b' %}{% boundary %}{{ boom() }}{% endboundary %}", "b": "base"},
        "base",
    ),
    "empty": ("{% boundary %}{% endboundary %}{% boundary %}{% fallback %}{% endboundary %}.", "."),
    "flush": ("{% boundary %}a{% flush %}b{% fallback %}f{% endboundary %}", "ab"),
    "leaving an iteration": (
        "{% for n in [1, 2, 3] %}{% boundary %}{{ n }}{% boundary %}[{% if n == 2 %}{% continue %}"
        "{% endif %}]{% endboundary %},{% fallback %}f{% endboundary %}{% endfor %}.",
        "1[],2[3[],.",
    ),
    "leaving a loop of a macro within": (
        "{% for n in [1, 2] %}{% boundary %}{{ n }}{% macro m() %}{% for x in [3, 4] %}{{ x }}"
        "{% break %}{% endfor %}{% endmacro %}{{ m() }},{% endboundary %}{% endfor %}.",
        "13,23,.",
    ),
    "leaving a loop within": (
        "{% boundary %}{% for n in [1, 2, 3] %}{{ n }}{% if n == 2 %}{% break %}{% endif %},"
        "{% endfor %}{% fallback %}f{% endboundary %}.",
        "1,2.",
    ),
    "leaving a loop": (
        "{% for n in [1, 2, 3] %}{% boundary %}{{ n }}{% if n == 2 %}{% break %}{% endif %},"
        "{% fallback %}f{% endboundary %}{% endfor %}.",
        "1,2.",
    ),
}  # fmt: skip


def boom() -> str:
    raise LookupError("<boom>")


def template(case: str, **options: Any) -> Any:
    source = CASES[case][0]
    templates = {"main": source} if isinstance(source, str) else source
    extensions = ["jinja2.ext.loopcontrols"]
    loader = DictLoader(templates)
    env = StreamEnvironment(loader=loader, autoescape=True, extensions=extensions, **options)
    return env.get_template("main")


CONTEXT = {"boom": boom, "name": "<Ann>"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk_size", [0, 16384])
def test_sync(case: str, chunk_size: int) -> None:
    made = template(case)
    assert "".join(render_stream(made, CONTEXT, chunk_size=chunk_size)) == CASES[case][1]
    assert made.render(CONTEXT) == CASES[case][1]


@pytest.mark.parametrize("case", CASES)
def test_async(case: str) -> None:
    made = template(case, enable_async=True)

    async def collect() -> str:
        return "".join([chunk async for chunk in render_stream_async(made, CONTEXT)])

    assert asyncio.run(collect()) == CASES[case][1]
    assert made.render(CONTEXT) == CASES[case][1]


@every_kind
def test_without_a_fallback_the_error_is_logged(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    source = "a\n{% boundary %}\nlost{{ boom() }}{% endboundary %}b"
    with Consumer(kind, source, CONTEXT) as consumer:
        assert consumer.text() == "a\nb"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("streamtmpl", logging.ERROR)
    assert record.getMessage() == (
        "the boundary at line 2 of template 'main' failed: nothing is shown in its place"
    )
    assert record.exc_info is not None
    assert record.exc_info[0] is LookupError


@every_kind
def test_a_fallback_that_fails_is_an_error_at_its_line(kind: Kind) -> None:
    source = "{% boundary %}{{ boom() }}{% fallback %}\n{{ 1 // 0 }}{% endboundary %}"
    with Consumer(kind, source, CONTEXT) as consumer:
        with pytest.raises(ZeroDivisionError) as caught:
            consumer.text()
        assert isinstance(caught.value.__context__, LookupError)
        assert str(caught.traceback[-1].path) == "<template>"
        assert caught.traceback[-1].lineno == 1


@every_kind
def test_what_stands_above_is_handed_over_before_a_lazy_source_is_pulled(kind: Kind) -> None:
    source = (
        "above{% if 1 %}{% endif %}{% boundary %}in{% for n in rows %}{{ n }}{% endfor %}"
        "{% fallback %}f{% endboundary %}"
    )
    consumer = Consumer(kind, source, chunk_size=10000)
    consumer.close()
    consumer.end()
    trace = consumer.trace
    with Consumer(
        kind, source, {"rows": trace.rows(kind, [1, 2])}, chunk_size=10000, trace=trace
    ) as consumer:
        consumer.text()
    if kind.async_sources:  # this source is always ready: nothing is waited for
        return
    if not kind.async_environment:
        assert trace.received("above") < trace.pulled(1)


class Close(BaseException):
    """An exception that is none of a template's business."""


@every_kind
def test_what_is_no_exception_passes(kind: Kind) -> None:
    def leave() -> None:
        raise Close

    source = "{% boundary %}{{ leave() }}{% fallback %}caught{% endboundary %}"
    with Consumer(kind, source, {"leave": leave}) as consumer, pytest.raises(Close):
        consumer.text()


def test_closing_in_the_body_is_not_caught() -> None:
    events: list[str] = []

    def rows() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            events.append("closed")

    env = StreamEnvironment()
    source = (
        "above{% boundary %}{% for n in rows() %}{{ n }}{% endfor %}{% fallback %}"
        "{{ note('fallback') }}{% endboundary %}"
    )
    stream = render_stream(env.from_string(source), {"rows": rows, "note": events.append})
    assert next(stream) == "above"
    stream.close()
    gc.collect()
    assert events in ([], ["closed"])  # it had not begun


@in_loop
async def test_cancellation_is_not_caught() -> None:
    gate = Gate()
    events: list[str] = []
    env = StreamEnvironment(enable_async=True)
    source = (
        "{% boundary %}{{ gate() }}{% fallback %}{{ note('fallback') }}{% endboundary %}"
        "{{ note('after') }}"
    )
    stream = render_stream_async(env.from_string(source), {"gate": gate, "note": events.append})
    task = asyncio.create_task(anext(stream))
    await settle()
    assert gate.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events == []


@in_loop
async def test_an_error_of_an_async_source() -> None:
    async def rows() -> AsyncIterator[int]:
        yield 1
        raise LookupError("late")

    env = StreamEnvironment(enable_async=True)
    source = (
        "{% boundary %}{% for n in rows() %}{{ n }}{% endfor %}{% fallback %}{{ error }}"
        "{% endboundary %}"
    )
    chunks = [chunk async for chunk in render_stream_async(env.from_string(source), {"rows": rows})]
    assert chunks == ["late"]


# -- with deferred regions


def test_a_region_in_a_boundary_is_deferred() -> None:
    env = StreamEnvironment()
    env.patch_script = None
    source = "{% boundary %}a{% defer %}b{% placeholder %}p{% enddefer %}c{% endboundary %}"
    text = "".join(render_stream(env.from_string(source)))
    assert page(text).contents == ["b"]
    assert assembled(text) == "abc"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_region_in_a_boundary_that_fails_is_not_rendered(is_async: bool) -> None:
    env = StreamEnvironment(enable_async=is_async)
    env.patch_script = None
    events: list[str] = []
    source = (
        "{% boundary %}{% boundary %}{% defer %}{{ note('region') }}{% enddefer %}{% endboundary %}"
        "{{ boom() }}{% fallback %}f{% defer %}{{ note('kept') }}{% enddefer %}{% endboundary %}"
    )

    def note(event: str) -> str:
        events.append(event)
        return event

    async def collect() -> str:
        stream = render_stream_async(env.from_string(source), {"note": note, "boom": boom})
        return "".join([chunk async for chunk in stream])

    assert assembled(asyncio.run(collect())) == "fkept"
    assert events == ["kept"]


def test_a_boundary_in_a_region() -> None:
    env = StreamEnvironment()
    source = (
        "{% defer %}a{% boundary %}{{ boom() }}{% fallback %}f{% endboundary %}b{% error %}no"
        "{% enddefer %}"
    )
    assert env.from_string(source).render(CONTEXT) == "afb"


# -- syntax


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% boundary x %}{% endboundary %}", "'boundary' takes no arguments; found 'x'"),
        ("{% boundary %}a", "'fallback' or 'endboundary'"),
        ("{% boundary %}{% fallback %}{% fallback %}{% endboundary %}", "second 'fallback' part"),
        ("{% boundary %}{% fallback x %}{% endboundary %}", "'fallback' takes no arguments"),
        ("{% boundary %}{% placeholder %}{% endboundary %}", "unknown tag 'placeholder'"),
        ("{% endboundary %}", "unknown tag 'endboundary'"),
        ("{% fallback %}", "unknown tag 'fallback'"),
        ("{% defer 3 %}{% enddefer %}", "nothing but timeout=, .*; found 3"),
        ("{% defer group='a' timeout=1 group='b' %}{% enddefer %}", "'defer' has group= twice"),
        ("{% defer group %}{% enddefer %}", "expected token '='"),
        ("{% defer timeout %}{% enddefer %}", "expected token '='"),
        ("{% defer timeout=1 x %}{% enddefer %}", "nothing but timeout=.*found 'x'"),
        ("{% defer %}a", "'placeholder' or 'error' or 'enddefer'"),
        ("{% defer %}{% error %}{% error %}{% enddefer %}", "second 'error' part"),
        ("{% defer %}{% placeholder %}{% error %}{% placeholder %}{% enddefer %}",
         "second 'placeholder' part"),
        ("{% for x in y %}{% defer %}{% break %}{% enddefer %}{% endfor %}", "'break'"),
        ("{% for x in y %}{% defer %}{% continue %}{% enddefer %}{% endfor %}", "'continue'"),
    ],
)  # fmt: skip
def test_bad_syntax(source: str, message: str) -> None:
    env = StreamEnvironment(extensions=["jinja2.ext.loopcontrols"])
    with pytest.raises(TemplateSyntaxError, match=message):
        env.from_string(source)
