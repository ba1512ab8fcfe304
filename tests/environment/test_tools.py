"""Tools that wrap Jinja2's methods see every render and every stream, once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, enable_streaming, render_stream, render_stream_async

METHODS = ("render", "generate", "render_async", "generate_async")
TEMPLATES = {
    "page.html": "{% for row in rows %}<{{ row }}>{% endfor %}"
    "{% include 'part.html' %}{% from 'macros.html' import m %}{{ m(1) }}",
    "part.html": "part {{ rows|length }}",
    "macros.html": "{% macro m(x) %}m{{ x }}{% endmacro %}",
    "bad.html": "a\n{{ 1 // zero }}",
    "regions.html": "{% defer %}{{ rows[0] }}{% enddefer %}end",
}
PAGE = "<0><1><2>part 3m1"
Seen = list[tuple[str, Any]]


def call(function: Any, seen: Callable[[Any], Any]) -> Any:
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen(self.name)
        return function(self, *args, **kwargs)

    return wrapped


def call_with_name(function: Any, seen: Callable[[Any], Any]) -> Any:
    return wraps(function)(call(function, seen))


def iteration(function: Any, seen: Callable[[Any], Any]) -> Any:
    """As a tool that times the whole of a render: the method is one of the same kind."""

    def generator(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen(self.name)
        yield from function(self, *args, **kwargs)

    async def async_generator(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen(self.name)
        async for piece in function(self, *args, **kwargs):
            yield piece

    async def coroutine(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen(self.name)
        return await function(self, *args, **kwargs)

    kinds = {"generate": generator, "generate_async": async_generator, "render_async": coroutine}
    return kinds.get(function.__name__) or call(function, seen)


@pytest.fixture(params=[call, call_with_name, iteration])
def seen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What a tool sees, which has come after us."""
    found: Seen = []

    def note(method: str) -> Callable[[Any], None]:
        return lambda name: found.append((method, name))

    for method in METHODS:
        replaced = request.param(getattr(jinja2.Template, method), note(method))
        monkeypatch.setattr(jinja2.Template, method, replaced)
    return found


def environment(**options: Any) -> StreamEnvironment:
    return StreamEnvironment(loader=jinja2.DictLoader(TEMPLATES), **options)


async def collect(iterator: Any) -> list[Any]:
    return [chunk async for chunk in iterator]


SYNC: dict[str, tuple[str, Callable[[Any, Any], str]]] = {
    "render": ("render", lambda t, c: t.render(c)),
    "generate": ("generate", lambda t, c: "".join(t.generate(**c))),
    "stream": ("generate", lambda t, c: "".join(t.stream(c))),
    "render_stream": ("generate", lambda t, c: "".join(render_stream(t, c))),
    "cut everywhere": ("generate", lambda t, c: "".join(render_stream(t, c, chunk_size=0))),
    "in threads": (
        "generate",
        lambda t, c: "".join(asyncio.run(collect(render_stream_async(t, c)))),
    ),
}
ASYNC: dict[str, tuple[str, Callable[[Any, Any], str]]] = {
    "render": ("render", lambda t, c: t.render(c)),
    "generate": ("generate", lambda t, c: "".join(t.generate(c))),
    "render_async": ("render_async", lambda t, c: asyncio.run(t.render_async(c))),
    "generate_async": (
        "generate_async",
        lambda t, c: "".join(asyncio.run(collect(t.generate_async(c)))),
    ),
    "render_stream_async": (
        "generate_async",
        lambda t, c: "".join(asyncio.run(collect(render_stream_async(t, c, chunk_size=0)))),
    ),
}
WAYS = [(False, *way) for way in SYNC.values()] + [(True, *way) for way in ASYNC.values()]
NAMES = list(SYNC) + [f"async, {name}" for name in ASYNC]
every_way = pytest.mark.parametrize(("is_async", "method", "way"), WAYS, ids=NAMES)


@every_way
def test_each_render_is_seen_once(
    seen: Seen, is_async: bool, method: str, way: Callable[[Any, Any], str]
) -> None:
    template = environment(enable_async=is_async).get_template("page.html")
    assert way(template, {"rows": range(3)}) == PAGE
    assert seen == [(method, "page.html")]
    assert way(template, {"rows": range(3)}) == PAGE
    assert seen == [(method, "page.html")] * 2


@every_way
def test_errors_are_those_that_are_raised_without_tools(
    seen: Seen, is_async: bool, method: str, way: Callable[[Any, Any], str]
) -> None:
    template = environment(enable_async=is_async).get_template("bad.html")
    with pytest.raises(ZeroDivisionError) as caught:
        way(template, {"zero": 0})
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 2
    assert seen == [(method, "bad.html")]


@every_way
def test_each_one_is_seen_where_the_environment_collects_text_its_own_way(
    seen: Seen, is_async: bool, method: str, way: Callable[[Any, Any], str]
) -> None:
    class Loud(StreamEnvironment):
        concat = staticmethod(lambda pieces: "".join(pieces).upper())

    template = Loud(loader=jinja2.DictLoader(TEMPLATES), enable_async=is_async).get_template(
        "page.html"
    )
    assert way(template, {"rows": range(3)}).upper() == PAGE.upper()
    # There Jinja2's own render() of an async environment is at work, which calls render_async().
    assert seen[:1] == [(method, "page.html")]
    assert len(seen) == 1 + (is_async and method == "render")


@every_way
def test_regions_are_rendered(
    seen: Seen, is_async: bool, method: str, way: Callable[[Any, Any], str]
) -> None:
    template = environment(enable_async=is_async).get_template("regions.html")
    shown = way(template, {"rows": range(3)})
    assert shown == "0end" or ("<template" in shown and ">0<" in shown)
    assert seen == [(method, "regions.html")]


def test_a_stream_that_is_closed_closes_what_it_reads(seen: Seen) -> None:
    closed = []

    def rows() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.get_ident())

    template = environment().get_template("page.html")
    stream = render_stream(template, {"rows": rows()}, chunk_size=0)
    assert [next(stream) for _ in range(2)] == ["<0>", "<1>"]
    stream.close()
    assert len(closed) == 1
    assert seen == [("generate", "page.html")]


def test_an_async_stream_that_is_closed_closes_what_it_reads(seen: Seen) -> None:
    closed = []

    async def rows() -> Any:
        try:
            for row in range(1000):
                yield row
                await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def main() -> None:
        template = environment(enable_async=True).get_template("page.html")
        async with render_stream_async(template, {"rows": rows()}, chunk_size=0) as stream:
            assert [await stream.__anext__() for _ in range(2)] == ["<0>", "<1>"]
        assert closed == [True]

    asyncio.run(main())
    assert seen == [("generate_async", "page.html")]


def test_templates_of_an_environment_that_became_a_streaming_one_are_seen(seen: Seen) -> None:
    class Named(jinja2.Template):
        pass

    made = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES))
    made.template_class = Named
    template = enable_streaming(made).get_template("page.html")
    assert template.render(rows=range(3)) == PAGE
    assert "".join(render_stream(template, {"rows": range(3)})) == PAGE
    assert seen == [("render", "page.html"), ("generate", "page.html")]


@pytest.mark.parametrize("hides", [True, False])
def test_a_tool_that_came_before_us_sees_them_as_well(hides: bool) -> None:
    program = f"""
import functools, jinja2
seen = []
for method in ("render", "generate"):
    def wrapped(self, *args, _found=getattr(jinja2.Template, method), _method=method, **kwargs):
        seen.append(_method)
        return _found(self, *args, **kwargs)
    if not {hides}:
        functools.wraps(getattr(jinja2.Template, method))(wrapped)
    setattr(jinja2.Template, method, wrapped)
from streamtmpl import StreamEnvironment, render_stream
template = StreamEnvironment().from_string("{{{{ x }}}}")
assert template.render(x=1) == "1"
assert "".join(render_stream(template, dict(x=1))) == "1"
assert seen == ["render", "generate"], seen
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_a_tool_sees_is_the_template() -> None:
    from_tool: list[Any] = []
    original = jinja2.Template.render

    def wrapped(self: Any, *args: Any, **kwargs: Any) -> str:
        from_tool.append(self)
        return original(self, *args, **kwargs)

    template = environment().get_template("page.html")
    try:
        jinja2.Template.render = wrapped  # type: ignore[method-assign]
        template.render(rows=range(3))
    finally:
        jinja2.Template.render = original  # type: ignore[method-assign]
    assert from_tool == [template]
    assert template.render(rows=range(3)) == PAGE  # and when the tool has gone
