"""A clock that stands unless a test moves it: no wait is long enough to be told by chance."""

from __future__ import annotations

import pytest

from tests.support.clocks import Clock, replaced_clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return replaced_clock(monkeypatch)
