"""A stream as an SVG document, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import escape

from . import words
from .labels import placed
from .record import Record, Region
from .series import Chunks, Waits
from .style import PREFIX, filling, patterns, style
from .text import NOTHING

WIDTH = 800
_LEFT, _RIGHT = 176, 784  # where the bars are, between names and the margin
_MARGIN = 16
_LINE = 18  # from one line of text to the next
_CHUNKS_HEIGHT = 76
_TALLEST, _LOWEST = 36, 4  # of the bars for chunks
_LANE, _BAR, _WAIT = 50, 18, 12  # the heights of a lane, a bar in it, and a wait in that
_NAME = 23  # characters beside the bars


def picture(record: Record | None, now: float, number: int = 1) -> str:
    """The document for *record*.

    :param now: to when a stream that is still running is drawn.
    :param number: of the picture, where a page has several.
    """
    if record is None:
        drawn: Iterable[str] = [_text(_MARGIN, 30, NOTHING, "ink")]
        return _document(number, NOTHING, NOTHING, 48, drawn)
    return _Picture(record, now, number).document()


class _Picture:
    """What is drawn, from the top to the bottom."""

    def __init__(self, record: Record, now: float, number: int) -> None:
        self._record = record
        self._number = number
        self._now = now
        self._span = record.end(now) - record.start
        self._units = words.Units(self._span)
        self._summary = words.summary(record, now, self._units)
        self._y = 0.0

    def document(self) -> str:
        drawn = [*self._heading(), *self._axis()]
        top = self._y
        lanes = [*self._chunks(), *self._lane_of_page()]
        for region in self._record.regions.values():
            lanes += self._lane_of_region(region)
        self._y += 6
        line, label = self._first_chunk(top, self._y)
        drawn += [*self._grid(top, self._y), line, *lanes, label]
        drawn += [*self._key(), *self._longest_waits(), *self._remarks()]
        name = words.name(self._record)
        title = f"Timeline of {name}"
        return _document(self._number, title, self._summary, self._y + _MARGIN, drawn)

    def _x(self, time: float) -> float:
        """Where *time* is."""
        if self._span <= 0:
            return _LEFT
        part = min(max((time - self._record.start) / self._span, 0), 1)
        return round(_LEFT + part * (_RIGHT - _LEFT), 1)

    def _after(self, time: float) -> str:
        """How long after the start *time* is."""
        return self._units.text(time - self._record.start)

    def _heading(self) -> Iterator[str]:
        self._y = 32
        for line in words.wrapped(words.name(self._record), 64):
            yield _text(_MARGIN, self._y, line, "ink title")
            self._y += 22
        for line in words.wrapped(self._summary, 120):
            yield _text(_MARGIN, self._y, line, "soft")
            self._y += _LINE
        self._y += 22

    def _ticks(self) -> Iterator[tuple[float, str]]:
        for time, label in self._units.ticks(self._span, 8):
            yield self._x(self._record.start + time), label

    def _axis(self) -> Iterator[str]:
        yield _text(_MARGIN, self._y, "time since the start", "soft small")
        for x, label in self._ticks():
            anchor = "middle" if _LEFT < x < _RIGHT - 20 else "end" if x > _LEFT else "start"
            yield _text(x, self._y, label, "soft small", anchor)
        self._y += 8

    def _grid(self, top: float, bottom: float) -> Iterator[str]:
        yield f'<path class="grid" d="M{_LEFT} {top}H{_RIGHT}"/>'
        for x, _ in self._ticks():
            yield f'<path class="grid" d="M{x} {top}V{bottom}"/>'

    def _names(self, name: str, below: Sequence[str]) -> Iterator[str]:
        """The name of a lane, and what is said below it."""
        yield _text(_MARGIN, self._y + 18, name, "ink name")
        for number, line in enumerate(below):
            yield _text(_MARGIN, self._y + 32 + 13 * number, line, "soft place")

    def _chunks(self) -> Iterator[str]:
        total = self._record.total
        self._y += 6
        yield from self._names("Chunks", [words.counted(total.number, "chunk"), words.size(total)])
        bottom = self._y + _CHUNKS_HEIGHT - 10
        most = max((chunks.characters for chunks in self._record.chunks.marks), default=0) or 1
        for chunks in self._record.chunks.marks:
            height = round(_LOWEST + (_TALLEST - _LOWEST) * chunks.characters / most, 1)
            x = self._x(chunks.start)
            width = max(3.0, round(self._x(chunks.end) - x, 1))
            area = f'x="{x - 1.5:g}" y="{bottom - height}" width="{width}" height="{height}"'
            yield f'<rect class="chunk" {area}>{_tip(self._about_chunks(chunks))}</rect>'
        self._y += _CHUNKS_HEIGHT

    def _about_chunks(self, chunks: Chunks) -> str:
        what = words.counted(chunks.number, "chunk")
        why = "" if chunks.reason is None else f", cut because: {words.REASONS[chunks.reason]}"
        return f"{what} after {self._after(chunks.start)}, {words.size(chunks)}{why}"

    def _lane_of_page(self) -> Iterator[str]:
        record = self._record
        end = record.end(self._now)
        took = self._units.text(self._span)
        state = words.state(record)
        yield from self._names("Page", [_short(state), took])
        yield self._bar("page", record.start, end, f"the page: {state}, {took}")
        yield from self._waits(record.waits.marks)
        if record.outcome == "error":
            yield self._mark("wrong", end)
        elif record.outcome == "consumer":
            yield self._mark("left", end)
        yield from self._labels(record.waits.marks)

    def _lane_of_region(self, region: Region) -> Iterator[str]:
        end = self._record.end(self._now) if region.end is None else region.end
        took = self._units.text(end - region.start)
        state = words.region_state(region)
        short = words.place(region.template, region.line, _NAME)
        name = f"Region {region.number:,}"
        yield from self._names(name, [short, _short(state, f", {took}")])
        where = words.place(region.template, region.line)
        tip = f"{name}, {where}: {state}, {took}"
        yield self._bar("region", region.start, end, tip)
        yield from self._waits(region.waits.marks)
        if region.state == "ready":
            yield self._mark("ready", end)
        elif region.state == "dropped":
            yield self._mark("left", end)
        if region.failure is not None:
            yield self._mark("wrong", region.failure)
        yield from self._labels(region.waits.marks)

    def _bar(self, kind: str, start: float, end: float, tip: str) -> str:
        x = self._x(start)
        area = self._area(x, max(2.0, round(self._x(end) - x, 1)), _BAR)
        return f'<rect class="{kind}" {area} rx="2">{_tip(tip)}</rect>'

    def _area(self, x: float, width: float, height: float) -> str:
        y = self._y + 8 + (_BAR - height) / 2
        return f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height}"'

    def _waits(self, waits: Sequence[Waits]) -> Iterator[str]:
        for wait in waits:
            x = self._x(wait.start)
            area = self._area(x, max(1.5, round(self._x(wait.drawn_to) - x, 1)), _WAIT)
            fill = filling(self._number, wait.place.kind)
            tip = _tip(self._about_wait(wait))
            yield f'<rect class="{wait.place.kind}" {fill} {area}>{tip}</rect>'

    def _labels(self, waits: Sequence[Waits]) -> Iterator[str]:
        """The labels of the long waits, which end the lane."""
        named = [(self._x(wait.start), wait.seconds, self._label(wait)) for wait in waits]
        lines = 1
        for x, line, text in placed(named, _LEFT, _RIGHT, self._span / 50):
            yield _text(round(x, 1), self._y + 40 + 14 * line, text, "ink place halo")
            lines = max(lines, line + 1)
        self._y += _LANE + 14 * (lines - 1)

    def _label(self, wait: Waits) -> str:
        where = words.place(wait.place.template, wait.place.line, 30)
        most = "" if wait.there == wait.seconds else "mostly "
        return f"{self._units.text(wait.seconds)} {most}at {where}"

    def _about_wait(self, wait: Waits) -> str:
        what = f"waited {self._units.text(wait.seconds)} for {words.KINDS[wait.place.kind]}"
        where = words.place(wait.place.template, wait.place.line)
        if wait.number == 1:
            return f"{what}, {where}"
        return f"{what}, {wait.number:,} times, mostly at {where}"

    def _mark(self, kind: str, time: float) -> str:
        return _mark(kind, self._x(time), self._y + 8 + _BAR / 2)

    def _first_chunk(self, top: float, bottom: float) -> tuple[str, str]:
        """A line down the picture, and its label."""
        first = self._record.first
        if first is None:
            return "", ""
        x = self._x(first)
        text = f"first chunk after {self._after(first)}"
        left = x > (_LEFT + _RIGHT) / 2
        place = (x - 6, "end") if left else (x + 6, "start")
        line = f'<path class="edge" stroke-dasharray="4 3" d="M{x} {top}V{bottom}"/>'
        return line, _text(place[0], top + 18, text, "ink name halo", place[1])

    def _key(self) -> Iterator[str]:
        self._y += 16
        record = self._record
        regions = record.regions.values()
        waits = [*record.waits.marks, *(w for region in regions for w in region.waits.marks)]
        kinds = {wait.place.kind for wait in waits}
        states = {region.state for region in regions}
        failed = record.outcome == "error" or any(region.failure is not None for region in regions)
        meanings = {
            "edge": "until the first chunk nobody sees anything" if record.first else "",
            "chunk": "a chunk leaves for the reader: the taller, the more text"
            if record.first
            else "",
            "page": "the page, from its start to its end",
            "region": "a deferred region, beside the rest of the page" if regions else "",
            "source": "waiting for the next item of a source" if "source" in kinds else "",
            "await": "waiting for something that is awaited" if "await" in kinds else "",
            "ready": "a region is ready" if "ready" in states else "",
            "wrong": "an error, or a region's time is over" if failed else "",
            "left": "given up: nobody wants the rest"
            if "dropped" in states or record.outcome == "consumer"
            else "",
        }
        for number, kind in enumerate(kind for kind, meaning in meanings.items() if meaning):
            column, row = number % 2, number // 2
            x, y = _MARGIN + column * 392, self._y + row * 22
            yield self._sample(kind, x, y)
            yield _text(x + 40, y + 12, meanings[kind], "ink")
        self._y += 22 * ((sum(map(bool, meanings.values())) + 1) // 2)

    def _sample(self, kind: str, x: float, y: float) -> str:
        """What something looks like, for the key."""
        if kind == "edge":
            return f'<path class="edge" stroke-dasharray="4 3" d="M{x + 15} {y}v16"/>'
        if kind == "chunk":
            return f'<path class="chunk" d="M{x + 9} {y + 8}h3v8h-3zM{x + 18} {y}h3v16h-3z"/>'
        if kind in ("ready", "wrong", "left"):
            return _mark(kind, x + 15, y + 8)
        fill = filling(self._number, kind) if kind in ("source", "await") else ""
        return f'<rect class="{kind}" {fill} x="{x}" y="{y + 1}" width="30" height="14"/>'

    def _longest_waits(self) -> Iterator[str]:
        waits = words.longest_waits(self._record, self._units)
        if not waits:
            return
        self._y += 26
        yield _text(_MARGIN, self._y, "Longest waits", "ink name")
        for took, where, purpose in waits:
            self._y += _LINE
            yield _text(_MARGIN + 52, self._y, took, "ink", "end")
            yield _text(_MARGIN + 64, self._y, where, "ink place")
            yield _text(_MARGIN + 312, self._y, purpose, "soft")

    def _remarks(self) -> Iterator[str]:
        self._y += 8
        regions = self._record.regions.values()
        failed = [words.failure(region) for region in regions if region.error is not None]
        for remark in [*failed, *words.remarks(self._record)]:
            for line in words.wrapped(remark, 120):
                self._y += _LINE
                yield _text(_MARGIN, self._y, line, "ink")


def _document(number: int, title: str, summary: str, height: float, drawn: Iterable[str]) -> str:
    ids = f"{PREFIX}-{number}-title {PREFIX}-{number}-summary"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{PREFIX}" role="img"'
            f' aria-labelledby="{ids}" width="{WIDTH}" height="{height:g}"'
            f' viewBox="0 0 {WIDTH} {height:g}">',
            f'<title id="{PREFIX}-{number}-title">{escape(title)}</title>',
            f'<desc id="{PREFIX}-{number}-summary">{escape(summary)}</desc>',
            style(),
            f"<defs>{patterns(number)}</defs>",
            f'<rect class="ground" width="{WIDTH}" height="{height:g}"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, text: str, classes: str, anchor: str = "start") -> str:
    where = f'x="{x:g}" y="{y:g}" class="{classes}"'
    if anchor != "start":
        where += f' text-anchor="{anchor}"'
    return f"<text {where}>{escape(text)}</text>"


def _short(state: str, more: str = "") -> str:
    """*state* and *more* as there is room for them beside the bars."""
    return (state if len(state + more) <= _NAME else state.partition(":")[0]) + more


def _tip(text: str) -> str:
    """What is shown when something is pointed at."""
    return f"<title>{escape(text)}</title>"


def _mark(kind: str, x: float, y: float) -> str:
    if kind == "wrong":
        cross = f"M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10"
        return (
            f'<path class="wrong-edge" stroke-width="6" d="{cross}"/>'
            f'<path class="wrong" stroke-width="3" d="{cross}"/>'
        )
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="5" stroke-width="1.5"/>'
