"""The peaks of the command line's example. The example itself is tested in tests/cli."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import memory
from bench.contest import OutputsDiffer

ROOT = Path(__file__).resolve().parents[2]

asks_posix = pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory is asked of POSIX")


@asks_posix
def test_benchmark_prints_all_peaks() -> None:
    command = [sys.executable, "-m", "bench.memory", "--rows", "10,3000"]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    lines = [line.split(" | ") for line in ended.stdout.splitlines() if line.startswith("| ")]
    assert [line[0] for line in lines[2:]] == ["| 10", "| 3,000"]
    assert len({len(line) for line in lines}) == 1
    assert "8 MiB are allowed: ok\n" in ended.stdout


@asks_posix
def test_different_files_are_an_error(tmp_path, monkeypatch):
    def command(label, source, target):
        text = "other" if label == "Jinja2 render" else "same"
        return [sys.executable, "-S", "-c", f"open({str(target)!r}, 'w').write({text!r})"]

    monkeypatch.setattr(memory, "command", command)
    with pytest.raises(OutputsDiffer, match="Jinja2 render writes another file"):
        memory.measure(1, tmp_path)


@asks_posix
def test_a_process_that_fails_is_an_error():
    with pytest.raises(SystemExit, match="ended with 3"):
        memory.peak_memory([sys.executable, "-S", "-c", "raise SystemExit(3)"])


@asks_posix
def test_the_peak_is_not_that_of_the_process_that_asks():
    """Linux counts what a process was before it became another program."""
    ballast = bytearray(b"x") * (64 * memory.MIB)
    assert memory.peak_memory([sys.executable, "-S", "-c", "pass"]) < 64
    assert len(ballast) == 64 * memory.MIB


def test_growth_beyond_what_is_allowed():
    renders = [
        memory.Render("streamtmpl stream", rows, 0.0, 0.0, peak, 0.0)
        for rows, peak in ((10, 20.0), (100, 24.0), (1000, 29.5))
    ]
    grown = memory.growth(renders, "streamtmpl stream")
    assert grown == 9.5 > memory.ALLOWED
    assert "TOO MUCH" in memory.verdict({"streamtmpl stream": grown})
    assert memory.verdict({"streamtmpl stream": 8.0}).endswith("8 MiB are allowed: ok")


def test_plot_shows_peaks_against_rows():
    renders = [
        memory.Render(label, rows, 0.0, 0.0, peak, 0.0)
        for label in memory.LABELS
        for rows, peak in ((10, 20.0), (1000, 21.0))
    ]
    curves = memory.panel(renders).curves
    assert [(each.x, each.y) for each in curves["Jinja2 render"]] == [(10, 20.0), (1000, 21.0)]
