"""The WSGI servers that the tests run, and what they do differently."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .launch import ROOT, Server, free_port, module, running

APP = "tests.adapters.apps.wsgi_app:application"
THREADS = 60
"""More than the streams that a test has open at once."""


@dataclass(frozen=True)
class Kind:
    """A server, and how it is started with one process."""

    name: str
    needs: str
    """The module, or the program, that must be installed."""
    command: Callable[[int], list[str]]
    keeps_alive: bool = True
    """Whether a connection serves a second request after a stream."""
    concurrent: bool = True
    """Whether it serves several requests at once."""
    chunked: bool = True
    """Whether bodies have an end mark; otherwise they end with the connection."""
    early_status: int | None = 500
    """What it answers when the application raises; nothing if ``None``."""
    held: int = 0
    """How many bytes of a response it collects beside the buffers of the sockets."""


def _gunicorn(worker: str, *options: str) -> Callable[[int], list[str]]:
    return lambda port: module(
        "gunicorn", "-b", f"127.0.0.1:{port}", "-k", worker, "-t", "60", *options, APP
    )


def _waitress(port: int) -> list[str]:
    return module("waitress", f"--listen=127.0.0.1:{port}", f"--threads={THREADS}", APP)


def _werkzeug(port: int) -> list[str]:
    return module("tests.adapters.apps.serve_werkzeug", str(port))


def _uwsgi(port: int) -> list[str]:
    program = uwsgi_program()
    assert program is not None
    return [
        program,
        f"--http-socket=127.0.0.1:{port}",
        "--master",
        "--need-app",
        "--die-on-term",
        "--socket-timeout=60",
        f"--home={sys.prefix}",
        "--pythonpath=.",
        f"--module={APP}",
    ]


def uwsgi_program() -> str | None:
    """The uWSGI that belongs to this Python."""
    beside = Path(sys.executable).with_name("uwsgi")
    return str(beside) if beside.exists() else shutil.which("uwsgi")


KINDS = [
    Kind("gunicorn sync", "gunicorn", _gunicorn("sync"), keeps_alive=False, concurrent=False),
    Kind("gunicorn gthread", "gunicorn", _gunicorn("gthread", f"--threads={THREADS}")),
    Kind("gunicorn gevent", "gevent", _gunicorn("gevent")),
    Kind("waitress", "waitress", _waitress, keeps_alive=False, held=16 * 2**20),
    Kind("werkzeug", "werkzeug", _werkzeug, keeps_alive=False),
    Kind(
        "uwsgi",
        "uwsgi",
        _uwsgi,
        keeps_alive=False,
        concurrent=False,
        chunked=False,
        early_status=None,
    ),
]


def installed(kind: Kind) -> bool:
    if kind.needs == "uwsgi":
        return uwsgi_program() is not None
    return importlib.util.find_spec(kind.needs) is not None


@contextmanager
def serving(kind: Kind, folder: Path) -> Iterator[Server]:
    """Run a server until the end of the block; the application's files are in *folder*."""
    if not installed(kind):
        pytest.skip(f"{kind.needs} is not installed")
    port = free_port()
    environment = {"STREAMTMPL_TEST_FOLDER": str(folder), "PYTHONPATH": str(ROOT)}
    with running(kind.command(port), port, folder / "server.log", environment) as server:
        yield server
