"""A Django project in one file: streamed pages for views and templates of both kinds.

A page is at ``/<view>/<engine>/<page>/``: *view* is ``sync`` or ``async``, *engine* the name of a
template backend. What happens on the server is written to the file ``events`` in the folder that
the environment variable ``GATES`` names, and a file in that folder opens a gate.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time

import django
import jinja2
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.contrib import messages
from django.core.signals import request_finished
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import get_language

from streamtmpl.django.response import StreamTemplateResponse, patch_script

from . import django_gates, django_region_pages
from .django_gates import note, variable, wait, wait_async

ROW_TEXT = "x" * 1000

TEMPLATES = {
    "gated.html": "<h1>{{ name }}</h1>{% for row in rows %}<p>{{ row }}</p>{% endfor %}<hr>",
    "rows.html": "{% for row in rows %}<p>{{ row }}</p>{% endfor %}",
    "error.html": "our own page {% flush %}for errors",
    "broken.html": "<h1>{{ 1 / 0 }}</h1>",
    "missing.html": "<h1>{{ missing() }}</h1>",
    "whole.html": "<h1>Whole</h1>",
    "late.html": "<h1>Late</h1>{% flush %}\n\n<p>{{ 1 / 0 }}</p>",
    "include.html": "<h1>Including</h1>{% include 'syntax.html' %}",
    "syntax.html": "text\n{% for %}",
    "request.html": (
        "{% for row in rows %}"
        "[{{ request.GET.name }} {{ variable() }} {{ language() }} {{ url('named') }}"
        " {{ processed }}]\n{% endfor %}"
    ),
    "status.html": (
        "<h1>Head</h1>{% flush %}{% block decision %}{{ decide() or '' }}{% endblock %}"
        "<p>body</p>{% flush %}<hr>"
    ),
    "csrf.html": "{{ csrf_input }}{% flush %}|{{ csrf_token }}",
    "csrf_late.html": "<h1>Late</h1>{% flush %}{{ csrf_input }}",
    "session.html": "{{ change() }}{% flush %}<hr>",
    "session_late.html": "<h1>Late</h1>{% flush %}\n{{ change() }}",
    "messages_late.html": "<h1>Late</h1>{% flush %}{% for m in messages %}{{ m }}{% endfor %}",
    "threads.html": "{{ thread() }}{% flush %} {{ thread() }}{% flush %} {{ thread() }}",
    **django_region_pages.TEMPLATES,
    "bridged.html": "<h1>One</h1>{% flush %}{{ from_async() }}",
}


def processed(request):
    return {"processed": f"processed-{request.GET.get('name')}"}


def backend(name: str, **options) -> dict:
    return {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": name,
        "OPTIONS": {
            "environment": "streamtmpl.django.environment",
            "loader": jinja2.DictLoader(TEMPLATES),
            "context_processors": [
                f"{__name__}.processed",
                "django.contrib.messages.context_processors.messages",
            ],
            "undefined": jinja2.Undefined,
            "chunk_size": 0,
            **options,
        },
    }


class NamedMiddleware:
    """A middleware that can only be called synchronously, and sets a context variable."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        variable.set(request.GET.get("name", "none"))
        return self.get_response(request)


if not settings.configured:
    settings.configure(
        DEBUG=False,
        SECRET_KEY="tests only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        LANGUAGE_CODE="en",
        LANGUAGES=[("en", "English"), ("de", "German"), ("fr", "French")],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        INSTALLED_APPS=["django.contrib.sessions", "django.contrib.messages"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": django_gates.FOLDER / "database.sqlite3",
            }
        },
        STREAMTMPL_DEFERRED=f"{django_region_pages.__name__}.deferred",
        STREAMTMPL_EXECUTOR=f"{django_region_pages.__name__}.executor",
        MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
        MIDDLEWARE=[
            "django.middleware.gzip.GZipMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *([f"{__name__}.NamedMiddleware"] if os.environ.get("SYNC_MIDDLEWARE") else []),
        ],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "NAME": "django"},
            backend("plain", environment="jinja2.Environment"),
            backend("jinja2"),
            backend("coroutines", enable_async=True),
        ],
    )
    settings.TEMPLATES[1]["OPTIONS"].pop("chunk_size")
    django.setup()


def rows(name: str):
    """Rows that come before and after a gate is opened."""
    try:
        yield "before"
        wait(name)
        yield "after"
        for number in range(100):
            yield number
            time.sleep(0.01)
    finally:
        note(f"closed {name}")


async def async_rows(name: str):
    try:
        yield "before"
        await wait_async(name)
        yield "after"
        for number in range(100):
            yield number
            await asyncio.sleep(0.01)
    finally:
        await asyncio.sleep(0)
        note(f"closed {name}")


def paced(count: int):
    for number in range(count):
        time.sleep(0.005)
        yield number


def endless(name: str):
    try:
        for number in range(200_000):
            if number % 1000 == 0:
                note(f"row {number}")
            yield ROW_TEXT
    finally:
        note(f"closed {name}")


def missing():
    raise Http404("no such page")


def gated(request, engine):
    name = request.GET.get("name", "gate")
    made = (async_rows if engine == "coroutines" else rows)(name)
    return StreamTemplateResponse(request, "gated.html", {"name": name, "rows": made}, using=engine)


def late_start(name: str):
    """Rows of which the first does not come before a gate is opened."""
    note(f"waiting {name}")
    try:
        wait(name)
        yield "after"
    finally:
        note(f"closed {name}")


async def async_late_start(name: str):
    note(f"waiting {name}")
    try:
        await wait_async(name)
        yield "after"
    finally:
        note(f"closed {name}")


def waiting(request, engine):
    name = request.GET["name"]
    made = (async_late_start if engine == "coroutines" else late_start)(name)
    return StreamTemplateResponse(request, "rows.html", {"rows": made}, using=engine)


def listed(request, engine):
    context = {"rows": (async_rows if engine == "coroutines" else rows)("gate")}
    return StreamTemplateResponse(request, "rows.html", context, using=engine)


def large(request, engine):
    context = {"name": "large", "rows": endless("large")}
    return StreamTemplateResponse(request, "gated.html", context, using=engine, chunk_size=16384)


def data(request, engine):
    variable.set(request.GET["name"])
    context = {"rows": paced(20), "variable": variable.get, "language": get_language}
    return StreamTemplateResponse(request, "request.html", context, using=engine)


def page(name, **context):
    def view(request, engine):
        return StreamTemplateResponse(request, name, context, using=engine)

    return view


def decided(request, engine):
    context: dict = {}
    block = request.GET.get("after")
    response = StreamTemplateResponse(
        request, "status.html", context, using=engine, commit_after=block
    )

    def decide():
        note("decided")
        if request.GET.get("how") == "missing":
            raise Http404("decided by the page")
        response.status_code = 418
        response.headers["X-Decided"] = "late"
        response.set_cookie("decided", "yes")

    context["decide"] = decide
    return response


def changing(name):
    def view(request, engine):
        def change():
            request.session["changed"] = "yes"
            return "changed"

        return StreamTemplateResponse(request, name, {"change": change}, using=engine)

    return view


def messaging(request, engine):
    messages.info(request, "hello")
    return StreamTemplateResponse(request, "messages_late.html", using=engine)


def threads(request, engine):
    note(f"view {threading.get_ident()}")
    return StreamTemplateResponse(
        request, "threads.html", {"thread": threading.get_ident}, using=engine
    )


def bridged(request, engine):
    """A sync template that calls async code, as Django's ORM does in places."""

    async def slowly():
        await asyncio.sleep(0.01)
        return "from a coroutine"

    return StreamTemplateResponse(
        request, "bridged.html", {"from_async": async_to_sync(slowly)}, using=engine
    )


def named(request):
    return HttpResponse("named")


def finished(sender, **arguments):
    note("finished")


request_finished.connect(finished)


def whole(request, engine):
    return StreamTemplateResponse(request, "whole.html", using=engine, chunk_size=16384)


def wrapped(request, engine):
    response = whole(request, engine)
    chunks = response.streaming_content
    if response.is_async:

        async def louder():
            async for chunk in chunks:
                yield chunk.upper() + b"!"

        response.streaming_content = louder()
    else:
        response.streaming_content = (chunk.upper() + b"!" for chunk in chunks)
    return response


PAGES = {
    "gated": gated,
    "rows": listed,
    "waiting": waiting,
    "large": large,
    "data": data,
    "broken": page("broken.html"),
    "missing": page("missing.html", missing=missing),
    "whole": whole,
    "wrapped": wrapped,
    "late": page("late.html"),
    "include": page("include.html"),
    "decided": decided,
    "csrf": page("csrf.html"),
    "csrf_late": page("csrf_late.html"),
    "session": changing("session.html"),
    "session_late": changing("session_late.html"),
    "messages_late": messaging,
    "threads": threads,
    "bridged": bridged,
    "into_thread": page("threads.html", thread=sync_to_async(threading.get_ident)),
    **django_region_pages.PAGES,
}


def in_coroutine(view):
    async def async_view(request, engine):
        return view(request, engine)

    return async_view


urlpatterns = [
    path("named/", named, name="named"),
    path("patch.js", patch_script, name="patch_script"),
    path("open_databases/", django_region_pages.open_databases),
    *(path(f"sync/<engine>/{name}/", view) for name, view in PAGES.items()),
    *(path(f"async/<engine>/{name}/", in_coroutine(view)) for name, view in PAGES.items()),
]


def handler500(request):
    return StreamTemplateResponse(request, "error.html", status=500, using="jinja2")


def handler404(request, exception):
    return HttpResponse("our own page for what is missing", status=404)
