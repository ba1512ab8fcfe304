"""Deferred regions of Flask behind gunicorn, with a client that goes away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("gunicorn", reason="gunicorn is not installed: see the extra 'servers'")

from .apps.flask_deferred import REGIONS
from .http_client import Connection, fetch
from .launch import free_port, module, running

WITHIN = 60.0
"""Seconds after which a test gives up."""

Counts = dict[str, int]


def test_a_client_that_disconnects_ends_the_regions(tmp_path):
    port = free_port()
    options = ("-k", "gthread", "--threads", "4", "-b", f"127.0.0.1:{port}", "--no-control-socket")
    command = module("gunicorn", *options, "tests.adapters.apps.flask_deferred:app")

    def counts_when(wanted: Callable[[Counts], bool], meanwhile: str | None = None) -> Counts:
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            seen: Counts = json.loads(fetch(port, "/counts")[1])
            if wanted(seen):
                break
            if meanwhile is not None:
                fetch(port, meanwhile)
            time.sleep(0.02)
        return seen

    with running(command, port, tmp_path / "log") as server:
        with Connection(port) as connection:
            connection.send("/")
            assert connection.head().status == 200
            text = b""
            while b"<p>end</p>" not in text:
                text += connection.chunk()
            begun = counts_when(lambda seen: seen["begun"] == 2)
            assert begun == {"begun": 2, "ended": 0, "request": 0, "app": 0, "wrong": 0}
        # The server sees that the client has gone when it sends another patch.
        torn_down = counts_when(lambda seen: seen["app"] > 0, meanwhile="/go")
        assert torn_down["request"] == torn_down["app"] == 1
        assert 2 < torn_down["begun"] < REGIONS / 10
        fetch(port, f"/go?regions={REGIONS}")
        # The endless one ends, and that which has begun; no other one begins.
        ended = counts_when(lambda seen: seen["ended"] == seen["begun"])
        expected = {**torn_down, "ended": torn_down["begun"]}
        assert ended == expected
        assert "Traceback" not in server.logged()
