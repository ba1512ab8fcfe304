"""An application of Django without our templates; ``DOCTOR_TEST`` names its middleware."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from .parts import parts

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use",
    MIDDLEWARE=[f"django.middleware.{name}" for name in os.environ.get("DOCTOR_TEST", "").split()],
)
django.setup()


def stream(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts())


async def async_stream(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(_async_parts())


async def _async_parts() -> AsyncIterator[str]:
    pieces = parts()
    while piece := await sync_to_async(lambda: next(pieces, ""))():
        yield piece


def whole(request: Any) -> HttpResponse:
    return HttpResponse("".join(parts()))


urlpatterns = [
    path("stream", stream),
    path("async-stream", async_stream),
    path("whole", whole),
]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
