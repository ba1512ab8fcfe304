"""Any template, closed anywhere, leaves nothing open."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tracing import ASYNC, ASYNC_SOURCES, SYNC, Kind

from .cursors import ASYNCHRONOUS, PLAIN, Generator, Made, consume

pytestmark = pytest.mark.comparison


def _body(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, children, children),
        children.map("{{% for a in source() %}}{}{{% endfor %}}".format),
        children.map("{{% for a in source() %}}{{{{ loop.last }}}}{}{{% endfor %}}".format),
        children.map("{{% for a in source() if a != 1 %}}{}{{% endfor %}}".format),
        children.map("{{% for a in source() if a %}}{{{{ loop.index }}}}{}{{% endfor %}}".format),
        children.map("{{% for a in source() %}}{}{{% break %}}{{% endfor %}}".format),
        children.map("{{% for a in source()|map('string') %}}{}{{% endfor %}}".format),
        children.map("{{% for a in source()|select|map('string') %}}{}{{% endfor %}}".format),
        children.map(
            "{{% for a in source() recursive %}}{}{{% if loop.depth < 2 %}}{{{{ loop(source()) }}}}"
            "{{% endif %}}{{% endfor %}}".format
        ),
        children.map("{{% macro m() %}}{}{{% endmacro %}}{{{{ m() }}}}".format),
        children.map("{{% macro m() %}}{}{{% endmacro %}}{{{{ m()|upper }}}}".format),
        children.map(
            "{{% macro m() %}}<{{{{ caller() }}}}>{{% endmacro %}}"
            "{{% call m() %}}{}{{% endcall %}}".format
        ),
        children.map("{{% set x %}}{}{{% endset %}}{{{{ x }}}}".format),
        children.map("{{% filter upper %}}{}{{% endfilter %}}".format),
        children.map("{{% if 1 %}}{}{{% endif %}}".format),
        children.map("{}{{% include 'part' %}}".format),
    )


bodies = st.recursive(
    st.sampled_from(["x", "{% for a in source() %}[{{ a }}]{% endfor %}"]), _body, max_leaves=4
)


def _close_everywhere(kind: Kind, body: str, ending: str, choice: int) -> None:
    makers = PLAIN if not kind.async_sources else [*PLAIN, *ASYNCHRONOUS]
    files = {"main": body, "part": "{% for b in source() %}({{ b }}){% endfor %}"}
    for taken in range(12):
        made: list[Made] = []

        def source(made: list[Made] = made) -> Any:
            made.append(makers[(len(made) + choice) % len(makers)](count=2))
            return made[-1][0]

        with consume(kind, files, {"source": source}) as consumer:
            chunks = [consumer.next() for _ in range(taken)]
            if ending == "close":
                consumer.close()
            else:
                consumer.drop()
            for rows, record in made:
                # A cursor is open before its first row is asked for, a generator is not.
                least = most = 1 if record.started or not isinstance(record, Generator) else 0
                if record.exhausted and not isinstance(record, Generator):
                    least = 0  # a look-ahead may have found the end of what is being iterated
                assert least <= len(record.closed) <= most, (taken, rows)
                assert ending != "close" or set(record.closed) <= {"inside"}
            assert not consumer.tasks()
        if taken and chunks[-1] is None:
            break


@settings(max_examples=25, deadline=None)
@given(
    body=bodies,
    kind=st.sampled_from([SYNC, ASYNC, ASYNC_SOURCES]),
    ending=st.sampled_from(["close", "drop"]),
    choice=st.integers(0, 4),
)
def test_closing_any_template_anywhere_leaves_nothing_open(
    body: str, kind: Kind, ending: str, choice: int
) -> None:
    _close_everywhere(kind, body, ending, choice)


@pytest.mark.parametrize("choice", range(2))
@pytest.mark.parametrize("ending", ["close", "drop"])
@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_cursor_that_has_been_given_to_a_filter_and_not_been_asked_yet(
    kind: Kind, ending: str, choice: int
) -> None:
    """What stands above the inner loop is handed over before its first row is waited for."""
    inner = "{% set x %}{% for a in source()|map('string') %}x{% endfor %}{% endset %}{{ x }}"
    body = "{% for a in source() %}{{ loop.last }}" + inner + "{% endfor %}"
    _close_everywhere(kind, body, ending, choice)


ABANDONED = """
import asyncio, contextvars, gc, threading
from streamtmpl import StreamEnvironment, render_stream, render_stream_async

opened, closed = [], []

def plain():
    opened.append(1)
    try:
        yield from range(5)
    finally:
        closed.append(1)

async def lazy():
    opened.append(1)
    exhausted = False
    try:
        for number in range(5):
            await asyncio.sleep(0)
            yield number
        exhausted = True
    finally:
        if not exhausted:
            await asyncio.sleep(0)
        closed.append(1)

SOURCE = '''{% macro m(rows) %}
{% for row in rows|map('string') %}[{{ row }}]{% endfor %}{% endmacro %}
{% for a in make() %}{{ m(make()) }}{% endfor %}'''
sync = StreamEnvironment().from_string(SOURCE)
native = StreamEnvironment(enable_async=True).from_string(SOURCE)

def everything_sync():
    for taken in range(8):
        for close in (True, False):
            stream = render_stream(sync, {"make": plain}, chunk_size=0)
            for _ in range(taken):
                next(stream)
            if close:
                stream.close()
            del stream
            gc.collect()
            assert opened == closed, (taken, close)

async def everything_async():
    asyncio.get_running_loop().slow_callback_duration = 60  # the machine may be busy
    for template, make in ((native, plain), (native, lazy), (sync, plain)):
        for taken in range(8):
            for close in (True, False):
                stream = render_stream_async(template, {"make": make}, chunk_size=0)
                for _ in range(taken):
                    await anext(stream)
                if close:
                    await stream.aclose()
                del stream
                gc.collect()
                for _ in range(20):
                    await asyncio.sleep(0)
                assert opened == closed, (template, make, taken, close)
    assert asyncio.all_tasks() == {asyncio.current_task()}

everything_sync()
asyncio.run(everything_async())
gc.collect()
assert threading.active_count() == 1, threading.enumerate()
print("all closed", len(opened))
"""


def test_under_every_warning_and_the_debug_mode_of_asyncio() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", ABANDONED],
        env={**os.environ, "PYTHONASYNCIODEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("all closed")
    assert done.returncode == 0
