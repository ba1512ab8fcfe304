"""Chromium, over the DevTools protocol."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .commands import Channel, connected
from .interface import Browser, Page, ScriptError, as_json, from_json
from .processes import running, started

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # containers run it as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


class ChromiumPage(Page):
    """The page in the tab of a :class:`Chromium`."""

    def __init__(self, channel: Channel, session: str) -> None:
        self._channel, self._session = channel, session

    def evaluate(self, expression: str) -> Any:
        result = self._command(
            "Runtime.evaluate", expression=as_json(expression), returnByValue=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise ScriptError(details.get("exception", {}).get("description", details["text"]))
        return from_json(result["result"]["value"])

    def html(self) -> str:
        """Needs no script: the DevTools read the nodes themselves."""
        root = self._command("DOM.getDocument", depth=0)["root"]
        html: str = self._command("DOM.getOuterHTML", nodeId=root["nodeId"])["outerHTML"]
        return html

    def screenshot(self, path: Path) -> None:
        picture = self._command("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))

    def _command(self, method: str, **parameters: Any) -> Any:
        return self._channel.command(method, self._session, **parameters)


class Chromium(Browser):
    """A Chromium with one tab."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        target = channel.command("Target.createTarget", url="about:blank")["targetId"]
        attached = channel.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str = attached["sessionId"]

    def open(self, url: str, *, wait: bool = True) -> ChromiumPage:
        navigated = self._channel.command("Page.navigate", self._session, url=url)
        if "errorText" in navigated:
            raise ScriptError(f"{url}: {navigated['errorText']}")
        page = ChromiumPage(self._channel, self._session)
        if wait:
            page.wait_until_loaded()
        return page

    def script_disabled(self, disabled: bool) -> None:
        self._channel.command("Emulation.setScriptExecutionDisabled", self._session, value=disabled)

    def screen(self, width: int, height: int, **features: str) -> None:
        if width:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self._channel.command("Emulation.setDeviceMetricsOverride", self._session, **size)
        else:
            self._channel.command("Emulation.clearDeviceMetricsOverride", self._session)
        media = [{"name": name.replace("_", "-"), "value": features[name]} for name in features]
        self._channel.command("Emulation.setScrollbarsHidden", self._session, hidden=width > 0)
        self._channel.command("Emulation.setEmulatedMedia", self._session, features=media)


@contextmanager
def browser(command: str, folder: Path) -> Iterator[Chromium]:
    """Run the Chromium that *command* names, its files in *folder*, which is empty."""
    port_file = folder / "profile" / "DevToolsActivePort"
    log = folder / "log"

    def address() -> str | None:
        lines = port_file.read_text().split("\n") if port_file.exists() else []
        return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else None

    arguments = [command, *_ARGUMENTS, f"--user-data-dir={port_file.parent}", "about:blank"]
    with (
        running(arguments, log) as process,
        connected(started(process, log, address)) as channel,
    ):
        yield Chromium(channel)
