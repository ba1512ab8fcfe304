"""One block of a page, or several, rendered alone."""

from __future__ import annotations

import asyncio
import gc
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    NotStreamingError,
    SandboxedStreamEnvironment,
    StreamEnvironment,
    UnknownBlockError,
    enable_streaming,
    render_stream,
    render_stream_async,
)

SOURCES = {
    "library": "{% macro show(x) %}<{{ x }}>{% endmacro %}",
    "base": "{% set ns = namespace(n=1) %}{{ outside() }}<title>{% block title %}Base{% endblock %}"
    "</title>{% set ns.n = 2 %}{% for row in rows %}{% block row scoped %}<tr>{{ row }}"
    "{{ ns.n }}{% endblock %}{% endfor %}{% block body %}base:{% block inner %}{{ own }}"
    "{% endblock %}{% endblock %}{% block needed required %}{% endblock %}{{ outside() }}",
    "middle": "{% extends 'base' %}{{ outside() }}{% set own = 'of middle' %}{% block body %}"
    "middle:{{ super() }}{{ self.title() }}{% endblock %}",
    "page": "{% extends 'middle' %}{% from 'library' import show %}{% set mine = show(1) %}"
    "{% block body %}page:{{ super() }}{{ mine }}{% endblock %}{% block nowhere %}"
    "{{ own }}{% endblock %}",
    "plain": "nothing but text",
    "if": "{% if x %}{% set y = 1 %}{% block a %}a{{ y }}{% endblock %}{% endif %}"
    "{% set y = 2 %}{% block b %}b{{ y }}{% endblock %}",
    "stops": "{% set x = count() %}{% block a %}a{% endblock %}{% set x = count() %}"
    "{% block b %}{{ x }}{% endblock %}{% set x = outside() %}",
    "namespaces": "{% set ns = namespace(n=1) %}{% block a %}{{ ns.n }}{% endblock %}"
    "{% set x = 1 %}{% set ns.n = 2 %}{% block b %}{{ ns.n }}{{ x }}{% endblock %}",
    "captured": "{% set x = 1 %}{% set text %}[{% block a %}{{ x }}{% endblock %}]{% endset %}"
    "{% set x = 2 %}{% block b %}{{ text }}{{ x }}{% endblock %}",
    "chunks": "{% block a %}{% for x in xs %}{{ x }};{% endfor %}{% endblock %}"
    "{% block b %}b{% endblock %}",
    "regions": "{% block a %}[{% defer %}late{% enddefer %}]{% boundary %}{{ 1 // 0 }}"
    "{% fallback %}failed{% endboundary %}{% endblock %}",
    "sloppy": "{% set x = 1 // 0 %}{% block a %}{% endblock %}",
    "wrong": "\n{% block a %}\n{{ 1 // 0 }}{% endblock %}",
}

both = pytest.mark.parametrize("is_async", [False, True])


def outside() -> None:
    pytest.fail("called, and it stands outside the block")


def environment(is_async: bool, **options: Any) -> StreamEnvironment:
    loader = jinja2.DictLoader(SOURCES)
    return StreamEnvironment(loader=loader, enable_async=is_async, autoescape=True, **options)


def chunks(template: Any, context: dict[str, Any], **options: Any) -> list[str]:
    if not template.environment.is_async:
        return list(render_stream(template, context, **options))

    async def collect() -> list[str]:
        return [chunk async for chunk in render_stream_async(template, context, **options)]

    return asyncio.run(collect())


def part(name: str, block: Any, is_async: bool, **context: Any) -> str:
    template = environment(is_async).get_template(name)
    return "".join(chunks(template, {"outside": outside, **context}, block=block))


@both
@pytest.mark.parametrize(
    ("name", "block", "text"),
    [
        ("base", "title", "Base"),
        ("base", "row", "<tr>2"),
        ("middle", "body", "middle:base:of middleBase"),
        ("page", "body", "page:middle:base:of middleBase&lt;1&gt;"),
        ("page", "inner", "of middle"),
        ("page", "nowhere", "of middle"),
    ],
)
def test_a_block_is_the_most_derived_one_with_the_names_before_its_place(
    name: str, block: str, text: str, is_async: bool
) -> None:
    assert part(name, block, is_async).replace("<1>", "&lt;1&gt;") == text


@both
def test_the_variables_of_a_loop_are_the_callers_to_give(is_async: bool) -> None:
    assert part("page", "row", is_async, row="given", rows=outside) == "<tr>given2"


@both
@pytest.mark.parametrize("blocks", [("title", "inner"), ["title", "inner"]])
def test_several_blocks_come_in_the_order_asked_for(blocks: Any, is_async: bool) -> None:
    assert part("page", blocks, is_async) == "Baseof middle"
    assert part("page", type(blocks)(reversed(blocks)), is_async) == "of middleBase"
    assert part("page", ("title", "title"), is_async) == "BaseBase"


@both
def test_the_page_runs_once_and_no_further_than_it_must(is_async: bool) -> None:
    counted = iter(range(5))
    assert part("stops", ("b", "a"), is_async, count=lambda: next(counted)) == "1a"
    assert next(counted) == 2
    assert part("stops", "a", is_async, count=lambda: next(counted)) == "a"
    assert next(counted) == 4


@both
def test_a_block_after_a_later_one_sees_its_variables_as_they_were(is_async: bool) -> None:
    assert part("namespaces", ("a", "b"), is_async) == "121"
    assert part("namespaces", ("b", "a"), is_async) == "212"  # a namespace is one and the same
    assert part("if", ("b", "a"), is_async, x=True) == "b2a1"


@both
def test_a_condition_that_does_not_hold_does_not_hide_a_block(is_async: bool) -> None:
    assert part("if", "a", is_async, x=True) == "a1"
    assert part("if", "a", is_async, x=False) == "a"
    assert part("if", ("a", "b"), is_async, x=False) == "ab2"


@both
def test_a_block_in_a_block_assignment_stands_there(is_async: bool) -> None:
    assert part("captured", "a", is_async) == "1"
    assert part("captured", ("a", "b"), is_async) == "1[1]2"


@both
@pytest.mark.parametrize(
    ("name", "blocks", "message"),
    [
        (
            *("middle", "bdoy"),
            "block='bdoy': 'middle' has no such block. It has 'body', 'inner', 'needed', 'row',"
            " 'title'.",
        ),
        (
            *("page", ("title", "bdoy")),
            "block='bdoy': 'page' has no such block. It has 'body', 'inner', 'needed', 'nowhere',"
            " 'row', 'title'.",
        ),
        ("plain", "body", "block='body': 'plain' has no such block. It has no blocks."),
    ],
)
def test_an_unknown_block(name: str, blocks: Any, message: str, is_async: bool) -> None:
    with pytest.raises(UnknownBlockError) as raised:
        part(name, blocks, is_async)
    assert str(raised.value) == message


@both
def test_a_required_block_that_nobody_has(is_async: bool) -> None:
    with pytest.raises(jinja2.TemplateRuntimeError, match=r"'needed' not found: .* 'page'"):
        part("page", "needed", is_async)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"block": 3}, TypeError, "must be the name of a block, or a tuple of names, not 3"),
        ({"block": ("a", 3)}, TypeError, r"not \('a', 3\)"),
        ({"block": ()}, ValueError, r"must name a block, or several, not \(\)"),
        ({"block": ""}, ValueError, "not ''"),
        ({"block": "a", "commit_after": "b"}, ValueError, "commit_after='b' is for whole pages"),
    ],
)
def test_arguments_are_checked_at_once(options: Any, kind: Any, message: str) -> None:
    for is_async, function in ((False, render_stream), (True, render_stream_async)):
        template = environment(is_async).get_template("chunks")
        with pytest.raises(kind, match=message):
            function(template, {}, **options)


@both
def test_chunks_are_cut_at_every_boundary(is_async: bool) -> None:
    template = environment(is_async).get_template("chunks")
    made = chunks(template, {"xs": [1, 2]}, block=("a", "b"), chunk_size=0)
    assert made == ["1;", "2;", "b"]


def test_text_leaves_while_the_block_is_rendered() -> None:
    reached = []

    def rows() -> Iterator[int]:
        for number in range(3):
            reached.append(number)
            yield number

    template = environment(False).get_template("chunks")
    stream = render_stream(template, {"xs": rows()}, block="a", chunk_size=0)
    assert (next(stream), reached) == ("0;", [0])
    assert (next(stream), reached) == ("1;", [0, 1])


@both
def test_closing_closes_the_sources(is_async: bool) -> None:
    closed = []

    def rows() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    template = environment(is_async).get_template("chunks")
    if is_async:

        async def read_one() -> None:
            async with render_stream_async(
                template, {"xs": rows()}, block="a", chunk_size=0
            ) as stream:
                assert await stream.__anext__() == "0;"

        asyncio.run(read_one())
    else:
        with render_stream(template, {"xs": rows()}, block="a", chunk_size=0) as stream:
            assert next(stream) == "0;"
    assert closed == [True]


@both
def test_regions_and_boundaries(is_async: bool) -> None:
    template = environment(is_async).get_template("regions")
    in_order = chunks(template, {}, block="a", deferred="in-order")
    assert "".join(in_order) == "[late]failed"
    patched = "".join(chunks(template, {}, block="a"))
    assert patched.startswith("[<?start")
    assert patched.index("]failed") < patched.index("late")


@both
def test_an_error_has_its_template_and_line(is_async: bool) -> None:
    for name, line in (("wrong", 3), ("sloppy", 1)):
        with pytest.raises(ZeroDivisionError) as raised:
            part(name, "a", is_async)
        lines = traceback.extract_tb(raised.tb)
        assert [each.lineno for each in lines if each.filename == "<template>"][-1] == line


def render_sync(template: Any, *args: Any, **kwargs: Any) -> str:
    return str(template.render_block(*args, **kwargs))


def render_async(template: Any, *args: Any, **kwargs: Any) -> str:
    return str(asyncio.run(template.render_block_async(*args, **kwargs)))


@pytest.mark.parametrize(
    ("is_async", "render"), [(False, render_sync), (True, render_sync), (True, render_async)]
)
def test_methods_of_templates(is_async: bool, render: Callable[..., str]) -> None:
    template = environment(is_async).get_template("chunks")
    assert render(template, "a", xs=[1]) == "1;"
    assert render(template, ("b", "a"), {"xs": [1]}, xs=[2]) == "b2;"
    template = environment(is_async).get_template("regions")
    assert render(template, "a", block="a name of the template's") == "[late]failed"


def test_the_async_method_is_for_async_environments() -> None:
    with pytest.raises(RuntimeError, match="not async: call render_block"):
        asyncio.run(environment(False).get_template("chunks").render_block_async("a"))


@both
def test_with_compiled_templates(is_async: bool, tmp_path: Path) -> None:
    environment(is_async).compile_templates(tmp_path, zip=None)
    compiled = StreamEnvironment(
        loader=jinja2.ModuleLoader(tmp_path), enable_async=is_async, autoescape=True
    )
    template = compiled.get_template("page")
    assert chunks(template, {"outside": outside}, block="inner") == ["of middle"]


@both
def test_with_a_bytecode_cache(is_async: bool, tmp_path: Path) -> None:
    for _ in range(2):
        cache = jinja2.FileSystemBytecodeCache(str(tmp_path))
        template = environment(is_async, bytecode_cache=cache).get_template("page")
        assert chunks(template, {"outside": outside}, block="inner") == ["of middle"]


def test_in_a_sandbox_and_an_enabled_environment() -> None:
    loader = jinja2.DictLoader(SOURCES)
    for made in (
        SandboxedStreamEnvironment(loader=loader),
        enable_streaming(jinja2.Environment(loader=loader)),
    ):
        template: Any = made.get_template("page")
        assert template.render_block("inner", outside=outside) == "of middle"
        with pytest.raises(UnknownBlockError):
            template.render_block("no")


def test_a_parent_that_jinja2_compiled_is_refused() -> None:
    streaming = environment(False)
    parent = jinja2.Environment().from_string("{% block a %}{% endblock %}")
    template = streaming.from_string("{% extends parent %}{% block a %}a{% endblock %}")
    with pytest.raises(NotStreamingError, match="cannot give single blocks"):
        list(render_stream(template, {"parent": parent}, block="a"))


def test_nothing_is_kept_of_a_part() -> None:
    class Value:
        def __str__(self) -> str:
            return "value"

    template = environment(False).get_template("chunks")
    value = Value()
    watched = weakref.ref(value)
    assert list(render_stream(template, {"xs": [value]}, block=("b", "a"))) == ["bvalue;"]
    del value
    gc.collect()
    assert watched() is None
