"""Errors in closing hide no other error and keep nothing open."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from streamtmpl import StreamClosedError
from tests.support.tracing import SYNC, Kind, every_kind

from .cursors import LOOP, AsyncCursor, Cursor, assert_closed, consume


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
        with pytest.raises(StreamClosedError):
            consumer.next()
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
    assert caplog.records[0].name == "streamtmpl"


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
