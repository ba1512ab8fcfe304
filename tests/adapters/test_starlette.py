"""streamtmpl.starlette, with Starlette's own test client and message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

import jinja2
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from streamtmpl import NotStreamingError, StreamEnvironment, enable_streaming
from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates
from streamtmpl.testing import StreamClient

from .exchange import Exchange
from .starlette_pages import KINDS, app_of, failed, get, templates_of

user: ContextVar[str] = ContextVar("user", default="nobody")


@KINDS
def test_the_template_gets_request_processors_and_url_for(is_async: bool) -> None:
    templates = templates_of(
        is_async,
        page="<a href='{{ url_for('greet', who='Bo') }}'>{{ request.path_params.who }}</a>"
        "{{ greeting }} & {{ '&' }}",
    )
    templates.context_processors.append(lambda request: {"greeting": f"Hi {request.method}"})

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"greeting": "replaced"})

    response = get(app_of(endpoint))
    assert response.text == "<a href='http://testserver/Bo'>Ann</a>Hi GET & &amp;"
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["Content-Length"] == str(len(response.content))


@KINDS
def test_the_test_client_sees_template_and_context(is_async: bool) -> None:
    templates = templates_of(is_async, page="{{ number }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"number": 1})

    response = get(app_of(endpoint))
    assert response.template.name == "page.html"
    assert response.context["number"] == 1
    assert response.context["request"].path_params == {"who": "Ann"}


def test_all_arguments_of_a_template_response() -> None:
    templates = templates_of(page="<p>é</p>")
    done: list[str] = []

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(
            request,
            "page.html",
            {},
            202,
            {"X-Kind": "page", "X-Accel-Buffering": "yes"},
            "text/xml; charset=iso-8859-1",
            BackgroundTask(done.append, "background"),
        )

    response = get(app_of(endpoint))
    assert response.status_code == 202
    assert response.content == "<p>é</p>".encode("latin-1")
    assert response.headers["Content-Type"] == "text/xml; charset=iso-8859-1"
    assert response.headers["X-Kind"] == "page"
    assert response.headers["X-Accel-Buffering"] == "yes"
    assert done == ["background"]


def test_a_directory_of_templates(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ '<' }}{% flush %}")
    templates = StreamTemplates(
        directory=tmp_path, context_processors=[lambda request: {}], chunk_size=0
    )
    assert templates.env.chunk_size == 0  # type: ignore[attr-defined]

    def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    assert get(app_of(endpoint)).text == "&lt;"


def test_what_cannot_stream_is_refused() -> None:
    plain = jinja2.Environment().from_string("page")
    with pytest.raises(NotStreamingError):
        StreamTemplateResponse(plain, {})
    with pytest.raises(AssertionError):  # Starlette's own check
        StreamTemplates()
    with pytest.raises(TypeError, match="request first"):
        templates_of(page="").TemplateResponse("page.html", {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Content-Length": "4"}, ValueError),
        ({"X": "a\r\nb"}, ValueError),
        ({"X": 1}, TypeError),
        ({"Content-Type": "text/html; charset=klingon"}, LookupError),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any, error: Any) -> None:
    template = StreamEnvironment().from_string("page")
    with pytest.raises(error):
        StreamTemplateResponse(template, {}, headers=headers)


def test_a_header_set_later_is_checked_as_well() -> None:
    async def main() -> None:
        exchange = Exchange()
        response = StreamTemplateResponse(StreamEnvironment().from_string("page"), {})
        response.headers["Content-Length"] = "4"
        with pytest.raises(ValueError, match="Content-Length"):
            await exchange.over(response)
        assert exchange.sent == []

    asyncio.run(main())


@KINDS
def test_a_header_that_the_rest_of_the_page_sets_does_not_get_into_the_message(
    is_async: bool,
) -> None:
    async def main() -> None:
        exchange = Exchange()
        env = StreamEnvironment(enable_async=is_async)
        page = env.from_string("head{% flush %}{{ late() }}")
        response: StreamTemplateResponse

        def late() -> None:
            response.headers["X-Late"] = "1"

        response = StreamTemplateResponse(page, {"late": late})
        await exchange.over(response)
        assert response.headers["X-Late"] == "1"
        assert b"x-late" not in exchange.headers

    asyncio.run(main())


@KINDS
def test_status_and_cookies_may_change_up_to_the_commit(is_async: bool) -> None:
    templates = templates_of(
        is_async,
        page="<head>{% flush %}{% block main %}{{ missing() }}{% endblock %}{% flush %}end",
    )

    async def endpoint(request: Request) -> Response:
        response: StreamTemplateResponse

        def missing() -> str:
            response.status_code = 404
            response.set_cookie("seen", "1")
            return "gone"

        response = templates.TemplateResponse(
            request, "page.html", {"missing": missing}, commit_after="main"
        )
        return response

    response = get(app_of(endpoint))
    assert (response.status_code, response.text) == (404, "<head>goneend")
    assert response.cookies == {"seen": "1"}


@KINDS
def test_errors_before_the_first_chunk_are_handled_by_starlette(is_async: bool) -> None:
    templates = templates_of(is_async, page="head {{ fail() }}")

    def fail() -> None:
        raise HTTPException(410, "gone")

    async def endpoint(request: Request) -> Response:
        what = fail if request.path_params["who"] == "http" else (lambda: 1 // 0)
        return templates.TemplateResponse(request, "page.html", {"fail": what})

    app = app_of(endpoint)
    response = get(app, "/http")
    assert (response.status_code, response.text) == (410, "gone")
    response = get(app, "/other")
    assert (response.status_code, response.text) == (500, "Internal Server Error")

    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("our error page", 503)

    app = app_of(endpoint, exception_handlers={ZeroDivisionError: handle})
    response = get(app, "/other")
    assert (response.status_code, response.text) == (503, "our error page")


@KINDS
def test_an_error_after_it_leaves_the_response_without_its_end(is_async: bool) -> None:
    templates = templates_of(is_async, page="head{% flush %}{{ 1 // 0 }}")
    done: list[str] = []

    async def endpoint(request: Request) -> Response:
        background = BackgroundTask(done.append, "background")
        return templates.TemplateResponse(request, "page.html", background=background)

    exchange = failed(app_of(endpoint))
    assert exchange.body == b"head"
    assert not exchange.complete
    assert done == []


@KINDS
def test_the_order_of_stream_background_and_disconnect(is_async: bool) -> None:
    events: list[str] = []

    def rows() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            events.append("closed")

    page = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"
    templates = templates_of(is_async, page=page)

    async def endpoint(request: Request) -> Response:
        background = BackgroundTask(events.append, "background")
        return templates.TemplateResponse(
            request, "page.html", {"rows": rows}, background=background
        )

    with StreamClient(app_of(endpoint)) as client:
        response = client.get("/Ann")
        assert response.next() == "<1>"
        events.append("sent")
        response.disconnect()
    assert events == ["sent", "closed", "background"]


@KINDS
def test_head_renders_nothing(is_async: bool) -> None:
    templates = templates_of(is_async, page="{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    response = get(app_of(endpoint), method="HEAD")
    assert (response.status_code, response.text) == (200, "")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@KINDS
@pytest.mark.parametrize("endpoint_kind", ["sync", "async"])
def test_the_context_variables_are_those_of_the_endpoint(
    is_async: bool, endpoint_kind: str
) -> None:
    def rename() -> str:
        user.set(f"{user.get()}!")
        return ""

    page = "{{ user() }}{% flush %}{{ rename() }}{% flush %}{{ user() }}"
    templates = templates_of(is_async, page=page)

    def respond(request: Request) -> Response:
        user.set(request.path_params["who"])
        return templates.TemplateResponse(
            request, "page.html", {"user": user.get, "rename": rename}
        )

    async def respond_async(request: Request) -> Response:
        return respond(request)

    app = app_of(respond if endpoint_kind == "sync" else respond_async)
    assert get(app).text == "AnnAnn!"


def test_an_environment_that_streams_already_is_kept() -> None:
    env = enable_streaming(jinja2.Environment(), chunk_size=7)
    assert StreamTemplates(env=env).env is env
    assert env.chunk_size == 7  # type: ignore[attr-defined]


def test_a_streamed_response_has_no_body() -> None:
    template = StreamEnvironment().from_string("x")
    response = StreamTemplateResponse(template, {})
    assert not hasattr(response, "body")
    with pytest.raises(AttributeError, match=r"renders while it is sent.*template\.render\(\)"):
        _ = response.body
