"""Loops count what they have written; chunks are cut where the buffer itself would say so.

In async environments any wait may have what is there handed over, which a loop does not see.
"""

from __future__ import annotations

import jinja2
import pytest

from streamtmpl import render_stream, render_stream_async
from tests.support.gates import ConsumerTask, Gate, in_loop, settle, stream_of, streaming
from tests.support.loops import run

PARTS = {
    "part": "{% for x in row %}<{{ x }}>{% endfor %}",
    "lib": "{% macro m(row) %}{% for x in row %}({{ x }}){% endfor %}{% endmacro %}",
}
BODIES = {
    "one run": "{{ row|length }},",
    "an inner loop": "{% for x in row %}{{ x }};{% endfor %}.",
    "an include": "{% include 'part' %}.",
    "a macro": "{% from 'lib' import m %}{{ m(row) }}.",
    "a macro in a run": "{% from 'lib' import m %}[{{ m(row) }}]{{ row|length }}",
    "captured": "{% set s %}{% for x in row %}{{ x }}{% endfor %}{% endset %}{{ s }}",
    "flushed": "{{ row|length }}{% if row|length == 2 %}{% flush %}{% endif %}tail",
    "left": "{% for x in row %}{{ x }}{% if x == 2 %}{% break %}{% endif %},{% endfor %}.",
    "an empty loop": "{% for x in [] %}{{ x }}{% else %}none{% endfor %}.",
    "filtered": "{% for x in row if x is odd %}{{ x }}{{ loop.index }},{% endfor %}.",
    "recursive": "{% for x in [[1], [2]] recursive %}{{ loop(x) if x is sequence else x }},"
    "{% endfor %}.",
}
ROWS = [list(range(count)) for count in (3, 0, 1, 2, 9, 4, 30, 2, 2, 0, 0, 5)]


def chunks(body: str, chunk_size: int, *, is_async: bool) -> list[str]:
    source = "{% for row in rows %}" + body + "{% endfor %}end"
    environment = streaming({"main": source, **PARTS})
    if not is_async:
        environment = environment.overlay(enable_async=False)
    template = environment.get_template("main")

    async def collect(template: jinja2.Template) -> list[str]:
        stream = render_stream_async(template, {"rows": ROWS}, chunk_size=chunk_size)
        return [chunk async for chunk in stream]

    if is_async:
        return run(collect(template))
    return list(render_stream(template, {"rows": ROWS}, chunk_size=chunk_size))


@pytest.mark.parametrize("chunk_size", [0, 1, 7, 20, 100, 4096])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_async_streams_are_cut_as_sync_ones(body: str, chunk_size: int) -> None:
    cut = chunks(body, chunk_size, is_async=True)
    assert cut == chunks(body, chunk_size, is_async=False)
    assert all(len(chunk) >= chunk_size for chunk in cut[:-1]) or "flush" in body


LOOPS = {
    "a loop": "{% for x in rows %}{{ x }}{% if x == last and wait() %}{% endif %}{% endfor %}",
    "an inner loop": "{% for row in [rows] %}{% for x in row %}{{ x }}"
    "{% if x == last and wait() %}{% endif %}{% endfor %}{% endfor %}",
    "after an inner loop": "{% for x in rows %}{% for y in [x] %}{{ y }}{% endfor %}"
    "{% set waited = wait() if x == last %}{% endfor %}",
    "an argument of a macro": "{% macro m(x, y) %}{{ x }}{% endmacro %}"
    "{% for x in rows %}{{ m(x, '') }}{{ m('', wait() if x == last) }}{% endfor %}",
}


@in_loop
@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
async def test_what_was_handed_over_at_a_wait_is_not_counted(source: str) -> None:
    wait = Gate()
    rows = list("abcdefghijk")
    consumer = ConsumerTask(stream_of(source, {"rows": rows, "last": "c", "wait": wait}, 4))
    await settle()
    assert consumer.chunks == ["abc"]
    wait.open()
    await consumer.task
    assert consumer.chunks == ["abc", "defg", "hijk"]


@in_loop
@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
async def test_a_chunk_handed_over_at_a_wait_lets_the_next_be_longer(source: str) -> None:
    wait = Gate()
    rows = [f"{number:100}" for number in range(56)]
    consumer = ConsumerTask(stream_of(source, {"rows": rows, "last": rows[4], "wait": wait}, 4096))
    await settle()
    assert [len(chunk) for chunk in consumer.chunks] == [500]
    wait.open()
    await consumer.task
    assert [len(chunk) for chunk in consumer.chunks] == [500, 4100, 1000]
