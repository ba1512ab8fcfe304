"""What a streamed response begins with, and its source as bytes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from markupsafe import Markup

from streamtmpl import ResponseSentError, StreamEnvironment, asgi, rechunk, wsgi
from streamtmpl.chunks.options import StreamOptions
from streamtmpl.regions.patch_script import PATCH_SCRIPT_HASH
from streamtmpl.responses.body import UTF_8, async_byte_stream, byte_stream, close_unread
from streamtmpl.responses.head import ResponseHead
from streamtmpl.responses.headers import ResponseHeaders
from streamtmpl.responses.script import PATCH, script_response


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, "200 OK"),
        (404, "404 Not Found"),
        ("404", "404 Not Found"),
        ("299 Curious", "299 Curious"),
        ("200 Très bien", "200 Très bien"),
    ],
)
def test_statuses(status: int | str, line: str) -> None:
    head = ResponseHead(status)
    assert head.status_line == line
    assert head.status == int(line[:3])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (299, "unknown status 299: for one of your own give the reason"),
        ("299", "unknown status 299"),
        (100, "no status of a response that has content"),
        ("abc", "expected a status such as"),
        ("", "expected a status such as"),
        ("2000 Much", "expected a status such as"),
        ("200 OK\r\nX: y", "has a control character"),
        ("200 \N{SNOWMAN}", "beyond Latin-1"),
    ],
)
def test_statuses_that_cannot_be_sent(status: int | str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResponseHead(status)


@pytest.mark.parametrize("status", [True, None, 200.0, b"200 OK"])
def test_statuses_of_other_types(status: Any) -> None:
    with pytest.raises(TypeError, match="expected a status such as"):
        ResponseHead(status)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X-A": "a\r\nSet-Cookie: b"}, "control character"),
        ({"X-A": "a\nb"}, "control character"),
        ({"X-A": "a\0"}, "control character"),
        ({"X A": "a"}, "is no name of a header"),
        ({"": "a"}, "is no name of a header"),
        ({"X-A\r\n": "a"}, "is no name of a header"),
        ({"X-A": "\N{SNOWMAN}"}, "beyond Latin-1"),
        ({"Transfer-Encoding": "chunked"}, "is the server's to set"),
        ({"connection": "close"}, "is the server's to set"),
        ({"content-length": "3"}, "no 'Content-Length'"),
    ],
)
def test_headers_that_cannot_be_sent(headers: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResponseHead(headers=headers)
    head = ResponseHead()
    [(name, value)] = headers.items()
    with pytest.raises(ValueError, match=message):
        head.headers[name] = value
    with pytest.raises(ValueError, match=message):
        head.headers.add_header(name, value)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([(b"X-A", b"a")], "is not two strings"),
        ([("X-A", b"a")], "is not two strings"),
        ({"X-A": 3}, "is not two strings"),
        (["X-A: a"], "pairs of name and value, not 'X-A: a'"),
        ("X-A: a", "pairs of name and value"),
        ([("X-A", "a", "b")], "pairs of name and value"),
        ([None], "pairs of name and value"),
        (7, "as a mapping or as pairs of name and value, not 7"),
    ],
)
def test_headers_of_other_types(headers: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ResponseHead(headers=headers)


@pytest.mark.parametrize(
    ("filename", "message"), [("a\r\nb", "control character"), ("\N{SNOWMAN}", "Latin-1")]
)
def test_a_parameter_that_cannot_be_sent_is_refused_at_once(filename: str, message: str) -> None:
    head = ResponseHead()
    with pytest.raises(ValueError, match=f"header 'Content-Disposition'.*{message}"):
        head.headers.add_header("Content-Disposition", "attachment", filename=filename)
    assert "Content-Disposition" not in head.headers


def test_headers_may_come_several_times_and_keep_their_order() -> None:
    head = ResponseHead(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    head.headers.add_header("Content-Disposition", "attachment", filename="a.csv")
    assert head.sent() == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Content-Type", "text/html; charset=utf-8"),
        ("X-Accel-Buffering", "no"),
        ("Content-Disposition", 'attachment; filename="a.csv"'),
    ]


def test_strings_of_other_classes_are_sent_as_exact_strings() -> None:
    head = ResponseHead(headers={"X-A": Markup("<a>")})
    head.headers["X-B"] = Markup("<b>")
    assert all(type(value) is str for _, value in head.sent())


def test_the_defaults_can_be_overridden() -> None:
    head = ResponseHead(headers={"x-accel-buffering": "yes", "content-type": "text/csv"})
    assert head.sent() == [("x-accel-buffering", "yes"), ("content-type", "text/csv")]
    head = ResponseHead()
    del head.headers["X-Accel-Buffering"]
    assert head.sent() == [("Content-Type", "text/html; charset=utf-8")]


@pytest.mark.parametrize(
    ("content_type", "sent", "charset"),
    [
        ("text/html", "text/html; charset=utf-8", "utf-8"),
        ("text/csv; header=present", "text/csv; header=present; charset=utf-8", "utf-8"),
        ('text/plain; charset="latin-1"', 'text/plain; charset="latin-1"', "latin-1"),
        ("application/atom+xml", "application/atom+xml; charset=utf-8", "utf-8"),
        ("application/json", "application/json", "utf-8"),
        ("application/x-ndjson", "application/x-ndjson", "utf-8"),
        ("image/png", "image/png", "utf-8"),
    ],
)
def test_content_types(content_type: str, sent: str, charset: str) -> None:
    head = ResponseHead(content_type=content_type)
    assert head.headers["Content-Type"] == sent
    assert head.charset == charset


def test_content_types_that_cannot_be_sent() -> None:
    with pytest.raises(LookupError, match="nonsense"):
        ResponseHead(content_type="text/html; charset=nonsense")
    with pytest.raises(TypeError, match="is not two strings"):
        ResponseHead(content_type=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="control character"):
        ResponseHead(content_type="text/html\r\nX: y")


def test_what_was_sent_cannot_be_changed() -> None:
    head = ResponseHead()
    head.status = 404
    head.sent()
    with pytest.raises(ResponseSentError, match="status 500 was set after status 404"):
        head.status = 500
    with pytest.raises(ResponseSentError, match="'X-A'"):
        head.headers["X-A"] = "a"
    with pytest.raises(ResponseSentError, match="'X-A'"):
        head.headers.add_header("X-A", "a")
    with pytest.raises(ResponseSentError, match="'X-A'"):
        head.headers.setdefault("X-A", "a")
    with pytest.raises(ResponseSentError, match="'Content-Type'"):
        del head.headers["Content-Type"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["a", b"b"], "expected str from the iterable, not b'b'"),
        ([b"a", "b"], "expected bytes from the iterable, not 'b'"),
        (["a", 3], "expected str from the iterable, not 3"),
        ([None], "expected str or bytes from the iterable, not None"),
    ],
)
def test_text_and_bytes_are_not_mixed(items: list, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        list(byte_stream(items))


WITH_A_TEMPLATE = {
    "context": {},
    "commit_after": "a",
    "deferred": "in-order",
    "nonce": "n",
    "executor": ThreadPoolExecutor(1),
}


@pytest.mark.parametrize("name", [*WITH_A_TEMPLATE, "chunk_size"])
def test_arguments_that_do_not_go_with_a_stream(name: str) -> None:
    values: dict[str, Any] = {**WITH_A_TEMPLATE, "chunk_size": 3}
    with pytest.raises(TypeError, match=name):
        wsgi.StreamResponse(rechunk(["a"]), **{name: values[name]})


@pytest.mark.parametrize("make", [wsgi.StreamResponse, asgi.StreamResponse])
@pytest.mark.parametrize("name", WITH_A_TEMPLATE)
def test_arguments_that_go_with_a_template_only(name: str, make: Any) -> None:
    with pytest.raises(TypeError, match=rf"{name} goes with a template, which \['a'\] is not"):
        make(["a"], **{name: WITH_A_TEMPLATE[name]})


@pytest.mark.parametrize("make", [wsgi.StreamResponse, asgi.StreamResponse])
def test_a_mode_that_is_none(make: Any) -> None:
    with pytest.raises(ValueError, match=r"deferred must be 'patch' .* not 'inorder'"):
        make(StreamEnvironment().from_string(""), deferred="inorder")


def test_the_patch_script() -> None:
    status, pairs, body = script_response(PATCH, "GET", None)
    headers = dict(pairs)
    assert status == 200
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Content-Length"] == str(len(body))
    assert headers["Cache-Control"] == "public, max-age=86400"
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert headers["ETag"] == f'"sha256-{digest}"'
    assert script_response(PATCH, "HEAD", None) == (200, pairs, b"")


TAG = f'"{PATCH_SCRIPT_HASH}"'


@pytest.mark.parametrize("known", [TAG, f"W/{TAG}", f'"other", {TAG}', f'{TAG},"other"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_patch_script_has_not_changed(method: str, known: str) -> None:
    status, headers, body = script_response(PATCH, method, known)
    assert (status, body) == (304, b"")
    assert dict(headers) == {"ETag": TAG, "Cache-Control": "public, max-age=86400"}


@pytest.mark.parametrize("known", ["", '"other"', f'"x{TAG[1:]}', PATCH_SCRIPT_HASH])
def test_the_client_has_another_script(known: str) -> None:
    assert script_response(PATCH, "GET", known)[0] == 200


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "get"])
def test_the_patch_script_is_for_reading(method: str) -> None:
    status, headers, body = script_response(PATCH, method, TAG)
    assert (status, body) == (405, b"")
    assert dict(headers)["Allow"] == "GET, HEAD"


def test_chunks_of_an_iterable_have_the_given_size() -> None:
    items = [b"abc", b"def", b"ghi"]
    assert list(byte_stream(items, None, UTF_8.but(chunk_size=0))) == items
    assert list(byte_stream(items)) == [b"abcdefghi"]


class Items:
    """An iterator that says whether it was closed."""

    closed = 0

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> str:
        return "x" * 20000

    def close(self) -> None:
        self.closed += 1


def test_closing_reaches_the_iterable() -> None:
    items = Items()
    stream = byte_stream(items)
    next(stream)
    stream.close()
    assert items.closed == 1


def test_what_is_not_read_is_closed_if_it_is_an_iterator() -> None:
    items = Items()
    close_unread(items)
    assert items.closed == 1
    close_unread(["a"])


@pytest.mark.parametrize("make", [lambda: ["ä"], lambda: rechunk(["ä"])])
def test_what_is_sync_has_the_charset_in_an_event_loop_as_well(make: Any) -> None:
    async def main() -> None:
        stream = async_byte_stream(make(), None, StreamOptions(encoding="latin-1"))
        assert [chunk async for chunk in stream] == [b"\xe4"]

    asyncio.run(main())


def test_an_error_while_encoding_comes_before_anything_is_sent() -> None:
    template = StreamEnvironment().from_string("\N{SNOWMAN}")
    with pytest.raises(UnicodeEncodeError):
        next(byte_stream(template, None, StreamOptions(encoding="latin-1")))


def test_headers_that_were_refused_can_be_shown() -> None:
    """As debuggers show the locals of the frames of an error."""
    with pytest.raises(ValueError, match="control character") as raised:
        ResponseHead(headers={"Fine": "1", "X": "a\nb"})
    shown = [
        repr(value)
        for frame in raised.traceback
        for value in frame.frame.f_locals.values()
        if isinstance(value, ResponseHeaders)
    ]
    assert shown == ["ResponseHeaders([('Fine', '1')])"]
