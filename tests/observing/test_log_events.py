"""Events as records of ``logging``."""

from __future__ import annotations

import logging
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.observing import log_events


def page(source: str, observe: Any) -> Any:
    loader = jinja2.DictLoader({"page.html": source})
    return StreamEnvironment(loader=loader, observe=observe).get_template("page.html")


def test_a_record_for_each_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="streamtmpl.events")
    list(render_stream(page("a{% flush %}b", log_events()), encoding="utf-8"))
    records: list[Any] = caplog.records
    assert [record.event for record in records] == [
        "StreamStarted",
        "FirstChunk",
        "Chunk",
        "StreamClosed",
    ]
    assert {record.name for record in records} == {"streamtmpl.events"}
    assert {record.levelno for record in records} == {logging.INFO}
    assert len({record.stream for record in records}) == 1
    assert records[0].template == "page.html"
    assert (records[1].characters, records[1].bytes, records[1].reason) == (1, 1, "flush")
    assert records[3].outcome == "complete"
    assert "FirstChunk: " in records[1].getMessage()
    assert "reason='flush'" in records[1].getMessage()


def test_an_error_is_that_of_the_record(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("mine")
    caplog.set_level(logging.DEBUG, logger="mine")
    with pytest.raises(ZeroDivisionError) as caught:
        list(render_stream(page("{{ 1 // 0 }}", log_events(logger, logging.DEBUG))))
    closed: Any = caplog.records[-1]
    assert (closed.name, closed.levelno, closed.event) == ("mine", logging.DEBUG, "StreamClosed")
    assert closed.exc_info[1] is caught.value
    assert all(record.exc_info is None for record in caplog.records[:-1])


def test_nothing_is_made_where_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="mine")
    list(render_stream(page("a", log_events("mine"))))
    assert caplog.records == []
