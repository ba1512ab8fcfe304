"""What is known of one stream, in bounded memory."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from streamtmpl.observing import (
    BoundaryFailed,
    Chunk,
    LateSession,
    Outcome,
    RegionDropped,
    RegionEvent,
    RegionFailed,
    RegionReady,
    RegionStarted,
    RegionTimedOut,
    StreamClosed,
    StreamEvent,
    StreamStarted,
    Waited,
)

from .series import Chunks, Place, Series, Waits

MOST_CHUNKS = 200
"""Marks for chunks; on 600 pixels more of them could not be told apart."""

MOST_WAITS = 100
"""Marks for waits in the page itself."""

MOST_REGION_WAITS = 30
"""Marks for waits in a region."""

MOST_REGIONS = 30
"""Regions that are over; then the quickest that was ready is left out."""

MOST_PLACES = 100
"""Places whose waits are added up."""

MOST_NOTES = 10
"""Boundaries that have failed, and changes of the session that came too late."""


class Spent(NamedTuple):
    """How often and how long something was waited for at one place."""

    number: int
    seconds: float


class Note(NamedTuple):
    """Something that has gone wrong while the stream went on.

    :ivar error: the name of the exception's class; ``None``: the session was changed too late.
    """

    at: float
    template: str | None
    line: int | None
    error: str | None


@dataclass
class Region:
    """A deferred region.

    :ivar number: which it is among those of the stream that have begun, from 1.
    :ivar end: the last that has happened to it.
    :ivar failure: when it has failed or timed out.
    :ivar error: the name of the class of what it has raised.
    """

    name: str
    number: int
    template: str | None
    line: int
    start: float
    end: float | None = None
    state: Literal["running", "ready", "failed", "timed out", "dropped"] = "running"
    failure: float | None = None
    error: str | None = None
    waits: Series[Waits] = field(default_factory=lambda: Series(MOST_REGION_WAITS))

    def seconds(self, now: float) -> float:
        """How long it has taken, or takes *now*."""
        return (now if self.end is None else self.end) - self.start


class Record:
    """What is known of one stream."""

    def __init__(self, started: StreamStarted) -> None:
        """A stream that begins."""
        self.template = started.template
        self.blocks = started.blocks
        self.start = started.at
        self.time = datetime.now().astimezone()
        self.first: float | None = None  # when the first chunk was handed over
        self.closed: float | None = None
        self.outcome: Outcome | None = None
        self.error: str | None = None
        self.total = Chunks(started.at, started.at, 0, 0, 0, None)
        self.chunks = Series[Chunks](MOST_CHUNKS)
        self.waits = Series[Waits](MOST_WAITS)
        self.waited = 0.0  # by the page itself
        self.places: dict[Place, Spent] = {}
        self.regions: dict[str, Region] = {}
        self.regions_begun = 0
        self.notes: list[Note] = []
        self.notes_more = 0

    def end(self, now: float) -> float:
        """When the stream was closed; one that is not has come to *now*."""
        return max(self.start, now if self.closed is None else self.closed)

    def copy(self) -> Record:
        """A record of what is known by now, which does not change with this one."""
        copied = copy.copy(self)
        copied.chunks, copied.waits = self.chunks.copy(), self.waits.copy()
        copied.places, copied.notes = self.places.copy(), self.notes.copy()
        copied.regions = {
            name: replace(region, waits=region.waits.copy())
            for name, region in list(self.regions.items())
        }
        return copied

    def add(self, event: StreamEvent) -> None:
        """Note what has happened."""
        match event:
            case Chunk():
                self._add_chunk(event)
            case Waited():
                self._add_wait(event)
            case RegionEvent():
                self._add_region(event)
            case BoundaryFailed():
                error = type(event.error).__name__
                self._add_note(Note(event.at, event.template, event.line, error))
            case LateSession():
                self._add_note(Note(event.at, event.template, event.line, None))
            case StreamClosed():
                self.closed, self.outcome = event.at, event.outcome
                self.error = None if event.error is None else type(event.error).__name__

    def _add_chunk(self, event: Chunk) -> None:
        if self.first is None:
            self.first = event.at
        chunk = Chunks(event.at, event.at, 1, event.characters, event.bytes, event.reason)
        self.chunks.add(chunk)
        self.total = self.total.joined(chunk)

    def _add_wait(self, event: Waited) -> None:
        place = Place(event.kind, event.template, event.line, event.region is not None)
        start = max(self.start, event.at - event.seconds)
        wait = Waits(start, event.at, 1, event.seconds, place, event.seconds)
        if event.region is None:
            self.waits.add(wait)
            self.waited += event.seconds
        elif event.region in self.regions:
            self.regions[event.region].waits.add(wait)
        if place in self.places or len(self.places) < MOST_PLACES:
            spent = self.places.get(place, Spent(0, 0.0))
            self.places[place] = Spent(spent.number + 1, spent.seconds + event.seconds)

    def _add_region(self, event: RegionEvent) -> None:
        region = self.regions.get(event.region)
        if region is None:
            if not isinstance(event, (RegionStarted, RegionTimedOut)):
                return  # it is left out, or has not begun
            self.regions_begun += 1
            known = event.region, self.regions_begun, event.template, event.line
            region = self.regions[event.region] = Region(*known, event.at)
        match event:
            case RegionReady():
                region.end = event.at
                if region.failure is None:
                    region.state = "ready"
            case RegionFailed():
                region.failure = region.end = event.at
                region.state, region.error = "failed", type(event.error).__name__
            case RegionTimedOut():
                region.failure = region.end = event.at
                region.state = "timed out"
            case RegionDropped():
                region.end, region.state = event.at, "dropped"
        if region.end is not None:
            self._forget_region()

    def _forget_region(self) -> None:
        """Leave out the least of the regions that are over, if they are too many."""
        over = [region for region in self.regions.values() if region.end is not None]
        if len(over) > MOST_REGIONS:
            least = min(over, key=lambda region: (region.failure is not None, region.seconds(0)))
            del self.regions[least.name]

    def _add_note(self, note: Note) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(note)
        else:
            self.notes_more += 1
