"""Choices drawn from hypothesis; the first choice is always the simplest, so examples shrink.

To draw each choice of a long case takes hypothesis as long as to compile and render what comes of
them. In the fast profile it draws texts, numbers and the seed of all other choices, where asked to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

from tests.support import share

T = TypeVar("T")

THOROUGH = os.environ.get("STREAMTMPL_HYPOTHESIS") == "thorough"


def examples(count: int) -> Callable[[Any], Any]:
    """Decorates a test that runs `count` examples, or fifty times as many when thorough.

    The fast profile is derandomized: the same examples in every run, so that nobody's change is
    blamed for what another run would have found. The thorough one draws new examples each time, and
    shrinks those that fail. A share of the comparisons has its share of the examples, and others.
    """
    chosen = settings(
        max_examples=count * 50 if THOROUGH else -(-count // share.OF),
        derandomize=not THOROUGH,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    if share.NUMBER == 1:
        return chosen
    return lambda test: seed(share.NUMBER)(chosen(test))


class Draw(Protocol):
    def __call__(self, strategy: st.SearchStrategy[T]) -> T: ...


@cache
def integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


class Dice:
    def __init__(self, draw: Draw, *, seeded: bool = False) -> None:
        self.draw = draw
        self._seeded = Random(draw(integers(0, 2**64 - 1))) if seeded and not THOROUGH else None

    def number(self, low: int, high: int) -> int:
        if self._seeded is not None:
            return self._seeded.randint(low, high)
        return self.draw(integers(low, high))

    def chance(self, percent: int) -> bool:
        return percent > 0 and self.number(0, 99) >= 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        return options[self.number(0, len(options) - 1)]

    def some(self, options: Sequence[T]) -> list[T]:
        return [option for option in options if self.chance(50)]
