"""Timelines of real renders: what has happened in a template is in the picture."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.timeline import Timeline
from streamtmpl.timeline.record import Record
from tests.support.clocks import Clock, Loop, replaced_clock


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return replaced_clock(monkeypatch)


def known(timeline: Timeline) -> Record:
    """What is known of the only stream."""
    (record,) = timeline._latest()
    return record


def template(source: str, timeline: Timeline, **options):
    return StreamEnvironment(autoescape=True, observe=timeline, **options).from_string(source)


def test_a_sync_render_with_a_slow_source(clock) -> None:
    def rows():
        for number in range(4):
            clock.now += 0.5 if number == 2 else 0.1
            yield number

    timeline = Timeline()
    page = template("<h1>A</h1>\n{% for row in rows() %}<p>{{ row }}</p>{% endfor %}", timeline)
    start = clock.now
    sizes = [len(chunk) for chunk in render_stream(page, {"rows": rows}, encoding="utf-8")]
    record = known(timeline)
    assert record.start == start
    assert record.first == start  # the head does not wait for the first row
    assert record.end(0) - start == pytest.approx(0.8)
    assert record.total.number == len(sizes)
    assert record.total.bytes == sum(sizes)
    assert [(wait.place.line, round(wait.seconds, 3)) for wait in record.waits.marks] == [
        *[(2, 0.1), (2, 0.1), (2, 0.5), (2, 0.1)]
    ]
    text = timeline.text()
    assert "Complete after 800 ms. First chunk after 0.00 ms." in text
    assert re.search(r"^ +800 ms +unnamed:2 +the next item of a source, 4 times$", text, re.M)


def test_an_async_render_with_regions(clock) -> None:
    async def price(seconds: float) -> int:
        await asyncio.sleep(seconds)
        return 3

    async def fails() -> int:
        await asyncio.sleep(0.4)
        raise LookupError

    timeline = Timeline()
    page = template(
        "<body>\n{% defer %}{{ price(0.75) }}{% enddefer %}\n"
        "{% defer %}{{ fails() }}{% error %}sorry{% enddefer %}\n"
        "{% defer timeout=0.5 %}{{ price(9) }}{% error %}late{% enddefer %}\n"
        "{{ price(0.25) }}</body>",
        timeline,
        enable_async=True,
    )
    context = {"price": price, "fails": fails}

    async def render() -> None:
        async for _ in render_stream_async(page, context):
            pass

    loop = Loop(clock)
    try:
        loop.run_until_complete(render())
    finally:
        loop.close()
    record = known(timeline)
    ready, failed, late = record.regions.values()
    assert (ready.state, ready.line) == ("ready", 2)
    assert ready.seconds(0) == pytest.approx(0.75)
    assert (failed.state, failed.error, failed.line) == ("failed", "LookupError", 3)
    assert failed.seconds(0) == pytest.approx(0.4)
    assert (late.state, late.line) == ("timed out", 4)
    assert late.seconds(0) == pytest.approx(0.5)
    (wait,) = record.waits.marks
    assert (wait.place.line, wait.place.kind) == (5, "await")
    assert wait.seconds == pytest.approx(0.25)
    (inside,) = ready.waits.marks
    assert (inside.place.line, inside.place.in_region) == (2, True)
    assert record.outcome == "complete"
    svg = timeline.svg()
    for label in ("750 ms at unnamed:2", "250 ms at unnamed:5", "timed out, 500 ms"):
        assert label in svg


def test_regions_in_threads_overlap() -> None:
    """Both are under way at once: neither comes to its end before both have begun."""
    both = threading.Barrier(2)

    def together() -> int:
        return both.wait(30)

    timeline = Timeline()
    page = template(
        "<body>{% defer %}{{ together() }}{% enddefer %}\n"
        "{% defer %}{{ together() }}{% enddefer %}</body>",
        timeline,
    )
    with ThreadPoolExecutor(2) as executor:
        text = "".join(render_stream(page, {"together": together}, executor=executor))
    first, second = known(timeline).regions.values()
    assert {first.line, second.line} == {1, 2}
    assert first.state == second.state == "ready"
    assert second.end is not None
    assert first.end is not None
    assert max(first.start, second.start) < min(first.end, second.end)
    assert text.count("<template") == 2


def test_an_error_and_a_boundary_that_has_handled_one() -> None:
    timeline = Timeline()
    page = template(
        "{% boundary %}{{ 1 // 0 }}{% fallback %}-{% endboundary %}\n{{ [] // 1 }}", timeline
    )
    with pytest.raises(TypeError):
        list(render_stream(page))
    text = timeline.text()
    assert "Failed: TypeError after" in text
    assert "unnamed:1: a boundary has handled ZeroDivisionError and shows its fallback." in text


def test_a_reader_that_leaves(clock) -> None:
    timeline = Timeline()
    page = template("a{% flush %}{% for n in range(9) %}{{ n }}{% endfor %}", timeline)
    with render_stream(page) as stream:
        next(stream)
        clock.now += 2
    assert "Closed by its reader after 2.00 s. First chunk after 0.00 s." in timeline.text()


def test_one_of_many_streams_has_many_chunks_and_the_page_is_the_same(clock) -> None:
    timeline = Timeline()
    source = "{% for n in range(5000) %}{{ n }},{% endfor %}"
    page = template(source, timeline, chunk_size=0)
    plain = "".join(f"{n}," for n in range(5000))
    clock.tick = 0.0001
    assert "".join(render_stream(page)) == plain
    record = known(timeline)
    assert record.total.number == 5000
    assert record.total.characters == len(plain)
    assert len(record.chunks.marks) <= 200
    assert len(timeline.svg()) < 60_000
