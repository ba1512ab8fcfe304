"""The observer: which streams it keeps, in which order, and from which threads."""

from __future__ import annotations

import threading

import pytest

from streamtmpl.observing import Chunk, RegionReady, StreamStarted
from streamtmpl.timeline import Timeline

from .told import PAGE, START, chunks, close, dashboard, start


def test_nothing_observed() -> None:
    timeline = Timeline()
    assert timeline.text() == "No stream has been observed yet.\n"
    assert "No stream has been observed yet." in timeline.svg()
    assert "No stream has been observed yet." in timeline.html()


def test_the_last_streams_are_kept_the_last_one_first() -> None:
    timeline = Timeline()
    for number in range(12):
        start(timeline, f"page-{number}.html", stream=number)
        close(timeline, 0.5, stream=number)
    page = timeline.html()
    assert "The last 10 streams" in page
    places = [page.find(f": page-{number}.html</h2>") for number in range(12)]
    assert places[:2] == [-1, -1]
    assert places[2:] == sorted(places[2:], reverse=True)
    assert places[11] > 0
    assert timeline.text().startswith("page-11.html\n")


def test_as_many_as_wanted() -> None:
    timeline = Timeline(streams=1)
    for number in range(2):
        start(timeline, f"page-{number}.html", stream=number)
    assert "page-0.html" not in timeline.html()
    with pytest.raises(ValueError, match="streams must be 1 or more, not 0"):
        Timeline(streams=0)


def test_events_of_streams_that_are_not_known_are_left_out() -> None:
    timeline = Timeline()
    timeline(Chunk(5, START, 1, 1, "size"))
    assert timeline.text() == "No stream has been observed yet.\n"
    start(timeline)
    timeline(RegionReady(1, START, "never-begun", PAGE, 1, 1))
    assert "never-begun" not in timeline.text()


def test_streams_that_overlap_do_not_mix() -> None:
    timeline = Timeline()
    start(timeline, "a.html", stream=1)
    start(timeline, "b.html", stream=2)
    chunks(timeline, 3, 0.1, stream=1)
    chunks(timeline, 7, 0.1, stream=2)
    close(timeline, 0.8, stream=2)
    close(timeline, 0.4, stream=1)
    assert timeline.text().startswith("b.html\nComplete after 800 ms. First chunk after 100 ms.")
    assert "7 chunks, 70 bytes." in timeline.text()
    assert "3 chunks, 30 bytes." in timeline.html()


def test_a_stream_that_is_still_running_is_drawn_up_to_now(monkeypatch) -> None:
    timeline = Timeline()
    start(timeline)
    chunks(timeline, 2, 0.25)
    monkeypatch.setattr("streamtmpl.timeline.observer.perf_counter", lambda: START + 30)
    assert "Still running after 30.0 s. First chunk after 0.25 s." in timeline.text()


@pytest.mark.usefixtures("often_in_turn")
def test_any_number_of_threads() -> None:
    """Streams begin and are told in eight threads at once, while a ninth one draws them."""
    timeline, failures, over = Timeline(streams=2), [], threading.Event()
    begin = threading.Barrier(9)

    def tell(stream: int) -> None:
        try:
            begin.wait(30)
            for _ in range(60):
                dashboard(timeline, stream)
                chunks(timeline, 20, 0.001, stream)
        except Exception as error:
            failures.append(error)

    def draw() -> None:
        try:
            begin.wait(30)
            while not over.is_set():
                timeline.html()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=tell, args=(stream,)) for stream in range(8)]
    reader = threading.Thread(target=draw)
    for thread in [*threads, reader]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    reader.join()
    assert failures == []
    for record in timeline._latest():
        assert record.total.number == 26


def test_a_stream_may_begin_anew_under_its_number() -> None:
    timeline = Timeline()
    timeline(StreamStarted(1, START, "a.html", ()))
    timeline(StreamStarted(1, START, "b.html", ("content",)))
    assert timeline.text().startswith("b.html, block content\n")
