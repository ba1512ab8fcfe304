"""Pages of Starlette and Django behind real servers."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn", reason="uvicorn is not installed")

from streamtmpl.doctor import Status
from tests.adapters.launch import module

from .servers import APPS, ask, codes, finding, server

ALL = ("identity", "gzip", "br", "zstd")


def uvicorn(app: str) -> list[str]:
    return module("uvicorn", "--port", "{port}", "--log-level", "warning", f"{APPS}.{app}")


@pytest.fixture(name="starlette")
def starlette_command():
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    return uvicorn("starlette_pages:app")


@pytest.mark.parametrize("setup", ["", "gzip", "passing", "passing gzip"])
def test_starlette_streams(setup, starlette, tmp_path):
    with server(starlette, tmp_path, setup) as port:
        seen = ask(port, "/stream")
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert seen.exchanges[1].encoding == ("gzip" if "gzip" in setup else "")


def test_middleware_that_collects(starlette, tmp_path):
    with server(starlette, tmp_path, "collecting") as port:
        seen = ask(port, "/stream")
    assert codes(seen) == {"whole": ("identity", "gzip")}
    assert any("rewrites HTML" in cause.what for cause in finding(seen, "whole").causes)


def test_a_whole_page_that_is_compressed_is_told_by_the_plain_one(starlette, tmp_path):
    with server(starlette, tmp_path, "gzip") as port:
        seen = ask(port, "/whole")
    assert codes(seen) == {"whole": ("identity", "gzip")}


@pytest.fixture(name="django_wsgi")
def django_wsgi_command():
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    return module("gunicorn", "-b", "127.0.0.1:{port}", f"{APPS}.django_pages:wsgi")


@pytest.fixture(name="django_asgi")
def django_asgi_command():
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    return uvicorn("django_pages:asgi")


def test_django_does_not_flush_its_compressor_before_6_1(django_wsgi, tmp_path):
    django = pytest.importorskip("django")
    with server(django_wsgi, tmp_path, "gzip.GZipMiddleware") as port:
        seen = ask(port, "/stream", encodings=ALL)
    if django.VERSION >= (6, 1):
        assert codes(seen) == {}
        return
    assert codes(seen) == {"compressor": ("gzip",)}
    assert "GZipMiddleware" in finding(seen, "compressor").causes[0].what


def test_django_makes_each_chunk_a_member(django_asgi, tmp_path):
    django = pytest.importorskip("django")
    with server(django_asgi, tmp_path, "gzip.GZipMiddleware") as port:
        seen = ask(port, "/async-stream")
    if django.VERSION >= (6,):
        pytest.skip("this version of Django makes one member of all")
    assert codes(seen) == {"members": ("gzip",)}
    found = finding(seen, "members")
    assert found.what.startswith("browsers show the first 1,455 characters and drop the rest")
    assert seen.verdict.startswith("cut off with gzip: browsers show")


def test_django_streams(django_wsgi, tmp_path):
    with server(django_wsgi, tmp_path) as port:
        streamed = ask(port, "/stream")
        whole = ask(port, "/whole", encodings=["identity"])
    assert (streamed.status, codes(streamed)) == (Status.STREAMS, {})
    assert codes(whole) == {"collected": ("identity",)}  # without CommonMiddleware, no length
    found = finding(whole, "collected")
    assert found.evidence[0].startswith("no Content-Length, and 1 chunk:")
    assert any("renders the whole page to a string" in cause.what for cause in found.causes)


def test_djangos_middleware_leaves_streams_alone(django_wsgi, tmp_path):
    setup = "http.ConditionalGetMiddleware common.CommonMiddleware"
    with server(django_wsgi, tmp_path, setup) as port:
        streamed = ask(port, "/stream")
        whole = ask(port, "/whole", encodings=["identity"])
    assert (streamed.status, codes(streamed)) == (Status.STREAMS, {})
    assert codes(whole) == {"whole": ("identity",)}
    assert "its ETag" in finding(whole, "whole").causes[0].what


@pytest.mark.parametrize("name", ["hypercorn", "daphne"])
def test_no_alarm_about_others(name, tmp_path):
    pytest.importorskip(name, reason=f"{name} is not installed")
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    app = f"{APPS}.starlette_pages:app"
    where = {
        "hypercorn": ["-b", "127.0.0.1:{port}"],
        "daphne": ["-b", "127.0.0.1", "-p", "{port}"],
    }
    with server(module(name, *where[name], app), tmp_path) as port:
        seen = ask(port, "/stream")
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


@pytest.mark.parametrize("setup", ["", "gzip.GZipMiddleware"])
def test_django_gathers_a_sync_stream_under_asgi(setup, django_asgi, tmp_path):
    with server(django_asgi, tmp_path, setup) as port:
        seen = ask(port, "/stream", encodings=["gzip"])
    [cause] = [each for each in finding(seen, "collected").causes if "Django gathers" in each.what]
    assert "an async generator under ASGI" in cause.mend


def test_django_gathers_an_async_stream_under_wsgi(django_wsgi, tmp_path):
    with server(django_wsgi, tmp_path) as port:
        seen = ask(port, "/async-stream", encodings=["identity"])
    causes = finding(seen, "collected").causes
    assert any("Django gathers" in cause.what for cause in causes)
