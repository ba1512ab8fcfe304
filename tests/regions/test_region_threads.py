"""Regions that are rendered in the threads of an executor."""

from __future__ import annotations

import gc
import time
import weakref
from contextvars import ContextVar
from itertools import permutations
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.testing import ChunkReader
from tests.support.patched import assembled, page

from .threads import FOUR, Gates, Threads


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_patches_come_in_order_of_readiness(
    env: StreamEnvironment, threads: Threads, order: tuple[int, ...]
) -> None:
    gates = Gates()
    stream = render_stream(env.from_string(FOUR), {"wait": gates.wait}, executor=threads)
    reader = ChunkReader.of(stream)
    document = reader.read_until("]")
    assert [page(document).document.count(f"({n})") for n in range(4)] == [1] * 4
    for n in order:
        gates.open(n)
        reader.read_until(f">{n}</template>")
    text = reader.read()
    assert page(text).contents == [str(n) for n in order]
    assert assembled(text) == "[0,1,2,3,]"


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_in_order_regions_run_ahead_of_their_place(
    env: StreamEnvironment, threads: Threads, order: tuple[int, ...]
) -> None:
    gates = Gates()
    stream = render_stream(
        env.from_string(FOUR), {"wait": gates.wait}, executor=threads, deferred="in-order"
    )
    reader = ChunkReader.of(stream)
    reader.read_until("[")
    while len(gates.begun) < 4:
        time.sleep(0.001)
    opened: set[int] = set()
    expected = "["
    for n in order:
        assert reader.read_until(expected) == expected
        gates.open(n)
        opened.add(n)
        first = next((each for each in range(4) if each not in opened), 4)
        expected = "[" + "".join(f"{each}," for each in range(first))
    assert reader.read() == "[0,1,2,3,]"
    assert sorted(gates.begun) == [0, 1, 2, 3]
    assert gates.most == 4


def test_no_more_than_so_many_run_at_once(env: StreamEnvironment, threads: Threads) -> None:
    env.max_deferred = 2
    gates = Gates()
    gates.open(*range(12))
    source = FOUR.replace("range(4)", "range(12)")
    text = "".join(render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads))
    assert assembled(text) == "[" + "".join(f"{n}," for n in range(12)) + "]"
    assert gates.most <= 2
    assert sorted(gates.begun) == list(range(12))


def test_context_variables_are_those_of_the_place(env: StreamEnvironment, threads: Threads) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="none")
    source = (
        "{{ set('a') }}{% defer %}{{ get() }}{{ set('x') }}{% enddefer %}"
        "{{ set('b') }}{% defer %}{{ get() }}{% enddefer %}{{ get() }}"
    )

    def put(value: str) -> str:
        variable.set(value)
        return ""

    context = {"get": variable.get, "set": put}
    for executor in (None, threads):
        stream = render_stream(env.from_string(source), context, executor=executor)
        assert assembled("".join(stream)) == "abb"
    assert env.from_string(source).render(context) == "abb"
    variable.set("none")


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_an_executor_that_has_been_shut_down(env: StreamEnvironment, deferred: Any) -> None:
    threads = Threads(1)
    template = env.from_string("a{% defer %}x{% error %}{{ error }}{% enddefer %}b" * 3)
    stream = render_stream(template, executor=threads, deferred=deferred)
    threads.shutdown()
    text = "".join(stream)
    assert assembled(text) == "acannot schedule new futures after shutdownb" * 3


def test_one_that_is_shut_down_meanwhile(env: StreamEnvironment) -> None:
    env.max_deferred = 1
    threads = Threads(1)
    gates = Gates()
    source = FOUR.replace("{% placeholder %}", "{% error %}e{% placeholder %}")
    stream = render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads)
    reader = ChunkReader.of(stream)
    reader.read_until("]")
    threads.shutdown(wait=False)
    gates.open(0)
    assert assembled(reader.read()) == "[0,e,e,e,]"


def test_regions_are_not_rendered_far_ahead_of_their_reader(
    env: StreamEnvironment, threads: Threads
) -> None:
    rendered: list[int] = []

    def note(n: int) -> str:
        rendered.append(n)
        return "x" * 10_000

    source = "{% for n in range(500) %}{% defer %}{{ note(n) }}{% enddefer %}{% endfor %}"
    stream = render_stream(env.from_string(source), {"note": note}, executor=threads)
    next(stream)
    threads.submit(int).result()
    for _ in range(5):
        next(stream)
    assert len(rendered) < 100
    rest = sum(map(len, stream))
    assert rest > 400 * 10_000
    assert sorted(rendered) == list(range(500))


@pytest.mark.parametrize(("first", "patches"), [(0, ["0"]), (1, ["1 in", "1 out"])])
def test_a_region_in_a_placeholder_goes_with_it(
    env: StreamEnvironment, threads: Threads, first: int, patches: list[str]
) -> None:
    gates = Gates()
    source = (
        "{% macro other(where) %}[{% boundary %}{% defer %}{{ wait(1) }} {{ where }}"
        "{% placeholder %}p{% enddefer %}{% endboundary %}]{% endmacro %}"
        "{% defer %}{{ wait(0) }}{% placeholder %}{{ other('in') }}{% enddefer %}"
        "{{ other('out') }}!"
    )
    stream = render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads)
    reader = ChunkReader.of(stream)
    reader.read_until("!")
    gates.open(first)
    for patch in patches:
        reader.read_until(f">{patch}</template>")
    gates.open(0, 1)
    text = reader.read()
    assert assembled(text) == "0[1 out]!"
    assert ("1 in" in page(text).contents) == ("1 in" in patches)


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_what_has_been_handed_over_is_let_go(
    env: StreamEnvironment, threads: Threads, deferred: Any
) -> None:
    class Big:
        def __str__(self) -> str:
            return "x" * 20_000

    alive: weakref.WeakSet[Big] = weakref.WeakSet()

    def make() -> Big:
        big = Big()
        alive.add(big)
        return big

    source = (
        "{% for n in range(200) %}{% set big = make() %}{% defer %}{{ big }}{% defer %}{{ big }}"
        "{% enddefer %}{% enddefer %}{% set big = none %}{% endfor %}"
    )
    gc.disable()
    try:
        stream = render_stream(
            env.from_string(source), {"make": make}, executor=threads, deferred=deferred
        )
        total = 0
        for chunk in stream:
            total += len(chunk)
            if total > 7_000_000:
                break
        assert len(alive) < 100
    finally:
        gc.enable()
    stream.close()
