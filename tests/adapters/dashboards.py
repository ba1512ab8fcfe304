"""What is the same for the dashboards of the documentation, for which framework they may be."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from .http_client import TIMEOUT, Connection, fetch


def check_dashboard(port: int, shown: Mapping[int, bytes]) -> None:
    """Open the page on *port*, and let its queries through one after the other.

    :param shown: what each query, known by its milliseconds, brings onto the page; in the order
        in which they are let through.
    """
    with Connection(port) as connection:
        connection.send("/")
        assert connection.head().status == 200
        shell = b""
        while shell.count(b"<?end>") < 3:
            shell += connection.chunk()
        assert not [text for text in shown.values() if text in shell]
        assert _queries_when_begun(port) == {"begun": [100, 300, 800], "ended": []}
        for milliseconds, text in shown.items():
            fetch(port, f"/open/{milliseconds}")
            patch = b""
            while b"</template>" not in patch:
                patch += connection.chunk()
            assert text in patch
            assert patch.count(b"<template for=") == 1
        while connection.chunk():
            pass
    assert json.loads(fetch(port, "/queries")[1])["ended"] == list(shown)


def _queries_when_begun(port: int) -> object:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        queries = json.loads(fetch(port, "/queries")[1])
        if len(queries["begun"]) == 3:
            break
        time.sleep(0.02)
    return queries


def in_order(page: bytes, *texts: bytes) -> bool:
    """Whether *texts* are in *page*, in this order, and nothing of it is patched in."""
    places = [page.find(text) for text in texts]
    assert -1 not in places
    return places == sorted(places) and not (b"<?start" in page or b"<template" in page)
