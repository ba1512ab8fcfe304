"""The dashboard of the documentation, each of whose queries waits until it is let through."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

dashboard: Any = import_module("docs.examples.flask.dashboard")
app = dashboard.app

gates = {milliseconds: threading.Event() for milliseconds in (100, 300, 800)}
begun: list[int] = []
ended: list[int] = []


def query(milliseconds: int) -> None:
    begun.append(milliseconds)
    gates[milliseconds].wait(30)
    ended.append(milliseconds)


dashboard.query = query


@app.get("/queries")
def queries():
    return {"begun": sorted(begun), "ended": ended}


@app.get("/open/<int:milliseconds>")
def open_gate(milliseconds):
    gates[milliseconds].set()
    return "open"
