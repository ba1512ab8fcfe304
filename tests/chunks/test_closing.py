"""However a stream ends, everything that the template was iterating is closed, once."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.tracing import ASYNC, SYNC, Kind, every_kind

from .cursors import (
    LOOP,
    AsyncCursor,
    Cursor,
    Generator,
    Made,
    assert_closed,
    consume,
    every_source,
)

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
    """What can be iterated again, by a new generator each time."""

    def __iter__(self) -> Iterator[int]:  # type: ignore[override]
        made = Generator()
        self.iterators.append(made)
        return made.make()


class AsyncReusable(Reusable):
    """What ``async for`` can iterate again."""

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
