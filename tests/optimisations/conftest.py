"""What is optimised is compared with Jinja2 at length."""

from __future__ import annotations

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Is called for what is in this folder."""
    item.add_marker(pytest.mark.comparison)
