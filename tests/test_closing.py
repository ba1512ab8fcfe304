"""However a stream ends, everything that the template was iterating is closed, once."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl import StreamEnvironment, render_stream_async
from streamtmpl.exceptions import StreamClosedError
from tests.tracing import ASYNC, ASYNC_SOURCES, KINDS, SYNC, Consumer, Kind, every_kind

where: ContextVar[str] = ContextVar("where", default="nowhere")

LOOPCONTROLS = ["jinja2.ext.loopcontrols"]
LOOP = "{% for row in rows %}[{{ row }}]{% endfor %}"


class Cursor:
    """An iterator with ``close()`` that is no generator."""

    def __init__(self, count: int = 3, fail: Exception | None = None) -> None:
        self.left = iter(range(count))
        self.fail = fail
        self.started = self.exhausted = False
        self.closed: list[str] = []

    def __iter__(self) -> Cursor:
        self.started = True
        return self

    def __next__(self) -> int:
        assert not self.closed, "pulled after it was closed"
        try:
            return next(self.left)
        except StopIteration:
            if self.fail is not None:
                raise self.fail from None
            self.exhausted = True
            raise

    def close(self) -> None:
        self.closed.append(where.get())


class AsyncCursor(Cursor):
    """The same for ``async for``, with ``aclose()``."""

    __iter__ = None  # type: ignore[assignment]
    close = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncCursor:
        self.started = True
        return self

    async def __anext__(self) -> int:
        await asyncio.sleep(0)
        try:
            return Cursor.__next__(self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.closed.append(where.get())


class AsyncCursorWithClose(AsyncCursor):
    """Some drivers call the coroutine ``close()``."""

    aclose = None  # type: ignore[assignment]

    async def close(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.closed.append(where.get())


class Generator(Cursor):
    """Not an iterator itself: :meth:`make` gives a generator whose end is recorded here."""

    def make(self) -> Iterator[int]:
        self.started = True
        try:
            yield from self.left
            if self.fail is not None:
                raise self.fail
            self.exhausted = True
        finally:
            self.closed.append(where.get())

    async def make_async(self) -> AsyncIterator[int]:
        self.started = True
        try:
            for item in self.left:
                await asyncio.sleep(0)
                yield item
            if self.fail is not None:
                raise self.fail
            self.exhausted = True
        finally:
            if not self.exhausted:  # else a cancelled consumer may well interrupt it
                await asyncio.sleep(0)
            self.closed.append(where.get())


Made = tuple[Any, Cursor]


def cursor(**options: Any) -> Made:
    made = Cursor(**options)
    return made, made


def generator(**options: Any) -> Made:
    made = Generator(**options)
    return made.make(), made


def async_cursor(**options: Any) -> Made:
    made = AsyncCursor(**options)
    return made, made


def async_cursor_with_close(**options: Any) -> Made:
    made = AsyncCursorWithClose(**options)
    return made, made


def async_generator(**options: Any) -> Made:
    made = Generator(**options)
    return made.make_async(), made


PLAIN = [cursor, generator]
ASYNCHRONOUS = [async_cursor, async_cursor_with_close, async_generator]
every_source = pytest.mark.parametrize(
    ("kind", "make"),
    [
        *((kind, make) for kind in KINDS if not kind.async_sources for make in PLAIN),
        *((ASYNC_SOURCES, make) for make in ASYNCHRONOUS),
    ],
    ids=lambda value: getattr(value, "name", None) or value.__name__,
)


def consume(kind: Kind, templates: Any, context: dict[str, Any], **options: Any) -> Consumer:
    """A consumer of a stream that was created where it is "inside"; it itself is "outside"."""
    where.set("inside")
    consumer = Consumer(kind, templates, context, extensions=LOOPCONTROLS, **options)
    where.set("outside")
    return consumer


def assert_closed(record: Cursor) -> None:
    assert record.closed == ["inside"]


# -- the ways to end


@every_source
@pytest.mark.parametrize("taken", [1, 2, 3])
def test_closed_while_iterating(kind: Kind, make: Callable[..., Made], taken: int) -> None:
    rows, record = make()
    with consume(kind, f"head{{% if 1 %}}{{% endif %}}{LOOP}tail", {"rows": rows}) as consumer:
        while not (record.started and taken <= 0):
            consumer.next()
            taken -= 1
        assert record.closed == []
        consumer.close()
        assert_closed(record)
        consumer.close()
    assert_closed(record)


@every_source
def test_exhausted_sources_need_no_closing(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    with consume(kind, LOOP + "tail", {"rows": rows}) as consumer:
        assert consumer.text() == "[0][1][2]tail"
    ended = ["inside"] if isinstance(record, Generator) else []
    assert record.closed == ended


@every_source
def test_not_started_is_left_alone(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}):
        pass
    assert record.closed == []
    if isinstance(rows, AsyncIterator):
        return
    assert next(iter(rows)) == 0


@every_source
def test_error_in_the_template(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    source = "{% for row in rows %}[{{ row }}]{{ 1 // (1 - row) }}{% endfor %}"
    consumer = consume(kind, source, {"rows": rows})
    with consumer, pytest.raises(ZeroDivisionError):
        consumer.rest()
    assert_closed(record)


@every_source
def test_error_from_the_source(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make(count=2, fail=KeyError("broken"))
    consumer = consume(kind, LOOP, {"rows": rows})
    with consumer, pytest.raises(KeyError, match="broken"):
        consumer.rest()
    assert_closed(record)


@every_source
def test_garbage_collected(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
        consumer.drop()
        if kind.name != "threads":
            assert_closed(record)
        assert len(record.closed) == 1
        assert not consumer.tasks()


@every_source
def test_garbage_collected_in_a_cycle(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    context = {"rows": rows}
    with consume(kind, LOOP, context) as consumer:
        consumer.next()
        context["stream"] = consumer.stream
        box: list[Any] = [consumer.stream, context]
        box.append(box)
        del rows, context, box
        consumer.drop()
        assert_closed(record)
        assert not consumer.tasks()


@every_source
def test_garbage_collected_together_with_its_source(kind: Kind, make: Callable[..., Made]) -> None:
    class Holder:
        stream: Any

    rows, record = make()
    holder = Holder()
    with consume(
        kind, "{% for row in rows %}[{{ row }}]{% endfor %}", {"rows": rows, "h": holder}
    ) as consumer:
        consumer.next()
        holder.stream = consumer.stream
        if record is rows:
            record = Cursor()
            record.closed = rows.closed
        del rows, holder
        consumer.drop()
        if kind.async_environment:
            # A render that reaches its own stream keeps it alive: the task of an event loop is no
            # garbage. It is closed at the latest when the event loop shuts down.
            consumer.end()
            consumer.loop = None
        assert_closed(record)
        assert not consumer.tasks()


@every_source
def test_a_break_closes_at_the_end_of_the_stream(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    source = "{% for row in rows %}[{{ row }}]{% break %}{% endfor %}{% if 1 %}a{% endif %}b"
    with consume(kind, source, {"rows": rows}) as consumer:
        assert consumer.next() == "[0]"
        assert consumer.text() == "ab"
        assert_closed(record)
    assert_closed(record)


@every_source
@pytest.mark.parametrize("place", ["macro", "captured", "include", "module"])
def test_a_break_anywhere(kind: Kind, make: Callable[..., Made], place: str) -> None:
    rows, record = make()
    loop = "{% for row in rows %}[{{ row }}]{% break %}{% endfor %}"
    files = {
        "macro": {"main": "{% macro m(rows) %}" + loop + "{% endmacro %}{{ m(rows) }}"},
        "captured": {"main": "{% macro m(rows) %}" + loop + "{% endmacro %}{{ m(rows)|upper }}"},
        "include": {"main": "{% include 'part' %}", "part": loop},
        "module": {"main": "{% import 'part' as p with context %}[0]", "part": loop},
    }
    with consume(kind, files[place], {"rows": rows}) as consumer:
        assert consumer.text() == "[0]"
        assert_closed(record)


CONSTRUCTS = {
    "macro": "{% macro m(rows) %}" + LOOP + "{% endmacro %}{{ m(rows) }}",
    "call": "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}" + LOOP + "{% endcall %}",
    "block": "{% block b %}" + LOOP + "{% endblock %}",
    "loop object": "{% for row in rows %}{{ loop.index }}[{{ row }}]{% endfor %}",
    "loop.last": "{% for row in rows %}{{ loop.last }}[{{ row }}]{% endfor %}",
    "test": "{% for row in rows if row != 7 %}[{{ row }}]{% endfor %}",
    "test and loop object": (
        "{% for row in rows if row != 7 %}{{ loop.index }}[{{ row }}]{% endfor %}"
    ),
    "recursive": "{% for row in rows recursive %}[{{ row }}]{% endfor %}",
    "recursive deeper": (
        "{% for row in [rows] recursive %}{% if row is number %}[{{ row }}]"
        "{% else %}{{ loop(row) }}{% endif %}{% endfor %}"
    ),
}


@every_source
@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_in_every_construct(kind: Kind, make: Callable[..., Made], construct: str) -> None:
    rows, record = make()
    with consume(kind, CONSTRUCTS[construct], {"rows": rows}) as consumer:
        consumer.next()
        consumer.close()
        assert_closed(record)


@every_source
def test_nested_sources_the_innermost_first(kind: Kind, make: Callable[..., Made]) -> None:
    outer, outer_record = make()
    inner, inner_record = make()
    order: list[str] = []
    for name, record in (("outer", outer_record), ("inner", inner_record)):
        record.closed = _Noting(order, name)
    source = "{% for a in outer %}{{ a }}{% for b in inner %}[{{ b }}]{% endfor %}{% endfor %}"
    with consume(kind, source, {"outer": outer, "inner": inner}) as consumer:
        while not inner_record.started:
            consumer.next()
        consumer.next()
        consumer.close()
        assert order == ["inner", "outer"]
    assert_closed(outer_record)
    assert_closed(inner_record)


class _Noting(list):
    """A record of closings that notes their order too."""

    def __init__(self, order: list[str], name: str) -> None:
        super().__init__()
        self.order, self.name = order, name

    def append(self, value: str) -> None:
        super().append(value)
        self.order.append(self.name)


@every_source
def test_two_loops_over_one_source_close_it_once(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make(count=9)
    source = (
        "{% for a in rows %}{% for b in rows %}[{{ b }}]{% if b > 1 %}{% break %}{% endif %}"
        "{% endfor %}{% if a > 5 %}{% break %}{% endif %}{% endfor %}"
    )
    with consume(kind, source, {"rows": rows}) as consumer:
        consumer.next()
        consumer.close()
    assert_closed(record)


@every_source
def test_caller_still_holds_a_reference(kind: Kind, make: Callable[..., Made]) -> None:
    rows, record = make()
    context = {"rows": rows}
    with consume(kind, LOOP, context) as consumer:
        consumer.next()
    assert context["rows"] is rows
    assert_closed(record)


# -- filters


FILTERS = [
    "map('string')",
    "select",
    "reject('none')",
    "unique",
    "batch(2)",
    "map('abs')|select('number')",
]


@every_source
@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("loop", ["", "{{ loop.index }}"])
def test_behind_filters(kind: Kind, make: Callable[..., Made], filters: str, loop: str) -> None:
    if kind.async_sources and filters == "batch(2)":
        pytest.skip("no filter of Jinja2's for async iterables")
    if kind.async_environment and filters == "unique":
        pytest.skip("Jinja2 reads all of it first in async environments")
    rows, record = make(count=12)
    source = f"{{% for row in rows|{filters} %}}{loop}[{{{{ row }}}}]{{% endfor %}}"
    context = {"rows": rows}
    with consume(kind, source, context) as consumer:
        consumer.next()
        consumer.next()
        assert record.closed == []
        consumer.close()
        assert_closed(record)
    assert context["rows"] is rows


@every_source
@pytest.mark.parametrize("filters", ["map('string')", "select"])
def test_exhausted_behind_filters(kind: Kind, make: Callable[..., Made], filters: str) -> None:
    rows, record = make()
    with consume(
        kind, f"{{% for row in rows|{filters} %}}[{{{{ row }}}}]{{% endfor %}}", {"rows": rows}
    ) as consumer:
        consumer.rest()
    assert record.closed == (["inside"] if isinstance(record, Generator) else [])


# -- reusable objects


class Reusable:
    """A collection with ``close()``, such as a connection: each ``iter()`` makes an iterator."""

    def __init__(self) -> None:
        self.closed = 0
        self.iterators: list[Cursor] = []

    def __iter__(self) -> Cursor:
        self.iterators.append(Cursor())
        return iter(self.iterators[-1])

    def close(self) -> None:
        self.closed += 1


class ReusableWithGenerator(Reusable):
    """The same, iterated by a generator."""

    def __iter__(self) -> Iterator[int]:  # type: ignore[override]
        made = Generator()
        self.iterators.append(made)
        return made.make()


class AsyncReusable(Reusable):
    """The same for ``async for``."""

    __iter__ = None  # type: ignore[assignment]
    close = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncCursor:
        made = AsyncCursor()
        self.iterators.append(made)
        return made.__aiter__()

    async def aclose(self) -> None:
        self.closed += 1


@every_kind
@pytest.mark.parametrize("filters", ["", "|map('string')"])
@pytest.mark.parametrize("collection", [Reusable, ReusableWithGenerator])
def test_reusable_objects_are_left_alone(kind: Kind, collection: type, filters: str) -> None:
    rows = AsyncReusable() if kind.async_sources else collection()
    source = f"{{% for row in rows{filters} %}}[{{{{ row }}}}]{{% endfor %}}"
    with consume(kind, source, {"rows": rows}) as consumer:
        consumer.next()
    assert rows.closed == 0
    if not filters:
        assert [record.closed for record in rows.iterators] == [["inside"]]


@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_file_that_was_read_to_its_end_stays_open(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("a\nb\n", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        with consume(kind, LOOP, {"rows": file}) as consumer:
            assert consumer.text() == "[a\n][b\n]"
        assert not file.closed


@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_file_that_is_not_its_own_iterator_stays_open(kind: Kind) -> None:
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as file:
        file.write("a\nb\n")
        file.seek(0)
        assert iter(file) is not file
        with consume(kind, LOOP, {"rows": file}) as consumer:
            consumer.next()
        assert not file.closed


@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_file_that_is_its_own_iterator_is_closed(kind: Kind) -> None:
    file = io.StringIO("a\nb\nc\nd\n")
    with consume(kind, LOOP, {"rows": file}) as consumer:
        consumer.next()
    assert file.closed


# -- errors in closing


class Unclosable(Cursor):
    """Cannot be closed without an error."""

    def close(self) -> None:
        super().close()
        raise OSError("cannot close")


class AsyncUnclosable(AsyncCursor):
    async def aclose(self) -> None:
        await super().aclose()
        raise OSError("cannot close")


def unclosable(kind: Kind) -> Cursor:
    return AsyncUnclosable() if kind.async_sources else Unclosable()


@every_kind
def test_an_error_in_closing_is_raised(kind: Kind) -> None:
    rows = unclosable(kind)
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
        with pytest.raises(OSError, match="cannot close"):
            consumer.close()
        assert_closed(rows)
        consumer.close()
    assert_closed(rows)


@every_kind
def test_an_error_in_closing_after_a_break_comes_after_the_text(kind: Kind) -> None:
    rows = unclosable(kind)
    source = "{% for row in rows %}{{ row }}{% break %}{% endfor %}tail"
    with consume(kind, source, {"rows": rows}, chunk_size=100) as consumer:
        assert consumer.next() == "0tail"
        with pytest.raises(OSError, match="cannot close"):
            consumer.next()
        assert consumer.next() is None
    assert_closed(rows)


@every_kind
def test_an_error_in_closing_does_not_hide_the_first(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    rows = unclosable(kind)
    source = "{% for row in rows %}{{ row // 0 }}{% endfor %}"
    consumer = consume(kind, source, {"rows": rows})
    with caplog.at_level(logging.ERROR), consumer, pytest.raises(ZeroDivisionError):
        consumer.rest()
    assert_closed(rows)
    assert [str(_error(record)) for record in caplog.records] == ["cannot close"]


def _error(record: logging.LogRecord) -> Any:
    return record.exc_info[1] if record.exc_info else None


@every_kind
def test_an_error_in_closing_does_not_keep_others_open(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    outer, inner, third = unclosable(kind), unclosable(kind), unclosable(kind)
    source = (
        "{% for a in outer %}{% for b in inner %}{% for c in third %}[{{ c }}]{% endfor %}"
        "{% endfor %}{% endfor %}"
    )
    with consume(kind, source, {"outer": outer, "inner": inner, "third": third}) as consumer:
        consumer.next()
        with pytest.raises(OSError, match="cannot close"), caplog.at_level(logging.ERROR):
            consumer.close()
    for record in (outer, inner, third):
        assert_closed(record)
    assert [str(_error(record)) for record in caplog.records] == ["cannot close"] * 2


@every_kind
def test_an_error_in_a_block_of_the_consumer_is_not_hidden(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    rows = unclosable(kind)
    consumer = consume(kind, LOOP, {"rows": rows})
    stream = consumer.stream
    if kind.async_stream:

        async def use() -> None:
            async with stream:
                await anext(stream)
                raise LookupError("of the consumer")

        with consumer, pytest.raises(LookupError, match="of the consumer"):
            consumer.run(use())
    else:

        def use_sync() -> None:
            with stream:
                next(stream)
                raise LookupError("of the consumer")

        with consumer, pytest.raises(LookupError, match="of the consumer"):
            use_sync()
    assert_closed(rows)
    assert [str(_error(record)) for record in caplog.records] == ["cannot close"]


def test_an_error_in_closing_by_the_garbage_collector_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: seen.append(str(it.exc_value)))
    rows = Unclosable()
    with consume(SYNC, LOOP, {"rows": rows}) as consumer:
        consumer.next()
        consumer.drop()
    assert_closed(rows)
    assert seen == ["cannot close"]


# -- event loops


@pytest.mark.parametrize("make", [cursor, generator, *ASYNCHRONOUS], ids=lambda make: make.__name__)
@pytest.mark.parametrize("held", [True, False])
def test_the_event_loop_ends(make: Callable[..., Made], held: bool) -> None:
    rows, record = make()
    template = StreamEnvironment(enable_async=True).from_string(LOOP)
    streams = []

    async def main() -> None:
        where.set("inside")
        stream = render_stream_async(template, {"rows": rows}, chunk_size=0)
        where.set("outside")
        await anext(stream)
        if held:
            streams.append(stream)

    asyncio.run(main(), debug=True)
    assert_closed(record)
    streams.clear()
    gc.collect()
    assert_closed(record)


@every_source
def test_the_consumer_is_cancelled(kind: Kind, make: Callable[..., Made]) -> None:
    if not kind.async_stream:
        pytest.skip("nothing to cancel")
    rows, record = make()
    gate = threading.Event()

    async def forever() -> None:
        await asyncio.Event().wait()

    source = "{% for row in rows %}[{{ row }}]{% if row %}{{ wait() }}{% endif %}{% endfor %}"
    wait: Any = forever if kind.async_environment else lambda: gate.wait(10) and ""
    consumer = consume(kind, source, {"rows": rows, "wait": wait})

    async def use() -> None:
        async for _ in consumer.stream:
            pass

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(use())
        for _ in range(30):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert_closed(record)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with consumer:
        consumer.run(main())


@pytest.mark.parametrize("make", [cursor, generator, *ASYNCHRONOUS], ids=lambda make: make.__name__)
def test_closed_by_another_task_while_a_chunk_is_awaited(make: Callable[..., Made]) -> None:
    rows, record = make()
    source = "{% for row in rows %}[{{ row }}]{{ wait() }}{% endfor %}"

    async def main() -> None:
        async def wait() -> None:
            await asyncio.Event().wait()

        where.set("inside")
        template = StreamEnvironment(enable_async=True).from_string(source)
        stream = render_stream_async(template, {"rows": rows, "wait": wait}, chunk_size=0)
        where.set("outside")
        consuming = asyncio.ensure_future(anext(stream, None))
        for _ in range(10):
            await asyncio.sleep(0)
        await stream.aclose()
        assert_closed(record)
        await asyncio.wait({consuming})
        assert consuming.done()
        assert not consuming.cancelled(), "nobody cancelled the consumer"
        assert isinstance(consuming.exception(), StreamClosedError)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main(), debug=True)


@every_source
def test_closed_from_another_thread(kind: Kind, make: Callable[..., Made]) -> None:
    if kind.async_stream:
        pytest.skip("an async stream belongs to its event loop")
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
        thread = threading.Thread(target=consumer.close)
        thread.start()
        thread.join()
        assert_closed(record)


@every_source
def test_no_thread_is_left(kind: Kind, make: Callable[..., Made]) -> None:
    before = set(threading.enumerate())
    rows, record = make()
    with consume(kind, LOOP, {"rows": rows}) as consumer:
        consumer.next()
    assert_closed(record)
    assert set(threading.enumerate()) == before


# -- any template, closed anywhere


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
                least = most = 1 if record.started else 0
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


def test_text_is_not_held_while_sources_are_being_closed() -> None:
    class Slow(AsyncCursor):
        async def aclose(self) -> None:
            await gate.wait()
            await super().aclose()

    gate = asyncio.Event()
    rows = Slow()
    source = "{% for row in rows %}{{ row }}{% break %}{% endfor %}tail"

    async def take_all(stream: Any, got: list[str]) -> None:
        async for chunk in stream:
            got.append(chunk)

    async def main() -> None:
        environment = StreamEnvironment(enable_async=True, extensions=LOOPCONTROLS)
        stream = render_stream_async(environment.from_string(source), {"rows": rows})
        got: list[str] = []
        taking = asyncio.ensure_future(take_all(stream, got))
        for _ in range(20):
            await asyncio.sleep(0)
        assert rows.closed == []
        before = list(got)
        gate.set()
        await taking
        assert before == ["0tail"] == got
        assert len(rows.closed) == 1

    asyncio.run(main(), debug=True)


def test_closing_does_not_interrupt_a_closing_that_has_begun() -> None:
    class Slow(AsyncCursor):
        async def aclose(self) -> None:
            closing.set()
            await gate.wait()
            await super().aclose()

    closing, gate = asyncio.Event(), asyncio.Event()
    rows = Slow()
    source = (
        "{% for once in [1] %}{% for row in rows %}{{ row }}{% break %}{% endfor %}{% endfor %}"
    )

    async def main() -> None:
        environment = StreamEnvironment(enable_async=True, extensions=LOOPCONTROLS)
        template = environment.from_string(source)
        stream = render_stream_async(template, {"rows": rows}, chunk_size=0)
        assert await anext(stream) == "0"
        await closing.wait()
        ending = asyncio.ensure_future(stream.aclose())
        await asyncio.sleep(0)
        gate.set()
        await ending
        assert len(rows.closed) == 1

    asyncio.run(main(), debug=True)
