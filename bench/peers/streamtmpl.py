"""streamtmpl: its streams are consumed chunk by chunk at the default chunk size."""

from __future__ import annotations

from functools import partial

from jinja2 import DictLoader, Template

from bench.ways import AsyncPieces, Peer, Pieces, Way, Whole
from bench.workloads import MAIN, Workload
from streamtmpl import StreamEnvironment, render_stream, render_stream_async


def _load(workload: Workload, *, enable_async: bool = False) -> Template:
    loader = DictLoader(workload.sources)
    environment = StreamEnvironment(loader=loader, autoescape=True, enable_async=enable_async)
    return environment.get_template(MAIN)


def _stream(workload: Workload) -> Way:
    return Pieces(partial(render_stream, _load(workload)))


def _render(workload: Workload) -> Way:
    return Whole(_load(workload).render)


def _stream_async(workload: Workload) -> Way:
    return AsyncPieces(partial(render_stream_async, _load(workload, enable_async=True)))


PEER = Peer(
    name="streamtmpl",
    distributions=("streamtmpl",),
    ways={"stream": _stream, "render": _render, "stream async": _stream_async},
)
