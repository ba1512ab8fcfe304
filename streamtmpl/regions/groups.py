"""Regions of one group: they are shown in one go, in the order of the document."""

from __future__ import annotations

from time import perf_counter
from typing import Generic, Protocol, TypeVar

_FOR_EVER = 1e9
"""Seconds; a number of any size may be more than a clock takes."""


class Member(Protocol):
    """What a group asks of a region."""

    group_timeout: float | None
    dropped: bool
    has_left: bool


Kind = TypeVar("Kind", bound=Member)


class Group(Generic[Kind]):
    """Regions that wait for each other before they are shown, or for the group's time to be over.

    :ivar deadline: when that is (seconds, :func:`time.perf_counter`); ``None``: it takes as long as
        it takes.
    """

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._regions: list[Kind] = []
        self._arrived: set[Kind] = set()

    def add(self, region: Kind) -> None:
        """*region* belongs to it. The time counts from the first one that limits it."""
        self._regions.append(region)
        if region.group_timeout is not None:
            deadline = perf_counter() + min(region.group_timeout, _FOR_EVER)
            self.deadline = deadline if self.deadline is None else min(deadline, self.deadline)

    def arrives(self, region: Kind) -> None:
        """*region* could be shown by itself."""
        self._arrived.add(region)

    def to_show(self) -> list[Kind]:
        """Those to show now, none of which has left."""
        awaited = [region for region in self._regions if not (region.dropped or region.has_left)]
        ready = [region for region in awaited if region in self._arrived]
        is_over = self.deadline is not None and perf_counter() >= self.deadline
        return ready if is_over or len(ready) == len(awaited) else []

    def holds_any(self) -> bool:
        """Whether one that could be shown by itself waits."""
        return any(not (region.dropped or region.has_left) for region in self._arrived)
