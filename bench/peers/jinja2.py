"""Jinja2: what everything else is measured against."""

from __future__ import annotations

from jinja2 import DictLoader, Environment, Template

from bench.ways import AsyncPieces, Peer, Pieces, Way, Whole
from bench.workloads import MAIN, Workload


def _load(workload: Workload, *, enable_async: bool = False) -> Template:
    loader = DictLoader(workload.sources)
    environment = Environment(loader=loader, autoescape=True, enable_async=enable_async)
    return environment.get_template(MAIN)


def _render(workload: Workload) -> Way:
    return Whole(_load(workload).render)


def _generate(workload: Workload) -> Way:
    return Pieces(_load(workload).generate)


def _generate_async(workload: Workload) -> Way:
    return AsyncPieces(_load(workload, enable_async=True).generate_async)


PEER = Peer(
    name="Jinja2",
    distributions=("Jinja2", "MarkupSafe"),
    ways={"render": _render, "generate": _generate, "generate_async": _generate_async},
)
