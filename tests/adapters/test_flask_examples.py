"""The examples of the documentation for Flask, started as a reader would start them."""

from __future__ import annotations

import itertools
import runpy
import threading

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from .http_client import Connection, fetch
from .launch import free_port, module, running


def command(name: str, port: int) -> list[str]:
    return module("flask", "--app", f"docs/examples/flask/{name}", "run", "--port", str(port))


def test_the_timeline_grows_event_by_event(tmp_path):
    port = free_port()
    with (
        running(command("timeline", port), port, tmp_path / "log", {"FLASK_TIMELINE_PACE": "0.5"}),
        Connection(port) as connection,
    ):
        connection.send("/?count=4")
        assert connection.head().status == 200
        chunks = connection.timed_chunks()
    assert b"<h1>4 events for 127.0.0.1</h1>" in chunks[0][1]
    with_events = [text for _, text in chunks if b"<li>" in text]
    assert len(with_events) == 4
    assert chunks[-1][1].endswith(b"<p>That was all of /.</p>\n</html>")
    assert chunks[-1][0] - chunks[0][0] > 0.5  # four events took at least 2 seconds


def test_the_three_patterns(tmp_path):
    port = free_port()
    with running(command("patterns", port), port, tmp_path / "log"):
        head, csv = fetch(port, "/readings.csv")
        assert head.get("Content-Type") == "text/csv; charset=utf-8"
        assert csv.startswith(b"number,sensor,value\r\n1,S1,0.25\r\n")
        assert csv.count(b"\n") == 20_001
        _, page = fetch(port, "/readings")
        assert page.count(b"<tr>") == 20_000
        assert b"<p>/readings, as CSV: /readings.csv</p>" in page
        assert fetch(port, "/hello?name=Ann")[1] == b"Hello Ann!"


@pytest.fixture
def export(tmp_path):
    """A connection on which the page of an export has begun, the port, and the path of its file."""
    port = free_port()
    app = module("flask", "--app", "docs/examples/export/app", "run", "--port", str(port))
    with (
        running(app, port, tmp_path / "log", {"EXPORT_PACE": "0"}),
        Connection(port) as connection,
    ):
        assert b'<a href="/export">Export 100,000 orders as CSV</a>' in fetch(port, "/")[1]
        connection.send("/export")
        assert connection.head().status == 200
        begun = connection.chunk().decode()
        path = begun.partition('<iframe src="')[2].partition('"')[0]
        yield connection, port, path


def test_an_export_shows_its_progress_beside_the_file(export):
    connection, port, path = export
    head, body = fetch(port, path)
    assert head.get("Content-Disposition") == 'attachment; filename="orders.csv"'
    assert body.count(b"\r\n") == 100_001
    page = b"".join(chunk for _, chunk in connection.timed_chunks()).decode()
    shown = [int(part.partition('"')[0]) for part in page.split('value="')[1:]]
    assert shown == sorted(shown)
    assert shown[-1] == 100_000
    assert "All 100,000 orders are in <b>orders.csv</b>." in page
    assert fetch(port, path)[0].status == 404  # a file is exported once


def test_the_progress_of_an_export_that_ends_while_a_page_is_written_is_whole():
    """The page may be busy with one count while all others, and the end, go by."""
    export = runpy.run_path("docs/examples/export/app.py")["Export"](1000)
    rows = export.counted(range(1000))
    progress = export.progress()
    begun = threading.Timer(0.05, lambda: list(itertools.islice(rows, 11)))
    begun.start()
    assert next(progress) == 10
    begun.join()
    assert len(list(rows)) == 989
    assert list(progress) == [1000]


def test_an_export_that_is_cut_off_says_so_in_the_page(export):
    connection, port, path = export
    with Connection(port, receive_buffer=4096) as file:
        file.send(path)
        assert file.head().status == 200
        assert file.chunk()
    page = b"".join(chunk for _, chunk in connection.timed_chunks()).decode()
    assert "<b>orders.csv</b> is incomplete" in page
    assert "All 100,000" not in page
