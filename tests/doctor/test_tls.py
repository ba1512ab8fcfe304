"""HTTPS: who is trusted, and what is said about whoever is not."""

from __future__ import annotations

import shutil
import ssl
import subprocess

import pytest

from streamtmpl.doctor import Asking
from streamtmpl.doctor.asking import parse_address
from streamtmpl.doctor.fetching import fetch

from .scripted import response, scripted
from .servers import gunicorn

if shutil.which("openssl") is None:
    pytest.skip("openssl, which makes certificates, is not installed", allow_module_level=True)


@pytest.fixture(name="certificate", scope="module")
def make_certificate(tmp_path_factory):
    """A certificate for ``localhost`` that has signed itself, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    made = subprocess.run(
        [*command.split(), *names, "-keyout", "-", "-out", "-"], capture_output=True, check=True
    )
    path.write_bytes(made.stdout)
    return path


def serving(certificate):
    """A server of HTTPS on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return scripted(response(b"hello", "Content-Length: 5"), tls=context)


def ask(url, **options):
    return fetch(parse_address(url), "identity", Asking(**{"timeout": 10.0, **options}))


def test_who_is_named_is_trusted(certificate):
    with serving(certificate) as server:
        seen = ask(f"https://localhost:{server.port}/", cacert=str(certificate))
    assert (seen.failure, seen.characters) == (None, 5)


def test_nobody_else_is(certificate):
    with serving(certificate) as server:
        seen = ask(f"https://localhost:{server.port}/")
        assert (seen.failure or "").startswith(
            f"the certificate of localhost:{server.port} is not trusted: self-signed certificate"
        )
        assert "--cacert FILE" in (seen.failure or "")
        other_name = ask(f"https://127.0.0.1:{server.port}/", cacert=str(certificate))
        assert "IP address mismatch" in (other_name.failure or "")
        assert ask(f"https://127.0.0.1:{server.port}/", insecure=True).characters == 5


def test_http_where_https_is_spoken(certificate):
    with serving(certificate) as server:
        seen = ask(f"http://localhost:{server.port}/")
    assert "or does it speak HTTPS on that port?" in (seen.failure or "")


def test_https_where_http_is_spoken():
    with scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        # This one waits for the end of a request, which a hello of TLS has not.
        seen = ask(f"https://127.0.0.1:{server.port}/", timeout=1.0)
    assert seen.failure == f"no TLS from 127.0.0.1:{server.port} within 1 s"


def test_https_where_an_answer_of_http_comes(tmp_path):
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    with gunicorn(tmp_path) as port:
        seen = ask(f"https://127.0.0.1:{port}/")
    assert seen.failure == f"no TLS is spoken on 127.0.0.1:{port}: use http://"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_no_certificates(content, tmp_path):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with scripted(b"") as server:
        seen = ask(f"https://127.0.0.1:{server.port}/", cacert=str(path))
    assert (seen.failure or "").startswith(f"--cacert {path}: ")
