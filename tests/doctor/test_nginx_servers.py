"""Pages through a real nginx, as it is installed and as it should be."""

from __future__ import annotations

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("gunicorn", reason="gunicorn is not installed")

from streamtmpl.doctor import Status
from tests.adapters.nginx import NGINX

from .servers import ask, codes, finding, gunicorn, nginx

if NGINX is None:
    pytest.skip("nginx is not installed", allow_module_level=True)

OLD = "proxy_http_version 1.0;"  # which newer versions of nginx have to be told
GZIP = "gzip on; gzip_min_length 1;"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def plain(folder):
    """The application behind, which sends no ``X-Accel-Buffering``."""
    with gunicorn(folder) as port:
        yield port


@pytest.fixture(scope="module")
def asking_not_to(folder):
    """The application behind, which sends ``X-Accel-Buffering: no``."""
    with gunicorn(folder, "accel") as port:
        yield port


def test_nginx_collects(folder, plain):
    with nginx(folder, plain, OLD) as port:
        seen = ask(port, "/stream")
    assert codes(seen) == {"collected": ("identity", "gzip")}
    cause = finding(seen, "collected").causes[0]
    assert cause.what == "nginx collects what it passes on"
    assert "X-Accel-Buffering: no" in cause.mend
    assert cause.page == "proxies"
    assert seen.verdict.startswith("held back: all text comes at once, after ")


def test_nginx_fills_a_buffer_up(folder, plain):
    with nginx(folder, plain, OLD) as port:
        seen = ask(port, "/rows", encodings=["identity"])
    assert codes(seen) == {"lumps": ("identity",)}
    found = finding(seen, "lumps")
    assert found.what.startswith("it comes 4,096 bytes at a time")
    assert [cause.what for cause in found.causes] == ["nginx collects what it passes on"]


def test_the_application_is_asked_as_well(folder, plain):
    with nginx(folder, plain, OLD) as port:
        seen = ask(port, "/stream", plain, "/stream")
    assert codes(seen) == {"between": ("identity", "gzip")}
    found = finding(seen, "between")
    assert f"http://127.0.0.1:{plain}/stream does not send X-Accel-Buffering" in found.evidence
    assert [cause.what for cause in found.causes] == ["nginx collects what it passes on"]


def test_nginx_is_not_to_blame_for_what_comes_so_from_behind(folder, plain):
    with nginx(folder, plain, OLD) as port:
        seen = ask(port, "/whole", plain, "/whole")
    assert codes(seen) == {"whole": ("identity", "gzip")}
    assert finding(seen, "whole").url == f"http://127.0.0.1:{plain}/whole"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_nginx_that_is_told_passes_on(version, folder, asking_not_to):
    with nginx(folder, asking_not_to, f"proxy_http_version {version}; {GZIP}") as port:
        seen = ask(port, "/stream", encodings=("identity", "gzip", "br", "zstd"))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert seen.exchanges[1].encoding == "gzip"


def test_nginx_that_does_not_listen(folder, asking_not_to):
    with nginx(folder, asking_not_to, f"{OLD} proxy_ignore_headers X-Accel-Buffering;") as port:
        seen = ask(port, "/stream", asking_not_to, "/stream", encodings=["identity"])
    assert codes(seen) == {"between": ("identity",)}
    found = finding(seen, "between")
    assert f"http://127.0.0.1:{asking_not_to}/stream sends X-Accel-Buffering: no" in found.evidence
    assert "proxy_ignore_headers" in found.causes[0].mend


def test_nginx_compresses_what_it_collects(folder, plain):
    with nginx(folder, plain, f"proxy_http_version 1.1; {GZIP}") as port:
        alone = ask(port, "/stream")
        both = ask(port, "/stream", plain, "/stream")
    assert codes(alone) == {"compressor": ("gzip",)}
    assert finding(alone, "compressor").causes[0].what.startswith("nginx compresses")
    assert codes(both) == {"between": ("gzip",)}
    found = finding(both, "between")
    assert [cause.what.split()[:2] for cause in found.causes] == [["nginx", "compresses"]]
    assert "gzip is added on the way" in found.evidence


def test_nginx_gives_up(folder):
    impatient = "proxy_http_version 1.1; proxy_read_timeout 2s;"
    with gunicorn(folder) as behind, nginx(folder, behind, impatient) as port:
        seen = ask(port, "/stalling", encodings=["identity"])
    assert codes(seen) == {"cut": ("identity",)}
    assert any("proxy_read_timeout" in each.what for each in finding(seen, "cut").causes)


def test_nobody_is_behind(folder):
    with nginx(folder, 1) as port:
        seen = ask(port, "/stream")
    assert (seen.status, codes(seen)) == (Status.UNKNOWN, {"status": ("identity", "gzip")})
    assert "502 Bad Gateway" in seen.verdict
