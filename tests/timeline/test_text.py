"""The timeline on a terminal."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from streamtmpl.observing import FirstChunk, RegionStarted, StreamClosed, StreamStarted, Waited
from streamtmpl.timeline import Timeline
from streamtmpl.timeline.words import Units, columns

from .told import START, chunks, close, dashboard, start

# 67 columns are 2.352 s, so each is 35.1 ms: region 1, from 0.3 s to 1.0 s, has columns 8 to 28.
DASHBOARD = """\
shop/dashboard.html
Complete after 2.35 s. First chunk after 0.12 s. 6 chunks, 46.4 kB. The page
waited 1.07 s. 3 deferred regions.

             0 s           0.5 s         1.0 s         1.5 s         2.0 s
             +-------------+-------------+-------------+-------------+----------
first chunk     ^ 0.12 s
chunks          1                           111                                2
page         ===~~~~~~~~~~~~~~~~~~~~~~~~~~~~~==~~~~=============================
region 1             ===~~~~~~~~~~~~~~~==o
                     ready after 0.70 s, shop/dashboard.html:20
region 2             ===~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~==!=
                     timed out after 2.02 s, shop/dashboard.html:31
region 3                                       ==============x
                                failed: KeyError after 0.52 s, shop/parts.html:4
"""


def told(tell, **options) -> str:
    timeline = Timeline()
    tell(timeline)
    return timeline.text(**options)


def test_a_dashboard_in_80_columns() -> None:
    text = told(dashboard)
    assert text.startswith(DASHBOARD)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()


def test_below_it_the_key_the_longest_waits_and_what_went_wrong() -> None:
    key, waits, remarks = told(dashboard).removeprefix(DASHBOARD).strip().split("\n\n")
    assert [line[0] for line in key.splitlines()] == ["1", "=", "~", "o", "x", "!"]
    assert [line.split()[0] for line in waits.splitlines()[1:]] == ["1.80", "0.97", "0.50", "0.10"]
    assert "shop/dashboard.html:33  an await, in a region" in waits
    assert "shop/dashboard.html:40: a boundary has handled ValueError" in remarks
    assert "shop/dashboard.html:41: the session was changed after" in remarks


def test_long_names_do_not_make_it_wider() -> None:
    timeline = Timeline()
    name = "a folder/" * 9 + "page.html"
    timeline(StreamStarted(1, START, name, ("content", "the block after the content")))
    timeline(RegionStarted(1, START + 1, "r", name, 1234))
    timeline(Waited(1, START + 2, "source", name, 1234, 2, None))
    timeline(FirstChunk(1, START + 2, 5, 5, "end"))
    close(timeline, 3)
    text = timeline.text()
    assert max(map(len, text.splitlines())) <= 80
    assert "block after the content" in text.replace("\n", " ")
    assert "page.html:1234" in text


def test_colour_adds_escapes_and_nothing_else() -> None:
    coloured = told(dashboard, colour=True)
    assert coloured != told(dashboard)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == told(dashboard)


def test_it_takes_the_width_that_there_is_but_at_least_60() -> None:
    for width, expected in ((120, 120), (60, 60), (5, 60)):
        bars = [line for line in told(dashboard, width=width).splitlines() if line[13:14] == "+"]
        assert [len(bar) for bar in bars] == [expected]


def test_an_error_is_at_the_end_of_the_bar() -> None:
    timeline = Timeline()
    start(timeline)
    timeline(StreamClosed(1, START + 0.2, "error", KeyError("x")))
    text = timeline.text()
    assert "Failed: KeyError after 200 ms. No chunk was sent." in text
    assert re.search(r"^page +=+x$", text, re.MULTILINE)
    assert "\nx  an error\n" in text
    assert "first chunk" not in text


def test_a_reader_that_leaves() -> None:
    timeline = Timeline()
    start(timeline)
    chunks(timeline, 1, 0.1)
    timeline(StreamClosed(1, START + 0.2, "consumer", None))
    assert "Closed by its reader after 200 ms." in timeline.text()


def test_no_time_at_all() -> None:
    timeline = Timeline()
    start(timeline, None)
    timeline(FirstChunk(1, START, 3, None, "end"))
    close(timeline, 0)
    text = timeline.text()
    assert text.startswith("unnamed\n")
    assert "1 chunk, 3 characters." in text
    assert "0 ms" in text


def test_many_chunks_in_a_column_are_a_plus() -> None:
    timeline = Timeline()
    start(timeline)
    chunks(timeline, 5000, 0.001)
    close(timeline, 5)
    row = next(line for line in timeline.text().splitlines() if line.startswith("chunks "))
    assert set(row[17:]) == {"+"}


names = st.text(st.characters(codec=None), max_size=100)


@given(names, names, names, st.integers(60, 200))
def test_whatever_names_are_called_lines_stay_lines(template, region, block, width) -> None:
    timeline = Timeline()
    timeline(StreamStarted(1, START, template, (block,)))
    timeline(Waited(1, START + 1, "source", template, 1, 1, region))
    timeline(RegionStarted(1, START + 0.5, region, template, 1))
    timeline(Waited(1, START + 1, "source", template, 1, 0.5, region))
    close(timeline, 2)
    text = timeline.text(width)
    assert all(line.isprintable() for line in text.split("\n"))
    text.encode()
    assert text.count("\n") == len(text.splitlines())
    bar = next(line for line in text.splitlines() if line[-1:] != "-" and "=" * 8 in line)
    assert columns(bar) <= width


@given(st.floats(1e-6, 1e5), st.integers(1, 20))
def test_ticks_are_round_even_and_not_too_many(longest: float, most: int) -> None:
    ticks = Units(longest).ticks(longest, most)
    times = [time for time, _ in ticks]
    assert times[0] == 0
    assert times[-1] <= longest * (1 + 1e-6)
    assert len(ticks) <= most + 1
    assert len({label for _, label in ticks}) == len(ticks)
    if len(times) > 1:
        assert times[-1] + times[1] > longest * (1 - 1e-6)
        step = f"{times[1]:e}"
        assert float(step.partition("e")[0]) in (1, 2, 5)


def test_durations() -> None:
    seconds, milliseconds = Units(1), Units(0.9)
    written = [seconds.text(each) for each in (0, 0.004, 0.12, 12.34, 123.4, 12345)]
    assert written == ["0.00 s", "<0.01 s", "0.12 s", "12.3 s", "123 s", "12,345 s"]
    assert [milliseconds.text(each) for each in (0.12, 0.099999)] == ["120 ms", "100 ms"]
