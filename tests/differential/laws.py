"""The law: whichever way a template is rendered, it comes to what Jinja2 comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jinja2

from streamtmpl import render_stream, render_stream_async
from tests.support.loops import run

from .engines import Setup
from .outcomes import Outcome, Rendered, normalized, outcome
from .values import Recipes, Workshop, build

PLAIN = Setup()

Way = Callable[[Any, dict[str, Any]], str]


@dataclass(frozen=True, repr=False)
class Case:
    """Templates, the one to render, what it is given, and how the environment is set up."""

    templates: Mapping[str, str]
    context: Recipes
    setup: Setup = PLAIN
    name: str = "page.html"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis shows: templates, what they use, what is not the default."""
        source = "\n".join(self.templates.values())
        used = {name: recipe for name, recipe in self.context.items() if name in source}
        plain = asdict(PLAIN)
        changed = {key: value for key, value in asdict(self.setup).items() if value != plain[key]}
        parts = [f"{name}: {text!r}" for name, text in self.templates.items() if text]
        printer.text("\n".join(["Case", *parts, repr(used), repr(changed)]))

    def come_to(self, environment: jinja2.Environment, way: Way) -> Outcome:
        shop = Workshop(environment)

        def render() -> str:
            template = environment.get_template(self.name)
            return way(template, build(self.context, shop))

        return outcome(render, shop.trace)


def streamed(**options: Any) -> Way:
    return lambda template, context: "".join(render_stream(template, context, **options))


def streamed_bytes(encoding: str, **options: Any) -> Way:
    def way(template: Any, context: dict[str, Any]) -> str:
        stream = render_stream(template, context, encoding=encoding, **options)
        return b"".join(stream).decode(encoding)

    return way


def streamed_async(**options: Any) -> Way:
    async def collect(template: Any, context: dict[str, Any]) -> str:
        stream = render_stream_async(template, context, **options)
        return "".join([chunk async for chunk in stream])

    return lambda template, context: run(collect(template, context))


def streamed_bytes_async(encoding: str, **options: Any) -> Way:
    async def collect(template: Any, context: dict[str, Any]) -> bytes:
        stream = render_stream_async(template, context, encoding=encoding, **options)
        return b"".join([chunk async for chunk in stream])

    return lambda template, context: run(collect(template, context)).decode(encoding)


def render(template: Any, context: dict[str, Any]) -> str:
    return str(template.render(context))


def render_async(template: Any, context: dict[str, Any]) -> str:
    return str(run(template.render_async(context)))


def generate(template: Any, context: dict[str, Any]) -> str:
    return "".join(template.generate(context))


def stream(template: Any, context: dict[str, Any]) -> str:
    return "".join(template.stream(context))


def generate_async(template: Any, context: dict[str, Any]) -> str:
    async def collect() -> str:
        return "".join([chunk async for chunk in template.generate_async(context)])

    return run(collect())


SYNC_WAYS: dict[str, Way] = {
    "render()": render,
    "generate()": generate,
    "stream()": stream,
    "render_stream, every boundary": streamed(chunk_size=0),
    "render_stream, small": streamed(chunk_size=9),
    "render_stream, default": streamed(),
    "render_stream, utf-8": streamed_bytes("utf-8", chunk_size=0),
    "render_stream_async, every boundary": streamed_async(chunk_size=0),
    "render_stream_async, utf-8": streamed_bytes_async("utf-8"),
}

ASYNC_WAYS: dict[str, Way] = {
    "render()": render,
    "generate()": generate,
    "render_async()": render_async,
    "generate_async()": generate_async,
    "render_stream_async, every boundary": streamed_async(chunk_size=0),
    "render_stream_async, small": streamed_async(chunk_size=9),
    "render_stream_async, default": streamed_async(),
    "render_stream_async, utf-8": streamed_bytes_async("utf-8", chunk_size=0),
}


def all_ways(is_async: bool) -> Mapping[str, Way]:
    return ASYNC_WAYS if is_async else SYNC_WAYS


def whole_and_cut(is_async: bool) -> Mapping[str, Way]:
    """One way that no boundary cuts, and one that each cuts: all run the one generated function.

    It is for tests of what is generated, which the other ways do not see.
    """
    whole = "render_async()" if is_async else "render()"
    cut = f"render_stream{'_async' * is_async}, every boundary"
    return {name: all_ways(is_async)[name] for name in (whole, cut)}


def expected(case: Case) -> Outcome:
    """What Jinja2 comes to."""
    way = render_async if case.setup.is_async else render
    return case.come_to(case.setup.oracle(case.templates), way)


def assert_same(
    case: Case,
    environment: jinja2.Environment | None = None,
    ways: Callable[[bool], Mapping[str, Way]] = all_ways,
) -> Outcome:
    """Every way comes to what Jinja2 comes to."""
    oracle = expected(case)
    environment = environment or case.setup.subject(case.templates)
    for label, way in ways(case.setup.is_async).items():
        assert case.come_to(environment, way) == oracle, label
        if not environment.cache:
            break  # none gets as far as to render: what each raises is what compiling raises
    return oracle


def assert_same_bytes(
    case: Case, encoding: str, oracle: Rendered, environment: jinja2.Environment
) -> None:
    """The stream's bytes are the text's bytes: one byte order mark, whole characters."""
    template = environment.get_template(case.name)
    context = build(case.context, Workshop(environment))

    async def collect() -> list[bytes]:
        stream = render_stream_async(template, context, chunk_size=0, encoding=encoding)
        return [chunk async for chunk in stream]

    if case.setup.is_async:
        chunks = run(collect())
    else:
        chunks = list(render_stream(template, context, chunk_size=0, encoding=encoding))
    assert all(chunks), "an empty chunk"
    joined = b"".join(chunks)
    text = joined.decode(encoding)
    assert normalized(text) == oracle.text
    assert joined == text.encode(encoding)
