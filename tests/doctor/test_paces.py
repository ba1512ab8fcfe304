"""What the times of one exchange come to, on lines that a test on this machine has not."""

from __future__ import annotations

import pytest

from streamtmpl.doctor import Exchange, Head, Pace, Piece

HTML = Head("1.1", 200, "OK", (("Content-Type", "text/html; charset=utf-8"),))


def exchange(*pieces, round_trip):
    """An answer whose pieces, each of so many characters, came after so many seconds."""
    came = tuple(Piece(at, size, size) for at, size in pieces)
    return Exchange(
        "http://a/", "identity", round_trip=round_trip, head=HTML, pieces=came, ended_at=came[-1].at
    )


@pytest.mark.parametrize("round_trip", [0.0001, 0.05, 0.15, 0.3])
def test_a_far_server_that_sends_little_at_a_time_streams(round_trip):
    seen = exchange((0.6, 20), (1.1, 20), (1.7, 20), round_trip=round_trip)
    assert seen.pace is Pace.STREAMS


@pytest.mark.parametrize(
    ("round_trip", "pieces"),
    [
        (0.0001, [(0.6, 14_000)]),
        (0.15, [(0.6, 14_000), (0.75, 28_000), (0.9, 56_000), (1.05, 100_000)]),
        (0.15, [(0.6, 1_000), (0.8, 1_000)]),  # a packet was lost
    ],
)
def test_a_page_that_was_sent_at_once_has_come_at_once(round_trip, pieces):
    assert exchange(*pieces, round_trip=round_trip).pace is Pace.AT_ONCE
