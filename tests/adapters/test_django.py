"""Django's adapter inside one process: what Django's handlers and middleware make of a response."""

from __future__ import annotations

import asyncio
import gc

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")

import django
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import (
    AsyncClient,
    Client,
    RequestFactory,
    override_settings,
)
from django.utils.text import compress_sequence
from django.views.decorators.gzip import gzip_page

from streamtmpl.exceptions import LateSessionWarning
from streamtmpl.testing import StreamClient
from streamtmpl.testing.bodies import BrowserBody

from .apps import django_app, django_gates
from .django_fixtures import make_folder, make_logged, response_to  # noqa: F401 - fixtures

KINDS = [f"{view}/{engine}" for view in ("sync", "async") for engine in ("jinja2", "coroutines")]


class Result:
    """A response that has been read."""

    def __init__(self, response, body: bytes) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.body = body


def wsgi(path: str, method: str = "get", **headers: str) -> Result:
    client = Client(raise_request_exception=False)
    response = getattr(client, method)(path, headers=headers)
    return Result(response, response.getvalue())


def asgi(path: str, method: str = "get", **headers: str) -> Result:
    async def fetch() -> Result:
        client = AsyncClient(raise_request_exception=False)
        response = await getattr(client, method)(path, headers=headers)
        if not response.streaming:
            return Result(response, response.content)
        if not response.is_async:  # as the client makes of HEAD
            return Result(response, b"".join(response.streaming_content))
        return Result(response, b"".join([part async for part in response.streaming_content]))

    return asyncio.run(fetch())


@pytest.fixture(params=[wsgi, asgi], ids=["wsgi", "asgi"])
def fetch(request):
    return request.param


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


class TestPages:
    def test_context_lasts_to_the_last_line(self, fetch, kind):
        """The request, context processors, the language and context variables of the view."""
        result = fetch(f"/{kind}/data/?name=ann", **{"accept-language": "de"})
        line = b"[ann ann de /named/ processed-ann]\n"
        assert (result.status, result.body) == (200, line * 20)

    def test_head_of_a_response(self, fetch, kind):
        result = fetch(f"/{kind}/data/?name=ann")
        assert result.headers["Content-Type"] == "text/html; charset=utf-8"
        assert result.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in result.headers
        assert result.response.is_async == (fetch is asgi)

    def test_error_before_the_first_chunk_is_djangos_page(self, fetch, kind):
        result = fetch(f"/{kind}/broken/")
        assert (result.status, result.body) == (500, b"our own page for errors")

    def test_what_is_not_found_while_rendering_is_djangos_page(self, fetch, kind):
        result = fetch(f"/{kind}/missing/")
        assert (result.status, result.body) == (404, b"our own page for what is missing")

    @override_settings(DEBUG=True)
    def test_debug_page_names_the_templates_line(self, fetch, kind):
        result = fetch(f"/{kind}/include/")
        assert result.status == 500
        assert b"TemplateSyntaxError" in result.body
        assert b"Error during template rendering" in result.body
        assert b"error at line <strong>2</strong>" in result.body

    def test_error_after_it_cuts_the_body(self, kind):
        response = Client().get(f"/{kind}/late/")
        parts = iter(response.streaming_content)
        assert next(parts) == b"<h1>Late</h1>"
        with pytest.raises(ZeroDivisionError):
            next(parts)

    def test_the_page_decides_on_status_headers_and_cookies(self, fetch, kind):
        result = fetch(f"/{kind}/decided/?after=decision")
        assert result.status == 418
        assert result.headers["X-Decided"] == "late"
        assert result.response.cookies["decided"].value == "yes"
        assert result.body == b"<h1>Head</h1><p>body</p><hr>"

    def test_the_page_decides_that_it_is_missing(self, fetch, kind):
        result = fetch(f"/{kind}/decided/?after=decision&how=missing")
        assert (result.status, result.body) == (404, b"our own page for what is missing")

    def test_unknown_block_to_commit_after(self, fetch, kind):
        assert fetch(f"/{kind}/decided/?after=nowhere").status == 500

    def test_head_request_renders_nothing(self, fetch, kind):
        result = fetch(f"/{kind}/decided/", "head")
        assert (result.status, result.body) == (200, b"")
        assert "decided" not in django_gates.events()

    def test_head_request_has_the_status_that_the_page_decides_on(self, fetch, kind):
        result = fetch(f"/{kind}/decided/?after=decision", "head")
        assert (result.status, result.body) == (418, b"")

    def test_sync_code_runs_in_the_thread_of_the_view(self, fetch):
        """It is the one with the database connections, which Django closes after the request."""
        result = fetch("/sync/jinja2/threads/")
        [view] = [event.split()[1] for event in django_gates.events() if event.startswith("view")]
        assert result.body.decode().split() == [view] * 3

    def test_sync_template_may_call_async_code(self, fetch):
        assert fetch("/sync/jinja2/bridged/").body == b"<h1>One</h1>from a coroutine"

    @pytest.mark.parametrize("view", ["sync", "async"])
    def test_async_template_may_call_sync_code(self, fetch, view):
        """Before the first chunk and after it, in one thread: as Django's ORM does."""
        [first, second, third] = fetch(f"/{view}/coroutines/into_thread/").body.split()
        assert first == second == third

    @pytest.mark.parametrize("view", ["sync", "async"])
    def test_closed_before_the_request_is_finished(self, fetch, view, folder):
        (folder / "gate").touch()
        fetch(f"/{view}/jinja2/gated/")
        assert django_gates.events() == ["closed gate", "finished"]


class TestMiddleware:
    def test_gzip(self, fetch, kind):
        plain = fetch(f"/{kind}/data/?name=ann")
        result = fetch(f"/{kind}/data/?name=ann", **{"accept-encoding": "gzip"})
        assert result.headers["Content-Encoding"] == "gzip"
        body = BrowserBody("gzip")
        assert body.arrive(result.body).encode() == plain.body
        assert body.is_complete

    def test_each_chunk_behind_gzip_can_be_read(self, folder):
        response = Client().get("/sync/jinja2/gated/", headers={"accept-encoding": "gzip"})
        body, chunks = BrowserBody("gzip"), iter(response.streaming_content)
        while "before" not in body.text:  # or it waits for the gate, for ever
            body.arrive(next(chunks))
        assert "after" not in body.text
        (folder / "gate").touch()
        for chunk in chunks:
            body.arrive(chunk)
        assert body.is_complete
        assert "99" in body.text

    def test_somebody_else_s_gzip_is_of_what_it_was_given(self, folder):
        (folder / "gate").touch()
        response = response_to("/", "rows.html", {"rows": django_app.rows("gate")}).render()
        chunks = (chunk.replace(b"before", b"BEFORE") for chunk in response.streaming_content)
        response.streaming_content = compress_sequence(chunks)
        body = BrowserBody("gzip").arrive(response.getvalue())
        assert "BEFORE" in body
        assert "after" in body

    @pytest.mark.skipif(django.VERSION >= (6, 1), reason="it is Django's own that compresses")
    def test_gzip_varies_in_length(self):
        """As Django has it against attacks that compare lengths."""
        headers = {"accept-encoding": "gzip"}
        sizes = {len(wsgi("/sync/jinja2/decided/", **headers).body) for _ in range(30)}
        assert len(sizes) > 5

    def test_abandoned_behind_gzip(self, folder):
        response = Client().get("/sync/jinja2/rows/", headers={"accept-encoding": "gzip"})
        next(iter(response.streaming_content))
        response.close()
        assert "closed gate" in django_gates.events()

    def test_decorators_made_of_middleware(self, folder):
        """They wait for the response to be rendered."""
        (folder / "gate").touch()
        view = gzip_page(lambda request: django_app.gated(request, "jinja2"))
        response = view(RequestFactory().get("/", headers={"accept-encoding": "gzip"}))
        assert not response.has_header("Content-Encoding")
        rendered = response.render()
        assert rendered["Content-Encoding"] == "gzip"
        body = BrowserBody("gzip")
        assert body.arrive(rendered.getvalue()).startswith("<h1>gate</h1>")
        assert body.is_complete

    def test_callback_may_replace_the_response(self, folder):
        response = response_to("/", "rows.html", {"rows": django_app.rows("gate")})
        other = HttpResponse("other")
        response.add_post_render_callback(lambda response: other)
        assert response.render() is other
        assert django_gates.events() == []
        del response
        gc.collect()
        assert django_gates.events() == ["closed gate"]

    def test_callback_after_rendering_is_called_at_once(self):
        response = response_to()
        response.render()
        called: list[object] = []
        response.add_post_render_callback(called.append)
        assert called == [response]

    def test_csrf_cookie_of_a_token_in_the_first_chunk(self, fetch, kind, logged):
        result = fetch(f"/{kind}/csrf/")
        assert result.response.cookies["csrftoken"].value
        assert b'name="csrfmiddlewaretoken"' in result.body
        assert logged() == []

    def test_session_changed_in_the_first_chunk_is_saved(self, fetch, kind, logged):
        result = fetch(f"/{kind}/session/")
        assert result.response.cookies["sessionid"].value
        assert logged() == []

    @pytest.mark.parametrize(
        ("page", "what"),
        [
            ("csrf_late", "a CSRF token was made, and its cookie not sent,"),
            ("messages_late", "messages were shown, and not discarded,"),
        ],
    )
    def test_what_comes_too_late_for_a_cookie_is_logged(self, page, what, fetch, logged):
        fetch(f"/sync/jinja2/{page}/")
        assert logged() == [
            f"'{page}.html': {what} after the first chunk had left."
            " Do that in the view, or in a block named by commit_after."
        ]

    def test_a_session_changed_too_late_is_warned_about(self, fetch, logged):
        with pytest.warns(LateSessionWarning, match=r"session_late.html, line 2: the session"):
            assert "sessionid" not in fetch("/sync/jinja2/session_late/").response.cookies
        assert logged() == []

    def test_caches_are_told_that_the_page_may_depend_on_the_session(self, fetch, kind):
        assert "Cookie" in fetch(f"/{kind}/threads/").headers["Vary"]

    @pytest.mark.parametrize("make", [get_wsgi_application, get_asgi_application])
    def test_its_length_is_sent_with_it(self, make, kind):
        """Django's test client would wrap what is streamed: then it is not known."""
        with StreamClient(make()) as client:
            response = client.get(f"/{kind}/whole/")
            assert response.read() == "<h1>Whole</h1>"
            assert response.headers["Content-Length"] == "14"
            response = client.get(f"/{kind}/wrapped/")
            assert response.read() == "<H1>WHOLE</H1>!"
            assert "Content-Length" not in response.headers

    def test_a_compressed_page_has_no_length(self, fetch, kind):
        result = fetch(f"/{kind}/whole/", **{"accept-encoding": "gzip"})
        assert result.headers["Content-Encoding"] == "gzip"
        assert "Content-Length" not in result.headers
        assert BrowserBody("gzip").arrive(result.body) == "<h1>Whole</h1>"
