"""Budgets for what rendering costs: a slow-down of generated code fails here, without a clock.

``cost.txt`` is a table for each version of Python: writes into the buffer, calls of Python
functions, calls of C functions and bytecode instructions, as ``counting.py`` counts them. The
workloads are those of ``bench/``; their budgets are for one row, those of the templates in
``tests/golden/`` and of one line, the smallest one, for a whole render. Streams cut at every
boundary, and what they ask for the time is a function of Python here.

The counts are exact: one instruction more is over the budget. So is a render that costs less by
more than a few per cent, so that the table keeps up. After a change that is meant to cost what it
costs, write the budgets of each version anew, and read every difference before it is kept::

    UPDATE_COST=1 python3.10 -m pytest tests/cost/test_cost.py
    UPDATE_COST=1 python3.11 -m pytest tests/cost/test_cost.py
    UPDATE_COST=1 python3.12 -m pytest tests/cost/test_cost.py
    UPDATE_COST=1 python3.13 -m pytest tests/cost/test_cost.py
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from functools import cache, partial
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest

from bench.workloads import MAIN, WORKLOADS, generated_rows
from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.compiler.generated import compile_generated
from streamtmpl.runtime import escaping
from tests.golden.test_golden import TEMPLATES, Environments, context

from .counting import Cost, cost, cost_of_row

BUDGETS = Path(__file__).resolve().parent / "cost.txt"
UPDATE = bool(os.environ.get("UPDATE_COST"))
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SLACK = 0.03
"""The part of a budget that may be left over."""

pytestmark = [
    pytest.mark.skipif(
        sys.implementation.name != "cpython", reason="the budgets are CPython's instructions"
    ),
    pytest.mark.skipif(
        escaping.escape_text is escaping._escape_exact,
        reason="the budgets are for a MarkupSafe with a quick escape function",
    ),
]


# -- what is measured

Way = Callable[[jinja2.Template, dict[str, Any]], object]


def rendered(template: jinja2.Template, variables: dict[str, Any]) -> str:
    return template.render(variables)


def streamed(template: jinja2.Template, variables: dict[str, Any]) -> list[str]:
    return list(render_stream(template, variables, chunk_size=0))


def rendered_async(template: jinja2.Template, variables: dict[str, Any]) -> str:
    return asyncio.run(template.render_async(variables))


def streamed_async(template: jinja2.Template, variables: dict[str, Any]) -> list[str]:
    async def collect() -> list[str]:
        return [chunk async for chunk in render_stream_async(template, variables, chunk_size=0)]

    return asyncio.run(collect())


WAYS: dict[str, Way] = {
    "render": rendered,
    "stream": streamed,
    "async render": rendered_async,
    "async stream": streamed_async,
}


def variables_of(workload: str, rows: int) -> dict[str, Any]:
    """What *workload* is given to render this many rows."""
    variables: dict[str, Any] = dict(DATA[workload]())
    if workload == "rows from a generator":
        return {"rows": generated_rows(rows)}
    for name, value in variables.items():
        if isinstance(value, list) and name != "navigation":
            variables[name] = value[:rows]
    return variables


DATA = {workload.name: workload.build() for workload in WORKLOADS}
# Multiples of the periods in the data, where rows differ in what they take.
ROWS = {
    "table of numbers": 8,
    "rows to escape": 8,
    "real page": 14,
    "rows from a generator": 64,
    "objects": 9,
    "dicts": 8,
}


@cache
def template_of(workload: str, is_async: bool) -> jinja2.Template:
    (sources,) = (dict(each.sources) for each in WORKLOADS if each.name == workload)
    environment = StreamEnvironment(
        loader=jinja2.DictLoader(sources), autoescape=True, enable_async=is_async
    )
    return environment.get_template(MAIN)


def cost_of_workload(workload: str, way: str) -> Cost:
    template = template_of(workload, "async" in way)

    def run(rows: int) -> object:
        return WAYS[way](template, variables_of(workload, rows))

    return cost_of_row(run, ROWS[workload]) if workload in ROWS else cost(lambda: run(0))


def cost_of_golden(name: str, way: str) -> Cost:
    kind = "async" if "async" in way else "sync"
    template = Environments(kind).ours.get_template(f"{name}.html")
    return cost(lambda: WAYS[way](template, context()))


MEASURES: dict[str, Callable[[], Cost]] = {
    **{
        f"{each.name}, {way}": partial(cost_of_workload, each.name, way)
        for each in WORKLOADS
        for way in WAYS
    },
    **{
        f"{name}.html, {way}": partial(cost_of_golden, name, way)
        for name in TEMPLATES
        for way in ("render", "async render")
    },
}


# -- the table

Table = dict[str, dict[str, Cost]]
HEAD = ("writes", "calls", "C calls", "instructions")


def read() -> Table:
    """The budgets, by version and measure."""
    table: Table = {}
    if not BUDGETS.exists():
        return table
    for line in BUDGETS.read_text(encoding="utf-8").splitlines():
        if line.startswith("Python "):
            budgets = table[line.split()[1]] = {}
        elif line:
            name, *numbers = (part.strip() for part in line.split("  ") if part)
            budgets[name] = Cost(*map(float, numbers))
    return table


def write(table: Table) -> None:
    """Write the table, with the measures that there are, in their order."""
    lines = []
    for version in sorted(table, key=lambda version: [int(part) for part in version.split(".")]):
        titles = "".join(f"{title:>14}" for title in HEAD)
        lines += ["", f"{'Python ' + version:28}{titles}"]
        for name in MEASURES:
            if name in table[version]:
                numbers = "".join(f"{number:14g}" for number in table[version][name])
                lines.append(f"{name:28}{numbers}")
    BUDGETS.write_text("\n".join(lines[1:]) + "\n", encoding="utf-8", newline="\n")


def rounded(cost: Cost) -> Cost:
    """As it stands in the table."""
    return Cost(*(float(f"{number:.6g}") for number in cost))


class Verdict(NamedTuple):
    over: list[str]
    under: list[str]


def compared(actual: Cost, budget: Cost) -> Verdict:
    verdict = Verdict([], [])
    for title, number, allowed in zip(HEAD, actual, budget, strict=True):
        told = f"{title}: {number:g}, budget {allowed:g}"
        if number > allowed:
            verdict.over.append(told)
        elif number < allowed * (1 - SLACK):
            verdict.under.append(told)
    return verdict


HINT = "If that is what it is to cost, see the head of test_cost.py"


@pytest.mark.parametrize("name", MEASURES)
def test_budget(name: str) -> None:
    table = read()
    actual = rounded(MEASURES[name]())
    if UPDATE:
        table.setdefault(VERSION, {})[name] = actual
        write(table)
        return
    if VERSION not in table:
        pytest.skip(f"no budgets for Python {VERSION}")
    assert name in table[VERSION], f"no budget for {name!r}: see the head of test_cost.py"
    verdict = compared(actual, table[VERSION][name])
    if verdict.over:
        pytest.fail(f"{name} costs more than its budget. {'; '.join(verdict.over)}. {HINT}.")
    if verdict.under:
        pytest.fail(f"{name} costs less: tighten its budget. {'; '.join(verdict.under)}. {HINT}.")


def test_no_budget_is_left_over() -> None:
    for version, budgets in read().items():
        assert list(budgets) == list(MEASURES), version


def test_all_versions_have_budgets() -> None:
    assert list(read()) == ["3.10", "3.11", "3.12", "3.13"]


# -- the guard guards


def test_counting_is_exact() -> None:
    source = "def f(write, g):\n for i in (1, 2, 3):\n  write('')\n  g()\n"
    namespace: dict[str, Any] = {}
    exec(compile_generated(source, "counted.html"), namespace)

    def run(count: int) -> None:
        for _ in range(count):
            namespace["f"](StringIO().write, lambda: None)

    each = cost_of_row(run, 5)
    assert each[:3] == (3, 4, 3)
    # Each time round: both calls and what is around them, some ten in every version.
    assert 20 < each.instructions < 60
    assert cost_of_row(run, 50) == each


def test_counting_twice_gives_the_same() -> None:
    for name in ("real page, stream", "rows from a generator, async stream", "macros.html, render"):
        assert MEASURES[name]() == MEASURES[name]()


@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
def test_a_debugger_changes_nothing_and_stays(install: Callable[[Any], None]) -> None:
    def debugger(frame: object, event: str, argument: object) -> Any:
        return debugger

    before = sys.gettrace(), sys.getprofile()
    expected = MEASURES["dicts, render"]()
    install(debugger)
    try:
        actual = MEASURES["dicts, render"]()
        assert debugger in (sys.gettrace(), sys.getprofile())
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    assert actual == expected


class SlowLookups(StreamEnvironment):
    """As Jinja2's, but overridden: generated code has to call it."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return super().getattr(obj, attribute)


def test_a_slow_down_is_seen() -> None:
    def each_row(kind: type[StreamEnvironment]) -> Cost:
        (sources,) = (dict(each.sources) for each in WORKLOADS if each.name == "dicts")
        template = kind(loader=jinja2.DictLoader(sources), autoescape=True).get_template(MAIN)
        return cost_of_row(lambda rows: rendered(template, variables_of("dicts", rows)), 8)

    quick, slow = each_row(StreamEnvironment), each_row(SlowLookups)
    assert slow.calls == quick.calls + 8
    assert compared(slow, quick).over
    assert compared(quick, slow).under
    assert compared(quick, quick) == ([], [])
