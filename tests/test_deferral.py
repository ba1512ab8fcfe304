"""Deferred regions of sync environments: in turn, or in an executor's threads."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from itertools import permutations
from types import TracebackType
from typing import Any

import pytest

from streamtmpl import (
    ChunkStream,
    StreamClosedError,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)
from tests.gates import in_loop
from tests.patched import assembled, page

HANGS = 20
"""Seconds after which a test that hangs is given up."""

FOUR = (
    "[{% for n in range(4) %}{% defer %}{{ wait(n) }}{% placeholder %}({{ n }}){% enddefer %},"
    "{% endfor %}]"
)

Threads = ThreadPoolExecutor


@pytest.fixture(name="threads")
def make_threads() -> Iterator[Threads]:
    with Threads(8) as threads:
        yield threads


@pytest.fixture(name="env")
def make_env() -> StreamEnvironment:
    env = StreamEnvironment(autoescape=True)
    env.patch_script = None
    return env


class Gates:
    """What regions wait at, each for its own gate."""

    def __init__(self) -> None:
        self._gates: dict[Any, threading.Event] = {}
        self._lock = threading.Lock()
        self.begun: list[Any] = []
        self.running = 0
        self.most = 0

    def gate(self, name: Any) -> threading.Event:
        with self._lock:
            return self._gates.setdefault(name, threading.Event())

    def open(self, *names: Any) -> None:
        for name in names:
            self.gate(name).set()

    def wait(self, name: Any) -> Any:
        with self._lock:
            self.begun.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.gate(name).wait(HANGS)
        with self._lock:
            self.running -= 1
        return name


class Ahead:
    """Takes the chunks of a stream in a thread, as they come."""

    def __init__(self, stream: ChunkStream[str]) -> None:
        self._stream = stream
        self._arrived = threading.Condition()
        self._text = ""
        self.ended = False
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        for chunk in self._stream:
            with self._arrived:
                self._text += chunk
                self._arrived.notify_all()
        with self._arrived:
            self.ended = True
            self._arrived.notify_all()

    def text_with(self, mark: str) -> str:
        """What has arrived, once *mark* is in it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: mark in self._text, HANGS), self._text
            return self._text

    def text(self) -> str:
        """All of it."""
        self._thread.join(HANGS)
        assert self.ended
        return self._text


# -- in turn


def test_regions_follow_the_document_one_after_the_other(env: StreamEnvironment) -> None:
    events: list[str] = []
    template = env.from_string(
        "<html><body>{% defer %}{{ note('a') }}{% placeholder %}wait{% enddefer %} and "
        "{% defer %}{{ note('b') }}{% enddefer %}{{ note('document') }}</body></html>"
    )

    def note(event: str) -> str:
        events.append(event)
        return event

    with render_stream(template, {"note": note}) as stream:
        for chunk in stream:
            events.append(f"<{chunk}>")
    shown = [event for event in events if not event.startswith("<")]
    assert shown == ["document", "a", "b"]
    text = "".join(event[1:-1] for event in events if event.startswith("<"))
    assert assembled(text) == "<html><body>a and bdocument</body></html>"
    # The document is out before the first region begins, and its patch before the second one does.
    assert "document" in events[events.index("a") - 1]
    assert ">a</template>" in events[events.index("b") - 1]


def test_the_markup(env: StreamEnvironment) -> None:
    template = env.from_string("<p>{% defer %}<b>{% placeholder %}…{% enddefer %}</p></body>")
    text = "".join(render_stream(template))
    token = page(text).token
    assert len(token) == 10
    assert text == (
        f'<p><?start name="{token}0">…<?end></p><template for="{token}0"><b></template>\n</body>'
    )


def test_names_are_new_for_each_response(env: StreamEnvironment) -> None:
    template = env.from_string("{% defer %}x{% enddefer %}")
    assert len({page("".join(render_stream(template))).token for _ in range(200)}) == 200


def test_a_page_without_regions_has_no_markup(env: StreamEnvironment) -> None:
    env.patch_script = "inline"
    source = "<body>{% if false %}{% defer %}x{% enddefer %}{% endif %}text</body>"
    assert "".join(render_stream(env.from_string(source))) == "<body>text</body>"


def test_nested_regions_come_after_the_one_they_are_in(env: StreamEnvironment) -> None:
    template = env.from_string(
        "{% defer %}a{% defer %}b{% defer %}c{% placeholder %}3{% enddefer %}"
        "{% placeholder %}2{% enddefer %}{% placeholder %}1{% enddefer %}{% defer %}d{% enddefer %}"
    )
    text = "".join(render_stream(template))
    assert assembled(text) == "abcd"
    parts = page(text)
    marks = [f'<?start name="{parts.token}{n}">' for n in range(4)]
    assert parts.document == f"{marks[0]}1<?end>{marks[1]}<?end>"
    # In the order of their beginnings: what is nested begins when the region around it is rendered.
    assert parts.contents == [f"a{marks[2]}2<?end>", "d", f"b{marks[3]}3<?end>", "c"]


@pytest.mark.parametrize("chunk_size", [0, 1, 20, 16384])
def test_the_last_end_tags_are_held_back(env: StreamEnvironment, chunk_size: int) -> None:
    source = (
        "<html><body>{% defer %}x{% enddefer %}{% if 1 %}y{% endif %}{% if 1 %}</body>{% endif %}"
        "{% if 1 %}\n<!-- end -->{% endif %}{% if 1 %}</html>{% endif %}{% if 1 %}\n{% endif %}"
    )
    chunks = list(render_stream(env.from_string(source), chunk_size=chunk_size))
    text = "".join(chunks)
    assert text.endswith(">x</template>\n</body>\n<!-- end --></html>\n")
    assert assembled(text) == "<html><body>xy</body>\n<!-- end --></html>\n"


def test_end_tags_that_are_not_the_last_are_not_held_back(env: StreamEnvironment) -> None:
    source = (
        "<body>{% defer %}x{% enddefer %}<script>'</body></html>'</script>{% if 1 %}y{% endif %}"
        "{% if 1 %}</body>{% endif %}{% if 1 %}z{% endif %}"
    )
    text = "".join(render_stream(env.from_string(source), chunk_size=0))
    assert text.partition("<template")[0].endswith("<script>'</body></html>'</script>y</body>z")
    assert assembled(text) == "<body>x<script>'</body></html>'</script>y</body>z"


# -- in threads


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_patches_come_in_order_of_readiness(
    env: StreamEnvironment, threads: Threads, order: tuple[int, ...]
) -> None:
    gates = Gates()
    stream = render_stream(env.from_string(FOUR), {"wait": gates.wait}, executor=threads)
    ahead = Ahead(stream)
    document = ahead.text_with("]")
    assert [page(document).document.count(f"({n})") for n in range(4)] == [1] * 4
    for n in order:
        gates.open(n)
        ahead.text_with(f">{n}</template>")
    text = ahead.text()
    assert page(text).contents == [str(n) for n in order]
    assert assembled(text) == "[0,1,2,3,]"


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_in_order_regions_run_ahead_of_their_place(
    env: StreamEnvironment, threads: Threads, order: tuple[int, ...]
) -> None:
    gates = Gates()
    stream = render_stream(
        env.from_string(FOUR), {"wait": gates.wait}, executor=threads, deferred="in-order"
    )
    ahead = Ahead(stream)
    while len(gates.begun) < 4:
        time.sleep(0.001)
    opened: set[int] = set()
    expected = "["
    for n in order:
        assert ahead.text_with(expected) == expected
        gates.open(n)
        opened.add(n)
        first = next((each for each in range(4) if each not in opened), 4)
        expected = "[" + "".join(f"{each}," for each in range(first))
    assert ahead.text() == "[0,1,2,3,]"
    assert sorted(gates.begun) == [0, 1, 2, 3]
    assert gates.most == 4


def test_no_more_than_so_many_run_at_once(env: StreamEnvironment, threads: Threads) -> None:
    env.max_deferred = 2
    gates = Gates()
    gates.open(*range(12))
    source = FOUR.replace("range(4)", "range(12)")
    text = "".join(render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads))
    assert assembled(text) == "[" + "".join(f"{n}," for n in range(12)) + "]"
    assert gates.most <= 2
    assert sorted(gates.begun) == list(range(12))


def test_context_variables_are_those_of_the_place(env: StreamEnvironment, threads: Threads) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="none")
    source = (
        "{{ set('a') }}{% defer %}{{ get() }}{{ set('x') }}{% enddefer %}"
        "{{ set('b') }}{% defer %}{{ get() }}{% enddefer %}{{ get() }}"
    )

    def put(value: str) -> str:
        variable.set(value)
        return ""

    context = {"get": variable.get, "set": put}
    for executor in (None, threads):
        stream = render_stream(env.from_string(source), context, executor=executor)
        assert assembled("".join(stream)) == "abb"
    assert env.from_string(source).render(context) == "abb"
    variable.set("none")


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_an_executor_that_has_been_shut_down(env: StreamEnvironment, deferred: Any) -> None:
    threads = Threads(1)
    threads.shutdown()
    template = env.from_string("a{% defer %}x{% error %}{{ error }}{% enddefer %}b" * 3)
    text = "".join(render_stream(template, executor=threads, deferred=deferred))
    assert assembled(text) == "acannot schedule new futures after shutdownb" * 3


def test_one_that_is_shut_down_meanwhile(env: StreamEnvironment) -> None:
    env.max_deferred = 1
    threads = Threads(1)
    gates = Gates()
    source = FOUR.replace("{% placeholder %}", "{% error %}e{% placeholder %}")
    stream = render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads)
    ahead = Ahead(stream)
    ahead.text_with("]")
    threads.shutdown(wait=False)
    gates.open(0)
    assert assembled(ahead.text()) == "[0,e,e,e,]"


def test_those_that_take_too_long_do_not_hold_those_that_wait(
    env: StreamEnvironment, threads: Threads
) -> None:
    env.max_deferred = 1
    gates = Gates()
    gates.open(3)
    source = FOUR.replace("defer %}{{", "defer timeout=0.05 %}{{").replace(
        "{% placeholder %}", "{% error %}late{% placeholder %}"
    )
    stream = render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads)
    assert assembled("".join(stream)) == "[late,late,late,3,]"
    gates.open(0, 1, 2)


def test_regions_are_not_rendered_far_ahead_of_their_reader(
    env: StreamEnvironment, threads: Threads
) -> None:
    rendered: list[int] = []

    def note(n: int) -> str:
        rendered.append(n)
        return "x" * 10_000

    source = "{% for n in range(500) %}{% defer %}{{ note(n) }}{% enddefer %}{% endfor %}"
    stream = render_stream(env.from_string(source), {"note": note}, executor=threads)
    next(stream)
    threads.submit(int).result()
    for _ in range(5):
        next(stream)
    assert len(rendered) < 100
    rest = sum(map(len, stream))
    assert rest > 400 * 10_000
    assert sorted(rendered) == list(range(500))


def test_a_region_ends_at_its_next_boundary(env: StreamEnvironment, threads: Threads) -> None:
    gates = Gates()
    ran: list[int] = []

    def work(n: int) -> int:
        ran.append(n)
        gates.wait("go")
        return n

    source = "{% defer %}{% for n in range(300) %}{{ work(n) }}{% endfor %}{% enddefer %}text"
    stream = render_stream(env.from_string(source), {"work": work}, executor=threads)
    next(stream)
    while not ran:
        time.sleep(0.001)
    stream.close()
    gates.open("go")
    threads.shutdown()
    assert ran == [0]


# -- errors and time


def boom() -> str:
    raise LookupError("<boom>")


WAYS: dict[str, Callable[[Any, dict[str, Any], Threads], str]] = {
    "in turn": lambda t, c, ex: assembled("".join(render_stream(t, c))),
    "threads": lambda t, c, ex: assembled("".join(render_stream(t, c, executor=ex))),
    "in order": lambda t, c, ex: "".join(render_stream(t, c, deferred="in-order")),
    "in order, threads": lambda t, c, ex: "".join(
        render_stream(t, c, deferred="in-order", executor=ex)
    ),
    "render": lambda t, c, ex: t.render(c),
    "generate": lambda t, c, ex: "".join(t.generate(c)),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@every_way
def test_an_error_touches_no_other_region(
    env: StreamEnvironment, threads: Threads, way: Any
) -> None:
    source = (
        "{% defer %}1{% enddefer %}{% defer %}lost{{ boom() }}{% placeholder %}p{% error %}"
        "[{{ error }}|{{ x }}]{% enddefer %}{% defer %}2{% enddefer %}."
    )
    assert way(env.from_string(source), {"boom": boom, "x": 5}, threads) == ("1[&lt;boom&gt;|5]2.")


@every_way
def test_without_an_error_part_the_region_is_logged_and_empty(
    env: StreamEnvironment, threads: Threads, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = "a\n{% defer %}\nlost{{ boom() }}{% placeholder %}p{% enddefer %}z"
    assert way(env.from_string(source), {"boom": boom}, threads) == "a\nz"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("streamtmpl", logging.ERROR)
    assert record.getMessage() == (
        "the deferred region at line 2 of template '<template>' failed:"
        " nothing is shown in its place"
    )
    assert record.exc_info is not None
    assert record.exc_info[2] is not None
    lines = []
    traceback: TracebackType | None = record.exc_info[2]
    while traceback is not None:
        lines.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    assert ("<template>", 3) in lines


@every_way
def test_an_error_part_that_fails_is_logged(
    env: StreamEnvironment, threads: Threads, way: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = "a{% defer %}{{ boom() }}{% error %}lost{{ 1 // 0 }}{% enddefer %}z"
    assert way(env.from_string(source), {"boom": boom}, threads) == "az"
    (record,) = caplog.records
    assert "the error part of the deferred region at line 1" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@every_way
def test_a_region_that_takes_too_long(env: StreamEnvironment, threads: Threads, way: Any) -> None:
    event = threading.Event()
    source = (
        "{% defer timeout=0.02 %}lost{{ wait() }}{% error %}{{ error }}{% enddefer %}"
        "{% defer timeout=HANGS %}in time{% error %}{{ error }}{% enddefer %}"
    )
    context = {"wait": lambda: event.wait(0.2), "HANGS": HANGS}
    assert way(env.from_string(source), context, threads) == (
        "the region took longer than 0.02 sin time"
    )


def test_a_thread_that_takes_too_long_does_not_hold_the_page(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    source = "{% defer timeout=0.05 %}{{ wait(1) }}{% error %}late{% enddefer %}"
    text = "".join(render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads))
    assert assembled(text) == "late"
    assert gates.running == 1  # it goes on: a thread cannot be killed
    gates.open(1)


def test_a_region_in_turn_is_ended_at_a_boundary_when_its_time_is_over(
    env: StreamEnvironment,
) -> None:
    event = threading.Event()
    seen: list[int] = []

    def rows() -> Iterator[int]:
        for n in range(1000):
            event.wait(0.01)
            seen.append(n)
            yield n

    source = (
        "{% defer timeout=0.05 %}{% for n in rows() %}{{ n }}{% endfor %}{% error %}e{% enddefer %}"
    )
    text = "".join(render_stream(env.from_string(source), {"rows": rows}))
    assert assembled(text) == "e"
    assert len(seen) < 500


@pytest.mark.parametrize(
    ("timeout", "error", "message"),
    [
        ("'1'", TypeError, "must be a number of seconds, not '1'"),
        ("true", TypeError, "must be a number of seconds, not True"),
        ("-1", ValueError, "must not be negative, but is -1"),
        ("nan", ValueError, "must not be negative, but is nan"),
    ],
)
def test_what_is_no_timeout(
    env: StreamEnvironment, timeout: str, error: type[Exception], message: str
) -> None:
    template = env.from_string(f"{{% defer timeout={timeout} %}}x{{% enddefer %}}")
    with pytest.raises(error, match=message):
        "".join(render_stream(template, {"nan": float("nan")}))


def test_keyboard_interrupt_is_no_error_of_a_region(
    env: StreamEnvironment, threads: Threads
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    template = env.from_string("{% defer %}{{ f() }}{% error %}caught{% enddefer %}")
    for executor in (None, threads):
        stream = render_stream(template, {"f": interrupt}, executor=executor)
        with pytest.raises(KeyboardInterrupt):
            "".join(stream)


# -- closing


def noted(events: list[str], name: str) -> Iterator[int]:
    try:
        yield from range(10)
    finally:
        events.append(f"closed {name}")


@every_way
def test_what_a_region_was_iterating_is_closed_with_it(
    env: StreamEnvironment, threads: Threads, way: Any
) -> None:
    events: list[str] = []
    source = (
        "{% defer %}{% for n in rows('a') %}{{ n }}{{ 1 // (3 - n) }}{% endfor %}"
        "{% error %}e{{ note('error part') }}{% enddefer %}"
    )

    def note(event: str) -> str:
        events.append(event)
        return ""

    context = {"rows": lambda name: noted(events, name), "note": note}
    assert way(env.from_string(source), context, threads) == "e"
    assert events == ["closed a", "error part"]


def test_closing_ends_what_runs_in_threads(
    env: StreamEnvironment, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    gates = Gates()
    ended = threading.Event()

    def rows() -> Iterator[int]:
        try:
            yield 1
            gates.wait("rows")
            yield 2
        finally:
            ended.set()

    env.max_deferred = 1
    source = (
        "{% defer %}{% for n in rows() %}{{ n }}{% endfor %}{{ after() }}{% enddefer %}"
        "{% defer %}{{ after() }}{% enddefer %}text"
    )
    ran: list[int] = []
    stream = render_stream(
        env.from_string(source), {"rows": rows, "after": lambda: ran.append(1)}, executor=threads
    )
    assert "text" in next(stream)
    while not gates.begun:
        time.sleep(0.001)
    stream.close()
    gates.open("rows")
    assert ended.wait(HANGS)
    threads.shutdown()
    assert ran == []
    assert caplog.records == []


def test_a_stream_that_is_dropped_ends_its_regions(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    ended = threading.Event()

    def rows() -> Iterator[int]:
        try:
            yield 1
            gates.wait("rows")
            yield 2
        finally:
            ended.set()

    source = "{% defer %}{% for n in rows() %}{{ n }}{% endfor %}{% enddefer %}text"
    stream = render_stream(env.from_string(source), {"rows": rows}, executor=threads)
    next(stream)
    del stream
    gc.collect()
    gates.open("rows")
    assert ended.wait(HANGS)


@pytest.mark.parametrize("steps", range(6))
def test_closing_at_every_chunk(env: StreamEnvironment, steps: int) -> None:
    events: list[str] = []
    source = (
        "{% for n in rows('document') %}{% defer %}{% for m in rows('region') %}{{ m }}{% endfor %}"
        "{% enddefer %}{% if n == 2 %}{% break %}{% endif %}{% endfor %}"
    )
    env.add_extension("jinja2.ext.loopcontrols")
    opened: list[str] = []

    def rows(name: str) -> Iterator[int]:
        opened.append(name)
        return noted(events, name)

    stream = render_stream(env.from_string(source), {"rows": rows}, chunk_size=0)
    for _ in range(steps):
        next(stream)
    stream.close()
    assert sorted(events) == sorted(f"closed {name}" for name in opened)


def test_a_document_that_fails_drops_its_regions(
    env: StreamEnvironment, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    gates = Gates()
    source = "{% defer %}{{ wait(1) }}{% if 1 %}{% endif %}{{ 1 // 0 }}{% enddefer %}{{ boom() }}"
    stream = render_stream(
        env.from_string(source), {"wait": gates.wait, "boom": boom}, executor=threads
    )
    with pytest.raises(LookupError):
        next(stream)
    gates.open(1)
    threads.shutdown()


def test_what_stands_above_the_first_region_is_handed_over(env: StreamEnvironment) -> None:
    begun: list[str] = []

    def rows() -> Iterator[str]:
        begun.append("rows")
        yield from "ab"

    source = "<p>{% defer %}x{% enddefer %}{% for row in rows() %}{{ row }}{% endfor %}"
    stream = render_stream(env.from_string(source), {"rows": rows})
    assert next(stream) == "<p>"
    assert begun == []
    assert assembled("<p>" + "".join(stream)) == "<p>xab"


def test_a_block_that_the_response_is_committed_after(
    env: StreamEnvironment, threads: Threads
) -> None:
    source = (
        "head{% defer %}r{% enddefer %}{% block b %}b{% endblock %}"
        "{% for n in range(3) %}{{ n }}{% endfor %}"
    )
    for executor in (None, threads):
        stream = render_stream(
            env.from_string(source), chunk_size=0, commit_after="b", executor=executor
        )
        chunks = list(stream)
        assert chunks[0].endswith("<?end>b")
        assert assembled("".join(chunks)) == "headrb012"


def test_a_block_in_a_region_that_the_response_is_committed_after(env: StreamEnvironment) -> None:
    source = "head{% defer %}1{% enddefer %}{% defer %}{% block b %}2{% endblock %}{% enddefer %}."
    chunks = list(render_stream(env.from_string(source), chunk_size=0, commit_after="b"))
    assert len(chunks) == 1
    assert assembled(chunks[0]) == "head12."


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_what_has_been_handed_over_is_let_go(
    env: StreamEnvironment, threads: Threads, deferred: Any
) -> None:
    class Big:
        def __str__(self) -> str:
            return "x" * 20_000

    alive: weakref.WeakSet[Big] = weakref.WeakSet()

    def make() -> Big:
        big = Big()
        alive.add(big)
        return big

    source = (
        "{% for n in range(200) %}{% set big = make() %}{% defer %}{{ big }}{% defer %}{{ big }}"
        "{% enddefer %}{% enddefer %}{% set big = none %}{% endfor %}"
    )
    gc.disable()
    try:
        stream = render_stream(
            env.from_string(source), {"make": make}, executor=threads, deferred=deferred
        )
        total = 0
        for chunk in stream:
            total += len(chunk)
            if total > 7_000_000:
                break
        assert len(alive) < 100
    finally:
        gc.enable()
    stream.close()


def test_closing_from_another_thread_does_not_wait_for_regions(
    env: StreamEnvironment, threads: Threads
) -> None:
    gates = Gates()
    template = env.from_string("a{% defer %}{{ wait(1) }}{% enddefer %}b")
    stream = render_stream(template, {"wait": gates.wait}, executor=threads)
    assert next(stream) == "a"
    assert "b" in next(stream)
    waiting = threads.submit(next, stream)
    while stream._thread is None:
        time.sleep(0.001)
    stream.close()
    with pytest.raises(StreamClosedError, match="was closed while a chunk was awaited"):
        waiting.result(HANGS)
    gates.open(1)


@in_loop
async def test_a_cancelled_wait_does_not_wait_for_regions() -> None:
    env = StreamEnvironment()
    gates = Gates()
    with Threads(2) as threads:
        template = env.from_string("a{% defer %}{{ wait(1) }}{% enddefer %}b")
        stream = render_stream_async(template, {"wait": gates.wait}, executor=threads)
        assert await anext(stream) == "a"
        assert "b" in await anext(stream)
        waiting = asyncio.create_task(anext(stream))
        while not gates.begun:
            await asyncio.sleep(0.001)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert gates.running == 1
        gates.open(1)


def test_waiting_for_a_thread_takes_none_of_a_regions_time(env: StreamEnvironment) -> None:
    busy = threading.Event()
    source = (
        "{% defer %}{{ wait() }}{% enddefer %}"
        "{% defer timeout=0.1 %}in time{% error %}late{% enddefer %}"
    )
    with Threads(1) as threads:
        context = {"wait": lambda: busy.wait(0.3) or ""}
        text = "".join(render_stream(env.from_string(source), context, executor=threads))
    assert assembled(text) == "in time"


@pytest.mark.parametrize("first", [0, 1])
def test_a_region_in_a_placeholder_goes_with_it(
    env: StreamEnvironment, threads: Threads, first: int
) -> None:
    gates = Gates()
    source = (
        "{% macro other() %}[{% boundary %}{% defer %}{{ wait(1) }}{% placeholder %}p"
        "{% enddefer %}{% endboundary %}]{% endmacro %}"
        "{% defer %}{{ wait(0) }}{% placeholder %}{{ other() }}{% enddefer %}{{ other() }}!"
    )
    stream = render_stream(env.from_string(source), {"wait": gates.wait}, executor=threads)
    ahead = Ahead(stream)
    ahead.text_with("!")
    gates.open(first)
    ahead.text_with(f">{first}</template>")
    gates.open(0, 1)
    text = ahead.text()
    assert assembled(text) == "0[1]!"
    assert page(text).contents.count("1") == 1 + first
