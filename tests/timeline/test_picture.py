"""The pictures of the documentation are those that a render of the example gives today."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")

from docs.timeline_picture import FOLDER, drawn

RENEW = "python -m docs.timeline_picture draws it again"


@pytest.mark.parametrize("name", ["shop.svg", "shop.txt"])
def test_it_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == drawn()[name], RENEW


def test_it_is_the_same_each_time() -> None:
    assert drawn() == drawn()
