"""What a stream holds whose consumer does not read: its text, once, and little beside it."""

from __future__ import annotations

import asyncio

import pytest

from bench.at_rest import TEXTS, measure, situations
from tests.support.gates import settle, stream_of

STREAMS = 30


@pytest.mark.comparison
@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize("title", situations(""))
def test_little_beside_its_text(title: str, script: str) -> None:
    situation = situations(TEXTS[script])[title]
    rest = measure(situation, STREAMS)
    assert 0 < rest.beside <= rest.allowed
    renders_ahead = situation.is_async and situation.template.environment.is_async
    assert (rest.rendered > 0) == renders_ahead


@pytest.mark.comparison
@pytest.mark.parametrize("script", TEXTS)
def test_what_it_holds_does_not_grow_with_what_it_has_given(script: str) -> None:
    found = situations(TEXTS[script])
    first, later = (
        measure(found[f"`render_stream`, {taken} taken"], STREAMS)
        for taken in ("the first chunk", "6 chunks")
    )
    assert later.held < first.held + 512


def test_a_cut_is_one_text_and_what_follows_another() -> None:
    """What is rendered ahead of a consumer is held apart from what is written after it."""
    source = "{% for n in range(4) %}{{ n }}{% flush %}{% endfor %}"

    async def chunks() -> list[str]:
        taken = []
        async with stream_of(source) as stream:
            async for chunk in stream:
                await settle()
                taken.append(chunk)
        return taken

    assert asyncio.run(chunks()) == ["0", "1", "2", "3"]
