"""`bench.requests`, with real servers. No test here depends on how long anything takes."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext

import pytest

pytest.importorskip("flask", reason="not installed: it comes with the extra 'flask'")
pytest.importorskip("starlette", reason="not installed: it comes with the extra 'starlette'")
pytest.importorskip("gunicorn", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("uvicorn", reason="not installed: it comes with the extra 'servers'")

from bench import requests
from bench.requests import SERVERS, Result, _joined, _row
from bench.served import PAGES

needs_gunicorn = pytest.mark.skipif(os.name == "nt", reason="gunicorn needs POSIX")


@needs_gunicorn
@pytest.mark.parametrize("server", SERVERS)
def test_every_way_is_served(server, tmp_path, capsys):
    results = tmp_path / "results.json"
    shortly = ["--rounds", "1", "--seconds", "0.01", "--connections", "2", "--server", server]
    assert requests.main([*shortly, "--json", str(results)]) == 0
    assert f"--server {server}`" in capsys.readouterr().out
    rows = json.loads(results.read_text(encoding="utf-8"))["results"]
    assert [(row["page"], row["way"]) for row in rows] == [
        (page, way) for page in PAGES for way in SERVERS[server]
    ]
    assert all(float(row["first (ms)"]) > 0 for row in rows)


def test_a_ratio_above_one_is_better():
    baseline, twice = [Result(100.0, 0.002, 0.01)] * 3, [Result(200.0, 0.001, 0.005)] * 3
    assert _row("ours", twice, baseline) == [
        "ours",
        "200",
        "2.00 (2.00-2.00)",
        "1,000",
        "2.00 (2.00-2.00)",
        "5.00",
    ]


def test_chunks_are_joined():
    assert _joined(b"5\r\nab\r\nc\r\nA\r\n0123456789\r\n0\r\n\r\n") == b"ab\r\nc0123456789"


def test_pages_that_differ_are_not_compared(monkeypatch):
    bodies = iter([b"one", b"one", b"other", b"one"])
    monkeypatch.setattr(requests, "served", lambda server: nullcontext(1))
    monkeypatch.setattr(requests, "fetched", lambda port, path: next(bodies))
    with pytest.raises(SystemExit, match="small differs: streamtmpl async"):
        requests.main(["--server", "uvicorn"])
