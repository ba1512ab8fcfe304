"""Real servers, well and badly configured, for as long as a test needs one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamtmpl.doctor import Asking, Diagnosis, Finding, diagnose
from streamtmpl.doctor.asking import parse_address
from streamtmpl.doctor.fetching import fetch
from tests.adapters.launch import free_port, module, running
from tests.adapters.nginx import running_nginx

APPS = "tests.doctor.apps"


@contextmanager
def server(command: Sequence[str], folder: Path, setup: str = "") -> Iterator[int]:
    """Run *command*, with ``{port}`` in it replaced by the port that is given.

    :param setup: for the application: the words of ``DOCTOR_TEST``.
    """
    port = free_port()
    line = [word.format(port=port) for word in command]
    with running(line, port, folder / f"{port}.log", {"DOCTOR_TEST": setup}) as started:
        # It may listen before it has loaded the application, which the first request waits for.
        fetch(parse_address(f"http://127.0.0.1:{port}/nowhere"), "identity", Asking(timeout=60.0))
        yield started.port


@contextmanager
def gunicorn(folder: Path, setup: str = "", *options: str) -> Iterator[int]:
    """gunicorn, with a sync worker unless *options* say else, and the application of Flask."""
    app = f"{APPS}.flask_pages:application"
    with server(module("gunicorn", "-b", "127.0.0.1:{port}", *options, app), folder, setup) as port:
        yield port


@contextmanager
def nginx(folder: Path, behind: int, more: str = "") -> Iterator[int]:
    """nginx in front of the port *behind*, with its defaults and *more*."""
    location = f"location / {{ proxy_pass http://127.0.0.1:{behind}; {more} }}"
    with running_nginx(folder, location) as started:
        yield started.port


def ask(*ports_and_paths: str | int, encodings: Sequence[str] = ("identity", "gzip")) -> Diagnosis:
    """The diagnosis of ``PORT, PATH, PORT, PATH ...``: one page at several places."""
    ports, paths = ports_and_paths[::2], ports_and_paths[1::2]
    urls = [f"http://127.0.0.1:{port}{path}" for port, path in zip(ports, paths, strict=True)]
    return diagnose(urls, Asking(encodings=tuple(encodings), timeout=20.0))


def codes(diagnosis: Diagnosis) -> dict[str, tuple[str, ...]]:
    """What was found, notes aside, and with which encodings."""
    found = [each for each in diagnosis.findings if each.severity.value != "note"]
    return {each.code: each.accepted for each in found}


def finding(diagnosis: Diagnosis, code: str) -> Finding:
    """The finding of that kind, which must be there once."""
    (found,) = [each for each in diagnosis.findings if each.code == code]
    return found
