"""streamtmpl.quart and Quart-Compress, which alone waits for the whole body."""

from __future__ import annotations

import asyncio

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
quart_compress = pytest.importorskip("quart_compress", reason="Quart-Compress is not installed")

from streamtmpl.quart import stream_template_string, stream_with_context
from streamtmpl.quart.hold import cv_request
from streamtmpl.testing import Gate, StreamClient, assert_closed, gate
from streamtmpl.testing.bodies import BrowserBody

ROWS = [f"row {n} of Ōta\n" for n in range(50)]
SOURCE = "{% for row in rows %}{{ row }}{% flush %}{% endfor %}"


class Rows:
    """A source whose rows come when they are let go, and that tells how it ends."""

    def __init__(self, let_go: int = 1) -> None:
        """The first chunk is rendered before the head is sent, so one row is let go at once."""
        self.let_go = asyncio.Semaphore(let_go)
        self.closed = False

    async def __aiter__(self):
        try:
            for row in ROWS:
                await self.let_go.acquire()
                yield row
        finally:
            self.closed = True


def make_app(rows: Rows | Gate, algorithm: str = "gzip"):
    app = quart.Quart(__name__)
    app.config["COMPRESS_ALGORITHM"] = algorithm
    quart_compress.Compress(app)

    @app.get("/template")
    async def template():
        return await stream_template_string(SOURCE, rows=rows)

    @app.get("/generator")
    async def generator():
        @stream_with_context
        async def pieces():
            async for row in rows:
                yield row

        return pieces(), {"Content-Type": "text/html"}

    return app


def run(coroutine):
    async def within():
        await asyncio.wait_for(coroutine, 20)

    asyncio.run(within())


@pytest.mark.parametrize("path", ["/template", "/generator"])
@pytest.mark.parametrize("algorithm", ["gzip", "br"])
def test_each_row_can_be_read_before_the_next_comes(algorithm, path):
    rows = gate(name="rows")
    rows.send(ROWS[0])
    with StreamClient(make_app(rows, algorithm)) as client:
        response = client.get(path, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
        for number in range(1, len(ROWS)):
            assert response.read_until(ROWS[number - 1]) == "".join(ROWS[:number])
            rows.send(ROWS[number])
        rows.open()
        assert response.read() == "".join(ROWS)
        assert response.complete
        assert response.headers["Content-Encoding"] == algorithm
        assert "Accept-Encoding" in response.headers.get("Vary", "")
    assert_closed(rows)


def test_functions_called_before_it_have_the_text():
    async def main():
        app = make_app(Rows(len(ROWS)))

        @app.after_request
        async def with_a_foot(response):
            async def footed(chunks):
                async for chunk in chunks:
                    yield chunk
                yield "<!-- foot -->"

            response.response.iter = footed(response.response.iter)
            return response

        response = await app.test_client().get("/template", headers={"Accept-Encoding": "gzip"})
        body = BrowserBody(response.headers["Content-Encoding"])
        assert body.arrive(await response.get_data()) == "".join(ROWS) + "<!-- foot -->"

    run(main())


@pytest.mark.parametrize("accepted", ["", "deflate"])
def test_what_the_request_does_not_accept(accepted):
    async def main():
        client = make_app(Rows(len(ROWS))).test_client()
        response = await client.get("/template", headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in response.headers
        assert await response.get_data(as_text=True) == "".join(ROWS)

    run(main())


@pytest.mark.parametrize("path", ["/template", "/generator"])
def test_a_client_that_leaves_closes_the_stream(path):
    rows = gate(name="rows")
    rows.send(ROWS[0])
    with StreamClient(make_app(rows)) as client:
        response = client.get(path, headers={"Accept-Encoding": "gzip"})
        response.read_until(ROWS[0])
        response.disconnect()
        assert_closed(rows)


def test_a_stream_that_nothing_is_read_of_is_closed():
    async def main():
        rows = Rows()
        app = make_app(rows)
        headers = {"Accept-Encoding": "gzip"}
        async with app.test_request_context("/template", headers=headers) as context:
            given = () if cv_request is not None else (context,)  # from Quart 0.23 on
            response = await app.full_dispatch_request(*given)
            assert response.headers["Content-Encoding"] == "gzip"
            assert not rows.closed
            async with response.response:
                pass
        assert rows.closed

    run(main())
