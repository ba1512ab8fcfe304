"""Check that all contestants render the same text, then time them side by side.

Times are CPU seconds of this process (`time.process_time`); contexts are made before the clock
starts. Every round takes all contestants in a new random order, and a ratio compares two blocks of
the same round, so a machine that slows down for a while favours nobody.

The garbage collector stays on, because users pay for it too. But a full collection walks
everything in the process and comes when the blocks *before* it have allocated enough: one engine
timed against itself came out at anything between 0.6 and 1.6. Three things bring that to within a
few per cent of 1: blocks have random lengths, so that collections do not fall into step with them;
every block starts with nothing left to collect; and what existed before the measurement is out of
the collector's sight, so that a block pays for its own objects only. The last one is to the
advantage of engines that allocate many.
"""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bench.ways import Peer, Way
    from bench.workloads import Context, Workload

BLOCK_SECONDS = (0.01, 0.05)
"""The shortest and the longest block, in CPU seconds (a slow render may take longer)."""

CONTROL = " (again)"
"""Marks the baseline's second entry: how far its ratio is from 1 is the measurement's noise."""


class OutputsDiffer(Exception):
    """Two contestants rendered different text from the same workload."""


@dataclass(frozen=True)
class Contestant:
    """One way of one engine, loaded with a workload's template."""

    label: str
    way: Way


@dataclass(frozen=True)
class Score:
    """What one contestant needed on one workload, in CPU seconds per render and as ratios."""

    workload: str
    contestant: str
    seconds: tuple[float, ...]
    """Seconds per render, one for each round."""
    ratios: tuple[float, ...]
    """The seconds over the baseline's in the same round."""

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def middle_half(self) -> tuple[float, float]:
        """The bounds between which the middle half of the rounds' ratios lies."""
        if len(self.ratios) < 2:
            return self.ratios[0], self.ratios[0]
        low, _, high = quantiles(self.ratios, n=4, method="inclusive")
        return low, high


def enter(peers: Iterable[Peer], workload: Workload) -> list[Contestant]:
    """Load `workload` into every way of every peer. The first way is the baseline."""
    return [
        Contestant(f"{peer.name} {label}", load(workload))
        for peer in peers
        for label, load in peer.ways.items()
    ]


def check_equal(
    workload: Workload, contestants: Sequence[Contestant], make: Callable[[], Context]
) -> None:
    """Raise `OutputsDiffer` unless all contestants render the same text."""
    baseline, *others = contestants
    expected = baseline.way.output(make())
    for other in others:
        actual = other.way.output(make())
        if actual != expected:
            at = _first_difference(expected, actual)
            raise OutputsDiffer(
                f"{workload.name}: {other.label} differs from {baseline.label} at character {at}: "
                f"{actual[at : at + 40]!r} instead of {expected[at : at + 40]!r}"
            )


def measure(
    workload: Workload,
    peers: Iterable[Peer],
    *,
    rounds: int | None = None,
    seconds: float = 10.0,
    random: Random | None = None,
) -> list[Score]:
    """Check and time all peers on `workload`: for `rounds`, or else for `seconds` of wall time."""
    contestants = enter(peers, workload)
    make = workload.build()
    check_equal(workload, contestants, make)
    baseline = contestants[0]
    contestants.insert(1, Contestant(baseline.label + CONTROL, baseline.way))
    with own_garbage_only():
        run = _Rounds(contestants, make, random or Random())
        if rounds is not None:
            for _ in range(rounds):
                run.play()
        else:
            run.play_for(seconds)
    return [run.score(workload, contestant) for contestant in contestants]


@contextmanager
def own_garbage_only() -> Iterator[None]:
    """Hide all objects that exist now from the garbage collector."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Rounds:
    """The rounds of one workload and the seconds per render that they gave."""

    def __init__(
        self, contestants: Sequence[Contestant], make: Callable[[], Context], random: Random
    ) -> None:
        self._baseline = contestants[0].label
        self._make = make
        self._random = random
        self._order = list(contestants)
        self._seconds: dict[str, list[float]] = {each.label: [] for each in contestants}
        self._guess = {each.label: self._first_guess(each.way) for each in contestants}

    def play(self) -> None:
        """Time every contestant once."""
        self._random.shuffle(self._order)
        for contestant in self._order:
            label = contestant.label
            wanted = self._random.uniform(*BLOCK_SECONDS)
            renders = max(1, round(wanted / self._guess[label]))
            self._seconds[label].append(self._block(contestant.way, renders) / renders)

    def play_for(self, seconds: float) -> None:
        """Play one round, and more until `seconds` of wall time have passed."""
        deadline = time.monotonic() + seconds
        self.play()
        while time.monotonic() < deadline:
            self.play()

    def score(self, workload: Workload, contestant: Contestant) -> Score:
        seconds = self._seconds[contestant.label]
        pairs = zip(seconds, self._seconds[self._baseline], strict=True)
        ratios = tuple(mine / baseline for mine, baseline in pairs)
        return Score(workload.name, contestant.label, tuple(seconds), ratios)

    def _first_guess(self, way: Way) -> float:
        """Warm up; return about how many seconds one render takes."""
        renders = 1
        while (elapsed := self._block(way, renders)) < BLOCK_SECONDS[0] / 2:
            renders *= 2
        return elapsed / renders

    def _block(self, way: Way, renders: int) -> float:
        """Return the CPU seconds of `renders` renders, without making their contexts."""
        contexts = [self._make() for _ in range(renders)]
        gc.collect()
        start = time.process_time()
        way.consume(contexts)
        return time.process_time() - start


def _first_difference(expected: str, actual: str) -> int:
    pairs = zip(expected, actual, strict=False)
    same = next((at for at, (left, right) in enumerate(pairs) if left != right), None)
    return min(len(expected), len(actual)) if same is None else same
