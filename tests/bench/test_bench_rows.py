"""`python -m bench.rows` at a tiny size. No test here depends on how long anything takes."""

from __future__ import annotations

import json
import os

import pytest

from bench import exports, rows
from bench.contest import OutputsDiffer

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory is asked of POSIX")


def test_all_exports_are_measured_and_shown(tmp_path, capsys):
    results = tmp_path / "results.json"
    rows.main(["--rows", "50", "--rounds", "1", "--json", str(results)])
    printed = capsys.readouterr().out
    found = json.loads(results.read_text(encoding="utf-8"))["results"]
    assert {(each["export"], each["way"]) for each in found} == {
        (title, way) for title, (_, ways) in exports.EXPORTS.items() for way in ways
    }
    assert all(f"| {each['export']}: {each['way']} |" in printed for each in found)
    assert all(len(each["seconds"]) == 1 and min(each["MiB"]) > 1 for each in found)
    assert "`python -m bench.rows --rows 50 --rounds 1`" in printed


def test_the_goal_is_missed_by_what_is_slower_or_grows():
    times = {(title, way): [2.0] for title, (_, ways) in exports.EXPORTS.items() for way in ways}
    peaks = dict.fromkeys(times, (20.0, 20.0))
    assert rows.met(times, peaks)
    slower = {**times, ("JSON lines", exports.OURS): [2.1]}
    assert not rows.met(slower, peaks)
    assert "MISSED" in rows.text(slower, peaks, 50)
    assert not rows.met(times, {**peaks, ("CSV of dicts", exports.OURS): (20.0, 29.0)})
    assert rows.met(times, {**peaks, ("CSV of dicts", "DictWriter"): (20.0, 99.0)})


def test_ways_that_write_something_else_are_an_error(monkeypatch):
    make, ways = exports.EXPORTS["CSV of tuples"]
    wrong = {**ways, exports.OURS: lambda rows: [b"something else"]}
    monkeypatch.setattr(rows, "EXPORTS", {"CSV of tuples": (make, wrong)})
    with pytest.raises(OutputsDiffer, match="CSV of tuples"):
        rows.check()
