"""WebKit's GTK port, over WebDriver: one at a time on a machine, a second one does not start."""

from __future__ import annotations

import base64
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.adapters.launch import free_port

from .interface import INTERVAL, PATIENCE, Browser, Page, ScriptError, as_json, from_json
from .processes import running, started


class Driver:
    """A session with the driver."""

    def __init__(self, port: int) -> None:
        """Start a browser."""
        self._address = f"http://127.0.0.1:{port}"
        capabilities = {"alwaysMatch": {"pageLoadStrategy": "none"}}
        session = self.call("POST", "/session", capabilities=capabilities)
        self._address += f"/session/{session['sessionId']}"

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        """Send a command and return its value. Raises :exc:`ScriptError` if it is refused."""
        request = urllib.request.Request(
            self._address + path,
            data=json.dumps(parameters).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise ScriptError(error.read().decode()) from None


class WebKitPage(Page):
    """The page in the tab of a :class:`WebKit`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def evaluate(self, expression: str) -> Any:
        script = f"return {as_json(expression)}"
        return from_json(self._driver.call("POST", "/execute/sync", script=script, args=[]))

    def wait_until_at(self, url: str) -> None:
        """Wait until the document at *url* has replaced the one before."""
        deadline = monotonic() + PATIENCE
        while monotonic() < deadline:
            try:
                if self.evaluate("location.href") == url:
                    return
            except ScriptError:
                pass  # the document before ended while it was asked
            sleep(INTERVAL)
        raise TimeoutError(f"nothing came from {url}")

    def html(self) -> str:
        html: str = self.evaluate("document.documentElement.outerHTML")
        return html

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._driver.call("GET", "/screenshot")))


class WebKit(Browser):
    """A WebKit with one tab."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def open(self, url: str, *, wait: bool = True) -> WebKitPage:
        self._driver.call("POST", "/url", url=url)
        page = WebKitPage(self._driver)
        page.wait_until_at(url)
        if wait:
            page.wait_until_loaded()
        return page


@contextmanager
def browser(command: str, folder: Path) -> Iterator[WebKit]:
    """Run the driver that *command* names on a display of its own, its files in *folder*."""
    display_log, log = folder / "display", folder / "log"
    screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    port = free_port()
    arguments = [command, f"--port={port}", "--host=127.0.0.1"]
    with running(screen, display_log) as display, ExitStack() as stack:
        number = started(display, display_log, lambda: display_log.read_text().strip() or None)
        environment = {"DISPLAY": f":{number}", "HOME": str(folder)}
        stack.callback(_end_all, folder)
        process = stack.enter_context(running(arguments, log, environment))
        driver = started(process, log, partial(_session, port))
        try:
            yield WebKit(driver)
        finally:
            driver.call("DELETE", "")


def _end_all(home: Path) -> None:
    """End what the driver started and has not ended: it would keep the next one from starting."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if f"HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def _session(port: int) -> Driver | None:
    try:
        return Driver(port)
    except ConnectionError:
        return None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionError):
            return None
        raise
