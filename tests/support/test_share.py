"""What the shares of the comparisons have: together all, each something of every template."""

from __future__ import annotations

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
