"""What pictures say in words: durations, sizes, places, and what has become of a stream."""

from __future__ import annotations

import math
import unicodedata

from .record import Note, Record, Region, Spent
from .series import Chunks, Place

KINDS = {"source": "the next item of a source", "await": "an await"}
"""What is waited for."""

REASONS = {
    "size": "enough had collected",
    "flush": "{% flush %}",
    "wait": "a wait came next",
    "region": "a region was ready",
    "end": "the end",
}
"""Why a chunk was cut."""

UNNAMED = "unnamed"
"""What templates without a name are called."""

_ROUND = 1 - 1e-9  # what floats leave of a round number
_ELLIPSIS = "…"
_LONGEST = 60  # characters of a name; names of templates may be anything


class Units:
    """How durations of one picture are written: all in seconds, or all in milliseconds."""

    def __init__(self, longest: float) -> None:
        """Choose what suits the *longest* duration, in seconds."""
        self._factor, self._name = (1.0, "s") if longest >= 1 else (1000.0, "ms")

    def text(self, seconds: float) -> str:
        """A duration with its unit."""
        value = seconds * self._factor
        if 0 < value < 0.01:
            return f"<0.01 {self._name}"
        decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
        return f"{value:,.{decimals}f} {self._name}"

    def ticks(self, longest: float, most: int) -> list[tuple[float, str]]:
        """Round times from 0 to *longest*, *most* of them behind 0 at most, and their texts."""
        if longest <= 0:
            return [(0.0, f"0 {self._name}")]
        rough = longest * self._factor / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * _ROUND)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        count = math.floor(longest * self._factor / step + 1e-9)
        rest = [number * step for number in range(1, count + 1)]
        return [
            (0.0, f"0 {self._name}"),
            *((time / self._factor, f"{time:,.{decimals}f} {self._name}") for time in rest),
        ]


def printable(text: str, longest: int = _LONGEST) -> str:
    """*text* as it can be shown anywhere, on one line: without control characters and the like.

    :param longest: how many characters are left at most; what is left out is the beginning.
    """
    if len(text) > longest:
        text = _ELLIPSIS + text[1 - longest :]
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def columns(text: str) -> int:
    """How many columns of a terminal *text* takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def place(template: str | None, line: int | None, longest: int = _LONGEST) -> str:
    """``template:line``."""
    number = "" if line is None else f":{line}"
    return printable(template or UNNAMED, longest - len(number)) + number


def wrapped(text: str, width: int) -> list[str]:
    """*text* in lines of so many columns; what has no spaces may be wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def counted(count: int, thing: str) -> str:
    """``3 chunks``."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def size(chunks: Chunks) -> str:
    """How long the text of *chunks* is."""
    if chunks.bytes is None:
        return counted(chunks.characters, "character")
    if chunks.bytes < 10_000:
        return counted(chunks.bytes, "byte")
    if chunks.bytes < 10_000_000:
        return f"{chunks.bytes / 1000:,.1f} kB"
    return f"{chunks.bytes / 1_000_000:,.1f} MB"


def name(record: Record) -> str:
    """What is rendered."""
    text = printable(record.template or UNNAMED)
    if not record.blocks:
        return text
    kind = "block" if len(record.blocks) == 1 else "blocks"
    return f"{text}, {kind} {printable(', '.join(record.blocks))}"


def state(record: Record) -> str:
    """What has become of the stream."""
    if record.outcome == "error":
        return f"failed: {printable(record.error or 'an error')}"
    return {None: "still running", "complete": "complete", "consumer": "closed by its reader"}[
        record.outcome
    ]


def region_state(region: Region) -> str:
    """What has become of a region."""
    return "failed: " + printable(region.error or "") if region.error else region.state


def failure(region: Region) -> str:
    """How a region has failed, as a sentence."""
    where = place(region.template, region.line)
    return f"{where}: region {region.number:,} has failed with {printable(region.error or '')}."


def summary(record: Record, now: float, units: Units) -> str:
    """What the picture shows."""
    took = units.text(record.end(now) - record.start)
    became = state(record)
    said = [f"{became[0].upper()}{became[1:]} after {took}."]
    if record.first is None:
        said.append("No chunk was sent.")
    else:
        said.append(f"First chunk after {units.text(record.first - record.start)}.")
        said.append(f"{counted(record.total.number, 'chunk')}, {size(record.total)}.")
    if record.waits.marks:
        said.append(f"The page waited {units.text(record.waited)}.")
    if record.regions_begun:
        said.append(f"{counted(record.regions_begun, 'deferred region')}.")
    return " ".join(said)


def longest_waits(record: Record, units: Units, most: int = 5) -> list[tuple[str, str, str]]:
    """How long, where and what for, the longest first; waits at one place count as one."""
    ordered = sorted(record.places.items(), key=lambda item: item[1].seconds, reverse=True)
    return [
        (units.text(spent.seconds), place_of(where), _purpose(where, spent))
        for where, spent in ordered[:most]
    ]


def place_of(where: Place) -> str:
    """Where it was waited."""
    return place(where.template, where.line, 28)


def _purpose(where: Place, spent: Spent) -> str:
    region = ", in a region" if where.in_region else ""
    times = "" if spent.number == 1 else f", {spent.number:,} times"
    return KINDS[where.kind] + region + times


def remarks(record: Record) -> list[str]:
    """What went wrong while the stream went on, and what the picture leaves out."""
    said = [_in_words(note) for note in record.notes]
    if record.notes_more:
        said.append(f"{record.notes_more:,} more of these.")
    if left_out := record.regions_begun - len(record.regions):
        said.append(f"{counted(left_out, 'more region')}, over in less time than those shown.")
    return said


def _in_words(note: Note) -> str:
    where = place(note.template, note.line)
    if note.error is None:
        return f"{where}: the session was changed after the headers were sent: the change is lost."
    return f"{where}: a boundary has handled {printable(note.error)} and shows its fallback."
