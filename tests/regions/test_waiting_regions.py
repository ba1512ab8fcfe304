"""What goes out, and when, while regions are waited for: groups, and line breaks."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import permutations
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.chunks.blocking import iterate
from streamtmpl.testing import ChunkReader
from tests.support.clocks import replaced_clock_of_regions
from tests.support.patched import assembled, page

from .threads import Gates, Threads

Begin = Callable[..., tuple[Gates, ChunkReader]]


@pytest.fixture(params=["threads", "tasks"])
def begin(request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins to stream a template, and gives what its ``wait()`` waits at and what has come."""
    with ExitStack() as stack:
        threads = stack.enter_context(Threads(8))

        def begin(source: str, **options: Any) -> tuple[Gates, ChunkReader]:
            gates, in_tasks = Gates(), request.param == "tasks"
            stack.callback(gates.open, *range(8))

            async def wait(name: Any) -> Any:
                return await asyncio.to_thread(gates.wait, name)

            options = {"patch_script": None, "keep_alive": 0, **options}
            env = StreamEnvironment(enable_async=in_tasks, **options)
            template = env.from_string(source)
            if in_tasks:
                stream: Any = iterate(render_stream_async(template, {"wait": wait}))
            else:
                stream = render_stream(template, {"wait": gates.wait}, executor=threads)
            return gates, ChunkReader.of(stream)

        yield begin


def group_of(count: int, options: str = "") -> str:
    return (
        f"[{{% for n in range({count}) %}}{{% defer group='g' {options} %}}{{{{ wait(n) }}}}"
        "{% placeholder %}({{ n }}){% enddefer %}{% endfor %}]"
    )


ALONE = "{% defer %}{{ wait(7) }}{% placeholder %}(7){% enddefer %}"


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_group_comes_in_one_go_and_in_document_order(
    begin: Begin, order: tuple[int, ...]
) -> None:
    gates, reader = begin(group_of(3) + ALONE)
    reader.read_until("(7)")
    gates.open(*order[:2])
    gates.open(7)  # not held up by the group
    assert page(reader.read_until(">7</template>")).contents == ["7"]
    gates.open(order[2])
    text = reader.read()
    assert page(text).contents == ["7", "0", "1", "2"]
    assert assembled(text) == "[012]7"


def test_a_group_is_one_chunk(begin: Begin) -> None:
    gates, reader = begin(group_of(3))
    reader.read_until("]")
    gates.open(*range(3))
    reader.read()
    assert len([chunk for chunk in reader.chunks if "<template" in chunk]) == 1


def test_when_its_time_is_over_the_others_come_by_themselves(begin: Begin) -> None:
    gates, reader = begin(group_of(3, "group_timeout=0.05"))
    gates.open(2)
    assert page(reader.read_until(">2</template>")).contents == ["2"]
    gates.open(1)
    reader.read_until(">1</template>")
    gates.open(0)
    text = reader.read()
    assert page(text).contents == ["2", "1", "0"]
    assert assembled(text) == "[012]"


def test_one_that_fails_or_is_late_is_shown_with_the_others(begin: Begin) -> None:
    gates, reader = begin(
        "{% defer group='g' %}{{ 1 // 0 }}{% error %}bad{% enddefer %}"
        "{% defer group='g' timeout=0.01 %}{{ wait(0) }}{% error %}late{% enddefer %}"
        "{% defer group='g' %}{{ wait(1) }}{% enddefer %}"
    )
    gates.open(1)
    reader.read_until(">1</template>")
    gates.open(0)  # what is late ends, too
    assert page(reader.read()).contents == ["bad", "late", "1"]


def test_groups_have_names_that_are_expressions(begin: Begin) -> None:
    gates, reader = begin(
        "{% for n in range(4) %}{% defer group='g%d'|format(n % 2) %}{{ wait(n) }}"
        "{% enddefer %}{% endfor %}."
    )
    gates.open(3, 0, 1)
    assert page(reader.read_until(">3</template>")).contents == ["1", "3"]
    gates.open(2)
    assert page(reader.read()).contents == ["1", "3", "0", "2"]


def test_a_group_in_a_region_is_its_own(begin: Begin) -> None:
    gates, reader = begin(
        "{% defer group='g' %}<i>{% defer group='g' %}{{ wait(0) }}{% enddefer %}"
        "{% defer group='g' %}{{ wait(1) }}{% enddefer %}</i>{% enddefer %}."
    )
    gates.open(0)
    reader.read_until("</i></template>")
    gates.open(1)
    text = reader.read()
    assert page(text).contents[1:] == ["0", "1"]
    assert assembled(text) == "<i>01</i>."


def test_one_in_a_placeholder_holds_nothing_up_when_that_is_gone(begin: Begin) -> None:
    gates, reader = begin(
        "{% defer %}{{ wait(0) }}{% placeholder %}"
        "{% defer group='g' %}{{ wait(1) }}{% enddefer %}{% enddefer %}"
        "{% defer group='g' %}{{ wait(2) }}{% enddefer %}."
    )
    gates.open(2)
    gates.open(0)  # with its placeholder goes the one that waits at 1
    text = reader.read_until(">2</template>")
    gates.open(1)
    assert page(text).contents == ["0", "2"]


def test_each_region_has_one_patch(begin: Begin) -> None:
    """One of the group has another group in it, whose patches come while the first one's do."""
    gates, reader = begin(
        "{% defer group='g' %}A{% defer group='h' %}C{% enddefer %}{% enddefer %}"
        "{% defer group='g' %}{{ wait(0) }}{% enddefer %}."
    )
    reader.read_until(".")
    gates.open(0)
    assert sorted(page(reader.read()).order) == ["0", "1", "2"]


def test_one_after_the_other_the_time_of_a_group_is_over_too(
    env: StreamEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = replaced_clock_of_regions(monkeypatch)
    template = env.from_string(
        "{% defer group='g' group_timeout=0.01 %}A{% enddefer %}"
        "{% for n in 'CD' %}{% defer %}{{ slow(n) }}{% enddefer %}{% endfor %}"
        "{% defer group='g' %}B{% enddefer %}"
    )

    def slow(name: str) -> str:
        clock.now += 0.02
        return name

    text = "".join(render_stream(template, {"slow": slow}))
    assert page(text).contents == ["C", "A", "D", "B"]


def test_one_after_the_other_and_in_order(env: StreamEnvironment) -> None:
    template = env.from_string(group_of(3, "group_timeout=60") + "{% defer %}x{% enddefer %}")
    context = {"wait": str}
    parts = page("".join(render_stream(template, context)))
    assert parts.contents == ["0", "1", "2", "x"]
    assert "".join(render_stream(template, context, deferred="in-order")) == "[012]x"
    assert template.render(context) == "[012]x"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("group=3", "the group of 'defer' must be a name (a str), not 3"),
        ("group_timeout=1", "'defer' has a group_timeout, and no group"),
        (
            "group='g' group_timeout='1'",
            "the group_timeout of 'defer' must be a number of seconds, not '1'",
        ),
        (
            "group='g', group_timeout=-1",
            "the group_timeout of 'defer' must not be negative, but is -1",
        ),
        ("group='g' group_timeout=10**400", None),
    ],
)
def test_what_is_no_group_is_an_error_of_the_region(
    env: StreamEnvironment, options: str, error: str | None
) -> None:
    env.autoescape = False
    source = f"{{% defer {options} %}}x{{% error %}}{{{{ error }}}}{{% enddefer %}}"
    assert page("".join(render_stream(env.from_string(source)))).contents == [error or "x"]


def test_line_breaks_while_regions_are_waited_for(begin: Begin) -> None:
    gates, reader = begin(ALONE + "<b>", keep_alive=0.02)
    document = reader.read_until("(7)<?end><b></b>\n\n\n")
    gates.open(7)
    text = reader.read()
    assert re.fullmatch(re.escape(document) + r"\n*<template for=.*>7</template>\f\n", text)


def test_none_without(begin: Begin) -> None:
    gates, reader = begin(ALONE)
    reader.read_until("(7)<?end>")
    gates.open(7)
    assert re.fullmatch(r".*\(7\)<\?end><template for=.*>7</template>\f\n", reader.read())


def test_none_in_a_page_in_order(threads: Threads) -> None:
    """Its text is that of the template; twelve line breaks would have gone out meanwhile."""
    env, gates = StreamEnvironment(keep_alive=0.005), Gates()
    template = env.from_string("<pre>" + ALONE)
    context = {"wait": gates.wait}
    reader = ChunkReader.of(render_stream(template, context, executor=threads, deferred="in-order"))
    reader.read_until("<pre>")
    time.sleep(0.06)
    gates.open(7)
    assert reader.read() == "<pre>7"


@pytest.mark.parametrize("seconds", [-1, "15", None, True, float("nan"), float("inf")])
def test_what_is_no_number_of_seconds(seconds: Any) -> None:
    template = StreamEnvironment(keep_alive=seconds).from_string("{% defer %}{% enddefer %}")
    with pytest.raises(ValueError, match="keep_alive of the environment must be a number of sec"):
        "".join(render_stream(template))


@pytest.mark.parametrize(
    ("options", "executor", "expected"),
    [
        ({}, True, "22500"),
        ({"keep_alive": 2}, True, "3000"),
        ({"keep_alive": 0}, True, "1000000000"),
        ({"keep_alive": 10**9}, True, "1000000000"),
        ({"keep_alive": 1e-9}, True, "1"),
        ({}, False, "1000000000"),  # nothing goes out while a region is rendered
    ],
)
def test_the_script_is_told_how_long_silence_may_last(
    threads: Threads, options: dict[str, Any], executor: bool, expected: str
) -> None:
    template = StreamEnvironment(**options).from_string("{% defer %}x{% enddefer %}")
    chunks = render_stream(template, executor=threads if executor else None)
    assert f" data-t={expected} " in page("".join(chunks)).script
