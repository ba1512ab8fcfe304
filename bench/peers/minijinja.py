"""MiniJinja's Python binding: the same templates as Jinja2's but for one filter's argument."""

from __future__ import annotations

from functools import partial

from minijinja import Environment

from bench.ways import Keywords, Peer, Way
from bench.workloads import MAIN, Workload


def _render(workload: Workload) -> Way:
    sources = {
        # Its truncate takes keyword arguments only.
        name: source.replace("|truncate(", "|truncate(length=")
        for name, source in workload.sources.items()
    }
    return Keywords(partial(Environment(templates=sources).render_template, MAIN))


PEER = Peer(name="MiniJinja", distributions=("minijinja",), ways={"render": _render})
