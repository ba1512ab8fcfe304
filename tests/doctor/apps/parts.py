"""Pages that take their time: what the applications for the doctor's tests send."""

from __future__ import annotations

import time
from collections.abc import Iterator

WAIT = 0.8
"""Seconds that each part of a page but the first takes."""

TEXT = "<p>some text</p>" * 90


def parts(fail: bool = False) -> Iterator[str]:
    """A page of three parts, of some 1,500 characters each, which takes 1.6 seconds."""
    for number in range(3):
        if number:
            time.sleep(WAIT)
        if fail and number == 2:
            raise RuntimeError("this page fails")
        yield f"<h2>Part {number}</h2>{TEXT}"


def rows() -> Iterator[str]:
    """A page of 18,000 characters in 120 rows, which takes 3.6 seconds."""
    for number in range(120):
        yield f"<tr><td>{number:03}<td>" + "x" * 133
        time.sleep(0.03)


def stalling() -> Iterator[str]:
    """A part, and another one after much longer."""
    yield TEXT
    time.sleep(5 * WAIT)
    yield TEXT
