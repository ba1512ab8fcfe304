"""What is compiled is remembered, as texts are compiled several times; and the clock stands.

When a chunk is cut depends on how long its source takes: here, no time that a test does not say.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clocks import Clock, replaced_clock
from tests.support.remembered import remembered


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


@pytest.fixture(name="clock", autouse=True)
def make_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return replaced_clock(monkeypatch)
