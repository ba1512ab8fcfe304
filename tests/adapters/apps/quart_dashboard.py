"""The dashboard of the documentation, each of whose queries waits until it is let through."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

dashboard: Any = import_module("docs.examples.quart.dashboard")
app = dashboard.app

gates = {milliseconds: asyncio.Event() for milliseconds in (100, 300, 800)}
begun: list[int] = []
ended: list[int] = []


async def query(milliseconds: int) -> None:
    begun.append(milliseconds)
    await asyncio.wait_for(gates[milliseconds].wait(), 30)
    ended.append(milliseconds)


dashboard.query = query


@app.get("/queries")
async def queries():
    return {"begun": sorted(begun), "ended": ended}


@app.get("/open/<int:milliseconds>")
async def open_gate(milliseconds):
    gates[milliseconds].set()
    return "open"
