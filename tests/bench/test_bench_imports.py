"""The import benchmark compares equal work. No test here depends on how long anything takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import imports
from bench.imports import JINJA2, NOTHING, OURS, STATEMENTS, main, met, seconds, text


def test_text() -> None:
    results = {NOTHING: [0.02, 0.01], JINJA2: [0.05, 0.06], OURS: [0.06, 0.055]}
    lines = text(results).splitlines()
    assert lines[3:8] == [
        "| import | CPU time | over Jinja2's |",
        "| --- | ---: | ---: |",
        "| nothing | 10 ms | - |",
        "| jinja2 | 50 ms | 1.00 |",
        "| streamtmpl | 55 ms | 1.12 |",
    ]
    assert lines[-1] == "Goal for streamtmpl: at most 1.20: met."
    results[OURS] = [0.08, 0.059]
    assert not met(results)


posix = pytest.mark.skipif(not hasattr(os, "wait4"), reason="CPU times of children are POSIX's")


@posix
def test_a_failing_interpreter_is_an_error() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        seconds("raise SystemExit(3)")


@posix
@pytest.mark.parametrize(("allowed", "code"), [(1e9, 0), (-1e9, 1)])
def test_command(
    allowed: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(imports, "compile_modules", lambda: None)
    monkeypatch.setattr(imports, "ALLOWED", allowed)
    assert main(["--rounds", "2", "--output", str(tmp_path / "table.md")]) == code
    written = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert written == capsys.readouterr().out
    for label in STATEMENTS:
        assert f"\n| {label} | " in written
    assert "Command: `python -m bench.imports --rounds 2`" in written
