"""Starting real servers, each in a process of its own, for as long as a test needs one."""

from __future__ import annotations

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds that a server may take to start, on a machine that is busy with other tests."""


@dataclass
class Server:
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    """What the server has written to its standard output and error."""

    def logged(self) -> str:
        """The text of the log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def peak_memory(self) -> int:
        """The most memory (bytes) that one of its processes has had resident (Linux)."""
        peaks = []
        for pid in [self.process.pid, *_children(self.process.pid)]:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peaks.append(int(line.split()[1]) * 1024)
        return max(peaks)

    def open_files(self) -> int:
        """How many files and sockets its processes have open (Linux)."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    children = [int(child) for child in listed]
    return children + [below for child in children for below in _children(child)]


def free_port() -> int:
    """A port that nobody listens on, and that nobody else is given until this process ends.

    It is none of those that systems choose themselves, for connections as well. Who has it is told
    by a socket of UDP with its number, which all processes that run tests can see.
    """
    while True:
        port = random.randrange(20_000, 30_000)
        holder = socket.socket(type=socket.SOCK_DGRAM)
        try:
            holder.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
        else:
            atexit.register(holder.close)
            return port


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run *command* in the project's folder until it listens on *port*, and end it afterwards.

    ``python -m`` commands begin with :data:`sys.executable`, so that they find what the tests find.
    """
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(port, process, log)
    try:
        _wait_until_it_listens(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            # Its workers as well: they may be stuck in a template that a failed test left waiting.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_listens(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{server.logged()}")


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", name, *arguments]
