"""The kit needs no pytest: a module of tests for :mod:`unittest`, which pytest runs as well."""

from __future__ import annotations

import subprocess
import sys
import unittest
from collections.abc import AsyncIterator, Iterator
from typing import Any

from streamtmpl.testing import (
    AsyncChunkReader,
    AsyncStreamClient,
    ChunkReader,
    Recorder,
    StreamClient,
    assert_sent_before,
    closed,
    gate,
)


class Threads(unittest.TestCase):
    def test_a_page(self) -> None:
        rows = gate(b"rows", name="rows")

        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Type", "text/html")])
            yield b"head "
            yield from rows

        with StreamClient(application) as client:
            response = client.get("/")
            self.assertEqual(response.read_until("head"), "head ")
            rows.open()
            self.assertEqual(response.read(), "head rows")
        assert_sent_before(response, "head", rows)
        self.assertTrue(closed(rows))

    def test_a_failure_is_one_of_unittest(self) -> None:
        with ChunkReader.of(iter(["head"])) as reader, self.assertRaises(self.failureException):
            reader.read_until("foot")
        with self.assertRaises(self.failureException):
            Recorder().assert_order("head")


class Tasks(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.rows = gate(b"rows", name="rows")

        async def application(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 200, "headers": []})
            async for row in self.rows:
                await send({"type": "http.response.body", "body": row, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        self.client = AsyncStreamClient(application)
        self.addAsyncCleanup(self.client.close)

    async def test_a_page(self) -> None:
        response = await self.client.get("/")
        self.assertEqual((response.status, response.text), (200, ""))
        self.rows.open()
        self.assertEqual(await response.read(), "rows")

    async def test_a_generator(self) -> None:
        async def chunks() -> AsyncIterator[str]:
            yield "head"
            async for row in self.rows:
                yield row

        async with AsyncChunkReader.of(chunks()) as reader:
            self.assertEqual(await reader.next(), "head")
            await self.rows.reached_async()
        self.assertTrue(closed(self.rows))


class Alone(unittest.TestCase):
    def test_pytest_is_not_imported(self) -> None:
        command = "import streamtmpl.testing, sys; print('pytest' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", command], stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.split(), [b"False"])
