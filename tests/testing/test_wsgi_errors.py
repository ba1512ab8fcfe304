"""StreamClient with WSGI applications that fail, or do what no server takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streamtmpl.testing import StreamClient

from .wsgi_applications import HTML, Body, Start, application_of


@pytest.fixture(params=[True, False], ids=["thread", "inline"])
def thread(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_an_error_before_the_first_chunk_is_raised_by_the_request(thread: bool) -> None:
    def application(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", HTML)
        raise ZeroDivisionError("early")
        yield b""

    with (
        StreamClient(application, thread=thread) as client,
        pytest.raises(ZeroDivisionError, match="early"),
    ):
        client.get("/")


def test_an_error_later_on_is_raised_where_the_test_reads_on(thread: bool) -> None:
    body = Body(b"abc"[at : at + 1] if at < 2 else 1 / 0 for at in range(3))  # type: ignore[misc]
    with StreamClient(application_of(body), thread=thread) as client:
        response = client.get("/")
        assert (response.next(), response.next()) == ("a", "b")
        with pytest.raises(ZeroDivisionError):
            response.next()
        assert response.text == "ab"
        assert not response.complete
    assert body.closings == 1


def test_an_error_of_closing_is_raised_when_the_client_closes(thread: bool) -> None:
    def body() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            raise LookupError("of closing")

    with StreamClient(application_of(body()), thread=thread) as client:
        assert client.get("/").next() == "a"
        with pytest.raises(LookupError, match="of closing"):
            client.close()


def no_start(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    return [b"x"]


def two_starts(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    start_response("200 OK", HTML)
    start_response("404 Not Found", HTML)
    return [b"x"]


def text_chunks(environ: dict[str, Any], start_response: Start) -> list[Any]:
    start_response("200 OK", HTML)
    return ["x"]


def one_string(environ: dict[str, Any], start_response: Start) -> Any:
    start_response("200 OK", HTML)
    return b"x"


@pytest.mark.parametrize(
    ("application", "said"),
    [
        (no_start, "has not called start_response"),
        (two_starts, "start_response was called twice"),
        (text_chunks, "a server takes chunks of bytes, not of str: 'x'"),
        (one_string, "a server takes chunks of bytes, not of int: 120"),
    ],
)
def test_what_no_server_takes(application: Any, said: str) -> None:
    with StreamClient(application) as client, pytest.raises(AssertionError, match=said):
        client.get("/")


def test_another_head_in_place_of_the_first(thread: bool) -> None:
    def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        start_response("200 OK", HTML)
        try:
            raise LookupError
        except LookupError as error:
            start_response("500 Oh", HTML, (LookupError, error, error.__traceback__))
        return [b"sorry"]

    with StreamClient(application, thread=thread) as client:
        response = client.get("/")
        assert (response.status, response.read()) == (500, "sorry")
