"""What is optimised is compared with Jinja2 at length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.remembered import remembered


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


def pytest_itemcollected(item: pytest.Item) -> None:
    """Is called for what is in this folder."""
    item.add_marker(pytest.mark.comparison)


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """To be left out it need not be collected, which takes every process a while."""
    return None if config.option.comparisons else True
