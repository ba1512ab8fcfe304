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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Is called for what is in this folder."""
    item.add_marker(pytest.mark.comparison)


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """To be left out it need not be collected, which takes every process a while."""
    return None if config.option.comparisons else True
