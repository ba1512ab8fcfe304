"""The example of the documentation for Quart, started as a reader would start it."""

from __future__ import annotations

import pytest

pytest.importorskip("quart", reason="the extra 'quart' is not installed")
pytest.importorskip("hypercorn", reason="hypercorn is not installed: see the extra 'servers'")

from .http_client import Connection
from .launch import free_port, module, running


def test_the_timeline_grows_event_by_event(tmp_path):
    port = free_port()
    command = module("hypercorn", "docs/examples/quart/timeline:app", "-b", f"127.0.0.1:{port}")
    with (
        running(command, port, tmp_path / "log", {"QUART_TIMELINE_PACE": "0.5"}),
        Connection(port) as connection,
    ):
        connection.send("/?count=4")
        assert connection.head().status == 200
        chunks = connection.timed_chunks()
    assert b"<h1>4 events for 127.0.0.1</h1>" in chunks[0][1]
    assert len([text for _, text in chunks if b"<li>" in text]) == 4
    assert chunks[-1][1].endswith(b"<p>That was all of /.</p>\n</html>")
    assert chunks[-1][0] - chunks[0][0] > 0.5  # four events took at least 2 seconds
