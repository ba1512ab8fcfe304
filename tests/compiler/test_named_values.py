"""Records take their fields by position."""

from __future__ import annotations

from streamtmpl.compiler.records import Record


class Point(Record):
    """Two numbers."""

    x: int
    y: int | None
    name: str = "none"

    @property
    def sum(self) -> int:
        return self.x + (self.y or 0)


def test_fields() -> None:
    point = Point(1, 2)
    assert (point.x, point.y, point.sum) == (1, 2, 3)
    assert Point(1, None).sum == 1


def test_a_default() -> None:
    assert Point(1, 2).name == "none"
    assert Point(1, 2, "some").name == "some"
