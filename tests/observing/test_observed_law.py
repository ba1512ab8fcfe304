"""The law: an observer changes nothing. The chunks are the same, and it is told of all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamtmpl import render_stream, render_stream_async
from streamtmpl.observing import Chunk, StreamClosed
from tests.differential.corpus import CORPUS
from tests.differential.corpus.errors import ERRORS
from tests.differential.laws import Way
from tests.differential.outcomes import normalized
from tests.differential.samples import Sample, by_kind

from .observers import Noted

SAMPLES = by_kind({**CORPUS, **{f"{name}, failing": each for name, each in ERRORS.items()}})


def collecting(kind: str, into: list[str], **options: Any) -> Way:
    """A way to render that puts the chunks into a list, those before an error as well."""

    async def collect(template: Any, context: dict[str, Any]) -> None:
        async for chunk in render_stream_async(template, context, **options):
            into.append(chunk)

    def way(template: Any, context: dict[str, Any]) -> str:
        if kind == "async":
            asyncio.run(collect(template, context))
        else:
            for chunk in render_stream(template, context, **options):
                into.append(chunk)
        return "".join(into)

    return way


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
@pytest.mark.comparison
def test_an_observer_changes_nothing(sample: Sample, kind: str) -> None:
    case = sample.case(kind)
    plain: list[str] = []
    expected = case.come_to(
        case.setup.subject(case.templates), collecting(kind, plain, chunk_size=0)
    )
    observed: list[str] = []
    noted = Noted()
    way = collecting(kind, observed, chunk_size=0, observe=noted)
    assert case.come_to(case.setup.subject(case.templates), way) == expected
    assert list(map(normalized, observed)) == list(map(normalized, plain))
    assert [event.characters for event in noted.of(Chunk)] == list(map(len, observed))
    if noted:  # a template that does not compile does not begin
        assert noted.names().count("StreamStarted") == 1
        assert noted[-1] is noted.one(StreamClosed)
