"""The observer that draws: it keeps the last streams, each in bounded memory."""

from __future__ import annotations

from threading import RLock
from time import perf_counter

from streamtmpl.observing import StreamEvent, StreamStarted

from .page import page
from .record import Record
from .svg import picture
from .text import drawing

STREAMS = 10
"""How many streams are kept, unless told otherwise."""


class Timeline:
    """An observer that draws the last streams it was told of: ``observe=Timeline()``.

    It may observe streams in any number of threads. Of a long stream it keeps no single events:
    chunks and waits that a picture could not tell apart are joined.
    """

    def __init__(self, streams: int = STREAMS) -> None:
        """Keep as many *streams*, the last to begin.

        :raises ValueError: *streams* is less than 1.
        """
        if streams < 1:
            raise ValueError(f"streams must be 1 or more, not {streams!r}")
        self._most = streams
        self._records: dict[int, Record] = {}
        # A stream that is garbage-collected may tell of its end while its thread is in here.
        self._lock = RLock()

    def __call__(self, event: StreamEvent) -> None:
        """Note *event*; one of a stream whose beginning is not known is left out."""
        with self._lock:
            if isinstance(event, StreamStarted):
                self._records[event.stream] = Record(event)
                while len(self._records) > self._most:
                    del self._records[next(iter(self._records))]
            elif event.stream in self._records:
                self._records[event.stream].add(event)

    def svg(self) -> str:
        """The last stream as an SVG document, 800 pixels wide, for light and dark surroundings."""
        return picture(next(iter(self._latest()), None), perf_counter())

    def text(self, width: int = 80, *, colour: bool = False) -> str:
        """The last stream as lines of text that end in line breaks.

        :param width: the columns that there are; less than 60 are taken for 60.
        :param colour: add the escape sequences by which terminals show colours.
        """
        return drawing(next(iter(self._latest()), None), perf_counter(), width, colour)

    def html(self) -> str:
        """An HTML page of the streams that are kept, the last one first."""
        return page(self._latest(), perf_counter())

    def _latest(self) -> list[Record]:
        """The streams as they are now, the last one first."""
        with self._lock:
            return [record.copy() for record in reversed(list(self._records.values()))]
