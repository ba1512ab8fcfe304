"""Pages of Flask behind real servers: what holds them back is named, and nothing else is."""

from __future__ import annotations

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("gunicorn", reason="gunicorn is not installed")

from streamtmpl.doctor import Status, diagnose
from tests.adapters.launch import module

from .apps.parts import WAIT
from .servers import APPS, ask, codes, finding, gunicorn, server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="module")
def plain(folder):
    """gunicorn with a sync worker and nothing that holds back."""
    with gunicorn(folder) as port:
        yield port


def test_a_sync_worker_streams(plain):
    seen = ask(plain, "/stream", encodings=("identity", "gzip", "br", "zstd"))
    assert seen.status is Status.STREAMS
    assert codes(seen) == {}
    first = seen.exchanges[0]
    assert [piece.characters for piece in first.pieces] == [1455, 1455, 1455]
    assert first.pieces[1].at - first.pieces[0].at > WAIT / 2
    assert seen.verdict.startswith("streams: the first text comes after ")


def test_a_page_that_is_made_as_a_whole(plain):
    seen = ask(plain, "/whole")
    assert codes(seen) == {"whole": ("identity", "gzip")}
    found = finding(seen, "whole")
    assert found.evidence[0].startswith("Content-Length: 4365: who sent it had all of it")
    assert "renders the whole page to a string" in found.causes[0].what
    assert seen.status is Status.HELD


def test_a_page_with_a_checksum(plain):
    seen = ask(plain, "/tagged")
    assert codes(seen) == {"whole": ("identity", "gzip")}
    assert "its ETag: `add_etag()`" in finding(seen, "whole").causes[0].what


def test_a_page_that_is_not_there(plain):
    seen = ask(plain, "/nothing")
    assert seen.status is Status.UNKNOWN
    assert seen.verdict == "cannot tell: it answers 404 NOT FOUND, which is no page to look at"


def test_a_page_that_fails_later(plain):
    seen = ask(plain, "/failing")
    assert codes(seen) == {"cut": ("identity", "gzip")}
    found = finding(seen, "cut")
    assert "the last chunk, which says that the page is complete, did not come" in found.evidence
    assert "the application has failed" in found.causes[0].what


def test_a_compressor_that_is_not_flushed(folder):
    pytest.importorskip("flask_compress", reason="Flask-Compress is not installed")
    with gunicorn(folder, "compress") as port:
        seen = ask(port, "/stream", encodings=("identity", "gzip", "br", "zstd"))
    assert codes(seen) == {"compressor": ("gzip", "br", "zstd")}
    found = finding(seen, "compressor")
    assert "Flask-Compress" in found.causes[0].what
    assert found.evidence[0].startswith("10 bytes came after ")
    assert found.evidence[1].startswith("without compression the first text comes after ")
    assert [exchange.encoding for exchange in seen.exchanges] == ["", "gzip", "br", "zstd"]


def test_a_profiler_collects(folder):
    with gunicorn(folder, "profiler") as port:
        seen = ask(port, "/stream")
    assert codes(seen) == {"collected": ("identity", "gzip")}
    found = finding(seen, "collected")
    assert any("ProfilerMiddleware" in cause.what for cause in found.causes)
    assert found.evidence[0].startswith("no Content-Length")
    assert found.following is not None


def test_tornados_container_collects_and_its_own_handlers_do_not(folder):
    pytest.importorskip("tornado", reason="Tornado is not installed")
    with server(module(f"{APPS}.serve_tornado", "{port}"), folder) as port:
        held = ask(port, "/stream")
        own = ask(port, "/own")
    assert codes(held) == {"whole": ("identity", "gzip")}
    assert finding(held, "whole").causes[0].what.startswith("Tornado's WSGIContainer collects")
    assert (own.status, codes(own)) == (Status.STREAMS, {})


def test_http_1_0_has_no_end_mark(folder):
    with server(module(f"{APPS}.serve_wsgiref", "{port}"), folder) as port:
        seen = ask(port, "/stream")
        whole = ask(port, "/whole", encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert finding(seen, "no-end-mark").accepted == ("identity", "gzip")
    assert codes(whole) == {"whole": ("identity",)}


SERVERS = {
    "gunicorn gthread": module(
        "gunicorn", "-b", "127.0.0.1:{port}", "-k", "gthread", f"{APPS}.flask_pages:app"
    ),
    "waitress": module("waitress", "--listen=127.0.0.1:{port}", f"{APPS}.flask_pages:app"),
    "werkzeug": module("flask", "--app", f"{APPS}.flask_pages", "run", "--port", "{port}"),
}


@pytest.mark.parametrize("name", SERVERS)
def test_no_alarm_about_others(name, folder):
    pytest.importorskip(name.split()[0], reason=f"{name} is not installed")
    with server(SERVERS[name], folder) as port:
        seen = ask(port, "/stream")
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_who_listens_is_asked_by_its_name(plain):
    # "localhost" has two addresses, and at one of them nobody listens.
    seen = diagnose([f"localhost:{plain}/quick"])
    assert {exchange.peer for exchange in seen.exchanges} == {"127.0.0.1"}
