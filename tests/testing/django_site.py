"""A site of Django and its own tests, which Django's test runner runs by :func:`main`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest import skipIf

import django
from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import path

from streamtmpl.testing import AsyncStreamClient, StreamClient, assert_closed_async, closed, gate

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes"],
    MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="secret",
)
django.setup()

from django.contrib.contenttypes.models import ContentType
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.test import SimpleTestCase, TestCase
from django.test.runner import DiscoverRunner

rows = gate()


def page(request: Any) -> Any:
    def chunks() -> Iterator[str]:
        yield "<h1>Tea</h1>"
        yield from rows

    return StreamingHttpResponse(chunks())


async def async_page(request: Any) -> Any:
    async def chunks() -> AsyncIterator[str]:
        yield "<h1>Tea</h1>"
        async for row in rows:
            yield row

    return StreamingHttpResponse(chunks())


def table(request: Any) -> Any:
    def chunks() -> Iterator[str]:
        for kind in ContentType.objects.filter(app_label="shop").order_by("id").iterator():
            yield kind.model

    return StreamingHttpResponse(chunks())


urlpatterns = [path("", page), path("async", async_page), path("table", table)]


class Pages(SimpleTestCase):
    def setUp(self) -> None:
        global rows
        rows = gate("green", name="rows")

    def test_wsgi(self) -> None:
        with StreamClient(get_wsgi_application()) as client:
            response = client.get("/")
            self.assertEqual(response.read_until("</h1>"), "<h1>Tea</h1>")
            rows.reached()
            rows.open()
            self.assertEqual(response.read(), "<h1>Tea</h1>green")
        self.assertTrue(closed(rows))

    def test_what_the_middleware_compresses_is_held_back_before_django_6_1(self) -> None:
        with StreamClient(get_wsgi_application()) as client:
            response = client.get("/", headers={"Accept-Encoding": "gzip"})
            self.assertEqual(response.headers["Content-Encoding"], "gzip")
            if django.VERSION < (6, 1):
                response.timeout = 0.3
                with self.assertRaisesRegex(AssertionError, "'</h1>' has not come within 0.3 s"):
                    response.read_until("</h1>")
                response.timeout = 10.0
            else:
                response.read_until("</h1>")
            rows.open()
            self.assertEqual(response.read(), "<h1>Tea</h1>green")

    def test_asgi(self) -> None:
        with StreamClient(get_asgi_application()) as client:
            response = client.get("/async")
            self.assertEqual(response.read_until("</h1>"), "<h1>Tea</h1>")
            rows.reached()
            rows.open()
            self.assertEqual(response.read(), "<h1>Tea</h1>green")

    @skipIf(django.VERSION < (5, 0), "Django 4.2 does not watch for clients that disconnect")
    async def test_asgi_in_the_loop_of_the_test(self) -> None:
        async with AsyncStreamClient(get_asgi_application()) as client:
            response = await client.get("/async")
            self.assertEqual(await response.read_until("</h1>"), "<h1>Tea</h1>")
            await rows.reached_async()
            await response.disconnect()
        await assert_closed_async(rows)


class Database(TestCase):
    def test_rows_of_the_tests_transaction(self) -> None:
        for model in ("green", "black"):
            ContentType.objects.create(app_label="shop", model=model)
        with StreamClient(get_wsgi_application(), thread=False) as client:
            response = client.get("/table")
            self.assertEqual([response.next(), response.next()], ["green", "black"])
            self.assertIsNone(response.next())


def main() -> None:
    sys.exit(DiscoverRunner().run_tests([__name__]))
