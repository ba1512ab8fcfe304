"""A loop whose rows are one run each looks at the clock by the length of its text, not by pulls.

Nobody can tell from the chunks of a source that is always fast, or always slow. One that turns slow
is found out after a few rows, however short they are. The same loop with a test that all items pass
looks by pulls: what it does is the measure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from markupsafe import Markup

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.runtime.slow_pulls import KINDS, TimedTrace
from tests.support.clocks import QUICK, SLOW, replaced_clock

BODIES = {
    "row": "<tr><td>{{ r }}</td><td>{{ r }}</td></tr>\n",
    "line": "{{ r }}\n",
    "text alone": "<hr class='of ten and more'>\n",
    "several lines": "<p>\n{{ r }}\n{{ r.x }}{{ r|upper }}</p>\n",
    "calls in it": "<i>{{ f(r) ~ 1 }}</i>",
}
SIZES = [0, 1, 30, 1000, 16384]


def paced(body: str) -> str:
    return "head{% for r in rows %}" + body + "{% endfor %}tail"


def by_pulls(body: str) -> str:
    return "head{% for r in rows if true %}" + body + "{% endfor %}tail"


@pytest.fixture(params=KINDS)
def trace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TimedTrace:
    return TimedTrace(request.param, replaced_clock(monkeypatch))


def test_which_loops_are_paced() -> None:
    """Those of which each iteration is sure to write something, in one run."""
    environment = StreamEnvironment(extensions=["jinja2.ext.loopcontrols"])
    others = [
        "{{ r }}", "", "{% if r %}<p>{% endif %}", "<p>{% continue %}", "{% flush %}<p>",
        "<p>{% if r %}{% endif %}", "<p>{{ f(r) }}", "<p>{{ r|join }}", "<p>{{ loop.nextitem }}",
        "{% for x in r %}<p>{% endfor %}", "{% macro m() %}{% endmacro %}<p>",
    ]  # fmt: skip
    for body in BODIES.values():
        assert "held > t" in environment.compile(paced(body), raw=True)
    for loop in (*map(paced, others), *map(by_pulls, BODIES.values())):
        assert "held > t" not in environment.compile(loop, raw=True), loop


# -- the chunks


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("seconds", [0, QUICK, SLOW])
def test_chunks(seconds: float, body: str, size: int, trace: TimedTrace) -> None:
    """A source that is always fast, or always slow, has the chunks that it has without."""

    def chunks_of(template: str, rows: Any) -> list[str]:
        again = TimedTrace(trace.kind, trace.clock)
        again.consume(template, {"rows": rows(again), "f": str}, size)
        return again.chunks

    def lazy(again: TimedTrace) -> Iterator[int]:
        return again.source([seconds] * 300)

    expected = chunks_of(by_pulls(body), lazy)
    assert chunks_of(paced(body), lazy) == expected
    assert len(expected) > 1
    if seconds == QUICK:
        in_memory = chunks_of(paced(body), lambda again: [*range(1, 301)])
        assert "".join(in_memory) == "".join(expected)
        assert chunks_of(by_pulls(body), lambda again: [*range(1, 301)]) == in_memory


VALUES: dict[str, Callable[[int], Any]] = {
    "numbers": lambda number: number,
    "text to escape": lambda number: "<" * (number % 40),
    "markup": lambda number: Markup("<b>"),
    "empty": lambda number: "",
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_chunks_of_values(value: Callable[[int], Any], size: int) -> None:
    environment = StreamEnvironment(autoescape=True)
    for make in (list, iter):
        rows = [value(number) for number in range(400)]
        one, other = (
            list(
                render_stream(environment.from_string(loop), {"rows": make(rows)}, chunk_size=size)
            )
            for loop in (paced(BODIES["row"]), by_pulls(BODIES["row"]))
        )
        assert one == other


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("every", [1, 7, 50])
def test_chunks_where_values_are_waited_for(every: int, size: int) -> None:
    """What has collected is handed over there, so that less is held than the loop has counted."""
    environment = StreamEnvironment(enable_async=True)

    async def later(number: int) -> int:
        if number % every == 0:
            await asyncio.sleep(0)
        return number

    async def rows() -> AsyncIterator[int]:
        for number in range(300):
            yield number

    async def chunks_of(loop: str, of: Callable[[], Any]) -> list[str]:
        stream = render_stream_async(
            environment.from_string(loop), {"rows": of(), "later": later}, chunk_size=size
        )
        return [chunk async for chunk in stream]

    body = "<p>{{ later(r) ~ '' }} is waited for</p>"
    for of in (rows, lambda: [*range(300)], lambda: iter([*range(300)])):
        one, other = (asyncio.run(chunks_of(loop, of)) for loop in (paced(body), by_pulls(body)))
        assert one == other
        assert len(one) > 300 // every


# -- the looks


@pytest.mark.parametrize(
    ("text", "body"), [("some text", "row"), ("", "row"), ("", "line"), ("x" * 300, "line")]
)
@pytest.mark.parametrize("fast", [200, 900, 3000, 12000])
def test_a_source_that_turns_slow(fast: int, text: str, body: str, trace: TimedTrace) -> None:
    """It is found out after 16 rows of the usual length, or 64 of nothing but what is certain."""

    def rows() -> Iterator[str]:
        for number in range(fast + 200):
            trace.events.append(number)
            trace.clock.now += SLOW if number >= fast else 0
            yield text

    events = trace.consume(paced(BODIES[body]), {"rows": rows()})
    turned = events.index(fast)
    found = next(at for at in range(turned, len(events)) if isinstance(events[at], str))
    usual = 17 if text else 65
    assert found - turned <= usual
    # From then on each row is in the consumer's hands before the next pull.
    rest = events[events.index(fast + usual + 3) : -1]
    assert [type(event) for event in rest] == [int, str] * (len(rest) // 2)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_fast_source_is_looked_at_less_and_less(body: str, trace: TimedTrace) -> None:
    def looks_at(count: int) -> int:
        again = TimedTrace(trace.kind, trace.clock)
        before = trace.clock.looks
        rows = (f"row {number:06}" for number in range(count))
        again.consume(paced(body), {"rows": rows, "f": str})
        return trace.clock.looks - before

    looks = [looks_at(count) for count in (1000, 80000, 90000)]
    assert looks[2] - looks[1] < 10000 / 5
    assert looks[0] > 100
