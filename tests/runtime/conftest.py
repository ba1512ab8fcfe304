"""What is compiled is remembered, as texts are compiled several times."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.remembered import remembered


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield
