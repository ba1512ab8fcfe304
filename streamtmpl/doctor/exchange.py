"""What was seen of one request: when which piece of the answer came, and how much could be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import log2

from .messages import Head

SLOW = 0.5
"""Seconds that nothing comes for, after which a page is worth streaming."""

_WINDOW = 14_000  # bytes that TCP sends at first; it doubles them with each round trip


_HARDLY = 0.05  # of a wait: what comes within that behind it has waited with the rest


class End(str, Enum):
    """How a body ended."""

    COMPLETE = "complete"
    CONNECTION = "connection"  # which is all that tells the end of this one
    CUT = "cut"  # before its end
    MALFORMED = "malformed"
    TIME = "time"  # we did not wait any longer
    SIZE = "size"  # we did not want any more
    ENOUGH = "enough"  # of an event stream, which has no end


class Pace(str, Enum):
    """How a page came."""

    STREAMS = "streams"
    AT_ONCE = "at once"  # after a wait
    QUICK = "quick"  # all of it, and soon: there is no telling
    NOTHING = "nothing"  # that could be read
    NO_PAGE = "no page"  # but an error, or no answer


@dataclass(frozen=True)
class Piece:
    """Bytes of the body that came at once.

    :ivar at: seconds since the request.
    :ivar size: bytes, as they were sent.
    :ivar characters: how much more could be read with them.
    """

    at: float
    size: int
    characters: int


@dataclass(frozen=True)
class Region:
    """A deferred region of a page: its name, when its place came, and when its patch."""

    name: str
    place_at: float
    patch_at: float | None


@dataclass(frozen=True)
class Exchange:
    """One request, and what came of it.

    :ivar url: what was asked for in the end, without name and password.
    :ivar accepted: the request's ``Accept-Encoding``.
    :ivar fragment: whether it was asked for as by a script.
    :ivar peer: the address of the server; empty if there was no connection.
    :ivar round_trip: seconds that it took to connect: that one packet and its answer take.
    :ivar redirects: the URLs that led elsewhere.
    :ivar failure: why there is no answer, ``None`` if there is one.
    :ivar head: status and headers.
    :ivar head_at: when they came (seconds since the request, as all times here).
    :ivar chunk_sizes: of a chunked body, in bytes, ten thousand of them at most.
    :ivar ended_at: when the end came, or when it was not waited for any longer.
    :ivar dropped: bytes behind the first member or frame of a compressed body.
    :ivar more_members: whether those look like another one.
    :ivar surplus: bytes behind the end of the body.
    :ivar problem: what is wrong with the body, ``None`` if nothing is.
    :ivar tells_charset: whether the charset is in the headers or near the beginning of the text.
    """

    url: str
    accepted: str
    fragment: bool = False
    peer: str = ""
    round_trip: float = 0.0
    redirects: tuple[str, ...] = ()
    failure: str | None = None
    head: Head | None = None
    head_at: float = 0.0
    pieces: tuple[Piece, ...] = ()
    chunk_sizes: tuple[int, ...] = ()
    end: End = End.COMPLETE
    ended_at: float = 0.0
    dropped: int = 0
    more_members: bool = False
    surplus: int = 0
    problem: str | None = None
    regions: tuple[Region, ...] = ()
    tells_charset: bool = False

    def header(self, name: str) -> str:
        """The value of a header of the answer, empty if there is none."""
        return "" if self.head is None else self.head.get(name) or ""

    @property
    def encoding(self) -> str:
        """What the body is compressed as; empty if it is not."""
        encoding = self.header("Content-Encoding").strip().lower()
        return "" if encoding == "identity" else encoding

    @property
    def is_page(self) -> bool:
        """Whether there is an answer, and one without an error."""
        return self.head is not None and 200 <= self.head.status < 300

    @property
    def size(self) -> int:
        """The bytes of the body that came."""
        return sum(piece.size for piece in self.pieces)

    @property
    def characters(self) -> int:
        """The characters that could be read."""
        return sum(piece.characters for piece in self.pieces)

    @property
    def read(self) -> list[Piece]:
        """The pieces with which something could be read."""
        return [piece for piece in self.pieces if piece.characters]

    @property
    def first_at(self) -> float | None:
        """When the first text could be read."""
        return self.read[0].at if self.read else None

    @property
    def last_at(self) -> float:
        """When the last text could be read; of a page that has not ended, when we left."""
        if self.end in (End.TIME, End.ENOUGH) or not self.read:
            return self.ended_at
        return self.read[-1].at

    @property
    def allowance(self) -> float:
        """Seconds that the network may take to bring what a server has sent at once."""
        rate = 10e6 if self.round_trip < 0.002 else 250e3  # bytes a second: here, or a slow line
        rounds = 1 + log2(1 + self.size / _WINDOW)
        return 0.1 + 1.5 * rounds * self.round_trip + self.size / rate

    @property
    def longest_wait(self) -> float:
        """The longest time (seconds) in which nothing more could be read."""
        times = [0.0, *(piece.at for piece in self.read), self.last_at]
        return max(after - before for before, after in pairwise(times))

    @property
    def mean_at(self) -> float:
        """When a character could be read, on average."""
        return sum(piece.at * piece.characters for piece in self.pieces) / (self.characters or 1)

    @property
    def pace(self) -> Pace:
        """How the page came."""
        if not self.is_page and not (self.failure is None and self.end is End.TIME):
            return Pace.NO_PAGE
        first = self.first_at
        if first is None:
            return Pace.NOTHING if self.ended_at >= SLOW else Pace.QUICK
        if self.last_at - first > max(self.allowance, first * _HARDLY):
            return Pace.STREAMS
        if first >= SLOW:
            return Pace.AT_ONCE
        return Pace.STREAMS if self.end is End.SIZE else Pace.QUICK

    def is_later_than(self, other: Exchange) -> bool:
        """Whether less of the page came early than of the same page another time or elsewhere.

        Measured by how long before its end a character could be read on average, in seconds and as
        a share of the time that all took: a page that begins later or takes longer as a whole is
        not held back.
        """
        if other.pace is not Pace.STREAMS:
            return False
        if self.pace is not Pace.STREAMS:
            return self.pace in (Pace.AT_ONCE, Pace.NOTHING)
        early, before = self.last_at - self.mean_at, other.last_at - other.mean_at
        behind, share = before - early, before / other.last_at - early / self.last_at
        return behind > 0.1 + 0.05 * other.last_at and share > 0.08

    def bursts(self, pause: float) -> list[Piece]:
        """The pieces, those together that came within *pause* seconds of each other."""
        found: list[Piece] = []
        last = 0.0
        for piece in self.pieces:
            if found and piece.at - last <= pause:
                first = found[-1]
                size, characters = first.size + piece.size, first.characters + piece.characters
                found[-1] = Piece(first.at, size, characters)
            else:
                found.append(piece)
            last = piece.at
        return found
