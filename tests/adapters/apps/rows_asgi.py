"""Exports under ASGI: ``/sync/...``, stepped in worker threads, and ``/async/...``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs

import streamtmpl
from streamtmpl import attachment
from streamtmpl.asgi import StreamResponse

ROWS = 20_000
FUNCTIONS = {"csv": "csv_rows", "jsonl": "json_lines", "json": "json_array"}


def orders(fails: int) -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        if number == fails:
            raise OSError("the connection to the database is gone")
        yield {"id": number, "name": f"Ann, {number}"}


async def async_orders(fails: int) -> AsyncIterator[dict[str, Any]]:
    for row in orders(fails):
        if row["id"] % 1000 == 0:
            await asyncio.sleep(0)
        yield row


async def app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    _, kind, file = scope["path"].split("/")
    fails = int(parse_qs(scope["query_string"].decode()).get("fails", ["-1"])[0])
    name = FUNCTIONS[file.split(".")[1]]
    if kind == "async":
        stream = getattr(streamtmpl, f"{name}_async")(async_orders(fails))
    else:
        stream = getattr(streamtmpl, name)(orders(fails))
    headers = attachment("Aufträge.csv") if name == "csv_rows" else ()
    await StreamResponse(stream, headers=headers)(scope, receive, send)
