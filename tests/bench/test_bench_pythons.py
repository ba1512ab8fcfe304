"""Tables with a column for each Python. No test here depends on how long anything takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import pythons
from bench.columns import tables
from bench.kept import Kept, Timed, load, save
from bench.peers.installed import PEERS
from bench.report import Report
from bench.requests import Served
from bench.rounds import Spread
from bench.workloads import WORKLOADS


def timed(contestant: str, seconds: float, ratio: float, workload: str = "dicts") -> Timed:
    return Timed(workload, contestant, seconds, Spread(ratio, ratio, ratio))


def sent(way: str, per_second: float, first: float) -> Served:
    once = Spread(1.0, 1.0, 1.0)
    return Served("Flask", "small", way, per_second, once, 0.001, once, first)


OURS = "streamtmpl.flask.stream_template"


def kept(python: str, *, ours: float, mako: float, per_second: float, first: float) -> Kept:
    return Kept(
        python,
        f"CPython {python}.1",
        "a processor",
        "python -m bench.pythons",
        {"Jinja2": "3.1.6"},
        [
            timed("Jinja2 render", 0.01, 1.0),
            timed("Jinja2 render (again)", 0.0103, 1.03),
            timed("streamtmpl stream", ours / 100, ours),
            timed("Mako render", mako / 100, mako),
        ],
        [sent("flask.render_template", 1000.4, 0.002), sent(OURS, per_second, first)],
    )


OLD = kept("3.9", ours=0.2, mako=0.1, per_second=1000.3, first=0.001)
NEW = kept("3.14", ours=0.3, mako=0.301, per_second=900.0, first=0.003)


def lines(name: str, *found: Kept) -> list[str]:
    return tables(found)[name].splitlines()


def test_results_are_read_as_they_were_kept(tmp_path: Path) -> None:
    for one in (NEW, OLD):
        assert save(one, tmp_path) == tmp_path / f"{one.python}.json"
    assert load(tmp_path) == [OLD, NEW], "the oldest Python first"


def test_six_digits_are_kept(tmp_path: Path) -> None:
    save(kept("3.13", ours=0.1234567, mako=1, per_second=1234.567, first=0.1), tmp_path)
    (read,) = load(tmp_path)
    assert [one.ratio.middle for one in read.engines][2] == 0.123457
    assert read.served[1].per_second == 1234.57


def test_requests() -> None:
    found = lines("requests.md", OLD, NEW)
    assert found[2:11] == [
        "More requests a second than ours, with which Python:",
        "",
        f"- small, `{OURS}`: `flask.render_template` (3.14)",  # with 3.9 both are shown as 1,000
        "",
        "| page | framework | way | Python 3.9 | Python 3.14 |",
        "| --- | --- | --- | ---: | ---: |",
        "| small | Flask | flask.render_template | 1,000 | 1,000 |",
        "| small | Flask | flask.stream_template | - | - |",
        f"| small | Flask | **{OURS}** | 1,000 | 900 |",
    ]


def test_first_byte() -> None:
    found = lines("first-byte.md", OLD, NEW)
    assert f"| small | Flask | **{OURS}** | 1.00 | 3.00 |" in found
    assert found[4] == f"- small, `{OURS}`: `flask.render_template` (3.14)"
    assert lines("first-byte.md", OLD)[2] == "An earlier first byte than ours: nobody."


def test_rows_per_second() -> None:
    found = lines("rows.md", OLD, NEW)
    assert "| dicts | rows | Jinja2 render | 100,000 | 100,000 |" in found
    assert "| dicts | rows | **streamtmpl stream** | 500,000 | 333,000 |" in found
    assert "| one line | pages | Jinja2 render | - | - |" in found


def test_shares() -> None:
    found = lines("shares.md", OLD, NEW)
    at = found.index("*Dicts*: 1,000 dicts of 8 strings, read as `row.name`.")
    assert found[at + 2 : at + 7] == [
        "|  | Python 3.9 | Python 3.14 |",
        "| --- | ---: | ---: |",
        "| Mako render | 0.10 | 0.30 |",
        "| **streamtmpl stream** | 0.20 | 0.30 |",
        "| Jinja2 render | 1 (10 ms) | 1 (10 ms) |",
    ]
    assert found[3:6] == [
        "Faster than `streamtmpl stream`, with which Python:",
        "",
        "- dicts: Mako render (3.9)",  # with 3.14 both are shown as 0.30
    ]


def test_what_it_was_measured_with() -> None:
    found = lines("pythons.md", OLD, NEW)
    assert found[0] == ("- CPython 3.9.1, a processor: Jinja2 3.1.6. `python -m bench.pythons`")
    assert "`Jinja2 render` against itself was off by at most 3% in the" in found


def test_a_report_of_what_is_kept() -> None:
    report = OLD.as_report()
    assert isinstance(report, Report)
    assert report.python == "CPython 3.9.1"
    score = report.score("Mako render", "dicts")
    assert score is not None
    assert score.ratio == 0.1


def test_the_command_measures_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").mkdir()
    save(OLD, tmp_path / "results")
    monkeypatch.setattr(pythons, "STACKS", {})
    monkeypatch.setattr(pythons, "PEERS", PEERS[:2])
    folder = ["--folder", str(tmp_path)]
    assert pythons.main([*folder, "--seconds", "0.01"]) == 0
    first, latest = load(tmp_path / "results")
    assert first == OLD
    assert {one.workload for one in latest.engines} == {workload.name for workload in WORKLOADS}
    assert latest.versions["gunicorn"]
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.md")}
    assert written == {name: f"{text}\n" for name, text in tables([first, latest]).items()}
    for file in tmp_path.glob("*.md"):
        file.unlink()
    assert pythons.main([*folder, "--only-write"]) == 0
    assert {file.name for file in tmp_path.glob("*.md")} == written.keys()


def test_the_tables_of_the_documentation_are_those_of_the_results() -> None:
    for name, text in tables(load(pythons.FOLDER / pythons.RESULTS)).items():
        assert (pythons.FOLDER / name).read_text(encoding="utf-8") == f"{text}\n", name
