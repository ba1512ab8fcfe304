"""A row costs the same wherever it stands: late in a page, or deep in a template. No clock here."""

from __future__ import annotations

import asyncio
from typing import Any

import jinja2
import pytest

from bench import nesting
from bench.workloads import MAIN
from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.cost.counting import Cost, cost, cost_of_row

ROWS = 400
"""Enough for some chunks of the default size, each of which is a cut."""
CLOSE = 1.02
"""A cut resumes every level: that is in what a row costs, and little of it."""


def template_of(sources: dict[str, str], is_async: bool) -> jinja2.Template:
    environment = StreamEnvironment(
        loader=jinja2.DictLoader(sources), autoescape=True, enable_async=is_async
    )
    return environment.get_template(MAIN)


def streamed(template: jinja2.Template, rows: Any) -> list[str]:
    if not template.environment.is_async:
        return list(render_stream(template, {"rows": rows}))

    async def collect() -> list[str]:
        return [chunk async for chunk in render_stream_async(template, {"rows": rows})]

    return asyncio.run(collect())


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": number, "name": "a customer"} for number in range(10_000, 10_000 + count)]


def row_in(sources: dict[str, str], is_async: bool) -> Cost:
    template = template_of(sources, is_async)
    return cost_of_row(lambda count: streamed(template, rows(count)), ROWS)


@pytest.mark.comparison
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("title", nesting.NESTED)
def test_twenty_levels_around_a_row(title: str, is_async: bool) -> None:
    assert title.startswith("20 ")
    flat = row_in({MAIN: nesting.FLAT}, is_async)
    deep = row_in(nesting.NESTED[title], is_async)
    assert deep.writes == flat.writes == 1
    assert deep.instructions < CLOSE * flat.instructions


@pytest.mark.comparison
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("lazy", [False, True], ids=["list", "generator"])
def test_many_rows_before_a_row(lazy: bool, is_async: bool) -> None:
    template = template_of({MAIN: nesting.FLAT}, is_async)

    def run(count: int) -> object:
        return streamed(template, iter(rows(count)) if lazy else rows(count))

    def all_of(count: int) -> float:
        return cost(lambda: run(count)).instructions

    early, late = all_of(2000) - all_of(1000), all_of(7000) - all_of(6000)
    assert late < CLOSE * early
