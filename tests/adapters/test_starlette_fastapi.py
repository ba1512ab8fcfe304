"""streamtmpl.starlette in FastAPI applications."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

pytest.importorskip("fastapi", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

import jinja2
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates
from streamtmpl.testing import StreamClient

from .exchange import Exchange

PAGES = {
    "page.html": "{% for row in connection.rows() %}<{{ row }}>{% flush %}{% endfor %}",
    "links.html": "{{ url_for('links', who='Bo') }}",
    "fails.html": "{{ fail() }}",
    "late.html": "head{% flush %}{{ 1 // 0 }}",
}


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def templates(request: pytest.FixtureRequest) -> StreamTemplates:
    loader = jinja2.DictLoader(PAGES)
    return StreamTemplates(env=jinja2.Environment(loader=loader, enable_async=request.param))


class Connection:
    """What a dependency gives, and the template uses."""

    def __init__(self, events: list[str]) -> None:
        self.events = events
        self.open = True

    def rows(self) -> Iterator[int]:
        for number in (1, 2):
            assert self.open, "the dependency has ended before the stream"
            self.events.append(f"row {number}")
            yield number

    def close(self) -> None:
        self.open = False
        self.events.append("closed")


def with_dependencies(templates: StreamTemplates, events: list[str]) -> FastAPI:
    app = FastAPI()

    def connect() -> Iterator[Connection]:
        connection = Connection(events)
        yield connection
        connection.close()

    async def connect_async() -> AsyncIterator[Connection]:
        connection = Connection(events)
        try:
            yield connection
        finally:
            connection.close()

    @app.get("/sync")
    def page(
        request: Request,
        tasks: BackgroundTasks,
        connection: Annotated[Connection, Depends(connect)],
    ) -> StreamTemplateResponse:
        tasks.add_task(events.append, "background")
        return templates.TemplateResponse(request, "page.html", {"connection": connection})

    @app.get("/async", response_class=HTMLResponse)
    async def page_async(
        request: Request,
        tasks: BackgroundTasks,
        connection: Annotated[Connection, Depends(connect_async)],
    ) -> Any:
        tasks.add_task(events.append, "background")
        return templates.TemplateResponse(request, "page.html", {"connection": connection})

    return app


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_dependencies_live_as_long_as_the_stream(templates: StreamTemplates, path: str) -> None:
    events: list[str] = []
    with TestClient(with_dependencies(templates, events)) as client:
        response = client.get(path)
    assert response.text == "<1><2>"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert events == ["row 1", "row 2", "background", "closed"]


def test_those_of_the_function_end_before_the_stream(templates: StreamTemplates) -> None:
    app = FastAPI()
    events: list[str] = []

    def connect() -> Iterator[Connection]:
        connection = Connection(events)
        yield connection
        connection.close()

    @app.get("/")
    def page(
        request: Request, connection: Annotated[Connection, Depends(connect, scope="function")]
    ) -> StreamTemplateResponse:
        return templates.TemplateResponse(request, "page.html", {"connection": connection})

    with TestClient(app) as client, pytest.raises(AssertionError, match="before the stream"):
        client.get("/")
    assert events == ["closed"]


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_they_end_when_the_client_disconnects(templates: StreamTemplates, path: str) -> None:
    events: list[str] = []

    with StreamClient(with_dependencies(templates, events)) as client:
        response = client.get(path)
        response.disconnect()
        assert not response.complete
    assert events[-2:] == ["background", "closed"]


def test_links(templates: StreamTemplates) -> None:
    app = FastAPI()

    @app.get("/links/{who}", name="links")
    def links(request: Request, who: str) -> StreamTemplateResponse:
        return templates.TemplateResponse(request, "links.html")

    with TestClient(app) as client:
        assert client.get("/links/Ann").text == "http://testserver/links/Bo"


def test_errors_before_the_first_chunk_are_handled_by_fastapi(templates: StreamTemplates) -> None:
    app = FastAPI()

    def fail() -> None:
        raise HTTPException(404, "no such report")

    @app.get("/")
    def page(request: Request) -> StreamTemplateResponse:
        return templates.TemplateResponse(request, "fails.html", {"fail": fail})

    with TestClient(app) as client:
        response = client.get("/")
    assert (response.status_code, response.json()) == (404, {"detail": "no such report"})


def test_errors_after_it_leave_the_response_without_its_end(templates: StreamTemplates) -> None:
    app = FastAPI()

    @app.get("/")
    def page(request: Request) -> StreamTemplateResponse:
        return templates.TemplateResponse(request, "late.html")

    async def main() -> None:
        exchange = Exchange()
        with pytest.raises(ZeroDivisionError):
            await exchange.over(app)
        assert exchange.body == b"head"
        assert not exchange.complete

    asyncio.run(main())
