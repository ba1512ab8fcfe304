"""The example of the documentation, started and fetched."""

from __future__ import annotations

import sys
from pathlib import Path

import streamtmpl

from .http_client import Connection, fetch
from .launch import ROOT, free_port, running

APP = ROOT / "docs" / "examples" / "wsgi" / "app.py"


def test_the_example_streams(tmp_path: Path) -> None:
    port = free_port()
    package = {"PYTHONPATH": str(Path(streamtmpl.__file__).parents[1])}
    with running([sys.executable, str(APP), str(port)], port, tmp_path / "log", package):
        assert fetch(port, "/nothing")[0].status == 404
        with Connection(port) as connection:
            connection.send("/")
            head = connection.head()
            assert head.status == 200
            parts = []
            while part := connection.part():
                parts.append(part)
    page = b"".join(parts)
    assert page.startswith(b"<!doctype html>")
    assert page.endswith(b"</ul>")
    assert [b"second %d" % second in page for second in (1, 2, 3)] == [True] * 3
    # The events are a second apart: each comes on its own, and the heading before the first one.
    assert not any(b"<h1>" in part and b"second 1" in part for part in parts)
    assert not any(b"second 1" in part and b"second 2" in part for part in parts)
