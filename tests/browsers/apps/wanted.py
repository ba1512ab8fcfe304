"""A page as a test wants it, and what its template calls.

Test and application share a folder, ``STREAMTMPL_TEST_FOLDER``: the test writes templates there,
opens gates by writing files, and reads which events there have been.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup

from streamtmpl import PAGE_SCRIPT

FOLDER = Path(os.environ.get("STREAMTMPL_TEST_FOLDER", "."))

SCRIPTS: dict[str, str | None] = {"inline": "inline", "file": "/file/patch.js", "none": None}
"""How pages bring the patch script: where below ``/`` they are, and their ``patch_script``."""

PATIENCE = 20.0
INTERVAL = 0.002


class Wanted:
    """One page.

    :ivar template: the name of its template.
    :ivar options: the arguments of its stream about deferred regions.
    """

    def __init__(self, number: str) -> None:
        """Read what the test has written. Raises :exc:`FileNotFoundError` where it has not."""
        self._folder = FOLDER / number
        settings = json.loads((self._folder / "settings.json").read_text(encoding="utf-8"))
        self.template = f"{number}.html"
        self.options: dict[str, Any] = settings["options"]
        self.headers: dict[str, str] = settings["headers"]

    def variables(self) -> dict[str, Any]:
        """What a sync template calls."""
        return {
            "wait": self.wait,
            "endless": self.endless,
            "open": self.open,
            "record": self.record,
            "fail": fail,
            "page_script": Markup(PAGE_SCRIPT),
        }

    def async_variables(self) -> dict[str, Any]:
        """What an async template calls."""
        return {**self.variables(), "wait": self.wait_async, "endless": self.endless_async}

    def wait(self, gate: str) -> str:
        """Wait until the gate is open; the text that it was opened with."""
        deadline = time.monotonic() + PATIENCE
        while (text := self._passed(gate, deadline)) is None:
            time.sleep(INTERVAL)
        return text

    async def wait_async(self, gate: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while (text := self._passed(gate, deadline)) is None:
            await asyncio.sleep(INTERVAL)
        return text

    def _passed(self, gate: str, deadline: float) -> str | None:
        try:
            text = (self._folder / f"{gate}.open").read_text(encoding="utf-8")
        except FileNotFoundError:
            if time.monotonic() < deadline and not (self._folder / "released").exists():
                return None
            raise TimeoutError(f"nobody opened {gate}") from None
        self.record(f"{gate}.passed")
        return text

    def open(self, gate: str) -> str:
        """Open a gate from within the page."""
        (self._folder / f"{gate}.open").touch()
        return ""

    def record(self, event: str) -> str:
        """Tell the test that this has happened."""
        (self._folder / event).touch()
        return ""

    def endless(self) -> Iterator[str]:
        """Now and then a point, without end; its end is an event."""
        try:
            while True:
                time.sleep(INTERVAL)
                yield "."
        finally:
            self.record("ended")

    async def endless_async(self) -> AsyncIterator[str]:
        try:
            await asyncio.Event().wait()
            yield ""
        finally:
            self.record("ended")


def fail(text: str) -> str:
    """Raise an error with this text."""
    raise ValueError(text)
