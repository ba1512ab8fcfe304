"""What an observer is told of waits."""

from __future__ import annotations

import asyncio
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    StreamEnvironment,
    csv_rows,
    csv_rows_async,
    json_array,
    json_array_async,
    json_lines,
    json_lines_async,
    rechunk,
    rechunk_async,
    render_stream,
)
from streamtmpl.observing import (
    Chunk,
    StreamClosed,
    Waited,
)
from tests.support.clocks import Clock
from tests.support.gates import needs_timeout

from .observers import Noted, chunks, environment, every_kind, named, source_of


@every_kind
@pytest.mark.parametrize(("seconds", "told"), [(0.0009, []), (0.0011, [2, 2]), (0.5, [2, 2])])
def test_a_source_that_is_slow(kind: str, clock: Clock, seconds: float, told: list[int]) -> None:
    noted = Noted()
    page = named(
        environment(kind),
        "<ul>\n{% for row in rows %}<li>{{ row }}{% if loop.last %}!{% endif %}{% endfor %}",
    )

    def rows() -> Any:
        for number in range(2):
            clock.now += seconds
            yield number

    got = "".join(chunks(kind, page, {"rows": source_of(kind, rows())}, observe=noted))
    assert got == "<ul>\n<li>0<li>1!"
    waits = noted.of(Waited)
    assert [event.line for event in waits] == told
    for event in waits:
        assert (event.kind, event.template, event.region) == ("source", "page.html", None)
        assert event.seconds == pytest.approx(seconds)
    assert noted.of(Chunk)[0].reason == "wait", "what stands above the loop has left before"


def test_what_is_awaited(clock: Clock) -> None:
    noted = Noted()
    page = named(environment("async"), "a{% if 1 %}{% endif %}\n{{ slow() }}\n{{ quick() }}")

    def advance() -> None:
        clock.now += 0.25

    async def slow() -> str:
        for _ in range(3):  # it waits several times, and is awaited once
            asyncio.get_running_loop().call_soon(advance)
            await asyncio.sleep(0)
        return "b"

    async def quick() -> str:
        await asyncio.sleep(0)
        return "c"

    assert (
        "".join(chunks("async", page, {"slow": slow, "quick": quick}, observe=noted)) == "a\nb\nc"
    )
    wait = noted.one(Waited)
    assert (wait.kind, wait.template, wait.line, wait.region) == ("await", "page.html", 2, None)
    assert wait.seconds == 0.75
    assert noted.of(Chunk)[0].reason == "wait"


@needs_timeout
def test_a_wait_that_the_template_s_own_code_gives_up(clock: Clock) -> None:
    noted = Noted()
    page = named(environment("async"), "a\n{{ slow() }}{% flush %}b")

    async def slow() -> str:
        try:
            async with asyncio.timeout(0):  # type: ignore[attr-defined] # it is new
                asyncio.get_running_loop().call_soon(advance)
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "in time"

    def advance() -> None:
        clock.now += 0.25

    assert "".join(chunks("async", page, {"slow": slow}, observe=noted)) == "a\nlateb"
    assert (noted.one(Waited).line, noted.one(Waited).seconds) == (2, 0.25)
    assert [event.reason for event in noted.of(Chunk)] == ["flush", "end"]


def test_waiting_is_told_with_the_line_of_the_innermost_template(clock: Clock) -> None:
    noted = Noted()
    env = StreamEnvironment(
        loader=jinja2.DictLoader(
            {
                "page.html": "\n{% include 'part.html' %}",
                "part.html": "{% macro m() %}\n\n{% for r in rows %}{% endfor %}{% endmacro %}"
                "{{ m() }}",
            }
        )
    )

    def rows() -> Any:
        clock.now += 1
        yield 1

    list(render_stream(env.get_template("page.html"), {"rows": rows()}, observe=noted))
    assert (noted.one(Waited).template, noted.one(Waited).line) == ("part.html", 3)


def test_a_macro_that_is_captured_waits_as_well(clock: Clock) -> None:
    noted = Noted()
    page = named(
        environment("sync"),
        "{% set text %}\n{% for r in rows %}{{ r }}{% endfor %}{% endset %}{{ text }}",
    )

    def rows() -> Any:
        clock.now += 1
        yield 1

    assert "".join(render_stream(page, {"rows": rows()}, observe=noted)) == "\n1"
    assert noted.one(Waited).line == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_rows_of_a_rechunked_source(clock: Clock, is_async: bool) -> None:
    noted = Noted()

    def texts() -> Any:
        clock.now += 1
        yield "a"

    async def collect() -> list[str]:
        stream = rechunk_async(source_of("async", texts()), observe=noted)
        return [chunk async for chunk in stream]

    got = asyncio.run(collect()) if is_async else list(rechunk(texts(), observe=noted))
    assert got == ["a"]
    wait = noted.one(Waited)
    assert (wait.kind, wait.template, wait.line) == ("source", None, None)


def test_a_stream_in_a_template_of_another_one(clock: Clock) -> None:
    """Who iterates a stream is not what it waits in."""
    noted = Noted()

    def texts() -> Any:
        clock.now += 1
        yield "a"

    inner = rechunk(texts(), observe=noted)
    page = environment("sync").from_string("{% for text in inner %}{{ text }}{% endfor %}")
    assert "".join(render_stream(page, {"inner": inner})) == "a"
    assert noted.one(Waited).line is None


@pytest.mark.parametrize("make", [csv_rows, json_lines, json_array])
def test_rows(make: Any, clock: Clock) -> None:
    noted = Noted()

    def rows() -> Any:
        clock.now += 1
        yield {"a": 1}

    stream = make(rows(), observe=noted)
    assert stream.content_type == make([]).content_type
    body = b"".join(stream)
    assert sum(event.bytes for event in noted.of(Chunk)) == len(body)
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.one(Waited).kind == "source"


@pytest.mark.parametrize("make", [csv_rows_async, json_lines_async, json_array_async])
def test_async_rows(make: Any, clock: Clock) -> None:
    noted = Noted()

    async def rows() -> Any:
        clock.now += 1
        yield {"a": 1}

    async def main() -> bytes:
        stream = make(rows(), observe=noted)
        assert stream.content_type == make([]).content_type
        return b"".join([chunk async for chunk in stream])

    assert len(asyncio.run(main())) == sum(event.bytes for event in noted.of(Chunk))
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.one(Waited).kind == "source"
