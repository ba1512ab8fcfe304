"""Sites whose pages streamtmpl renders behind a real server, with gates that a test opens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from tests.adapters.launch import Server, free_port, module, running

from .interface import PATIENCE

HEAD = f"<!DOCTYPE html><html><head><title>{'-' * 1024}</title></head><body>"
"""Browsers show nothing of a document before they have had some hundred bytes of it."""

TAIL = "</body></html>"

INTERVAL = 0.002

_APPLICATIONS = {"uvicorn": "asgi_pages", "gunicorn": "flask_pages"}
_OPTIONS = {
    "uvicorn": ("--port={port}", "--log-level=warning", "--lifespan=off"),
    # The tests' pages and what browsers keep open, each in a thread.
    "gunicorn": ("-b", "127.0.0.1:{port}", "-k", "gthread", "--threads=24", "--no-control-socket"),
}
_NEEDED = {"uvicorn": ("uvicorn",), "gunicorn": ("gunicorn", "flask")}

SERVERS = tuple(_APPLICATIONS)
"""uvicorn's templates are async, gunicorn's are sync, in Flask."""


def missing(kind: str) -> str | None:
    """What is not installed that this server needs, or ``None``."""
    names = [name for name in _NEEDED[kind] if find_spec(name) is None]
    return f"{', '.join(names)} not installed" if names else None


class SitePage:
    """A page of a :class:`Site`.

    :ivar url: where it is.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder

    def open(self, gate: str, text: str = "") -> None:
        """Open a gate, at which the template then gets *text*, and wait until it has passed.

        Raises :exc:`TimeoutError` if it does not.
        """
        self.open_soon(gate, text)
        self.wait_for(f"{gate}.passed")

    def open_soon(self, gate: str, text: str = "") -> None:
        """Open a gate that the template may not have come to."""
        written = self._folder / "text"
        written.write_text(text, encoding="utf-8")
        written.rename(self._folder / f"{gate}.open")

    def has(self, event: str) -> bool:
        """Whether the template has recorded *event*."""
        return (self._folder / event).exists()

    def wait_for(self, event: str) -> None:
        """Wait until the template records *event*. Raises :exc:`TimeoutError`."""
        deadline = time.monotonic() + PATIENCE
        while not self.has(event):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page has not recorded {event}")
            time.sleep(INTERVAL)

    def release(self) -> None:
        """Whatever still waits at a gate gets an error there."""
        (self._folder / "released").touch()


class Site:
    """What a server serves: each page at an address of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{server.port}"
        self.server = server
        self._folder = folder
        self._numbers = count()
        self._pages: list[SitePage] = []

    def write(self, name: str, source: str) -> None:
        """Add a template that others include or extend; its name is not another's."""
        (self._folder / name).write_text(source, encoding="utf-8")

    def add(self, body: str, *, gates: str = "", **options: Any) -> SitePage:
        """A page with this body, see :meth:`add_template`; these *gates* are open."""
        page = self.add_template(HEAD + body + TAIL, **options)
        for gate in gates:
            page.open_soon(gate)
        return page

    def add_template(
        self,
        source: str,
        *,
        script: str = "inline",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> SitePage:
        """A page that is rendered from *source*.

        :param script: how it brings the patch script, ``"inline"``, ``"file"`` or ``"none"``.
        :param options: arguments of ``render_stream()`` about deferred regions.
        """
        number = str(next(self._numbers))
        self.write(f"{number}.html", source)
        folder = self._folder / number
        folder.mkdir()
        settings = {"options": options, "headers": dict(headers or {})}
        (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        page = SitePage(f"{self.address}/{script}/{number}", folder)
        self._pages.append(page)
        return page

    def release(self) -> None:
        """Release all pages, which nobody asks for any more."""
        for page in self._pages:
            page.release()
        self._pages.clear()


Serve = Callable[[str], Site]
"""Gives the site of one of :data:`SERVERS`."""


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Site]:
    """Run one of :data:`SERVERS`, its files in *folder*, which is empty."""
    port = free_port()
    options = [option.format(port=port) for option in _OPTIONS[kind]]
    command = module(kind, *options, f"tests.browsers.apps.{_APPLICATIONS[kind]}:app")
    environment = {"STREAMTMPL_TEST_FOLDER": str(folder)}
    with running(command, port, folder / "log", environment) as server:
        yield Site(server, folder)
