"""The backend of django-jinja, which is not Django's own."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")
pytest.importorskip("django_jinja", reason="django-jinja is not installed")

import jinja2
from django.test import RequestFactory
from django_jinja.backend import Jinja2

from streamtmpl import NotStreamingError
from streamtmpl.django.response import StreamTemplateResponse

from .apps import django_app  # noqa: F401 - sets up Django

SOURCE = "{{ request.path }} {{ processed }} {{ csrf_token|length > 9 }}{% flush %} {{ x }}"


def backend(source: str = SOURCE, **options: Any) -> Any:
    options |= {
        "match_extension": None,
        "context_processors": ["tests.adapters.apps.django_app.processed"],
        "loader": jinja2.DictLoader({"page.html": source}),
    }
    return Jinja2({"NAME": "jinja", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})


def response(backend: Any) -> Any:
    request = RequestFactory().get("/path?name=n")
    return StreamTemplateResponse(request, backend.get_template("page.html"), {"x": 1})


@pytest.mark.parametrize(
    "environment", ["streamtmpl.StreamEnvironment", "streamtmpl.django.environment"]
)
def test_its_templates_stream(environment: str) -> None:
    made = response(backend(environment=environment, chunk_size=0))
    made.render()
    assert list(made.streaming_content) == [b"/path processed-n True", b" 1"]


def test_a_template_of_another_environment_is_refused() -> None:
    with pytest.raises(NotStreamingError, match="compiled by jinja2"):
        response(backend("x")).render()
