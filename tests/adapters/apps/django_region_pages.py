"""The pages of the Django project that have deferred regions."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import JsonResponse
from django.utils.translation import get_language

from streamtmpl.django.response import StreamTemplateResponse

from .django_gates import note, variable, wait, wait_async

TEMPLATES = {
    "regions.html": (
        "<p>shell</p>{% for number in (1, 2) %}{% defer %}{{ wait(name ~ number) or '' }}"
        "<b>{{ number }}</b>{% placeholder %}wait{% enddefer %}{% endfor %}<p>end</p></body>"
    ),
    "watched.html": (
        "<p>shell</p>{% defer %}{% for row in rows %}{% if row is none %}{{ row }}{% endif %}"
        "{% endfor %}{% enddefer %}{% flush %}{{ wait(name ~ 'shell') or '' }}"
        "{% for number in range(300) %}{% defer %}{{ wait(name) or '' }}{{ number }}{% enddefer %}"
        "{% endfor %}"
    ),
    "region_data.html": (
        "{% macro line() %}[{{ request.GET.name }} {{ variable() }} {{ language() }}"
        " {{ url('named') }}]{% endmacro %}"
        "{{ line() }}{% for number in range(5) %}{% defer %}{{ line() }}{% enddefer %}{% endfor %}"
    ),
    "region_query.html": "{% for n in range(9) %}{% defer %}{{ query() }}{% enddefer %}"
    "{% endfor %}",
    "region_fails.html": (
        "<p>shell</p>{% defer %}{{ 1 / 0 }}{% error %}<i>sorry</i>{% enddefer %}"
        "{% defer %}<b>fine</b>{% enddefer %}</body>"
    ),
}

executor = ThreadPoolExecutor(30)
"""For the deferred regions of sync templates."""


def deferred(request):
    """How regions of this request go out."""
    return request.GET.get("deferred", "patch")


def gate_of(engine):
    return wait_async if engine == "coroutines" else wait


def regions(request, engine):
    context = {"name": request.GET["name"], "wait": gate_of(engine)}
    return StreamTemplateResponse(request, "regions.html", context, using=engine)


async def async_silence(name: str):
    note(f"reading {name}")
    try:
        await asyncio.Event().wait()
        yield ""
    finally:
        note(f"closed {name}")


def silence(name: str):
    """Next to nothing: a thread that waits for ever cannot be ended."""
    note(f"reading {name}")
    try:
        while True:
            time.sleep(0.02)
            yield ""
    finally:
        note(f"closed {name}")


def watched(request, engine):
    name = request.GET["name"]
    rows = (async_silence if engine == "coroutines" else silence)(name)
    context = {"name": name, "wait": gate_of(engine), "rows": rows}
    return StreamTemplateResponse(request, "watched.html", context, using=engine)


def data(request, engine):
    variable.set(request.GET["name"])
    context = {"variable": variable.get, "language": get_language}
    return StreamTemplateResponse(request, "region_data.html", context, using=engine)


def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7")
        return cursor.fetchone()[0]


def queries(request, engine):
    context = {"query": sync_to_async(query) if engine == "coroutines" else query}
    return StreamTemplateResponse(request, "region_query.html", context, using=engine)


def open_databases(request):
    """How often this process has the database's file open."""
    links = (os.path.realpath(link) for link in Path("/proc/self/fd").iterdir())
    return JsonResponse([link for link in links if "database.sqlite3" in link], safe=False)


def failing(request, engine):
    return StreamTemplateResponse(request, "region_fails.html", using=engine)


PAGES = {
    "regions": regions,
    "watched": watched,
    "region_data": data,
    "region_query": queries,
    "region_fails": failing,
}
