"""The examples of the documentation for Flask, started as a reader would start them."""

from __future__ import annotations

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from .http_client import Connection, fetch
from .launch import free_port, module, running


def command(name: str, port: int) -> list[str]:
    return module("flask", "--app", f"docs/examples/flask/{name}", "run", "--port", str(port))


def test_the_timeline_grows_event_by_event(tmp_path):
    port = free_port()
    with (
        running(command("timeline", port), port, tmp_path / "log", {"FLASK_TIMELINE_PACE": "0.2"}),
        Connection(port) as connection,
    ):
        connection.send("/?count=4")
        assert connection.head().status == 200
        chunks = connection.timed_chunks()
    assert b"<h1>4 events for 127.0.0.1</h1>" in chunks[0][1]
    with_events = [text for _, text in chunks if b"<li>" in text]
    assert len(with_events) == 4
    assert chunks[-1][1].endswith(b"<p>That was all of /.</p>\n</html>")
    assert chunks[-1][0] - chunks[0][0] > 0.5  # four events took at least 0.8 seconds


def test_the_three_patterns(tmp_path):
    port = free_port()
    with running(command("patterns", port), port, tmp_path / "log"):
        head, csv = fetch(port, "/readings.csv")
        assert head.get("Content-Type") == "text/csv; charset=utf-8"
        assert csv.startswith(b"number,sensor,value\n1,S1,0.25\n")
        assert csv.count(b"\n") == 20_001
        _, page = fetch(port, "/readings")
        assert page.count(b"<tr>") == 20_000
        assert b"<p>/readings, as CSV: /readings.csv</p>" in page
        assert fetch(port, "/hello?name=Ann")[1] == b"Hello Ann!"
