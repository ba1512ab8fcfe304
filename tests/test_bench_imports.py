"""The import benchmark compares equal work. No test here depends on how long anything takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import imports
from bench.imports import JINJA2, NOTHING, OURS, STATEMENTS, main, ratios, seconds, table


def test_table() -> None:
    found = {NOTHING: [0.01, 0.02], JINJA2: [0.05, 0.06], OURS: [0.06, 0.06]}
    assert ratios(found, OURS) == pytest.approx([1.25, 1.0])
    assert table(found).splitlines() == [
        "|  | CPU time | over Jinja2's import |",
        "| --- | ---: | ---: |",
        "| nothing | 15 ms | - |",
        "| jinja2 | 55 ms | 1.00 (1.00-1.00) |",
        "| streamtmpl | 60 ms | 1.12 (1.06-1.19) |",
    ]


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


def test_command_refuses_one_round(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rounds", "1"])
    assert "at least 2 rounds" in capsys.readouterr().err
