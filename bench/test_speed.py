"""The workloads of the benchmarks for pytest-benchmark: ``pytest bench/ --benchmark-only``.

Times are CPU seconds of one batch of renders (`BATCHES`, one render by default), and asynchronous
ways run in one event loop per batch. The table of ratios comes from ``python -m bench``, which
interleaves the engines; here they run one after the other.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import pytest

from bench.contest import own_garbage_only
from bench.peers.installed import PEERS
from bench.workloads import WORKLOADS, Context, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from bench.ways import Way

BATCHES = {"real page": 10, "one line": 1000}
"""Renders per measured call, for the workloads whose render is too short to be timed alone."""

ENTRIES = [
    pytest.param(
        workload,
        load,
        id=f"{workload.name}-{peer.name} {label}",
        marks=pytest.mark.benchmark(
            group=f"{workload.name}: {workload.title}", timer=time.process_time
        ),
    )
    for workload in WORKLOADS
    for peer in PEERS
    for label, load in peer.ways.items()
]


@pytest.mark.parametrize(("workload", "load"), ENTRIES)
def test_render(
    benchmark: BenchmarkFixture, workload: Workload, load: Callable[[Workload], Way]
) -> None:
    way = load(workload)
    make = workload.build()
    batch = BATCHES.get(workload.name, 1)

    def contexts() -> tuple[tuple[list[Context]], dict[str, object]]:
        made = [make() for _ in range(batch)]
        gc.collect()
        return (made,), {}

    benchmark.extra_info["renders"] = batch
    with own_garbage_only():
        benchmark.pedantic(  # type: ignore[no-untyped-call] # not typed by pytest-benchmark
            way.consume, setup=contexts, rounds=20, warmup_rounds=2
        )
