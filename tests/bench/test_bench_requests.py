"""`bench.requests`, with real servers. No test here depends on how long anything takes."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from typing import Any

import pytest

pytest.importorskip("flask", reason="not installed: it comes with the extra 'flask'")
pytest.importorskip("django", reason="not installed: it comes with the extra 'django'")
pytest.importorskip("starlette", reason="not installed: it comes with the extra 'starlette'")
pytest.importorskip("gunicorn", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("uvicorn", reason="not installed: it comes with the extra 'servers'")

from bench import requests
from bench.client import Result, _joined
from bench.requests import STACKS, summed_up
from bench.rounds import Spread
from bench.ways_served import PAGES

needs_gunicorn = pytest.mark.skipif(os.name == "nt", reason="gunicorn needs POSIX")


@needs_gunicorn
@pytest.mark.parametrize("framework", STACKS)
def test_every_way_is_served(framework: str, tmp_path: Any, capsys: Any) -> None:
    results = tmp_path / "results.json"
    shortly = ["--rounds", "1", "--seconds", "0.01", "--connections", "2"]
    assert requests.main([*shortly, "--framework", framework, "--json", str(results)]) == 0
    assert f"--framework {framework}`" in capsys.readouterr().out
    found = json.loads(results.read_text(encoding="utf-8"))["results"]
    assert [(one["framework"], one["page"], one["way"]) for one in found] == [
        (framework, page, way) for page in PAGES for way in STACKS[framework].ways
    ]
    assert all(one["per_second"] > 0 < one["first"] for one in found)


def test_a_ratio_above_one_is_better() -> None:
    baseline, twice = [Result(100.0, 0.002, 0.01)] * 3, [Result(200.0, 0.001, 0.005)] * 3
    found = summed_up("Flask", "small", "ours", twice, baseline)
    assert (found.per_second, found.cpu, found.first) == (200, 0.001, 0.005)
    assert found.ratio == found.cpu_ratio == Spread(2, 2, 2)


def test_chunks_are_joined() -> None:
    assert _joined(b"5\r\nab\r\nc\r\nA\r\n0123456789\r\n0\r\n\r\n") == b"ab\r\nc0123456789"


def test_pages_that_differ_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = iter([b"one", b"one", b"other", b"one"])
    monkeypatch.setattr(requests, "served", lambda stack: nullcontext(1))
    monkeypatch.setattr(requests, "fetched", lambda port, path: next(bodies))
    with pytest.raises(SystemExit, match=r"small differs: streamtmpl\.starlette, async"):
        requests.main(["--framework", "Starlette"])
