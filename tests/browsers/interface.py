"""What the tests ask of every browser."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

PATIENCE = 20.0
"""Seconds after which a test gives up on a browser."""

INTERVAL = 0.004
"""Seconds between two looks at a page."""


class ScriptError(Exception):
    """JavaScript that a test evaluated threw, or the browser refused a command."""


class Page(ABC):
    """A page in the browser's one tab; it ends when the next page is opened."""

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; what JSON has no form for comes as ``None``.

        The page's Content-Security-Policy does not apply to it. Raises :exc:`ScriptError`.
        """

    @abstractmethod
    def html(self) -> str:
        """The document as the browser has it now, serialised."""

    @abstractmethod
    def screenshot(self, path: Path) -> None:
        """Write a picture of what is visible (PNG) to *path*."""

    def wait_for(self, condition: str, seconds: float = PATIENCE) -> None:
        """Wait until a JavaScript expression is true.

        Raises :exc:`TimeoutError`, with the document as it is then, after *seconds*.
        """
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"!!({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} is still false in {self.html()}")
            time.sleep(INTERVAL)

    def wait_until_loaded(self) -> None:
        """Wait until the document, and what it loads, is complete."""
        self.wait_for("document.readyState === 'complete'")


class Browser(ABC):
    """A browser that runs, without a window."""

    @abstractmethod
    def open(self, url: str, *, wait: bool = True) -> Page:
        """Open a page, by an address that no earlier page had.

        Returns when the document has begun to arrive or, with *wait*, when it is complete.
        Raises :exc:`ScriptError` if there is nothing at that address, or :exc:`TimeoutError`
        where a browser does not tell.
        """

    def script_disabled(self, disabled: bool) -> None:
        """Whether pages opened from now on may run scripts of their own.

        Raises :exc:`NotImplementedError` where the browser has no such switch.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot switch scripts off")

    def screen(self, width: int, height: int, **features: str) -> None:
        """How large the window is (CSS pixels), and what it says to media queries.

        Features are named with `_`: ``prefers_color_scheme="dark"``. A width of 0 and no features
        are what the browser has by itself. Scroll bars that can be hidden take no room then.
        Raises :exc:`NotImplementedError` where the browser has no such switch.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot change its window")


def as_json(expression: str) -> str:
    """JavaScript that gives the value of *expression* as JSON, or as an empty text if it has none.

    Browsers' own formats for values differ; a text is the same in all of them.
    """
    return f"JSON.stringify({expression}) ?? ''"


def from_json(text: str) -> Any:
    """The value that :func:`as_json` gave."""
    return json.loads(text) if text else None
