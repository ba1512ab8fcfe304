"""What has happened in the course of time, in bounded memory: chunks, and waits."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from streamtmpl.observing import Reason, WaitKind


class Chunks(NamedTuple):
    """A chunk that was handed over, or several that followed each other closely.

    :ivar bytes: ``None``: the stream gives text.
    :ivar reason: why they were cut; ``None``: not all for the same reason.
    """

    start: float
    end: float
    number: int
    characters: int
    bytes: int | None
    reason: Reason | None

    def joined(self, later: Chunks) -> Chunks:
        """Both as one."""
        return Chunks(
            min(self.start, later.start),
            max(self.end, later.end),
            self.number + later.number,
            self.characters + later.characters,
            None if self.bytes is None or later.bytes is None else self.bytes + later.bytes,
            self.reason if self.reason == later.reason else None,
        )


class Place(NamedTuple):
    """Where something is waited for: the line of a template, in a region or in the page itself."""

    kind: WaitKind
    template: str | None
    line: int | None
    in_region: bool


class Waits(NamedTuple):
    """A wait, or several that followed each other closely.

    :ivar seconds: of all of them together; less than from *start* to *end* if there is other work
        in between.
    :ivar place: where most of the time was waited.
    :ivar there: how long there.
    """

    start: float
    end: float
    number: int
    seconds: float
    place: Place
    there: float

    @property
    def drawn_to(self) -> float:
        """Where its bar ends: it is as long as was waited, so that the rest is seen as work."""
        return min(self.end, self.start + self.seconds)

    def joined(self, later: Waits) -> Waits:
        """Both as one."""
        place, there = max((self.place, self.there), (later.place, later.there), key=_seconds)
        if self.place == later.place:
            there = self.there + later.there
        return Waits(
            min(self.start, later.start),
            max(self.end, later.end),
            self.number + later.number,
            self.seconds + later.seconds,
            place,
            there,
        )


def _seconds(waited: tuple[Place, float]) -> float:
    return waited[1]


_SHORTEST = 1e-6  # seconds

Mark = TypeVar("Mark", Chunks, Waits)


class Series(Generic[Mark]):
    """Marks in the order of time.

    When there are more than a number of them, neighbours are joined that are close in relation to
    the whole. So the marks are as fine as they can be, and what is apart remains apart.
    """

    def __init__(self, most: int) -> None:
        """No mark yet, and never more than *most*."""
        self.marks: list[Mark] = []
        self._most = most
        self._close = -1.0  # seconds that joined marks cover at most; below 0 none are joined

    def add(self, mark: Mark) -> None:
        """Add the next *mark*."""
        self._append(mark)
        while len(self.marks) > self._most:
            marks, span = self.marks, self.marks[-1].end - self.marks[0].start
            # Two neighbours together cover more than this: then less than half of them are left.
            # Where they overlap it takes some steps more.
            self._close = max(2 * self._close, 4 * span / self._most, _SHORTEST)
            self.marks = []
            for each in marks:
                self._append(each)

    def _append(self, mark: Mark) -> None:
        if self.marks and mark.end - self.marks[-1].start <= self._close:
            joined: Any = self.marks[-1].joined(mark)
            self.marks[-1] = joined
        else:
            self.marks.append(mark)

    def copy(self) -> Series[Mark]:
        """A series of the marks up to now, which does not change with this one."""
        copied = Series[Mark](self._most)
        copied.marks = self.marks.copy()
        return copied
