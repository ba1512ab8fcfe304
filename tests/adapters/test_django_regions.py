"""Deferred regions of Django's responses: settings, threads, database connections."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

django = pytest.importorskip(
    "django", reason="Django is not installed: pip install streamtmpl[django]"
)

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.signals import connection_created
from django.test import Client, RequestFactory, override_settings
from django.urls import (
    get_script_prefix,
    get_urlconf,
    reverse_lazy,
    set_script_prefix,
    set_urlconf,
)
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from streamtmpl import StreamEnvironment
from streamtmpl.django.backend import environment
from streamtmpl.django.response import StreamTemplateResponse
from streamtmpl.regions.patch_script import PATCH_SCRIPT
from tests.support.navigations import NAVIGATION

from .apps import django_app, django_gates, django_region_pages
from .patches import is_plain, patches, places

PAGE = "<p>shell</p>{% defer %}{{ value() }}{% placeholder %}wait{% enddefer %}</body>"
DECIDING = "{% defer %}{{ value() }}{% enddefer %}{% block b %}{{ decide() }}{% endblock %}"


class Template:
    """A template as the backend has it."""

    def __init__(self, source: str, **options) -> None:
        self.template = StreamEnvironment(autoescape=True, **options).from_string(source)
        self.backend = self
        self.template_context_processors = ()


def response_to(source=PAGE, request=None, method="get", value=lambda: "there", **options):
    context = {"value": value, **options.pop("context", {})}
    if request is None:
        request = getattr(RequestFactory(), method)("/", headers={"User-Agent": "a bot"})
    return StreamTemplateResponse(request, Template(source), context, **options)


def page_of(*args, **options) -> str:
    response = response_to(*args, **options)
    response.render()
    body = b"".join(response.streaming_content).decode()
    response.close()
    return str(body)


assert django_app.urlpatterns  # it has set Django up


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)


@pytest.fixture(autouse=True)
def plain_settings():
    with override_settings(STREAMTMPL_DEFERRED="patch", STREAMTMPL_EXECUTOR=None):
        yield


def for_bots(request) -> str:
    return "in-order" if "bot" in request.headers["User-Agent"] else "patch"


def nonce_of(request) -> str:
    return str(request.headers["User-Agent"])


HERE = f"{__name__}."


class TestSettings:
    @pytest.mark.parametrize("setting", ["in-order", for_bots, f"{HERE}for_bots"])
    def test_the_mode(self, setting):
        with override_settings(STREAMTMPL_DEFERRED=setting):
            assert page_of() == "<p>shell</p>there</body>"
            page = page_of(deferred="patch")
        assert places(page) == ["wait"]
        assert patches(page) == [(0, "there")]

    def test_without_settings_regions_are_patched_in_for_browsers(self):
        with override_settings():
            del django.conf.settings.STREAMTMPL_DEFERRED
            del django.conf.settings.STREAMTMPL_EXECUTOR
            navigation = RequestFactory().get("/", headers=NAVIGATION)
            assert patches(page_of(request=navigation)) == [(0, "there")]
            assert is_plain(page_of())
        assert is_plain(page_of(deferred="in-order"))

    @pytest.mark.parametrize(
        "setting",
        [nonce_of, f"{HERE}nonce_of", lambda request: SimpleLazyObject(lambda: "a bot")],
    )
    def test_the_nonce(self, setting):
        with override_settings(STREAMTMPL_NONCE=setting):
            assert '<script nonce="a bot" data-k=' in page_of()
            assert '<script nonce="own" data-k=' in page_of(nonce="own")

    def test_there_may_be_no_nonce(self):
        with override_settings(STREAMTMPL_NONCE=lambda request: None):
            assert "<script data-k=" in page_of()

    def test_a_lazy_nonce_is_made_before_the_head_is_sent(self):
        nonces = ["n1"]
        response = response_to(nonce=SimpleLazyObject(nonces.pop))
        response.render()
        assert nonces == []
        assert b'<script nonce="n1" data-k=' in b"".join(response)

    def test_in_order_no_nonce_is_made(self):
        with override_settings(STREAMTMPL_NONCE=lambda request: pytest.fail("asked")):
            assert is_plain(page_of(deferred="in-order"))

    def test_the_executor(self):
        def name():
            return threading.current_thread().name

        with ThreadPoolExecutor(1, "one") as one, ThreadPoolExecutor(1, "two") as two:
            assert patches(page_of(value=name)) == [(0, threading.current_thread().name)]
            with override_settings(STREAMTMPL_EXECUTOR=one):
                assert patches(page_of(value=name)) == [(0, "one_0")]
                assert patches(page_of(value=name, executor=two)) == [(0, "two_0")]
        with override_settings(STREAMTMPL_EXECUTOR=f"{django_region_pages.__name__}.executor"):
            [(_, thread)] = patches(page_of(value=name))
        assert thread.startswith("ThreadPoolExecutor")

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("DEFERRED", "no.such.function", "STREAMTMPL_DEFERRED: No module named 'no'"),
            ("NONCE", f"{HERE}missing", "STREAMTMPL_NONCE: Module .* does not define"),
            ("NONCE", "abc", "STREAMTMPL_NONCE must be a function of the request"),
            ("EXECUTOR", "no.such", "STREAMTMPL_EXECUTOR: No module named 'no'"),
        ],
    )
    def test_mistakes(self, name, value, message):
        with (
            override_settings(**{f"STREAMTMPL_{name}": value}),
            pytest.raises(ImproperlyConfigured, match=message),
        ):
            response_to().render()

    def test_a_mode_that_is_none(self):
        with pytest.raises(ValueError, match="deferred must be 'patch'"):
            response_to(deferred="inorder").render()

    @pytest.mark.skipif(django.VERSION < (6, 0), reason="Django 6 brought the middleware")
    def test_djangos_own_nonce(self):
        names = ["STREAMTMPL_NONCE", "MIDDLEWARE", "SECURE_CSP"]
        values = [
            "django.middleware.csp.get_nonce",
            ["django.middleware.csp.ContentSecurityPolicyMiddleware"],
            {"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]},
        ]
        with override_settings(**dict(zip(names, values, strict=True))):
            response = Client().get("/sync/jinja2/region_fails/")
            policy = response.headers["Content-Security-Policy"]
            page = response.getvalue().decode()
        nonce = page.partition('<script nonce="')[2].partition('"')[0]
        assert nonce
        assert policy == f"script-src 'self' 'nonce-{nonce}'"


class TestThreads:
    """What Django keeps for each thread is there in the executor's."""

    @pytest.fixture
    def executor(self):
        with ThreadPoolExecutor(1) as executor:
            yield executor
            assert executor.submit(translation.get_language).result() == "en"

    def test_language_time_zone_and_urls(self, executor):
        set_urlconf("some.urls")
        set_script_prefix("/prefix/")
        try:
            with translation.override("de"), timezone.override("Asia/Tokyo"):
                page = page_of(value=self.seen, executor=executor)
        finally:
            set_urlconf(None)
            set_script_prefix("/")
        assert patches(page) == [(0, "de Asia/Tokyo some.urls /prefix/")]

    def test_no_language(self, executor):
        with translation.override(None):
            page = page_of(value=lambda: translation.get_language(), executor=executor)
        assert patches(page) == [(0, "None")]

    @staticmethod
    def seen() -> str:
        zone = timezone.get_current_timezone_name()
        return f"{translation.get_language()} {zone} {get_urlconf()} {get_script_prefix()}"


class TestDatabase:
    @pytest.fixture
    def created(self, tmp_path, monkeypatch):
        """The connections that are made, all to a database in a file."""
        monkeypatch.setitem(connections.settings["default"], "NAME", tmp_path / "db.sqlite3")
        made = []

        def note(connection, **kwargs):
            made.append((threading.get_ident(), connection))

        connection_created.connect(note)
        yield made
        connection_created.disconnect(note)

    def test_a_regions_connection_is_closed_when_it_ends(self, created):
        with ThreadPoolExecutor(1) as executor:
            page = page_of(value=django_region_pages.query, executor=executor)
            again = page_of(value=django_region_pages.query, executor=executor)
        assert patches(page) == patches(again) == [(0, "42")]
        assert len(created) == 2
        assert all(thread != threading.get_ident() for thread, _ in created)
        assert [connection.connection for _, connection in created] == [None, None]

    def test_also_if_it_fails(self, created):
        def fail():
            django_region_pages.query()
            raise ValueError

        page = "{% defer %}{{ value() }}{% error %}sorry{% enddefer %}"
        with ThreadPoolExecutor(1) as executor:
            assert patches(page_of(page, value=fail, executor=executor)) == [(0, "sorry")]
        assert [connection.connection for _, connection in created] == [None]

    def test_persistent_connections_stay(self, created, monkeypatch):
        monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
        with ThreadPoolExecutor(1) as executor:
            for _ in range(2):
                page_of(value=django_region_pages.query, executor=executor)
            [(_, connection)] = created
            assert connection.connection is not None
            executor.submit(connections.close_all).result()

    def test_one_that_is_kept_is_checked_before_its_first_query(self, created, monkeypatch):
        monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
        monkeypatch.setitem(connections.settings["default"], "CONN_HEALTH_CHECKS", True)
        with ThreadPoolExecutor(1) as executor:
            page_of(value=django_region_pages.query, executor=executor)
            [(_, connection)] = created
            first = connection.connection
            monkeypatch.setattr(type(connection), "is_usable", lambda self: False)
            assert patches(page_of(value=django_region_pages.query, executor=executor)) == [
                (0, "42")
            ]
            assert [connection for _, connection in created] == [connection, connection]
            assert connection.connection is not first
            executor.submit(connections.close_all).result()

    def test_regions_that_run_at_once_have_one_each_and_all_are_closed(self, created):
        meet = threading.Barrier(3, timeout=20)

        def query():
            meet.wait()
            result = django_region_pages.query()
            meet.wait()
            return result

        page = "{% for n in (1, 2, 3) %}{% defer %}{{ value() }}{% enddefer %}{% endfor %}"
        with ThreadPoolExecutor(3) as executor:
            for count in (3, 6):
                shown = patches(page_of(page, value=query, executor=executor))
                assert sorted(shown) == [(0, "42"), (1, "42"), (2, "42")]
                assert len(created) == count
        assert len({thread for thread, _ in created}) == 3
        assert {connection.connection for _, connection in created} == {None}

    def test_that_of_a_region_that_took_too_long_is_closed_in_its_thread(self, created):
        queried, gate = threading.Event(), threading.Event()

        def wait():
            django_region_pages.query()
            queried.set()
            assert gate.wait(20)
            return django_region_pages.query()

        page = "{% defer timeout=0.01 %}{{ value() }}{% error %}{{ instead() }}{% enddefer %}"
        instead = {"instead": django_region_pages.query}
        with ThreadPoolExecutor(1) as executor:
            shown = patches(page_of(page, value=wait, executor=executor, context=instead))
            assert shown == [(0, "42")]
            assert queried.wait(20)
            by_thread = dict(created)
            here = by_thread.pop(threading.get_ident())
            assert here is connections["default"]  # the part for errors used the request's
            gate.set()
        [(_, connection)] = by_thread.items()
        assert connection.connection is None

    def test_without_an_executor_it_is_the_requests_connection(self, created):
        assert patches(page_of(value=django_region_pages.query)) == [(0, "42")]
        [(thread, connection)] = created
        assert thread == threading.get_ident()
        assert connection is connections["default"]
        assert connection.connection is None  # since the request has finished


class TestHead:
    @pytest.mark.parametrize("deferred", ["patch", "in-order"])
    @pytest.mark.parametrize("commit_after", [None, "b"])
    def test_head_starts_no_region(self, deferred, commit_after):
        events = []
        context = {"decide": lambda: events.append("decided")}
        with ThreadPoolExecutor(1) as executor:
            page = page_of(
                DECIDING,
                method="head",
                value=lambda: events.append("region"),
                context=context,
                deferred=deferred,
                commit_after=commit_after,
                executor=executor,
            )
        assert page == ""
        assert events == ([] if commit_after is None else ["decided"])


class TestScript:
    def test_the_view(self):
        response = Client().get("/patch.js")
        assert response.status_code == 200
        assert response.content.decode() == PATCH_SCRIPT
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        known = Client().get("/patch.js", headers={"If-None-Match": response.headers["ETag"]})
        assert (known.status_code, known.content) == (304, b"")
        head = Client().head("/patch.js")
        assert (head.status_code, head.content) == (200, b"")
        assert Client().post("/patch.js").status_code == 405

    def test_a_lazy_url_of_it(self):
        template = Template(PAGE)
        template.template = environment(
            autoescape=True, patch_script=reverse_lazy("patch_script")
        ).from_string(PAGE)
        request = RequestFactory().get("/")
        response = StreamTemplateResponse(request, template, {"value": str}, nonce="n")
        response.render()
        page = b"".join(response).decode()
        assert '<script src="/patch.js" async nonce="n" data-k=' in page
