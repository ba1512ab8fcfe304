"""Falcon sends an async stream as it is, and awaits its ``close()``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

falcon: Any = pytest.importorskip("falcon", reason="Falcon is not installed")
asgi: Any = pytest.importorskip("falcon.asgi")

from falcon import testing

from streamtmpl import StreamEnvironment, rechunk_async, render_stream_async


@pytest.mark.parametrize("is_async", [False, True])
def test_falcon_sends_and_closes_a_stream(is_async: bool) -> None:
    made: list[Any] = []
    template = StreamEnvironment(enable_async=is_async).from_string(
        "{% for row in rows %}<{{ row }}>{% endfor %}"
    )

    class Page:
        async def on_get(self, request: Any, response: Any) -> None:
            stream = render_stream_async(
                template, {"rows": range(3)}, encoding="utf-8", chunk_size=0
            )
            made.append(stream)
            response.content_type = "text/html"
            response.stream = stream

    app = asgi.App()
    app.add_route("/", Page())

    async def get() -> str:
        async with testing.ASGIConductor(app) as client:
            result = await client.simulate_get("/")
        return str(result.text)

    assert asyncio.run(get()) == "<0><1><2>"
    assert "closed" in repr(made[0])


def test_a_stream_closes_under_either_name() -> None:
    closed: list[bool] = []

    async def pieces() -> Any:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    async def main() -> None:
        for name in ("close", "aclose"):
            stream = rechunk_async(pieces(), chunk_size=0)
            assert await stream.__anext__() == "a"
            await getattr(stream, name)()
            await getattr(stream, name)()
            assert closed == [True]
            closed.clear()

    asyncio.run(main())
