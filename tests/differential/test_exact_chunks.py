"""Random templates of a small language, cut exactly where its own interpreter cuts them."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.loops import run

from .boundaries import DEFAULT, Asked, asked, chosen, taken
from .dice import examples
from .exact import Program, programs
from .interpreter import BoomError, interpret

SIZES = asked(0, 1, 50, 1000, 1024, 1025, 3000, DEFAULT)


def boom() -> str:
    raise BoomError("boom")


def template_of(program: Program, kind: type[jinja2.Environment], /, **options: Any) -> Any:
    loader = jinja2.DictLoader(program.sources())
    extensions = ["jinja2.ext.loopcontrols"]
    environment = kind(loader=loader, extensions=extensions, keep_trailing_newline=True, **options)
    return environment.get_template("page.html")


def context_of(program: Program) -> dict[str, Any]:
    return {**program.context, "plain": lambda: "plain", "boom": boom}


def model(program: Program, chunk_size: int) -> tuple[list[str], BoomError | None]:
    context = {**program.context, "plain": "callable"}
    return interpret(program.templates, program.macros, context, chunk_size)


def stream(program: Program, size: int | None, /, **options: Any) -> tuple[list[str], Any]:
    template = template_of(program, StreamEnvironment, **options)
    return taken(render_stream(template, context_of(program), chunk_size=size))


def stream_async(program: Program, size: int | None, /, **options: Any) -> tuple[list[str], Any]:
    template = template_of(program, StreamEnvironment, **options)

    async def collect() -> tuple[list[str], Any]:
        chunks: list[str] = []
        try:
            stream = render_stream_async(template, context_of(program), chunk_size=size)
            async for chunk in stream:
                chunks.append(chunk)
        except BoomError as error:
            return chunks, error
        return chunks, None

    return run(collect())


def assert_same(had: tuple[list[str], Any], wanted: tuple[list[str], Any]) -> None:
    assert type(had[1]) is type(wanted[1])
    assert had[0] == wanted[0]


@examples(25)
@given(programs())
def test_the_interpreter_writes_what_jinja2_writes(program: Program) -> None:
    chunks, _ = model(program, 0)
    template = template_of(program, jinja2.Environment)
    assert template.render(context_of(program)) == "".join(chunks)


@examples(60)
@given(programs(), SIZES, st.booleans())
def test_stream(program: Program, size: Asked, autoescape: bool) -> None:
    chunk_size = chosen(size, model(program, 0)[0])
    had = stream(program, chunk_size, autoescape=autoescape)
    assert_same(had, model(program, chunk_size))


@examples(40)
@given(programs(), SIZES, st.booleans())
def test_stream_of_an_async_environment(program: Program, size: Asked, autoescape: bool) -> None:
    chunk_size = chosen(size, model(program, 0)[0])
    had = stream_async(program, chunk_size, autoescape=autoescape, enable_async=True)
    assert_same(had, model(program, chunk_size))


@examples(15)
@given(programs(), SIZES)
def test_async_stream_of_a_sync_environment(program: Program, size: Asked) -> None:
    chunk_size = chosen(size, model(program, 0)[0])
    assert_same(stream_async(program, chunk_size), model(program, chunk_size))


@examples(40)
@given(programs(fuse=True), SIZES)
def test_what_is_handed_over_before_an_error(program: Program, size: Asked) -> None:
    chunk_size = chosen(size, model(program, 0)[0])
    assert_same(stream(program, chunk_size), model(program, chunk_size))


@examples(30)
@given(programs(fuse=True), SIZES)
def test_what_an_async_environment_hands_over_before_an_error(
    program: Program, size: Asked
) -> None:
    chunk_size = chosen(size, model(program, 0)[0])
    had = stream_async(program, chunk_size, enable_async=True)
    assert_same(had, model(program, chunk_size))


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("chunk_size", [0, 10, 2048, None])
def test_the_environment_says_the_chunk_size(chunk_size: int | None, is_async: bool) -> None:
    options = {} if chunk_size is None else {"chunk_size": chunk_size}

    @examples(5)
    @given(programs())
    def check(program: Program) -> None:
        wanted = model(program, DEFAULT if chunk_size is None else chunk_size)
        had = (stream_async if is_async else stream)(
            program, None, enable_async=is_async, **options
        )
        assert_same(had, wanted)
        template = template_of(program, StreamEnvironment, enable_async=is_async, **options)
        assert_same(taken(template.generate(context_of(program))), wanted)

    check()
