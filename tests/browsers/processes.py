"""Browsers and their drivers as processes, each in a group of its own that ends as one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

STARTING = 60.0
"""Seconds that a browser may take to start, on a machine that is busy with other tests."""

_Found = TypeVar("_Found")


class NotStarted(Exception):
    """A browser ended, or said nothing, where it should have started."""


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command*, its output in *log*, and end it with all its children afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def started(
    process: subprocess.Popen[bytes], log: Path, look: Callable[[], _Found | None]
) -> _Found:
    """What *look* finds, once it finds something.

    Raises :exc:`NotStarted`, with the log, if the process ends before or takes too long.
    """
    deadline = monotonic() + STARTING
    while process.poll() is None and monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        sleep(0.02)
    raise NotStarted(log.read_text(encoding="utf-8", errors="replace"))
