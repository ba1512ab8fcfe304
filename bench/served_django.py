"""The application of Django's that `bench.requests` has served, as `bench.served` has the others.

A process has one set of settings, so this one is an application of its own. The backend's
environment is ours for ours, and Jinja2's for the other ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import path

from bench.ways_served import DJANGO, SOURCES, context, send_cpu
from streamtmpl.django import StreamTemplateResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _backend(name: str, environment: str) -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": name,
        "OPTIONS": {"environment": environment, "loader": jinja2.DictLoader(SOURCES)},
    }


settings.configure(
    SECRET_KEY="of a benchmark",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    TEMPLATES=[
        _backend("jinja2", "jinja2.Environment"),
        _backend("streamtmpl", "streamtmpl.django.environment"),
    ],
)
_django = get_wsgi_application()


def _render(request: HttpRequest, page: str) -> HttpResponseBase:
    return render(request, page, context(), using="jinja2")


def _generate(request: HttpRequest, page: str) -> HttpResponseBase:
    template = engines["jinja2"].get_template(page).template
    return StreamingHttpResponse(template.generate(context()))


def _stream(request: HttpRequest, page: str) -> HttpResponseBase:
    return StreamTemplateResponse(request, page, context(), using="streamtmpl")


_WAYS = dict(zip(DJANGO, (_render, _generate, _stream), strict=True))


def _show(request: HttpRequest, way: str, page: str) -> HttpResponseBase:
    return _WAYS[way](request, page)


urlpatterns = [path("<way>/<page>", _show)]


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """All ways of Django's."""
    if environ["PATH_INFO"] == "/cpu":
        return send_cpu(start_response)
    return _django(environ, start_response)  # type: ignore[no-any-return]
