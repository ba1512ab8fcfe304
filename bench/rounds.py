"""Tasks measured side by side, and what their results have in common."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, TypeVar

from bench.contest import own_garbage_only

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from random import Random

Key = TypeVar("Key", bound="Hashable")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Spread:
    """The median of some results, and the bounds of their middle half."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, results: Sequence[float]) -> Spread:
        """Sum up one result or more."""
        if len(results) < 2:
            return cls(results[0], results[0], results[0])
        low, _, high = quantiles(results, n=4, method="inclusive")
        return cls(median(results), low, high)

    def scaled(self, factor: float) -> Spread:
        """It in another unit."""
        return Spread(self.middle * factor, self.low * factor, self.high * factor)

    def __format__(self, form: str) -> str:
        return f"{self.middle:{form}} ({self.low:{form}}-{self.high:{form}})"


def interleaved(
    tasks: Mapping[Key, Callable[[], Result]], rounds: int, random: Random
) -> dict[Key, list[Result]]:
    """Run every task once a round, in a new random order each; return what they returned.

    A task begins with nothing left to collect, and what existed before is out of the collector's
    sight: `bench.contest` says why.
    """
    results: dict[Key, list[Result]] = {key: [] for key in tasks}
    with own_garbage_only():
        for _ in range(rounds):
            for key in random.sample(list(tasks), len(tasks)):
                gc.collect()
                results[key].append(tasks[key]())
    return results
