"""Readers of plain generators, and of compressed and otherwise encoded bodies."""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from streamtmpl.testing import (
    AsyncChunkReader,
    ChunkReader,
    Recorder,
    StreamClient,
    assert_sent_before,
    closed,
    gate,
)
from streamtmpl.testing.bodies import BrowserBody


def report(rows: Any) -> Iterator[str]:
    yield "head "
    for row in rows:
        yield f"{row} "
    yield "foot"


def test_a_generator_is_read_while_it_waits() -> None:
    rows = gate("green", name="rows")
    generator = report(rows)
    with ChunkReader.of(generator) as reader:
        assert reader.read_until("head") == "head "
        rows.reached()
        rows.open()
        assert reader.next() == "green "
        assert reader.read() == "head green foot"
        assert reader.complete
    assert_sent_before(reader, "head", rows)
    assert closed(rows)
    assert closed(generator)


@pytest.mark.parametrize("thread", [True, False])
@pytest.mark.parametrize("read", [0, 1, 2])
def test_a_generator_is_closed_wherever_its_reader_leaves(read: int, thread: bool) -> None:
    generator = report(["green", "black"])
    before = set(threading.enumerate())
    with ChunkReader.of(generator, thread=thread) as reader:
        for _ in range(read):
            reader.next()
    assert closed(generator)
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


@pytest.mark.parametrize("thread", [True, False])
def test_an_iterable_is_closed_too(thread: bool) -> None:
    class Chunks:
        closings = 0

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        def close(self) -> None:
            self.closings += 1

    for read in (0, 1, 3):
        chunks = Chunks()
        with ChunkReader.of(chunks, thread=thread) as reader:
            for _ in range(read):
                reader.next()
        assert chunks.closings == 1


def test_what_happens_elsewhere_has_its_place_in_the_order() -> None:
    recorder = Recorder()

    def page() -> Iterator[str]:
        yield "head"
        recorder.note("query")
        yield "rows"

    with ChunkReader.of(page()) as reader:
        reader.read()
    assert_sent_before(reader, "head", recorder["query"])
    with pytest.raises(
        AssertionError, match=r"^'rows' was to be sent before 'query', but was sent after it$"
    ):
        assert_sent_before(reader, "rows", recorder["query"])
    with pytest.raises(AssertionError, match="'headrows' was to be sent before 'query'"):
        assert_sent_before(reader, "headrows", recorder["query"])  # all of it
    assert_sent_before(reader, "rows", gate())  # which is not open


def test_an_error_comes_once() -> None:
    def failing() -> Iterator[str]:
        yield "a"
        raise ZeroDivisionError

    with ChunkReader.of(failing()) as reader:
        assert reader.next() == "a"
        with pytest.raises(ZeroDivisionError):
            reader.read()
    assert reader.text == "a"


async def report_async(rows: Any) -> AsyncIterator[str]:
    yield "head "
    async for row in rows:
        yield f"{row} "
    yield "foot"


async def _read_async() -> None:
    rows = gate("green", name="rows")
    async with AsyncChunkReader.of(report_async(rows)) as reader:
        assert await reader.next() == "head "
        await rows.reached_async()
        rows.open()
        assert await reader.read_until("green") == "head green "
        assert await reader.read() == "head green foot"
        assert reader.complete
    assert closed(rows)


async def _leave_async() -> None:
    for waits in (False, True):
        rows = gate("green", name="rows")
        generator = report_async(rows)
        async with AsyncChunkReader.of(generator) as reader:
            assert await reader.next() == "head "
            if waits:
                await rows.reached_async()
        assert closed(generator)


async def _late_async() -> None:
    rows = gate("green", name="rows")
    async with AsyncChunkReader.of(report_async(rows)) as reader:
        assert await reader.next() == "head "
        await rows.reached_async()
        reader.timeout = 0.05
        with pytest.raises(
            AssertionError,
            match=r"^'green' has not come within 0\.05 s\. This has:\n    'head '\n"
            r"Waited at: gate 'rows' in report_async, test_chunk_readers\.py line \d+\.$",
        ):
            await reader.read_until("green")


@pytest.mark.parametrize("test", [_read_async, _leave_async, _late_async])
@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_an_async_generator(test: Any, runner: str) -> None:
    if runner == "trio":
        pytest.importorskip("trio").run(test)
    else:
        asyncio.run(test(), debug=True)


def test_a_long_text_is_cut_in_messages() -> None:
    reader = ChunkReader.of(iter(["x" * 1000, "the end"]))
    with reader, pytest.raises(AssertionError) as raised:
        reader.read_until("y")
    assert str(raised.value) == (
        "'y' has not come, and the stream has ended. This has:\n    ...'" + "x" * 393 + "the end'"
    )


def flushed(encoding: str, *texts: str) -> list[bytes]:
    """Each text compressed and flushed, then what ends the body."""
    if encoding == "br":
        brotli: Any = pytest.importorskip("brotli")
        compressor = brotli.Compressor()
        chunks = [compressor.process(text.encode()) + compressor.flush() for text in texts]
        return [*chunks, compressor.finish()]
    if encoding == "zstd":
        zstd: Any = pytest.importorskip("backports.zstd")
        frame = zstd.ZstdCompressor()
        chunks = [frame.compress(text.encode(), frame.FLUSH_BLOCK) for text in texts]
        return [*chunks, frame.flush()]
    deflate = zlib.compressobj(wbits=zlib.MAX_WBITS + 16 * (encoding == "gzip"))
    chunks = [deflate.compress(text.encode()) + deflate.flush(zlib.Z_SYNC_FLUSH) for text in texts]
    return [*chunks, deflate.flush()]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_response_is_decoded_as_it_comes(encoding: str) -> None:
    first, second, end = flushed(encoding, "<h1>Spä", "t</h1>")

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Encoding", encoding)])
        return [first[:1], first[1:], second, end]

    with StreamClient(application) as client:
        response = client.get("/")
        assert [response.next() for _ in range(2)] == ["", "<h1>Spä"]
        assert response.next() == "t</h1>"
        assert response.read() == "<h1>Spät</h1>"
        assert response.content == "<h1>Spät</h1>".encode()


def test_a_second_member_is_dropped_as_browsers_do() -> None:
    body = BrowserBody("gzip")
    assert body.arrive(gzip.compress(b"one") + gzip.compress(b"two")) == "one"
    assert body.arrive(gzip.compress(b"three")) == "one"
    assert body.is_complete


def test_a_character_that_comes_in_two_parts() -> None:
    body = BrowserBody()
    assert body.arrive("ä".encode()[:1]) == ""
    assert body.arrive("ä".encode()[1:]) == "ä"
    assert body.arrive(b"\xff!") == "ä\N{REPLACEMENT CHARACTER}!"


@pytest.mark.parametrize(
    ("named", "charset"), [("iso-8859-1", "iso-8859-1"), ("no-such-charset", "utf-8")]
)
def test_the_charset_of_the_response(named: str, charset: str) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", f'text/html; charset="{named}"')])
        return ["Spät".encode(charset)]

    with StreamClient(application) as client:
        assert client.get("/").read() == "Spät"


@pytest.mark.parametrize("searches", [False, True])
def test_a_long_text_is_not_copied_for_each_chunk(searches: bool) -> None:
    count, size, made = 500, 4000, 0

    def chunks() -> Iterator[bytes]:
        nonlocal made
        for _ in range(count):
            held, peak = tracemalloc.get_traced_memory()
            made += peak - held  # what was made and dropped again since the chunk before
            tracemalloc.reset_peak()
            yield b"x" * size

    tracemalloc.start()
    try:
        with ChunkReader.of(chunks(), thread=False) as reader:
            if searches:
                with pytest.raises(AssertionError, match="'y' has not come"):
                    reader.read_until("y")
            else:
                reader.read()
            assert len(reader.text) == count * size
    finally:
        tracemalloc.stop()
    assert made < 10 * count * size  # 250 times as much, with a copy of all for each chunk


def test_a_text_that_comes_in_parts_is_found() -> None:
    for parts in (["<h", "1", ">x"], ["a<h1>"], ["<", "<h1", "", ">"]):
        with ChunkReader.of(iter(parts)) as reader:
            assert reader.read_until("<h1>") == "".join(parts)
            assert reader.read_until("<h1>") == "".join(parts)
    with ChunkReader.of(["a", "b"]) as reader:
        assert reader.read_until("") == ""
        assert reader.read_until("b") == "ab"


@pytest.mark.parametrize("chunk", [3, None, ["x"]])
def test_what_is_neither_text_nor_bytes(chunk: Any) -> None:
    with ChunkReader.of(["head", chunk]) as reader:
        assert reader.next() == "head"
        with pytest.raises(TypeError, match=f"not of {type(chunk).__name__}: "):
            reader.read()

    async def test() -> None:
        async def chunks() -> AsyncIterator[Any]:
            yield chunk

        async with AsyncChunkReader.of(chunks()) as reader:
            with pytest.raises(TypeError, match="chunks are of str or bytes"):
                await reader.read()

    asyncio.run(test())


@pytest.mark.parametrize(("encoding", "package"), [("br", "brotli"), ("zstd", "backports.zstd")])
def test_a_decoder_that_is_not_installed(
    encoding: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {package}"):
        BrowserBody(encoding)


def test_a_body_that_is_not_what_its_header_says() -> None:
    body = BrowserBody("gzip")
    with pytest.raises(AssertionError, match="the body cannot be decoded: "):
        body.arrive(b"<h1>hello</h1>")


def test_an_encoding_that_no_browser_knows() -> None:
    with pytest.raises(ValueError, match="browsers do not know the Content-Encoding 'rot13'"):
        BrowserBody("rot13")


def test_a_stream_without_an_end_is_not_read_for_ever() -> None:
    def beats() -> Iterator[str]:
        while True:
            yield "beat;"

    async def async_beats() -> AsyncIterator[str]:
        while True:
            await asyncio.sleep(0)
            yield "beat;"

    for thread in (True, False):
        with ChunkReader.of(beats(), timeout=0.2, thread=thread) as reader:
            with pytest.raises(AssertionError, match=r"the end has not come within 0\.2 s"):
                reader.read()
            with pytest.raises(AssertionError, match=r"'sales' has not come within 0\.2 s"):
                reader.read_until("sales")
            reader.timeout = 10.0
            assert reader.next() == "beat;"

    async def test() -> None:
        async with AsyncChunkReader.of(async_beats(), timeout=0.2) as reader:
            with pytest.raises(AssertionError, match=r"the end has not come within 0\.2 s"):
                await reader.read()
            with pytest.raises(AssertionError, match=r"'sales' has not come within 0\.2 s"):
                await reader.read_until("sales")
            reader.timeout = 10.0
            assert await reader.next() == "beat;"

    asyncio.run(test())
