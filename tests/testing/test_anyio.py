"""Async tests that anyio's plugin of pytest runs, on each of its event loops."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("anyio", reason="anyio, which comes with Starlette, is not installed")
starlette = pytest.importorskip("starlette.applications", reason="Starlette is not installed")

from starlette.responses import StreamingResponse
from starlette.routing import Route

from streamtmpl.testing import AsyncStreamClient, assert_closed_async, gate


@pytest.mark.anyio
async def test_a_page(anyio_backend: Any) -> None:
    rows = gate("green", "black", name="rows")

    async def page(request: Any) -> Any:
        return StreamingResponse(rows)  # a gate by itself is a body

    async with AsyncStreamClient(starlette.Starlette(routes=[Route("/", page)])) as client:
        response = await client.get("/")
        await rows.reached_async()
        rows.open()
        assert await response.next() == "green"
        await response.disconnect()
        await assert_closed_async(rows)
