"""The benchmark of constructs compares equal work. No test here depends on how long it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import constructs
from bench.constructs import CONSTRUCTS, Row, main, renderings, text
from bench.rounds import Spread


def test_all_render_the_same() -> None:
    rows = [Row(number) for number in range(4)]
    tasks = renderings({"rows": rows, "some": rows[:3]})  # raises if two differ
    assert len(tasks) == 3 * sum(map(len, CONSTRUCTS.values()))
    for (_, source), render in tasks.items():
        assert str(render()).strip().count("<li>") == len(rows), source


def test_different_text_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constructs, "CONSTRUCTS", {"Values": ["{{ fresh() }}"]})
    with pytest.raises(SystemExit, match=r"different text for \{\{ fresh"):
        renderings({"rows": [1], "fresh": iter(range(9)).__next__})


def test_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constructs, "CONSTRUCTS", {"Filters": ["upper", "lower"]})
    fast, slow = Spread.of([0.5, 0.25]), Spread.of([1.2])
    shares = {
        "{{ row.name|upper }}": (slow, fast),
        "{{ row.name|lower }}": (fast, Spread.of([1.1])),
    }
    lines = text(shares).splitlines()
    assert lines[3:7] == [
        "| Filters | share |",
        "| --- | ---: |",
        "| `{{ row.name\\|lower }}` | 0.38 (0.31-0.44) |",
        "| `{{ row.name\\|upper }}` | 1.20 (1.20-1.20) |",
    ]
    assert lines[-2] == "Jinja2 against itself: off by 62% at most."
    assert lines[-1] == "Goal for streamtmpl: at most 1.0: MISSED by `{{ row.name|upper }}`."


@pytest.mark.parametrize(("allowed", "code"), [(1e9, 0), (-1e9, 1)])
def test_command(
    allowed: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constructs, "ALLOWED", allowed)
    monkeypatch.setattr(constructs, "ROWS", 4)
    assert main(["--rounds", "1", "--output", str(tmp_path / "table.md")]) == code
    written = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert all(f"| {group} | share |" in written for group in CONSTRUCTS)
    assert "Command: `python -m bench.constructs --rounds 1`" in written
