"""render_stream and render_stream_async: their arguments and what they refuse."""

from __future__ import annotations

import asyncio
import time
from collections import ChainMap, UserDict
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import jinja2
import pytest
from jinja2.nativetypes import NativeEnvironment

from streamtmpl import (
    AsyncChunkStream,
    ChunkStream,
    NotStreamingError,
    StreamClosedError,
    StreamEnvironment,
    StreamError,
    render_stream,
    render_stream_async,
)

ENVIRONMENT = StreamEnvironment()
ASYNC_ENVIRONMENT = StreamEnvironment(enable_async=True)
ROWS = "{% for row in rows %}<{{ row }}>{% endfor %}"


def collect(stream: AsyncChunkStream[Any]) -> list[Any]:
    async def main() -> list[Any]:
        return [chunk async for chunk in stream]

    return asyncio.run(main())


def both(source: str, *args: Any, **options: Any) -> list[Any]:
    """The chunks, which must be the same in all three kinds of streams."""
    chunks = list(render_stream(ENVIRONMENT.from_string(source), *args, **options))
    for environment in (ENVIRONMENT, ASYNC_ENVIRONMENT):
        template = environment.from_string(source)
        assert collect(render_stream_async(template, *args, **options)) == chunks
    return chunks


def test_what_they_return() -> None:
    stream = render_stream(ENVIRONMENT.from_string("x"))
    assert type(stream) is ChunkStream
    for environment in (ENVIRONMENT, ASYNC_ENVIRONMENT):
        async_stream = render_stream_async(environment.from_string("x"))
        assert type(async_stream) is AsyncChunkStream
        assert not hasattr(async_stream, "__len__")
    assert not hasattr(stream, "__len__")


@pytest.mark.parametrize(
    "context",
    [
        {"x": 1},
        MappingProxyType({"x": 1}),
        ChainMap({}, {"x": 1}),
        UserDict({"x": 1}),
    ],
    ids=lambda context: type(context).__name__,
)
def test_contexts(context: Any) -> None:
    assert both("{{ x }}", context) == ["1"]


def test_without_a_context() -> None:
    assert both("[{{ x }}]") == both("[{{ x }}]", None) == both("[{{ x }}]", {}) == ["[]"]


def test_the_context_is_copied() -> None:
    context = {"x": 1}
    stream = render_stream(ENVIRONMENT.from_string("{{ x }}{% set x = 3 %}{{ x }}"), context)
    context["x"] = 2
    assert list(stream) == ["13"]
    assert context == {"x": 2}


def test_nothing_runs_before_the_first_step() -> None:
    ran: list[int] = []
    template = ENVIRONMENT.from_string("{{ ran.append(1) }}")
    stream = render_stream(template, {"ran": ran})
    assert ran == []
    assert next(stream) == "None"
    assert ran == [1]


def test_chunk_size_0_cuts_at_every_boundary() -> None:
    assert both(ROWS, {"rows": "abc"}, chunk_size=0) == ["<a>", "<b>", "<c>"]


def test_a_chunk_has_at_least_the_chunk_size() -> None:
    assert both(ROWS, {"rows": "abcde"}, chunk_size=3) == ["<a>", "<b>", "<c>", "<d>", "<e>"]
    assert both(ROWS, {"rows": "abcde"}, chunk_size=4) == ["<a><b>", "<c><d>", "<e>"]
    assert both(ROWS, {"rows": "abcde"}, chunk_size=10**9) == ["<a><b><c><d><e>"]


def test_the_chunk_size_of_the_environment_is_the_default() -> None:
    environment = StreamEnvironment(chunk_size=0)
    template = environment.from_string(ROWS)
    assert list(render_stream(template, {"rows": "ab"})) == ["<a>", "<b>"]
    assert list(render_stream(template, {"rows": "ab"}, chunk_size=None)) == ["<a>", "<b>"]
    assert list(render_stream(template, {"rows": "ab"}, chunk_size=9)) == ["<a><b>"]
    assert collect(render_stream_async(template, {"rows": "ab"})) == ["<a>", "<b>"]


def test_the_first_chunk_is_small_and_others_grow_fourfold() -> None:
    chunks = both("{% for row in rows %}12345678{% endfor %}", {"rows": range(10_000)})
    sizes = [len(chunk) for chunk in chunks]
    assert sizes == [1024, 4096, *[16384] * 4, 80_000 - 5_120 - 4 * 16384]


def test_runs_are_never_split() -> None:
    run = "x" * 50_000
    assert both("{{ run }}" + ROWS, {"run": run, "rows": "ab"}, chunk_size=1) == [
        run + "<a>",
        "<b>",
    ]


@pytest.mark.parametrize("source", ["", "{{ '' }}", "{% if 0 %}x{% endif %}", "{% set x = 1 %}"])
def test_no_text_is_no_chunk(source: str) -> None:
    assert both(source, chunk_size=0) == []
    assert both(source, chunk_size=0, encoding="utf-8") == []


@pytest.mark.parametrize(
    "source",
    [
        "{% for row in rows %}{% if row == 'b' %}{{ row }}{% endif %}{% endfor %}",
        "{% for row in rows %}{% flush %}{% flush %}{% endfor %}b{% flush %}{% flush %}",
        "{% macro m() %}{% endmacro %}{{ m() }}{{ m() }}b{{ m() }}",
        "{% block a %}{% block c %}{% endblock %}{% endblock %}{% filter trim %} {% endfilter %}b",
    ],
)
def test_no_chunk_is_empty(source: str) -> None:
    assert both(source, {"rows": "abc"}, chunk_size=0) == ["b"]


def test_the_memory_does_not_grow_with_the_output() -> None:
    template = ENVIRONMENT.from_string("{% for row in rows %}" + "x" * 100 + "{% endfor %}")
    longest = max(map(len, render_stream(template, {"rows": iter(range(20_000))}, chunk_size=1000)))
    assert longest == 1000


# -- encoding


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "UTF8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "gb18030", "cp037"],
)
def test_encodings(encoding: str) -> None:
    text = "aä€" if encoding != "cp037" else "aä<"
    rows = [*text, "\U0001f600"] if encoding != "cp037" else list(text)
    chunks = both(ROWS, {"rows": rows}, chunk_size=0, encoding=encoding)
    assert all(chunks)
    assert all(type(chunk) is bytes for chunk in chunks)
    joined = b"".join(chunks)
    expected = "".join(f"<{row}>" for row in rows)
    assert joined.decode(encoding) == expected
    if encoding != "utf-7":
        assert joined == expected.encode(encoding)
        assert len(chunks) == len(rows)


def test_a_byte_order_mark_comes_once_and_with_text() -> None:
    chunks = both(ROWS, {"rows": "ab"}, chunk_size=0, encoding="utf-16")
    assert [len(chunk) for chunk in chunks] == [8, 6]


def test_a_byte_order_mark_is_no_chunk_of_its_own() -> None:
    """A cut without text hands over nothing, whatever the codec would begin with."""

    def slow() -> Iterator[int]:
        for number in range(2):
            time.sleep(0.01)
            yield number

    template = ENVIRONMENT.from_string("{% for row in rows %}{% endfor %}text")
    chunks = list(render_stream(template, {"rows": slow()}, encoding="utf-8-sig"))
    assert chunks == ["text".encode("utf-8-sig")]


@pytest.mark.parametrize("encoding", ["nope", "", "utf_9", "hex", "rot13", "base64", "zlib"])
@pytest.mark.parametrize("environment", [ENVIRONMENT, ASYNC_ENVIRONMENT])
def test_unknown_encodings(environment: StreamEnvironment, encoding: str) -> None:
    """Refused at once, also those that are codecs but make no bytes of text."""
    template = environment.from_string("x")
    with pytest.raises(LookupError, match=r"encoding .*'utf-8'"):
        render_stream_async(template, encoding=encoding)
    if environment is ENVIRONMENT:
        with pytest.raises(LookupError, match=repr(encoding)):
            render_stream(template, encoding=encoding)


def test_what_the_encoding_cannot_say() -> None:
    template = ENVIRONMENT.from_string("{% if 1 %}a{% endif %}{{ x }}")
    stream = render_stream(template, {"x": "ä"}, chunk_size=0, encoding="ascii")
    assert next(stream) == b"a"
    with pytest.raises(UnicodeEncodeError):
        next(stream)
    with pytest.raises(StreamClosedError):
        next(stream)


# -- refusals

WRONG_SIZES = [(-1, ValueError), (1.5, TypeError), ("1", TypeError), (True, TypeError)]


@pytest.mark.parametrize(("size", "error"), WRONG_SIZES)
@pytest.mark.parametrize("environment", [ENVIRONMENT, ASYNC_ENVIRONMENT])
def test_wrong_chunk_sizes(
    environment: StreamEnvironment, size: Any, error: type[Exception]
) -> None:
    template = environment.from_string("x")
    with pytest.raises(error, match="chunk_size must be"):
        render_stream_async(template, chunk_size=size)
    if environment is ENVIRONMENT:
        with pytest.raises(error, match="chunk_size must be"):
            render_stream(template, chunk_size=size)


@pytest.mark.parametrize("render", [render_stream, render_stream_async])
@pytest.mark.parametrize(
    "template",
    [
        jinja2.Template("x"),
        jinja2.Environment().from_string("x"),
        jinja2.Environment(enable_async=True).from_string("x"),
        NativeEnvironment().from_string("x"),
    ],
)
def test_plain_templates_are_refused(render: Any, template: jinja2.Template) -> None:
    with pytest.raises(NotStreamingError) as caught:
        render(template)
    message = str(caught.value)
    assert repr(template) in message
    assert "StreamEnvironment" in message
    assert "enable_streaming(environment)" in message
    assert isinstance(caught.value, StreamError)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("render", [render_stream, render_stream_async])
@pytest.mark.parametrize("wrong", [None, "page.html", jinja2.Template, ENVIRONMENT])
def test_what_is_no_template_is_refused(render: Any, wrong: Any) -> None:
    with pytest.raises(NotStreamingError, match="expected a template"):
        render(wrong)


def test_a_template_of_an_async_environment_is_refused() -> None:
    template = ASYNC_ENVIRONMENT.from_string("x")
    with pytest.raises(NotStreamingError, match="render_stream_async"):
        render_stream(template)


def test_options_are_keywords() -> None:
    function: Any = render_stream
    with pytest.raises(TypeError, match="positional"):
        function(ENVIRONMENT.from_string("x"), {}, 5)
    with pytest.raises(TypeError, match="unexpected keyword"):
        function(ENVIRONMENT.from_string("x"), name="x")
