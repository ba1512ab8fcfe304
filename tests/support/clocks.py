"""A clock that the tests move: a "slow" pull is exactly as slow as a test says."""

from __future__ import annotations

import sys

import pytest

from streamtmpl import runtime
from streamtmpl.chunks import buffer

QUICK, FAST, SLOW = 0.0001, 0.0019, 0.0021
"""Seconds of a pull: the last two are around the 2 ms from which on a pull is slow."""


class Clock:
    """Seconds that pass only when the test says so, and with every look at it by *tick*."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.tick = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.now += self.tick
        self.looks += 1
        return self.now


def replaced_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the real one, wherever the package has it."""
    fake, real = Clock(), buffer.clock
    assert runtime.clock is real  # fetched now, else it would keep the fake one
    found = 0
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "streamtmpl" and getattr(module, "clock", None) is real:
            monkeypatch.setattr(module, "clock", fake)
            found += 1
    assert found >= 2
    assert buffer.clock() == fake.now
    return fake
