"""Starts the browsers that are installed and drives them, all in the same way.

``with browser("firefox") as firefox:`` starts one, ``page = firefox.open(url)`` shows a page in it,
and the page is asked in JavaScript. What browsers and pages can do is in :mod:`.interface`; tests
in this folder share running browsers, see conftest.py. Debian has Chromium in ``chromium``,
Firefox in ``firefox-esr`` and WebKit in ``webkit2gtk-driver`` and ``xvfb``.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from .interface import PATIENCE, Browser, Page, ScriptError
from .processes import NotStarted

__all__ = ["KINDS", "PATIENCE", "Browser", "Page", "ScriptError", "browser", "missing"]

KINDS = ("chromium", "firefox", "webkit")
"""The browsers that tests are run in: each the name of a module here."""

_COMMANDS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
    "webkit": ("WebKitWebDriver",),
}
_ALSO_NEEDED = {"webkit": "Xvfb"}
_ATTEMPTS = 3


def missing(kind: str) -> str | None:
    """What is not installed that a browser of this kind needs, or ``None``."""
    if _command(kind) is None:
        return f"none of {', '.join(_COMMANDS[kind])} is installed"
    also = _ALSO_NEEDED.get(kind)
    if also is not None and shutil.which(also) is None:
        return f"{also} is not installed"
    if kind != "webkit" and find_spec("websockets") is None:
        return "the package websockets is not installed"
    return None


def _command(kind: str) -> str | None:
    return next(filter(None, map(shutil.which, _COMMANDS[kind])), None)


@contextmanager
def browser(kind: str) -> Iterator[Browser]:
    """Run one of :data:`KINDS`; it starts with a new profile, which is removed afterwards.

    Raises :exc:`LookupError` if it is not installed; ask :func:`missing` before.
    """
    reason = missing(kind)
    if reason is not None:
        raise LookupError(reason)
    with ExitStack() as stack:
        yield _started(kind, stack)


def _started(kind: str, stack: ExitStack) -> Browser:
    """A browser, which ends with *stack*; now and then one ends, or is not heard, as it starts."""
    # Only what is used is loaded: its imports may not be installed.
    module = importlib.import_module(f".{kind}", __package__)
    for left in reversed(range(_ATTEMPTS)):
        with ExitStack() as attempt:
            # A browser may still write to its profile while it ends.
            folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            path = Path(attempt.enter_context(folder))
            try:
                running: Browser = attempt.enter_context(module.browser(_command(kind), path))
            except (NotStarted, OSError):
                if left:
                    continue
                raise
            stack.push(attempt.pop_all())
            return running
    raise AssertionError("an attempt returns or raises")
