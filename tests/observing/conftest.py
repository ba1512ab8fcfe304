"""A clock that tests of waits move."""

from __future__ import annotations

import pytest

from tests.support.clocks import Clock, replaced_clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return replaced_clock(monkeypatch)
