"""Chunks are compared to the character here: no pull may be slow because the machine is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clocks import replaced_clock
from tests.support.remembered import remembered


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


@pytest.fixture(scope="package", autouse=True)
def _still_clock() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        replaced_clock(monkeypatch)
        yield
