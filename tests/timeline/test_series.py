"""What is kept of a stream: bounded, complete in its sums, and as fine as that allows."""

from __future__ import annotations

import tracemalloc
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamtmpl.observing import RegionReady, RegionStarted, StreamClosed, StreamStarted, Waited
from streamtmpl.timeline import Timeline
from streamtmpl.timeline.record import MOST_REGIONS, Record
from streamtmpl.timeline.series import Chunks, Place, Series, Waits

from .told import PAGE, START, chunks, close, start

MOST = 8
PLACE = Place("source", PAGE, 1, False)


def chunk(time: float) -> Chunks:
    return Chunks(time, time, 1, 5, 7, "size")


def series_of(marks):
    series = Series(MOST)
    for mark in marks:
        series.add(mark)
    return series.marks


@given(st.lists(st.floats(0, 100), max_size=200))
def test_chunks_are_never_too_many_and_never_lost(steps: list[float]) -> None:
    times = list(accumulate(steps))
    marks = series_of(map(chunk, times))
    assert len(marks) <= MOST
    assert sum(mark.number for mark in marks) == len(times)
    assert sum(mark.characters for mark in marks) == 5 * len(times)
    assert sum(mark.bytes for mark in marks) == 7 * len(times)
    assert all(first.end <= second.start for first, second in pairwise(marks))
    if times:
        assert (marks[0].start, marks[-1].end) == (times[0], times[-1])


@given(st.lists(st.floats(0, 100), max_size=200))
def test_what_is_apart_remains_apart(steps: list[float]) -> None:
    times = list(accumulate(steps))
    marks = series_of(map(chunk, times))
    far = 4 * (times[-1] - times[0]) / MOST if times else 0
    for first, second in pairwise(times):
        if second - first > max(far, 1e-6) * 1.001:
            assert not any(mark.start <= first and second <= mark.end for mark in marks)


def test_few_marks_are_not_joined_even_at_one_time() -> None:
    assert series_of(chunk(1.0) for _ in range(MOST)) == [chunk(1.0)] * MOST


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), max_size=100))
def test_waits_that_overlap_are_bounded_too(spans: list[tuple[float, float]]) -> None:
    marks = series_of(Waits(at, at + long, 1, long, PLACE, long) for at, long in spans)
    assert len(marks) <= MOST
    assert sum(mark.number for mark in marks) == len(spans)
    assert abs(sum(mark.seconds for mark in marks) - sum(long for _, long in spans)) < 1e-6


def test_joined_waits_are_named_after_the_place_that_has_waited_longest() -> None:
    here, there = PLACE, PLACE._replace(line=2)
    first = Waits(0, 1, 1, 1.0, here, 1.0)
    second = Waits(2, 4, 1, 2.0, there, 2.0)
    both = first.joined(second)
    assert both == Waits(0, 4, 2, 3.0, there, 2.0)
    assert both.joined(second).there == 4.0


def test_a_copy_does_not_change() -> None:
    series: Series[Chunks] = Series(MOST)
    series.add(chunk(1.0))
    copied = series.copy()
    series.add(chunk(2.0))
    assert copied.marks == [chunk(1.0)]


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(number: int) -> int:
        timeline = Timeline()
        tracemalloc.start()
        start(timeline)
        end = chunks(timeline, number, 0.001)
        for each in range(number):
            timeline(Waited(1, START + each * 0.001, "source", PAGE, each, 0.0005, None))
            timeline(RegionStarted(1, START + each * 0.001, f"r{each}", PAGE, each))
            timeline(RegionReady(1, START + each * 0.001 + 0.1, f"r{each}", PAGE, each, 1))
        close(timeline, end - START)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert f"{number:,} chunks, {10 * number / 1000:,.1f} kB." in timeline.text()
        return size

    assert peak(8_000) < peak(1_000) * 1.5


def test_the_picture_does_not_grow_with_the_stream() -> None:
    def length(number: int) -> int:
        timeline = Timeline()
        start(timeline)
        end = chunks(timeline, number, 0.001)
        for each in range(number):
            timeline(Waited(1, START + each * 0.001, "await", PAGE, each, 0.0005, None))
            timeline(RegionStarted(1, START + each * 0.001, f"region-{each}", PAGE, each))
            timeline(RegionReady(1, end, f"region-{each}", PAGE, each, 1))
        close(timeline, end - START)
        return len(timeline.svg())

    assert length(2_000) < 100_000


def test_of_many_regions_the_slowest_and_the_failed_are_kept() -> None:
    record = Record(StreamStarted(1, START, PAGE, ()))
    for number in range(2 * MOST_REGIONS):
        name = f"r{number}"
        record.add(RegionStarted(1, START, name, PAGE, 1))
        record.add(RegionReady(1, START + (number * 7 % 60), name, PAGE, 1, 1))
    assert record.regions_begun == 2 * MOST_REGIONS
    assert sorted(region.seconds(0) for region in record.regions.values()) == list(range(30, 60))


def test_an_error_is_not_kept_only_its_name() -> None:
    class Heavy(Exception):
        pass

    timeline = Timeline()
    start(timeline)
    error = Heavy("secret")
    timeline(StreamClosed(1, START + 1, "error", error))
    text = timeline.text()
    assert "Failed: Heavy after 1.00 s." in text
    assert "secret" not in timeline.html()
    assert not any(error is value for value in vars(timeline._records[1]).values())
