"""What the doctor's tests share."""

from __future__ import annotations

import pytest

from .virtual import Network, virtual_network


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Servers in virtual time, in the place of all others."""
    return virtual_network(monkeypatch)
