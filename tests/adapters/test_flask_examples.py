"""The examples of the documentation for Flask, started as a reader would start them."""

from __future__ import annotations

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from .dashboards import check_dashboard, in_order
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


SHOWN = {300: b">Thu</div>", 800: b"<td>Teapot</td>", 100: b"<dt>packed</dt>"}
"""What each query of the dashboard shows, in the order in which a test lets them through."""


def test_the_dashboard_is_there_before_its_queries_have_ended(tmp_path):
    port = free_port()
    app = ("--app", "tests.adapters.apps.flask_dashboard")
    command = module("flask", *app, "run", "--port", str(port))
    with running(command, port, tmp_path / "log", {"FLASK_DASHBOARD_TIMEOUT": "60"}):
        check_dashboard(port, SHOWN)


def test_the_dashboard_for_browsers_and_in_order_for_others(tmp_path):
    port = free_port()
    pace = {"FLASK_DASHBOARD_PACE": "0.1"}
    with running(command("dashboard", port), port, tmp_path / "log", pace):
        _, page = fetch(port)
        assert page.count(b"<template for=") == 3
        assert page.count(b"ready after") == 3
        assert not [text for text in SHOWN.values() if text not in page]
        _, page = fetch(port, "/?order=in")
        assert in_order(page, SHOWN[800], SHOWN[100], SHOWN[300], b"</main>")
        with Connection(port) as connection:
            connection.send("/", headers="User-Agent: curl/8.0\r\n")
            page = connection.body(connection.head())
        assert in_order(page, SHOWN[800], SHOWN[100], SHOWN[300], b"</main>")


def test_what_takes_too_long_for_the_dashboard_is_said_to_be_missing(tmp_path):
    port = free_port()
    slow = {"FLASK_DASHBOARD_PACE": "50", "FLASK_DASHBOARD_TIMEOUT": "0.2"}
    with running(command("dashboard", port), port, tmp_path / "log", slow):
        _, page = fetch(port)
    assert page.count(b'<p class="error">Not available now: the region took longer') == 3
    assert not [text for text in SHOWN.values() if text in page]
