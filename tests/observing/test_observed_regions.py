"""What an observer is told of deferred regions, wherever they are rendered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from streamtmpl import render_stream
from streamtmpl.observing import (
    Chunk,
    RegionEvent,
    RegionFailed,
    RegionReady,
    RegionStarted,
    RegionTimedOut,
    StreamClosed,
    StreamEvent,
    StreamStarted,
    Waited,
)
from tests.support.clocks import Clock

from .observers import KINDS, Noted, chunks, every_kind, of_region, page, value_of

WAYS = [(kind, mode) for kind in KINDS for mode in ("patch", "in-order")]
every_way = pytest.mark.parametrize(("kind", "deferred"), WAYS)


@pytest.fixture(params=[False, True], ids=["in turn", "in threads"])
def executor(request: pytest.FixtureRequest) -> Iterator[ThreadPoolExecutor | None]:
    if not request.param:
        yield None
        return
    with ThreadPoolExecutor(4) as made:
        yield made


@every_way
def test_regions(kind: str, deferred: Any, executor: Any) -> None:
    noted = Noted()
    template = page(
        kind,
        "{% defer %}{{ one() }}{% enddefer %}\n"
        "{% defer %}{{ 1 // 0 }}{% error %}sorry{% enddefer %}\n"
        "{% defer %}{{ 1 // 0 }}{% enddefer %}.",
    )
    one = value_of(kind, lambda: "one")
    text = "".join(
        chunks(kind, template, {"one": one}, deferred=deferred, executor=executor, observe=noted)
    )
    assert ("one" in text, "sorry" in text) == (True, True)
    assert of_region(noted, 1) == ["RegionStarted", "RegionReady"]
    assert of_region(noted, 2) == ["RegionStarted", "RegionFailed", "RegionReady"]
    assert of_region(noted, 3) == ["RegionStarted", "RegionFailed", "RegionReady"]
    assert {event.line: event.characters for event in noted.of(RegionReady)} == {1: 3, 2: 5, 3: 0}
    assert all(event.template == "page.html" for event in noted.of(RegionEvent))
    names = {event.line: event.region for event in noted.of(RegionEvent)}
    assert len({*names.values()}) == 3
    assert {(event.line, event.region) for event in noted.of(RegionEvent)} == {*names.items()}
    if deferred == "patch":
        assert all(f'<template for="{name}">' in text for name in names.values())
    assert all(isinstance(event.error, ZeroDivisionError) for event in noted.of(RegionFailed))
    assert sum(event.characters for event in noted.of(Chunk)) == len(text)
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.of(Chunk)[-1].reason == "end"


@every_way
def test_what_stands_above_a_region_and_its_patch_leave_for_it(kind: str, deferred: Any) -> None:
    noted = Noted()
    template = page(kind, "above{% defer %}{{ one() }}{% enddefer %}")
    one = value_of(kind, lambda: "one")
    chunks(kind, template, {"one": one}, deferred=deferred, observe=noted)
    assert noted.of(Chunk)[0].reason == "region"


_name: ContextVar[str] = ContextVar("_name", default="")


@every_way
def test_each_region_has_a_context_of_its_own(kind: str, deferred: Any, executor: Any) -> None:
    """What the observer sets at its start, its code sees, in whichever thread, and nobody else."""
    here: dict[str, tuple[str, int]] = {}

    def observe(event: StreamEvent) -> None:
        if isinstance(event, StreamStarted):
            _name.set("stream")
        elif isinstance(event, RegionStarted):
            assert _name.get() == "stream"
            _name.set(f"region {event.line}")
        elif isinstance(event, RegionReady):
            here[f"region {event.line}"] = _name.get(), threading.get_ident()
        elif isinstance(event, StreamClosed):
            here["stream"] = _name.get(), 0

    threads: dict[str, int] = {}

    def seen() -> str:
        threads[_name.get()] = threading.get_ident()
        return _name.get()

    template = page(
        kind,
        "{% defer %}<{{ seen() }}>{% enddefer %}\n{% defer %}<{{ seen() }}>{% enddefer %}"
        "<{{ seen() }}>",
    )
    text = "".join(
        chunks(
            kind,
            template,
            {"seen": value_of(kind, seen)},
            deferred=deferred,
            executor=executor,
            observe=observe,
        )
    )
    assert all(f"<{name}>" in text for name in ("region 1", "region 2", "stream"))
    assert {name: name for name in here} == {name: found for name, (found, _) in here.items()}
    for name in ("region 1", "region 2"):
        assert here[name][1] == threads[name], "told in the thread that it is rendered in"
    assert _name.get() == ""


@pytest.mark.parametrize(("kind", "deferred"), [way for way in WAYS if way[0] != "async"])
def test_a_region_that_takes_too_long_by_its_own_clock(kind: str, deferred: Any) -> None:
    noted = Noted()
    source = "{% defer timeout=0 %}{{ one() }}{% error %}late{% enddefer %}"
    template = page(kind, source)
    text = "".join(
        chunks(
            kind,
            template,
            {"one": lambda: "one"},
            deferred=deferred,
            observe=noted,
        )
    )
    assert "late" in text
    assert of_region(noted, 1) == ["RegionStarted", "RegionTimedOut", "RegionReady"]
    assert noted.of(RegionFailed) == []
    assert noted.one(RegionReady).characters == 4


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_a_region_whose_thread_takes_too_long(deferred: Any) -> None:
    noted = Noted()
    gate = threading.Event()
    template = page("sync", "{% defer timeout=0.01 %}{{ wait() }}{% error %}late{% enddefer %}")
    with ThreadPoolExecutor(1) as threads:
        stream = render_stream(
            template, {"wait": gate.wait}, deferred=deferred, executor=threads, observe=noted
        )
        text = "".join(stream)
        gate.set()
    assert "late" in text
    assert of_region(noted, 1) == ["RegionStarted", "RegionTimedOut", "RegionReady"]


def test_nothing_is_told_of_a_thread_after_the_stream_has_ended() -> None:
    noted = Noted()
    gate = threading.Event()
    template = page(
        "sync",
        "{% defer timeout=0.01 %}{% boundary %}{{ wait() }}{{ 1 // 0 }}{% endboundary %}"
        "{% set x %}{% defer %}x{% enddefer %}{% endset %}{% error %}late{% enddefer %}",
    )
    with ThreadPoolExecutor(1) as threads:
        variables = {"wait": gate.wait}
        "".join(render_stream(template, variables, executor=threads, observe=noted))
        gate.set()
    assert noted.names()[-1] == "StreamClosed"


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_a_region_in_a_task_that_takes_too_long(deferred: Any) -> None:
    noted = Noted()
    template = page("async", "{% defer timeout=0.01 %}{{ wait() }}{% error %}late{% enddefer %}")

    async def wait() -> None:
        await asyncio.Event().wait()

    assert "late" in "".join(
        chunks("async", template, {"wait": wait}, deferred=deferred, observe=noted)
    )
    assert of_region(noted, 1)[:3] == ["RegionStarted", "RegionTimedOut", "RegionReady"]


@every_kind
def test_regions_of_what_is_not_shown_are_dropped(kind: str, executor: Any) -> None:
    noted = Noted()
    template = page(
        kind,
        "{% boundary %}{% defer %}{{ one() }}{% enddefer %}{{ 1 // 0 }}{% endboundary %}",
    )
    text = "".join(
        chunks(
            kind, template, {"one": value_of(kind, lambda: "one")}, executor=executor, observe=noted
        )
    )
    assert "one" not in text
    assert of_region(noted, 1).count("RegionDropped") == 1
    assert noted.names().count("BoundaryFailed") == 1


@every_kind
def test_a_group(kind: str, executor: Any) -> None:
    noted = Noted()
    template = page(
        kind,
        '{% defer group="g" %}{{ one() }}{% enddefer %}\n'
        '{% defer group="g" %}{{ one() }}{% enddefer %}',
    )
    one = value_of(kind, lambda: "one")
    chunks(kind, template, {"one": one}, executor=executor, observe=noted)
    for line in (1, 2):
        assert of_region(noted, line) == ["RegionStarted", "RegionReady"]


@every_way
def test_a_region_in_a_region(kind: str, deferred: Any, executor: Any) -> None:
    noted = Noted()
    template = page(
        kind,
        "{% defer %}a{% defer %}\n{{ one() }}{% enddefer %}{% enddefer %}",
    )
    one = value_of(kind, lambda: "one")
    text = "".join(
        chunks(kind, template, {"one": one}, deferred=deferred, executor=executor, observe=noted)
    )
    assert "one" in text
    names = [event.region for event in noted.of(RegionStarted)]
    assert len({*names}) == 2
    assert len({event.region for event in noted.of(RegionReady)}) == 2
    assert sum(event.characters for event in noted.of(Chunk)) == len(text)


def test_what_waits_in_a_region_is_told_with_its_name(clock: Clock) -> None:
    noted = Noted()
    template = page("async", "{% defer %}\n{{ wait() }}{% enddefer %}b")

    async def wait() -> str:
        asyncio.get_running_loop().call_soon(advance)
        await asyncio.sleep(0)
        return "x"

    def advance() -> None:
        clock.now += 0.25

    for deferred in ("patch", "in-order"):
        noted.clear()
        chunks("async", template, {"wait": wait}, deferred=deferred, observe=noted)
        waited = noted.one(Waited)
        assert (waited.kind, waited.line) == ("await", 2)
        assert waited.region == noted.one(RegionStarted).region
    assert RegionTimedOut not in {type(event) for event in noted}


EVENTS = [
    "RegionStarted",
    "RegionReady",
    "RegionFailed",
    "RegionTimedOut",
    "RegionDropped",
    "BoundaryFailed",
    "StreamStarted",
    "FirstChunk",
    "Chunk",
    "StreamClosed",
]


@every_way
@pytest.mark.parametrize("fails_at", EVENTS)
def test_an_observer_that_raises_changes_nothing(
    kind: str, deferred: Any, fails_at: str, executor: Any, caplog: pytest.LogCaptureFixture
) -> None:
    noted = Noted()

    def observe(event: StreamEvent) -> None:
        noted(event)
        if type(event).__name__ == fails_at:
            raise LookupError(fails_at)

    template = page(
        kind,
        "a{% flush %}{% defer %}{{ one() }}{% enddefer %}"
        "{% defer timeout=0 %}{{ one() }}{% if 1 %}{% endif %}{% error %}late{% enddefer %}"
        "{% defer %}{{ 1 // 0 }}{% error %}sorry{% enddefer %}"
        "{% boundary %}{% defer %}{{ one() }}{% enddefer %}{{ 1 // 0 }}{% fallback %}<fallen>"
        "{% endboundary %}{% flush %}z",
    )
    context = {"one": value_of(kind, lambda: "one")}
    text = "".join(
        chunks(kind, template, context, deferred=deferred, executor=executor, observe=observe)
    )
    if executor is not None:
        executor.shutdown()  # a region that nobody wants any more may still run
    assert all(part in text for part in ("a", "one", "sorry", "<fallen>", "z"))
    assert noted.names().count("StreamClosed") == 1
    told = noted.names().count(fails_at)
    logged = [each for each in caplog.records if "the observer of a stream failed" in each.message]
    assert len(logged) == told
    if fails_at not in ("RegionTimedOut", "RegionDropped"):  # that depends on who is quicker
        assert told > 0
