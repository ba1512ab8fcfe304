"""Slow sources are not waited for with text in hand; fast ones do not make chunks small."""

from __future__ import annotations

import pytest

from tests.support.clocks import FAST, QUICK, SLOW, replaced_clock

from .slow_pulls import KINDS, LOOP, TimedTrace, leave_out_what_drains


@pytest.fixture(params=KINDS)
def trace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TimedTrace:
    return TimedTrace(request.param, replaced_clock(monkeypatch))


# -- the head


def test_the_head_is_there_before_the_first_pull(trace: TimedTrace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([0, 0, 0])}) == [
        "head", 1, 2, 3, "<1><2><3>tail",
    ]  # fmt: skip


def test_the_head_of_a_source_without_items(trace: TimedTrace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([])}) == ["head", "tail"]


def test_no_head_no_chunk(trace: TimedTrace) -> None:
    source = "{% for r in rows %}<{{ r }}>{% endfor %}tail"
    assert trace.consume(source, {"rows": trace.source([0, 0])}) == [1, 2, "<1><2>tail"]


def test_only_the_head_is_cut_for_a_fast_source(trace: TimedTrace) -> None:
    source = "a{% for r in one %}{{ r }}{% endfor %}b{% for r in two %}{{ r }}{% endfor %}c"
    context = {"one": trace.source([0, 0]), "two": trace.source([0, 0])}
    assert trace.consume(source, context) == ["a", 1, 2, 1, 2, "12b12c"]


def test_a_head_from_in_memory_loops(trace: TimedTrace) -> None:
    source = "{% for x in xs %}{{ x }}{% endfor %}{% for r in rows %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"xs": ["a", "b"], "rows": trace.source([0])})
    assert events == ["ab", 1, "<1>"]


# The law for all constructs: (templates, the head, what one iteration writes as a format string).
PLACES: dict[str, tuple[str | dict[str, str], str, str]] = {
    "loop": (LOOP, "head", "<{0}>"),
    "loop object": (
        "head{% for r in rows %}<{{ r }}-{{ loop.index }}>{% endfor %}tail",
        "head",
        "<{0}-{0}>",
    ),
    "filtered loop": ("head{% for r in rows if r %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "filtered loop with loop object": (
        "head{% for r in rows if r %}<{{ r }}-{{ loop.index }}>{% endfor %}tail",
        "head",
        "<{0}-{0}>",
    ),
    "loop with else": (
        "head{% for r in rows %}<{{ r }}>{% else %}none{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "continue": (
        "head{% for r in rows %}<{{ r }}>{% continue %}no{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "if in the body": (
        "head{% for r in rows %}<{% if r %}{{ r }}{% endif %}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "macro": (
        "{% macro m(rows) %}{% for r in rows %}<{{ r }}>{% endfor %}{% endmacro %}"
        "head{{ m(rows) }}tail",
        "head",
        "<{0}>",
    ),
    "macro in the body": (
        "{% macro m(r) %}<{{ r }}>{% endmacro %}head{% for r in rows %}{{ m(r) }}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "imported macro": (
        {
            "main": "{% import 'lib' as lib %}head{{ lib.m(rows) }}tail",
            "lib": "{% macro m(rows) %}{% for r in rows %}<{{ r }}>{% endfor %}{% endmacro %}",
        },
        "head",
        "<{0}>",
    ),
    "caller": (
        "{% macro m() %}[{{ caller() }}]{% endmacro %}"
        "head{% call m() %}{% for r in rows %}<{{ r }}>{% endfor %}{% endcall %}tail",
        "head[",
        "<{0}>",
    ),
    "include": (
        {
            "main": "head{% include 'part' %}tail",
            "part": "{% for r in rows %}<{{ r }}>{% endfor %}",
        },
        "head",
        "<{0}>",
    ),
    "include in the body": (
        {
            "main": "head{% for r in rows %}{% include 'part' %}{% endfor %}tail",
            "part": "<{{ r }}>",
        },
        "head",
        "<{0}>",
    ),
    "block": (
        "head{% block b %}{% for r in rows %}<{{ r }}>{% endfor %}{% endblock %}tail",
        "head",
        "<{0}>",
    ),
    "super": (
        {
            "main": "{% extends 'base' %}{% block b %}[{{ super() }}]{% endblock %}",
            "base": "head{% block b %}{% for r in rows %}<{{ r }}>{% endfor %}{% endblock %}tail",
        },
        "head[",
        "<{0}>",
    ),
    "recursive loop": (
        "head{% for r in rows recursive %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "recursion": (
        "head{% for r in [rows] recursive %}"
        "{% if r is number %}<{{ r }}>{% else %}{{ loop(r) }}{% endif %}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "loop in an in-memory loop": (
        "head{% for x in [1] %}{% for r in rows %}<{{ r }}>{% endfor %}{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "in-memory loop in the body": (
        "head{% for r in rows %}<{% for x in [r] %}{{ x }}{% endfor %}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "map": ("head{% for r in rows|map('string') %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "select": ("head{% for r in rows|select %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "reject": ("head{% for r in rows|reject('none') %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "selectattr": (
        "head{% for r in rows|selectattr('real') %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
    "unique": ("head{% for r in rows|unique %}<{{ r }}>{% endfor %}tail", "head", "<{0}>"),
    "filters over filters": (
        "head{% for r in rows|map('int')|select|unique %}<{{ r }}>{% endfor %}tail",
        "head",
        "<{0}>",
    ),
}
places = pytest.mark.parametrize("place", PLACES)


@places
def test_slow_pulls_in_every_place(place: str, trace: TimedTrace) -> None:
    """Whatever has a boundary after it is in the consumer's hands before the next slow pull."""
    leave_out_what_drains(place, trace)
    templates, head, row = PLACES[place]
    events = trace.consume(templates, {"rows": trace.source([SLOW] * 4)})
    assert events[:2] == [head, 1]
    for number in range(2, 5):
        before = events[: events.index(number)]
        text = "".join(event for event in before if isinstance(event, str))
        assert text == head + "".join(row.format(done) for done in range(1, number))


@places
def test_fast_pulls_in_every_place(place: str, trace: TimedTrace) -> None:
    leave_out_what_drains(place, trace)
    templates, head, _row = PLACES[place]
    events = trace.consume(templates, {"rows": trace.source([QUICK] * 4)})
    assert events[:-1] == [head, 1, 2, 3, 4]


def test_the_head_is_not_kept_by_a_set_block(trace: TimedTrace) -> None:
    source = "head{% set x %}{% for r in rows %}<{{ r }}>{% endfor %}{% endset %}[{{ x }}]"
    events = trace.consume(source, {"rows": trace.source([SLOW, SLOW])})
    assert events == ["head", 1, 2, "[<1><2>]"]


# -- which pulls are slow


def test_each_finished_iteration_is_there_before_the_next_slow_pull(trace: TimedTrace) -> None:
    assert trace.consume(LOOP, {"rows": trace.source([SLOW] * 3)}) == [
        "head", 1, "<1>", 2, "<2>", 3, "<3>", "tail",
    ]  # fmt: skip


def test_one_slow_pull_hands_over_once(trace: TimedTrace) -> None:
    pulls = [0, SLOW, 0, 0, SLOW, 0]
    assert trace.consume(LOOP, {"rows": trace.source(pulls)}) == [
        "head", 1, 2, "<1><2>", 3, 4, 5, "<3><4><5>", 6, "<6>tail",
    ]  # fmt: skip


def test_a_pull_just_below_the_limit_is_fast(trace: TimedTrace) -> None:
    assert len(trace.consume(LOOP, {"rows": trace.source([FAST] * 100)})) == 102


def test_pulls_do_not_add_up(trace: TimedTrace) -> None:
    """Each of them is below the limit, however long all of them take together."""
    source = "{% for r in rows if r % 50 == 0 %}<{{ r }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([0.001] * 200)})
    assert trace.chunks == ["<50><100><150><200>"]
    assert events[-1] == trace.chunks[0]


@pytest.mark.parametrize("body", ["<{{ r }}>", "<{{ r }}{{ loop.index0 * '' }}>"])
def test_what_was_found_does_not_wait_for_the_next_find(trace: TimedTrace, body: str) -> None:
    """A slow source of which few items pass the loop's test: a pull follows, so text leaves."""
    source = "head{% for r in rows if r in (1, 6) %}" + body + "{% endfor %}tail"
    pulls = [0, SLOW, SLOW, SLOW, SLOW, SLOW, SLOW]
    events = trace.consume(source, {"rows": trace.source(pulls)})
    assert events == ["head", 1, 2, "<1>", 3, 4, 5, 6, "<6>", 7, "tail"]


def test_peeking_ahead_hands_over_what_is_finished(trace: TimedTrace) -> None:
    """``loop.last`` pulls the next item in the middle of an iteration."""
    source = "head{% for r in rows %}<{{ r }}{{ '.' if loop.last else ',' }}>{% endfor %}"
    events = trace.consume(source, {"rows": trace.source([SLOW] * 6)})
    for number in range(3, 7):
        before = "".join(
            event for event in events[: events.index(number)] if isinstance(event, str)
        )
        assert before == "head" + "".join(f"<{done},>" for done in range(1, number - 1))


def test_a_source_in_the_body_of_another(trace: TimedTrace) -> None:
    source = (
        "head{% for a in outer %}[{{ a }}{% for b in inner() %}<{{ b }}>{% endfor %}]{% endfor %}"
    )
    context = {
        "outer": trace.source([0, 0]),
        "inner": lambda: trace.source([SLOW, SLOW]),
    }
    events = trace.consume(source, context)
    first_row = events[: events.index("<2>") + 1]
    assert first_row == ["head", 1, 1, "[1<1>", 2, "<2>"]


def test_a_slow_body_is_taken_for_a_slow_source_once(trace: TimedTrace) -> None:
    def work() -> str:
        trace.clock.now += 1
        return ""

    source = "{% for r in rows %}<{{ r }}{{ work() }}>{% endfor %}"
    trace.consume(source, {"rows": trace.source([0, 0, 0, 0, 0]), "work": work})
    # Between the first two pulls nothing was measured: it is known only then where the time goes.
    assert trace.chunks == ["<1><2>", "<3><4><5>"]


@pytest.mark.parametrize("pulls", [[0] * 5, [SLOW] * 5], ids=["fast", "slow"])
def test_slow_consumers_do_not_count(trace: TimedTrace, pulls: list[float]) -> None:
    """Chunks are cut alike, however long each of them is held."""
    source = (
        "head{% for r in rows %}{% if 1 %}{{ 'x' * 600 }}{% endif %}{% include 'part' %}"
        "{% for x in 'ab' %}{{ x * 600 }}{% endfor %}{% endfor %}tail"
    )
    templates = {"main": source, "part": "{% for x in [1, 2] %}{{ 'y' * 600 }}{% endfor %}"}
    quick = TimedTrace(trace.kind, trace.clock)
    quick.consume(templates, {"rows": quick.source(pulls)}, 1000)
    trace.consuming = 1
    trace.consume(templates, {"rows": trace.source(pulls)}, 1000)
    assert trace.chunks == quick.chunks


def test_a_slow_consumer_of_every_boundary(trace: TimedTrace) -> None:
    trace.consuming = 1
    events = trace.consume(LOOP, {"rows": trace.source([0] * 3)}, 0)
    assert events == ["head", 1, "<1>", 2, "<2>", 3, "<3>", "tail"]


# -- chunks of fast sources


def test_chunks_are_full_again_when_a_source_is_fast_again(trace: TimedTrace) -> None:
    source = "{% for r in rows %}{{ 'x' * 100 }}{% endfor %}"
    pulls = [0] * 20 + [SLOW] * 5 + [0] * 50
    trace.consume(source, {"rows": trace.source(pulls)}, 1000)
    lengths = [len(chunk) for chunk in trace.chunks]
    assert lengths == [1000] * 2 + [100] * 5 + [1000] * 5


def test_a_fast_source_has_the_chunks_of_a_list(trace: TimedTrace) -> None:
    source = "{% for r in rows %}<p>{{ r }}{% if r % 3 %}!{% endif %}</p>{% endfor %}"
    in_memory = TimedTrace(trace.kind, trace.clock)
    in_memory.consume(source, {"rows": list(range(1, 5001))})
    trace.consume(source, {"rows": trace.source([QUICK] * 5000)})
    assert trace.chunks == in_memory.chunks
    assert len(trace.chunks) < 10
