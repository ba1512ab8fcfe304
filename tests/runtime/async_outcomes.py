"""What comes of a render in async environments: text or exception, and all that happened in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import jinja2
import pytest

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, render_stream_async
from tests.support.loops import run

from .async_values import Notes, context, prepare

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]


class Raised(NamedTuple):
    kind: type[BaseException]
    message: str
    place: tuple[str, int] | None


def _place(traceback: TracebackType | None) -> tuple[str, int] | None:
    place = None
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            place = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return place


Change = Callable[[jinja2.Environment], object]


def outcome(
    compiled: Callable[[], jinja2.Template], stream: bool, source: str = "lazy"
) -> tuple[Any, Notes]:
    """The text or the exception of a render, and what happened in it.

    ``source`` in the template is what the context has under the name *source*.
    """

    async def render(template: jinja2.Template, given: dict[str, Any]) -> str:
        if not stream:
            return await template.render_async(given)
        return "".join([chunk async for chunk in render_stream_async(template, given)])

    def rendered(given: dict[str, Any]) -> str:
        given["source"] = given[source]
        return run(render(compiled(), given))

    return _came_of(rendered)


def _came_of(rendered: Callable[[dict[str, Any]], str]) -> tuple[Any, Notes]:
    notes: Notes = []
    try:
        result = rendered(context(notes))
    except Exception as error:
        return Raised(type(error), str(error), _place(error.__traceback__)), notes
    return re.sub("0x[0-9a-f]+", "0x", result), notes


def assert_same(
    page: str,
    change: Change = lambda _: None,
    sources: Sequence[str] = ("lazy",),
    **options: Any,
) -> Any:
    """Streamtmpl and Jinja2 come to the same with each source; returns what, with the last one."""
    options = {"enable_async": True, "extensions": EXTENSIONS, "autoescape": True, **options}
    expected_environment = prepare(jinja2.Environment(**options))
    change(expected_environment)
    compiled = functools.cache(functools.partial(expected_environment.from_string, page))
    expected = [outcome(compiled, False, source) for source in sources]
    for kind_of_environment in (StreamEnvironment, SandboxedStreamEnvironment):
        environment = prepare(kind_of_environment(**options))
        change(environment)
        compiled = functools.cache(functools.partial(environment.from_string, page))
        for stream in (False, True):
            assert [outcome(compiled, stream, source) for source in sources] == expected
    return expected[-1][0]


never_awaited = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
SOURCES = {
    "list": "items",
    "lazy": "lazy()",
    "lazy async": "lazy_async()",
    "empty": "lazy(0)",
    "fails": "fails(2)",
    "map": "lazy()|map(attribute='number')",
    "map noted": "lazy()|map(attribute='noted')",
    "map awaitable": "lazy()|map(attribute='later')",
    "map, async filter": "lazy()|map('afilter')",
    "map, sometimes async": "[0, 1, 2, 3, 0]|map('sometimes')",
    "map, two kinds": "nested|map('join', '-')",
    "map of async": "lazy_async()|map(attribute='number')",
    "map, broken": "lazy()|map(attribute='broken')",
    "map, broken later": "lazy()|map('abroken')",
    "map, stops": "lazy()|map(attribute='stops')",
    "map, stops async": "lazy()|map(attribute='stops_async')",
    "map, stops by filter": "lazy()|map('stop')",
    "map, stops async by filter": "lazy()|map('stop_async')",
    "map, stops later": "lazy()|map('astopped')",
    "map without a filter": "lazy()|map",
    "map with an unknown filter": "lazy()|map('nothing')",
    "map with an unknown keyword": "lazy()|map(attribute='number', x=1)",
    "map with too much": "lazy()|map('upper', value=1)",
    "map with context": "lazy()|map('upper', context=1)",
    "map, dynamic": "lazy()|map(*['string'], **{})",
    "map, default": "lazy()|map(attribute='nothing', default='d')",
    "select": "lazy()|select('defined')",
    "select, async test": "lazy()|select('async_is')",
    "select, broken": "lazy()|select('broken')",
    "select, unknown": "lazy()|select('nothing')",
    "reject": "lazy()|reject('none')",
    "selectattr": "lazy()|selectattr('noted', 'odd')",
    "selectattr, awaitable": "lazy()|selectattr('later')",
    "selectattr, stops": "lazy()|selectattr('stops')",
    "selectattr, stops async": "lazy()|selectattr('stops_async')",
    "selectattr of nothing": "lazy()|selectattr",
    "rejectattr": "lazy()|rejectattr('number', 'odd')",
    "chain": "lazy(5)|selectattr('noted', 'odd')|map(attribute='number')|map('string')"
    "|reject('in', '3')",
    "chain, awaited": "lazy(5)|map(attribute='later')|select|map('afilter')|reject('none')",
    "chain, awaited, broken": "lazy(5)|map(attribute='later')|select|map('broken')",
    "chain, awaited, test broken": "lazy(5)|map('afilter')|select('broken')",
    "chain, awaited, stops": "lazy(5)|map('afilter')|map('stop')",
    "chain, awaited, stops async": "lazy(5)|map('afilter')|map('stop_async')",
    "chain, awaited, nothing left": "lazy(5)|map(attribute='later')|reject('number')",
    "chain over drained": "lazy(4)|map(attribute='number')|unique|map('afilter')|list|map('upper')",
    "unique": "lazy()|unique",
    "slice": "lazy()|slice(2)",
    "sort": "lazy()|sort|map(attribute='number')",
    "not iterable": "5",
    "not iterable, map": "5|map('string')",
    "zero, map": "0|map('string')",
    "undefined": "nothing",
    "undefined, map": "nothing|map('string')",
    "text": "'a<b'",
    "text, map": "'a<b'|map('upper')",
    "unsized": "unsized",
    "unsized, map": "unsized|map('string')",
    "falsy": "falsy",
    "falsy, map": "falsy|map('string')",
    "awaitables": "awaitables()",
    "both": "both",
    "both, map": "both|map('string')",
    "ends like async": "stops_async()",
    "ends like async, map": "stops_async()|map('string')",
    "ends like async, select": "stops_async()|select",
    "no iterator": "broken_iter()",
    "no iterator, map": "broken_iter()|map('string')",
    "stopped iterator": "stopped_iter()",
    "awaited iterable": "later(numbers)|map('string')",
    "in a condition": "(numbers if true else texts)|select('odd')",
}
every_source = pytest.mark.parametrize("iterable", SOURCES.values(), ids=SOURCES)


def assert_same_sync(source: str) -> None:
    options: dict[str, Any] = {"extensions": EXTENSIONS, "undefined": jinja2.ChainableUndefined}
    results = []
    for kind_of_environment in (jinja2.Environment, StreamEnvironment):
        template = prepare(kind_of_environment(**options)).from_string(source)
        results.append(_came_of(template.render))
    assert results[0] == results[1]
