"""Firefox, over WebDriver BiDi."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.adapters.launch import free_port

from .commands import Channel, connected
from .interface import Browser, Page, ScriptError, as_json, from_json
from .processes import running, started

_PREFERENCES: dict[str, bool | str] = {
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}
"""It asks nobody but the tests' server."""


class FirefoxPage(Page):
    """The page in the tab of a :class:`Firefox`."""

    def __init__(self, channel: Channel, context: str) -> None:
        self._channel, self._context = channel, context

    def evaluate(self, expression: str) -> Any:
        result = self._channel.command(
            "script.evaluate",
            expression=as_json(expression),
            target={"context": self._context},
            awaitPromise=False,
        )
        if result["type"] == "exception":
            raise ScriptError(result["exceptionDetails"]["text"])
        return from_json(result["result"]["value"])

    def html(self) -> str:
        html: str = self.evaluate("document.documentElement.outerHTML")
        return html

    def screenshot(self, path: Path) -> None:
        picture = self._channel.command("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(base64.b64decode(picture["data"]))


class Firefox(Browser):
    """A Firefox with one tab."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        channel.command("session.new", capabilities={})
        tree = channel.command("browsingContext.getTree")
        self._context: str = tree["contexts"][0]["context"]
        channel.command("session.subscribe", events=["browsingContext.navigationCommitted"])

    def open(self, url: str, *, wait: bool = True) -> FirefoxPage:
        # Its result would come late, and name another navigation, after a page that still loads.
        self._channel.command_until(
            "browsingContext.navigationCommitted",
            url,
            "browsingContext.navigate",
            context=self._context,
            url=url,
            wait="none",
        )
        page = FirefoxPage(self._channel, self._context)
        if wait:
            page.wait_until_loaded()
        return page

    def screen(self, width: int, height: int, **features: str) -> None:
        if features:
            super().screen(width, height, **features)
        viewport = {"width": width, "height": height} if width else None
        self._channel.command(
            "browsingContext.setViewport", context=self._context, viewport=viewport
        )


@contextmanager
def browser(command: str, folder: Path) -> Iterator[Firefox]:
    """Run the Firefox that *command* names, its files in *folder*, which is empty."""
    profile = folder / "profile"
    profile.mkdir()
    lines = [f'user_pref("{name}", {_literal(value)});' for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    log = folder / "log"
    port = free_port()

    def address() -> str | None:
        """Its log says when it listens."""
        ready = "WebDriver BiDi listening on " in log.read_text(errors="replace")
        return f"ws://127.0.0.1:{port}/session" if ready else None

    arguments = [command, "--headless", "--no-remote", f"--remote-debugging-port={port}"]
    with (
        running([*arguments, "--profile", str(profile)], log, {"HOME": str(folder)}) as process,
        connected(started(process, log, address)) as channel,
    ):
        yield Firefox(channel)


def _literal(value: bool | str) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
