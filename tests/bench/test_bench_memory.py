"""The peaks of the command line's example. The example itself is tested in tests/cli."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory is asked of POSIX")
def test_benchmark_prints_all_peaks() -> None:
    command = [sys.executable, "-m", "bench.memory", "--rows", "10,3000"]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    lines = [line.split(" | ") for line in ended.stdout.splitlines() if line.startswith("| ")]
    assert [line[0] for line in lines[2:]] == ["| 10", "| 3,000"]
    assert len({len(line) for line in lines}) == 1
    assert "8 MiB are allowed: ok\n" in ended.stdout
