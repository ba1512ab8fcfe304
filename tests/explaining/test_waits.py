"""What is said about sources, and a render that shows when they are pulled and what has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import jinja2
import pytest

from streamtmpl import StreamEnvironment, explain, render_stream, render_stream_async
from streamtmpl.compiler.analysis import ITERATING_FILTERS
from streamtmpl.explaining import Explanation
from tests.support.clocks import SLOW, replaced_clock
from tests.support.loops import run
from tests.support.tracing import SYNC, Trace, assert_captured, assert_streamed

from .recorded import observed

HEAD = "{% if true %}HEAD{% endif %}\n"
LOOP = "{% for row in rows %}[{{ row }}]{% endfor %}"
ROWS = ["0", "1", "2", "3"]
EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]


def rendered(page: str, rows: list[object]) -> tuple[Explanation, Trace]:
    """What is said, and what happens when nothing but a hand-over or the end cuts."""
    trace = Trace()
    template = StreamEnvironment(extensions=EXTENSIONS).from_string(page)
    variables = {"rows": trace.rows(SYNC, rows), "x": True}
    for chunk in render_stream(template, variables):
        trace.note("got", chunk)
    return explain(template), trace


HEADS = {
    "loop": (LOOP, True),
    "loop with a test": ("{% for row in rows if row %}[{{ row }}]{% endfor %}", True),
    "loop in a set block": (f"{{% set t %}}{LOOP}{{% endset %}}{{{{ t }}}}", True),
    "loop in a filter block": (f"{{% filter upper %}}{LOOP}{{% endfilter %}}", True),
    "loop in a boundary": (f"{{% boundary %}}{LOOP}{{% endboundary %}}", True),
    "loop in a macro": (f"{{% macro m(rows) %}}{LOOP}{{% endmacro %}}{{{{ m(rows) }}}}", True),
    "filtered loop": ("{% for row in rows|select %}[{{ row }}]{% endfor %}", True),
    "sorted loop": ("{% for row in rows|sort %}[{{ row }}]{% endfor %}", True),
    "sorted loop in a set block": (
        "{% set t %}{% for row in rows|sort %}[{{ row }}]{% endfor %}{% endset %}{{ t }}",
        False,
    ),
    "joined": ("{{ rows|join }}", True),
    "a list that is set": ("{% set all = rows|list %}{{ all }}", True),
    "a list that is tested": ("{% if rows|list %}[{% endif %}", True),
    "a list in a branch": ("{{ (rows|list)[0] if x }}", False),
    "joined in a run": ("-{{ '' ~ x }}{{ rows|join }}", True),
}


@pytest.mark.parametrize(("body", "leaves"), HEADS.values(), ids=HEADS)
def test_what_stands_above_leaves_where_it_is_said(body: str, leaves: bool) -> None:
    explanation, trace = rendered(HEAD + body, list(ROWS))
    below = explanation.page.lines[1].statements
    said = any("above" in each.text and "leaves" in each.text for each in below)
    assert said == leaves, below
    events = [event for event, value in trace.events if event == "pull" or "HEAD" in value]
    assert (events[0] == "got") == leaves, trace.events


ARGUMENTS = {"batch": "(2)", "slice": "(2)", "groupby": "('a')", "map": "('upper')"}
ARGUMENTS |= {"selectattr": "('a')", "rejectattr": "('b')"}
NO_LOOP = {"first", "join", "max", "min", "sum"}
"""Filters whose value is shown, and not looped over."""


@pytest.mark.parametrize("name", sorted(ITERATING_FILTERS - {"random"}))
def test_filters_pull_what_is_said(name: str) -> None:
    rows: list[object] = [1, 2, 3, 4]
    if name in ("groupby", "selectattr", "rejectattr"):
        rows = [{"a": number} for number in rows]
    elif name == "map":
        rows = ["a", "b", "c", "d"]
    elif name == "reject":
        rows = [[], 0, "", None]
    use = f"rows|{name}{ARGUMENTS.get(name, '')}"
    page = f"{{{{ {use} }}}}" if name in NO_LOOP else f"{{% for row in {use} %}}[{{% endfor %}}"
    trace = Trace()
    template = StreamEnvironment().from_string(page)
    with render_stream(template, {"rows": trace.rows(SYNC, rows)}, chunk_size=0) as chunks:
        assert next(chunks)
    pulled = len(trace.of("pull"))
    said = [each.text for each in explain(template).page.statements if each.kind == "ahead"]
    if pulled == len(rows):
        assert any(f"`|{name}` reads all of `rows`" in text for text in said), said
    elif pulled > 1:
        assert said == [
            "`|batch` reads a batch of `rows` and one item more at a time"
            "; what is finished above leaves first, unless a chunk has left before"
        ]
        assert pulled == 3
    else:
        assert not any("reads" in text for text in said), said
        assert pulled == 1


def test_random_wants_a_length_so_that_nothing_lazy_is_read() -> None:
    template = StreamEnvironment().from_string("{{ rows|random }}")
    assert not [each for each in explain(template).page.statements if each.kind == "ahead"]
    with pytest.raises(TypeError, match="no len"):
        template.render(rows=iter(ROWS))


AHEAD = {
    "{{ loop.index }}": 1,
    "{{ loop.previtem }}": 1,
    "{{ loop.changed(row) }}": 1,
    "{{ loop.cycle('a', 'b') }}": 1,
    "{{ loop.last }}": 2,
    "{{ ', ' if not loop.last }}": 2,
    "{{ loop['last'] }}": 2,
    "{{ loop.nextitem }}": 2,
    "{% if loop.last %}.{% endif %}": 2,
    "{% for cell in [1] %}{{ loop.last }}{% endfor %}": 1,
    "{% for cell in [loop.last] %}{{ loop.index }}{% endfor %}": 2,
    "{{ loop.length }}": 4,
    "{{ loop.revindex }}": 4,
    "{{ loop.revindex0 }}": 4,
}


@pytest.mark.parametrize(("use", "pulls"), AHEAD.items(), ids=AHEAD)
def test_loops_look_ahead_where_it_is_said(use: str, pulls: int) -> None:
    trace = Trace()
    page = f"{{% for row in rows %}}\n[{use}]\n{{% endfor %}}"
    template = StreamEnvironment().from_string(page)
    variables = {"rows": trace.rows(SYNC, ROWS)}
    with render_stream(template, variables, chunk_size=0) as chunks:
        while "]" not in next(chunks):
            pass
    assert len(trace.of("pull")) == pulls
    said = [each.text for each in explain(template).page.lines[1].statements]
    said = [text for text in said if "`loop." in text]
    if pulls == 1:
        assert said == []
    else:
        (text,) = said
        assert ("pulls the next item first" if pulls == 2 else "reads all of `rows`") in text


@pytest.mark.parametrize("body", ["{{ f(loop) }}", "{% set l = loop %}{{ l.last }}"])
def test_a_loop_that_is_handed_on_may_look_ahead(body: str) -> None:
    template = StreamEnvironment().from_string(f"{{% for row in rows %}}{body}{{% endfor %}}")
    trace = Trace()
    variables = {"rows": trace.rows(SYNC, ROWS), "f": lambda loop: loop.last}
    with render_stream(template, variables, chunk_size=0) as chunks:
        next(chunks)
    assert len(trace.of("pull")) == 2
    said = [each.text for each in explain(template).page.statements if each.kind == "ahead"]
    assert said == ["`loop` is handed on: who has it may look ahead in `rows`"]


IN_MEMORY = [
    "{% for row in [1, 2] %}{{ loop.last }}{% endfor %}",
    "{% for row in range(3) %}{{ loop.length }}{% endfor %}",
    "{% for row in 'ab'|list %}{{ row }}{% endfor %}",
]


@pytest.mark.parametrize("page", IN_MEMORY)
def test_nothing_is_said_of_what_is_in_memory(page: str) -> None:
    template = StreamEnvironment().from_string(f"{HEAD}{page}")
    said = {each.kind for each in explain(template).page.lines[1].statements}
    assert not said & {"wait", "ahead"}
    (chunk,) = render_stream(template, {})  # nothing leaves before the end
    assert chunk.startswith("HEAD")


def test_a_sorted_loop_is_in_memory() -> None:
    page = "{% for row in rows|sort %}{{ loop.last }}{% endfor %}"
    said = explain(StreamEnvironment().from_string(page)).page.statements
    assert [each.text.partition("`")[2].partition("`")[0] for each in said if each.kind == "ahead"]
    assert not any("loop.last" in each.text for each in said)
    assert not any(each.kind == "wait" for each in said)


def test_what_is_known_to_be_lazy_is_held_back_by_what_reads_it_ahead() -> None:
    page = (
        "{% for row in shop.rows|sort %}{% endfor %}{% for n in names %}{{ loop.last }}{% endfor %}"
    )
    template = StreamEnvironment().from_string(page)
    assert explain(template).held == ()
    ((_, statement),) = explain(template, lazy=["shop.*"]).held
    assert statement.mend == "have `shop.rows` come in that order"
    ((_, statement),) = explain(template, lazy=["names"]).held
    assert statement.mend is not None
    assert statement.mend.startswith("write what stands between items before each")
    assert len(explain(template, lazy=["*"]).held) == 2


def test_a_filter_of_the_environment_may_read_all() -> None:
    environment = StreamEnvironment()
    environment.filters["sort"] = lambda rows: rows
    (said,) = [
        each.text
        for each in explain(environment.from_string("{{ rows|sort }}")).page.statements
        if each.kind == "ahead"
    ]
    assert said.startswith("`|sort`, which is not Jinja2's, may read all of `rows`")


def test_a_commit_that_waits_for_a_block() -> None:
    page = f"{{% block b %}}{LOOP}{{% endblock %}}\n{{% block c %}}c{{% endblock %}}"
    template = StreamEnvironment().from_string(page)
    (said,) = [
        each
        for each in explain(template, commit_after="b").page.statements
        if "commit_after" in each.text
    ]
    assert (said.kind, said.line) == ("wait", 1)
    assert said.text == "nothing leaves before the end of block `b`: `commit_after` names it"
    trace = Trace()
    variables = {"rows": trace.rows(SYNC, ROWS)}
    with render_stream(template, variables, chunk_size=0, commit_after="b") as chunks:
        assert next(chunks) == "[0][1][2][3]"
    with pytest.raises(ValueError, match="commit_after='d' names no block"):
        explain(template, commit_after="d")


def test_templates_that_are_not_there() -> None:
    environment = StreamEnvironment(loader=jinja2.DictLoader({}))
    template = environment.from_string("{% include 'gone' ignore missing %}{% include name %}")
    texts = [each.text for each in explain(template).page.statements if each.kind == "include"]
    assert texts == ["`gone` streams", "the template that `name` names streams"]
    with pytest.raises(jinja2.TemplateNotFound, match="gone"):
        explain(environment.from_string("{% extends 'gone' %}"))


WHERE = {
    "loop": (LOOP, True),
    "loop with a test": ("{% for row in rows if row %}[{{ row }}]{% endfor %}", True),
    "loop in a macro": (f"{{% macro m(rows) %}}{LOOP}{{% endmacro %}}{{{{ m(rows) }}}}", True),
    "loop in a set block": (f"{{% set t %}}{LOOP}{{% endset %}}{{{{ t }}}}", False),
}


@pytest.mark.parametrize(("page", "leaves"), WHERE.values(), ids=WHERE)
def test_after_a_slow_pull_items_leave_where_it_is_said(
    page: str, leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, trace = replaced_clock(monkeypatch), Trace()

    def rows() -> Iterator[str]:
        for row in ROWS:
            clock.now += SLOW
            trace.note("pull", row)
            yield row

    template = StreamEnvironment().from_string(page)
    for chunk in render_stream(template, {"rows": rows()}):
        trace.note("got", chunk)
    (said,) = [each.text for each in explain(template).page.statements if each.kind == "wait"]
    assert ("after a slow pull, so does each item" in said) == leaves
    if leaves:
        assert_streamed(trace, SYNC, ROWS)
    else:
        assert_captured(trace, ROWS)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["unique", "select", "slice(2)", "list", "batch(2)"])
def test_filters_pull_what_is_said_in_either_environment(name: str, is_async: bool) -> None:
    environment = StreamEnvironment(
        loader=jinja2.DictLoader({"page": f"{{% for row in rows|{name} %}}[{{% endfor %}}"}),
        enable_async=is_async,
    )
    template, trace = environment.get_template("page"), Trace()
    next(observed(template, {"rows": trace.rows(SYNC, ROWS)}))
    reads_all = any(
        "reads all of `rows`" in each.text for each in explain(template).page.statements
    )
    assert reads_all == (len(trace.of("pull")) == len(ROWS))


def test_an_async_source_lets_what_stands_above_leave_before_each_wait() -> None:
    page = "{% if true %}HEAD{% endif %}\n{% for row in rows %}[{{ row }}]{% endfor %}"
    environment = StreamEnvironment(enable_async=True)
    template = environment.from_string(page)
    (said,) = [each.text for each in explain(template).page.statements if each.kind == "wait"]
    assert said.endswith(
        "; if it is async, what stands above the loop leaves before each wait for it"
    )

    async def consume() -> None:
        gates = [asyncio.Event() for _ in ROWS]

        async def rows() -> AsyncIterator[str]:
            for gate, row in zip(gates, ROWS, strict=True):
                await gate.wait()
                yield row

        async with render_stream_async(template, {"rows": rows()}) as chunks:
            text = await anext(chunks)
            assert text == "HEAD\n"
            for gate, row in zip(gates, ROWS, strict=True):
                gate.set()
                assert await anext(chunks) == f"[{row}]"

    run(consume())


OUTSIDE_OF_RUNS = {
    "set": "{% set x = f() %}{{ x }}",
    "if": "{% if f() %}f{% endif %}",
    "do": "{% do f() %}",
    "for": "{% for x in f() %}{{ x }}{% endfor %}",
    "in a run": "{{ f() }}",
}


@pytest.mark.parametrize("body", OUTSIDE_OF_RUNS.values(), ids=OUTSIDE_OF_RUNS)
def test_what_is_finished_leaves_before_an_await(body: str) -> None:
    environment = StreamEnvironment(enable_async=True, extensions=EXTENSIONS)
    template = environment.from_string(HEAD + "{% if true %}x{% endif %}" + body)
    said = " ".join(each.text for each in explain(template).page.lines[1].statements)
    assert "if `f()` is awaited, what is finished above leaves before" in said or (
        "what stands above leaves before a wait for one of them" in said
    )

    async def consume() -> None:
        gate = asyncio.Event()

        async def f() -> str:
            await gate.wait()
            return "f"

        async with render_stream_async(template, {"f": f}) as chunks:
            assert await anext(chunks) == "HEAD\nx"
            gate.set()
            assert [chunk async for chunk in chunks] == ([] if "do" in body else ["f"])

    run(consume())
