"""Responses and the environment of Django's adapter, without a request's way through Django."""

from __future__ import annotations

import asyncio
import warnings

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")

from django.http import StreamingHttpResponse
from django.template import engines
from django.template.response import ContentNotRenderedError
from django.test import (
    AsyncClient,
    AsyncRequestFactory,
    RequestFactory,
    override_settings,
)

from streamtmpl import NotStreamingError, StreamEnvironment, UnknownBlockError
from streamtmpl.django.backend import environment
from streamtmpl.django.response import StreamTemplateResponse

from .apps import django_app, django_gates
from .django_fixtures import make_folder, make_logged, response_to  # noqa: F401 - fixtures


class TestResponse:
    def test_renders_once(self):
        calls: list[int] = []

        def called() -> int:
            calls.append(1)
            return len(calls)

        response = response_to("/", "missing.html", {"missing": called})
        assert response.render() is response.render() is response
        assert response.getvalue() == b"<h1>1</h1>"

    def test_list_of_names_and_template_object(self):
        context = {"missing": lambda: "here"}
        first_that_exists = response_to("/", ["nowhere.html", "missing.html"], context)
        assert first_that_exists.render().getvalue() == b"<h1>here</h1>"
        template = engines["jinja2"].from_string("{{ request.path }}")
        assert response_to("/a/", template, using=None).render().getvalue() == b"/a/"

    def test_middleware_may_change_the_template(self):
        response = response_to("/", "broken.html")
        response.template_name, response.context_data = "missing.html", {"missing": lambda: "ok"}
        assert response.render().getvalue() == b"<h1>ok</h1>"

    def test_charset(self):
        template = engines["jinja2"].from_string("ä")
        response = response_to("/", template, charset="latin-1")
        assert response["Content-Type"] == "text/html; charset=latin-1"
        assert response.render().getvalue() == b"\xe4"

    def test_headers_may_be_overridden(self):
        response = response_to(headers={"X-Accel-Buffering": "yes"}, status=202)
        assert (response["X-Accel-Buffering"], response.status_code) == ("yes", 202)

    def test_content_length_is_refused(self):
        with pytest.raises(ValueError, match="Content-Length"):
            response_to(headers={"Content-Length": "5"})

    def test_length_of_what_middleware_has_made_of_it(self):
        response = response_to("/", "missing.html", {"missing": lambda: "é"}).render()
        assert response["Content-Length"] == "11"
        response.streaming_content = (chunk.upper() for chunk in response.streaming_content)
        assert "Content-Length" not in response.headers
        assert response.getvalue() == "<H1>é</H1>".encode()

    def test_length_is_not_of_who_takes_the_chunks_elsewhere(self):
        response = response_to("/", "missing.html", {"missing": lambda: "é"}).render()
        chunks = (chunk * 2 for chunk in response.streaming_content)
        other = StreamingHttpResponse(chunks, headers=response.headers)
        assert "Content-Length" not in other.headers
        assert other.getvalue() == "<h1>é</h1><h1>é</h1>".encode()

    @pytest.mark.parametrize("status", [204, 205, 304])
    def test_no_length_where_there_is_no_content(self, status):
        response = response_to("/", "missing.html", {"missing": str}, status=status).render()
        assert "Content-Length" not in response.headers

    def test_reading_what_is_not_rendered(self):
        with pytest.raises(ContentNotRenderedError):
            response_to().getvalue()

    def test_template_that_does_not_stream(self):
        with pytest.raises(NotStreamingError, match="StreamEnvironment"):
            response_to(using="plain").render()

    def test_template_of_another_backend(self):
        template = engines["django"].from_string("text")
        with pytest.raises(NotStreamingError, match=r"django\.template\.backends\.django"):
            response_to("/", template).render()

    def test_unknown_block(self):
        with pytest.raises(UnknownBlockError, match="nowhere"):
            response_to("/", "missing.html", {"missing": str}, commit_after="nowhere").render()

    def test_close_reaches_the_template(self):
        response = response_to("/", "rows.html", {"rows": django_app.rows("gate")}).render()
        assert next(iter(response)) == b"<p>before</p>"
        response.close()
        response.close()
        assert django_gates.events() == ["closed gate", "finished"]

    def test_error_while_closing_is_logged(self, logged):
        class Cursor:
            def __iter__(self):
                return self

            def __next__(self):
                return 1

            def close(self):
                raise OSError("the connection is gone")

        response = response_to("/", "rows.html", {"rows": Cursor()}).render()
        response.close()
        assert logged() == ["error while closing what a template iterated"]

    def test_close_without_reading_under_asgi(self):
        """Other than a handler does it: from the event loop, and without iterating."""

        async def close(engine: str, events: int) -> None:
            response = await AsyncClient().get(f"/async/{engine}/rows/")
            response.close()
            while len(django_gates.events()) < events:
                await asyncio.sleep(0.01)

        for engine, events in (("jinja2", 2), ("coroutines", 4)):
            asyncio.run(asyncio.wait_for(close(engine, events), 60))
        assert django_gates.events() == ["closed gate", "finished", "finished", "closed gate"]

    def test_request_inside_another_object(self):
        """As Django REST framework's."""

        class Wrapped:
            def __init__(self, request):
                self._request = request

            def __getattr__(self, name):
                return getattr(self._request, name)

        request = AsyncRequestFactory().get("/")
        assert StreamTemplateResponse(Wrapped(request), "broken.html").is_async  # type: ignore[arg-type, unused-ignore]
        request = RequestFactory().get("/")
        assert not StreamTemplateResponse(Wrapped(request), "broken.html").is_async  # type: ignore[arg-type, unused-ignore]

    def test_async_iteration_of_a_response_to_a_wsgi_request(self):
        """Django collects it, with a warning, and so it is closed."""

        async def read() -> list[bytes]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return [part async for part in response]

        response = response_to("/", "missing.html", {"missing": lambda: "x"}).render()
        assert asyncio.run(read()) == [b"<h1>x</h1>"]


class TestEnvironment:
    def test_globals_and_options(self):
        made = environment(chunk_size=0, autoescape=True)
        assert isinstance(made, StreamEnvironment)
        assert made.chunk_size == 0
        template = made.from_string("{{ url('named') }} {{ static('a.css') }}")
        with override_settings(STATIC_URL="/static/"):
            assert template.render() == "/named/ /static/a.css"
