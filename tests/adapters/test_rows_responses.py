"""Rows as responses of each framework: the type, the file's name, the first row, and when."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from streamtmpl import (
    attachment,
    csv_rows,
    csv_rows_async,
    json_array,
    json_array_async,
    json_lines,
    json_lines_async,
    rechunk,
)
from streamtmpl.asgi import StreamResponse as ASGIResponse
from streamtmpl.testing import StreamClient
from streamtmpl.wsgi import StreamResponse as WSGIResponse

CSV = "text/csv; charset=utf-8"
FILE = 'attachment; filename="orders.csv"'
COUNT = 1000
EXPECTED = "id,name\r\n" + "".join(f"{number},Ōta\r\n" for number in range(COUNT))


class Orders:
    """Rows, which know how many have been read and whether they were closed."""

    def __init__(self) -> None:
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        try:
            for number in range(COUNT):
                self.read += 1
                yield {"id": number, "name": "Ōta"}
        finally:
            self.closed = True

    async def __aiter__(self) -> AsyncIterator[Any]:
        for row in self:
            yield row


STREAMS = pytest.mark.parametrize(
    ("make", "kind"),
    [
        (csv_rows, CSV),
        (json_array, "application/json"),
        (json_lines, "application/x-ndjson"),
        (csv_rows_async, CSV),
        (json_array_async, "application/json"),
        (json_lines_async, "application/x-ndjson"),
    ],
)


def wsgi_headers(response: WSGIResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    body = response({"REQUEST_METHOD": "GET"}, lambda status, headers: found.update(headers))  # type: ignore[arg-type]
    assert b"".join(body)
    return found


@STREAMS
def test_the_content_type_is_that_of_the_stream(make: Callable[..., Any], kind: str) -> None:
    if not make.__name__.endswith("async"):
        assert wsgi_headers(WSGIResponse(make(Orders())))["Content-Type"] == kind
        given = WSGIResponse(make(Orders()), content_type="text/plain")
        assert wsgi_headers(given)["Content-Type"] == "text/plain; charset=utf-8"
    assert ASGIResponse(make(Orders())).headers["Content-Type"] == kind


def test_other_sources_are_of_html_as_ever() -> None:
    assert WSGIResponse(rechunk(["a"])).headers["Content-Type"] == "text/html; charset=utf-8"
    assert ASGIResponse(["a"]).headers["Content-Type"] == "text/html; charset=utf-8"


def test_wsgi_sends_the_bytes_of_another_encoding_as_they_are() -> None:
    response = WSGIResponse(csv_rows([("Ōta",)], encoding="utf-8-sig"))
    assert response.headers["Content-Type"] == CSV
    body = response({"REQUEST_METHOD": "GET"}, lambda status, headers: None)  # type: ignore[arg-type]
    assert b"".join(body) == b"\xef\xbb\xbf" + "Ōta\r\n".encode()


@pytest.mark.parametrize("make", [csv_rows, csv_rows_async])
def test_asgi(make: Callable[..., Any]) -> None:
    response = ASGIResponse(make(Orders()), headers=attachment("orders.csv"))
    with StreamClient(response) as client:
        answer = client.get("/")
        assert answer.read() == EXPECTED
        assert answer.complete
    assert answer.headers["Content-Type"] == CSV
    assert answer.headers["Content-Disposition"] == FILE


def test_flask() -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_response  # noqa: PLC0415 - which needs Flask

    app = flask.Flask(__name__)
    orders = Orders()

    @app.get("/orders.csv")
    def export() -> Any:
        return stream_response(csv_rows(orders), headers=attachment("orders.csv"))

    @app.get("/plain")
    def plain() -> Any:
        return csv_rows(Orders()), {"Content-Type": "text/csv"}

    @app.get("/fails")
    def fails() -> Any:
        return stream_response(csv_rows(flask.abort(404) for _ in "a"))

    client = app.test_client()
    response = client.head("/orders.csv")
    assert (response.content_type, orders.read) == (CSV, 0)
    response = client.get("/orders.csv")
    assert (response.content_type, response.text) == (CSV, EXPECTED)
    assert response.headers["Content-Disposition"] == FILE
    assert orders.closed
    assert client.get("/plain").text == EXPECTED
    assert client.get("/fails").status_code == 404


def test_quart() -> None:
    quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
    from streamtmpl.quart import stream_response  # noqa: PLC0415 - which needs Quart

    app = quart.Quart(__name__)

    @app.get("/<kind>")
    async def export(kind: str) -> Any:
        make = csv_rows if kind == "sync" else csv_rows_async
        return await stream_response(make(Orders()), headers=attachment("orders.csv"))

    async def main() -> None:
        for kind in ("sync", "async"):
            response = await app.test_client().get(f"/{kind}")
            assert response.content_type == CSV
            assert response.headers["Content-Disposition"] == FILE
            assert await response.get_data(as_text=True) == EXPECTED

    asyncio.run(main())


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
@pytest.mark.parametrize("make", [csv_rows, csv_rows_async])
def test_starlette_and_fastapi(framework: str, make: Callable[..., Any]) -> None:
    applications = pytest.importorskip(f"{framework}.applications", reason="not installed")
    background = pytest.importorskip("starlette.background")
    from streamtmpl.starlette import StreamResponse  # noqa: PLC0415 - which needs Starlette

    orders = Orders()
    done: list[int] = []

    async def export(request: Any = None) -> StreamResponse:
        task = background.BackgroundTask(lambda: done.append(orders.read))
        return StreamResponse(make(orders), headers=attachment("orders.csv"), background=task)

    app = getattr(applications, "FastAPI" if framework == "fastapi" else "Starlette")()
    if framework == "fastapi":
        app.get("/", response_model=None)(lambda: StreamResponse(make(orders)))
    app.add_route("/orders.csv", export, methods=["GET", "HEAD"])

    with StreamClient(app) as client:
        head = client.request("HEAD", "/orders.csv")
        assert (head.status, head.read()) == (200, "")
        head.close()
        assert done == [0]
        answer = client.get("/orders.csv")
        assert answer.read() == EXPECTED
        answer.close()
        assert done == [0, COUNT]
        assert answer.headers["Content-Type"] == CSV
        assert answer.headers["Content-Disposition"] == FILE
        if framework == "fastapi":
            assert client.get("/").read() == EXPECTED
    response = StreamResponse(make(orders), media_type="text/plain")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    with pytest.raises(AttributeError, match="has no body"):
        response.body  # noqa: B018


@pytest.fixture(name="django")
def start_django() -> Any:
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    importlib.import_module(".apps.django_app", __package__)  # which sets Django up
    return importlib.import_module("streamtmpl.django")


@pytest.mark.parametrize("make", [csv_rows, csv_rows_async])
def test_django_under_wsgi(django: Any, make: Callable[..., Any]) -> None:
    factory = pytest.importorskip("django.test").RequestFactory()
    response = django.StreamResponse(
        factory.get("/"), make(Orders()), headers=attachment("orders.csv")
    ).render()
    assert (response["Content-Type"], response["Content-Disposition"]) == (CSV, FILE)
    assert b"".join(response).decode() == EXPECTED
    response.close()
    orders = Orders()
    head = django.StreamResponse(factory.head("/"), make(orders)).render()
    assert (b"".join(head), orders.read) == (b"", 0)
    given = django.StreamResponse(factory.get("/"), make(orders), content_type="text/plain")
    assert given["Content-Type"] == "text/plain"


@pytest.mark.parametrize("make", [csv_rows, csv_rows_async])
def test_django_under_asgi_sends_rows_while_they_are_read(
    django: Any, make: Callable[..., Any]
) -> None:
    factory = pytest.importorskip("django.test").AsyncRequestFactory()

    async def main() -> None:
        orders = Orders()
        response = await django.StreamResponse(factory.get("/"), make(orders)).render()
        assert response.is_async
        assert 0 < orders.read < COUNT
        text = b"".join([chunk async for chunk in response])
        assert text.decode() == EXPECTED
        assert orders.closed
        response.close()

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_django_gets_an_error_of_the_first_row(django: Any, is_async: bool) -> None:
    tests = pytest.importorskip("django.test")

    def rows() -> Iterator[Any]:
        raise LookupError("no such table")
        yield

    async def main() -> None:
        request = tests.AsyncRequestFactory().get("/")
        await django.StreamResponse(request, csv_rows(rows())).render()

    def sync_main() -> None:
        django.StreamResponse(tests.RequestFactory().get("/"), csv_rows(rows())).render()

    with pytest.raises(LookupError, match="no such table"):
        asyncio.run(main()) if is_async else sync_main()
