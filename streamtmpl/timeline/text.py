"""A stream as lines of text: a bar chart for terminals, and for whoever sees no pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from . import words
from .record import Record, Region
from .series import Waits

NOTHING = "No stream has been observed yet."

_NARROWEST = 60
_NAMES = 13  # columns of the names in front of the bars
_TICK = 11  # columns that the label of a tick needs

_SIGNS = {
    "=": ("32", "not over: rendering, or held up by regions or by its reader"),
    "~": ("33", "waiting"),
    "o": ("32", "a region is ready"),
    "x": ("31", "an error"),
    "!": ("31", "the time of a region is over"),
    "-": ("2", "a region is dropped"),
}
"""What bars are made of: how it is painted, and what it means."""

_CHUNKS = ("36", "so many chunks leave (+: 10 or more)")
_STRONG, _SOFT = "1", "2"


def drawing(record: Record | None, now: float, width: int, colour: bool) -> str:
    """The lines for *record*.

    :param now: to when a stream that is still running is drawn.
    """
    if record is None:
        return NOTHING + "\n"
    return "".join(f"{line.rstrip()}\n" for line in _Drawing(record, now, width, colour).lines())


class _Drawing:
    def __init__(self, record: Record, now: float, width: int, colour: bool) -> None:
        self._record = record
        self._now = now
        self._colour = colour
        self._width = max(width, _NARROWEST)
        self._plot = self._width - _NAMES
        self._span = record.end(now) - record.start
        self._units = words.Units(self._span)

    def lines(self) -> Iterable[str]:
        record = self._record
        for line in words.wrapped(words.name(record), self._width):
            yield self._painted(line, _STRONG)
        yield from words.wrapped(words.summary(record, self._now, self._units), self._width)
        yield ""
        yield from self._axis()
        if record.first is not None:
            yield self._first_chunk(record.first)
            yield self._label("chunks") + self._painted(self._chunks(), _CHUNKS[0])
        page = self._page()
        regions = [(region, self._region(region)) for region in record.regions.values()]
        yield self._label("page") + self._painted_bar(page)
        for region, bar in regions:
            yield self._label(f"region {region.number:,}") + self._painted_bar(bar)
            yield " " * _NAMES + self._painted(self._below(region), _SOFT)
        yield ""
        yield from self._key(page + "".join(bar for _, bar in regions))
        yield from self._waits()
        remarks = words.remarks(record)
        if remarks:
            yield ""
        for remark in remarks:
            yield from words.wrapped(remark, self._width)

    def _column(self, time: float) -> int:
        """Where on the bars *time* is."""
        if self._span <= 0:
            return 0
        column = int((time - self._record.start) / self._span * self._plot)
        return min(max(column, 0), self._plot - 1)

    def _axis(self) -> Iterable[str]:
        labels, marks = [" "] * self._plot, ["-"] * self._plot
        for time, label in self._units.ticks(self._span, self._plot // _TICK):
            column = self._column(self._record.start + time)
            marks[column] = "+"
            if column + len(label) <= self._plot:
                labels[column : column + len(label)] = label
        yield " " * _NAMES + "".join(labels)
        yield " " * _NAMES + "".join(marks)

    def _first_chunk(self, first: float) -> str:
        column = self._column(first)
        text = self._units.text(first - self._record.start)
        left = column > self._plot // 2
        mark = f"{text} ^".rjust(column + 1) if left else " " * column + f"^ {text}"
        return self._label("first chunk") + self._painted(mark, _CHUNKS[0])

    def _chunks(self) -> str:
        counts = [0] * self._plot
        for chunks in self._record.chunks.marks:
            first = self._column(chunks.start)
            width = self._column(chunks.end) + 1 - first
            for column in range(width):  # joined ones are as good as evenly spread
                before, number = chunks.number * column, chunks.number
                counts[first + column] += (before + number) // width - before // width
        return "".join(" " if not count else str(count) if count < 10 else "+" for count in counts)

    def _page(self) -> str:
        record = self._record
        bar = self._bar(record.start, record.end(self._now), record.waits.marks)
        if record.outcome == "error":
            bar[-1] = "x"
        return "".join(bar)

    def _region(self, region: Region) -> str:
        end = self._end_of(region)
        bar = self._bar(region.start, end, region.waits.marks)
        last = {"ready": "o", "dropped": "-"}.get(region.state)
        if last is not None:
            bar[self._column(end)] = last
        if region.failure is not None:
            bar[self._column(region.failure)] = "!" if region.error is None else "x"
        return "".join(bar)

    def _end_of(self, region: Region) -> float:
        return self._record.end(self._now) if region.end is None else region.end

    def _bar(self, start: float, end: float, waits: Sequence[Waits]) -> list[str]:
        bar = [" "] * self._plot
        first, last = self._column(start), self._column(end) + 1
        bar[first:last] = "=" * (last - first)
        for column in self._waited(waits):
            bar[column] = "~"
        return bar

    def _waited(self, waits: Sequence[Waits]) -> Iterable[int]:
        """The columns that stand for *waits*: of joined ones as many as were waited."""
        cell, due = self._span / self._plot, 0.0
        for wait in waits:
            first, last = self._column(wait.start), self._column(wait.drawn_to)
            if wait.number > 1 and wait.drawn_to < wait.end and cell > 0:
                due += wait.seconds
                last = min(first + round(due / cell), self._plot) - 1
                due -= (last + 1 - first) * cell
            yield from range(first, last + 1)

    def _below(self, region: Region) -> str:
        """What is said below the bar of a region, as far to the left as the bar begins."""
        took = self._units.text(self._end_of(region) - region.start)
        state = f"{words.region_state(region)} after {took}, "
        text = state + words.place(region.template, region.line, self._plot - len(state))
        before = min(self._column(region.start), self._plot - words.columns(text))
        return " " * before + text

    def _label(self, text: str) -> str:
        return text.ljust(_NAMES)

    def _painted_bar(self, bar: str) -> str:
        return "".join(
            self._painted("".join(signs), _SIGNS[sign][0]) if sign in _SIGNS else "".join(signs)
            for sign, signs in groupby(bar)
        )

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _key(self, bars: str) -> Iterable[str]:
        if self._record.first is not None:
            yield f"{self._painted('1', _CHUNKS[0])}  {_CHUNKS[1]}"
        for sign, (_, meaning) in _SIGNS.items():
            if sign in bars:
                yield f"{self._painted_bar(sign)}  {meaning}"

    def _waits(self) -> Iterable[str]:
        waits = words.longest_waits(self._record, self._units)
        if waits:
            yield ""
            yield "longest waits:"
        for took, where, purpose in waits:
            yield f"{took:>9}  {where}  {purpose}"
