"""Applications that start and end by ASGI's lifespan, in both clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamtmpl.testing import AsyncStreamClient, StreamClient, gate

from .asgi_applications import START, body, streaming


class WithLifespan:
    """An application that notes its start and its end, or fails at one."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.noted = fails, list[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send(START)
            await send(body(scope["state"]["pool"], more=False))
            self.noted.append("answered")
            return
        for part in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{part}"
            self.noted.append(part)
            scope["state"]["pool"] = b"a pool"
            if part == self.fails:
                await send({"type": f"lifespan.{part}.failed", "message": "no database"})
                return
            await send({"type": f"lifespan.{part}.complete"})


@pytest.mark.parametrize("is_async", [False, True])
def test_the_application_starts_and_ends(is_async: bool) -> None:
    application = WithLifespan()

    async def async_test() -> None:
        async with AsyncStreamClient(application) as client:
            assert await (await client.get("/")).read() == "a pool"

    if is_async:
        asyncio.run(async_test())
    else:
        with StreamClient(application) as client:
            assert application.noted == ["startup"]
            assert client.get("/").read() == "a pool"
    assert application.noted == ["startup", "answered", "shutdown"]


@pytest.mark.parametrize(("part", "said"), [("startup", "start"), ("shutdown", "end")])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_application_that_fails_to_start_or_end(part: str, said: str, is_async: bool) -> None:
    application = WithLifespan(fails=part)

    async def async_test() -> None:
        async with AsyncStreamClient(application):
            pass

    def sync_test() -> None:
        with StreamClient(application):
            pass

    with pytest.raises(AssertionError, match=f"has failed to {said}: no database"):
        asyncio.run(async_test()) if is_async else sync_test()


def test_a_lifespan_that_is_wanted_must_be_there() -> None:
    client = StreamClient(streaming(gate()), lifespan=True)
    with pytest.raises(AssertionError, match=r"^lifespan$"):
        client.get("/")


def test_a_client_can_be_used_again() -> None:
    application = WithLifespan()
    client = StreamClient(application)
    for _ in range(2):
        with client:
            assert client.get("/").read() == "a pool"
    assert application.noted == ["startup", "answered", "shutdown"] * 2


def test_a_start_that_does_not_end_is_a_failure_with_words() -> None:
    pool = gate(name="pool")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await pool.wait_async()

    with pytest.raises(
        AssertionError,
        match=r"^the application did not start in time\. Waited at: gate 'pool' in application, ",
    ):
        StreamClient(application, timeout=2).get("/")


def test_no_lifespan_if_none_is_wanted() -> None:
    application = WithLifespan()
    with StreamClient(application, lifespan=False):
        pass
    assert application.noted == []
