"""What the shares of the comparisons have: together all, each something of every template."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import share

KINDS = ("sync", "async", "sandbox")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("template", range(4))
def test_product(template: int, kind: str) -> None:
    """Is there to be shared."""
    assert kind in KINDS


@pytest.mark.parametrize("of", [2, 3, 6])
def test_shares_of_a_product(
    of: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [each for each in request.session.items if "::test_product[" in each.nodeid]
    if len(items) < 4 * len(KINDS):
        pytest.skip("of the product a part is run alone")
    monkeypatch.setattr(share, "OF", of)
    shared: list[pytest.Item] = []
    for number in range(1, of + 1):
        monkeypatch.setattr(share, "NUMBER", number)
        chosen = [item for item in items if share.has(item)]
        parameters = [item.callspec.params for item in chosen]  # type: ignore[attr-defined]
        assert chosen
        if of <= len(KINDS):
            assert {each["template"] for each in parameters} == set(range(4))
            assert {each["kind"] for each in parameters} == set(KINDS)
        shared += chosen
    assert len(shared) == len(items)
    assert set(shared) == set(items)


@pytest.mark.parametrize("of", [1, 3, 6, 24])
def test_shares_of_what_is_not_of_the_engine(of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "OF", of)
    path = Path("tests/bench/test_x.py")
    items: list[Any] = [SimpleNamespace(path=path, nodeid=f"{path}::{n}") for n in range(20)]
    shares = []
    for number in range(1, of + 1):
        monkeypatch.setattr(share, "NUMBER", number)
        shares.append([item for item in items if share.has(item)])
    third = max(1, of // 3)
    assert not any(shares[third:])
    assert sum(map(len, shares)) == len(items) * max(1, third // 2)
    if third > 1:
        assert all(
            sorted(shares[n] + shares[n + 1], key=items.index) == items for n in (0, third - 2)
        )
