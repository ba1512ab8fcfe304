"""How the Django project and its tests tell each other what happens: by files in a folder."""

from __future__ import annotations

import asyncio
import os
import time
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory

_own = TemporaryDirectory()  # where nobody has said where, a test leaves nothing behind
FOLDER = Path(os.environ.get("GATES", _own.name))

variable: ContextVar[str] = ContextVar("variable", default="none")
"""Who asks, as the views of some pages say."""


def note(event: str) -> None:
    """Write a line that the test can see."""
    with (FOLDER / "events").open("a") as events:
        events.write(event + "\n")


def events() -> list[str]:
    file = FOLDER / "events"
    return file.read_text().splitlines() if file.exists() else []


def wait(gate: str) -> None:
    while not (FOLDER / gate).exists():
        time.sleep(0.01)


async def wait_async(gate: str) -> None:
    while not (FOLDER / gate).exists():
        await asyncio.sleep(0.01)
