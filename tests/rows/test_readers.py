"""Files of rows read back by pandas and by jq: some thousands, in the comparisons many more."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamtmpl import csv_rows, json_array, json_lines


def counts(many: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "count", [20_000, pytest.param(many, marks=pytest.mark.comparison)]
    )


OF_CSV = counts(1_000_000)
OF_JSON = counts(200_000)  # readers of it take longer
NAMES = ["Ann", "Ōta, Ben", 'say "hi"', "two\r\nlines", "=1+1", " ", "\U0001f375", "NaN;\t'"]


def orders(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        name = NAMES[number % len(NAMES)]
        yield {"id": number, "name": name, "total": number * 0.25, "paid": number % 3 == 0}


def written(stream: Any, path: Path) -> Path:
    with stream, path.open("wb") as file:
        file.writelines(stream)
    return path


def check_with_pandas(frame: Any, count: int) -> None:
    assert list(frame.columns) == ["id", "name", "total", "paid"]
    assert len(frame) == count
    assert list(frame["id"]) == list(range(count))
    assert list(frame["name"]) == [NAMES[number % len(NAMES)] for number in range(count)]
    assert (frame["total"] == frame["id"] * 0.25).all()
    assert (frame["paid"] == (frame["id"] % 3 == 0)).all()


@OF_CSV
def test_pandas_reads_csv(count: int, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    path = written(csv_rows(orders(count)), tmp_path / "orders.csv")
    check_with_pandas(pandas.read_csv(path, keep_default_na=False), count)


@OF_JSON
@pytest.mark.parametrize("lines", [True, False], ids=["lines", "array"])
def test_pandas_reads_json(count: int, lines: bool, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    function = json_lines if lines else json_array
    path = written(function(orders(count)), tmp_path / "orders.json")
    check_with_pandas(pandas.read_json(path, lines=lines), count)


def jq(program: str, path: Path, *options: str) -> Any:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    command = ["jq", "--compact-output", *options, program, str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    return json.loads(done.stdout)


@OF_JSON
def test_jq_reads_json(count: int, tmp_path: Path) -> None:
    expected = {"count": count, "ids": count * (count - 1) // 2, "names": NAMES}
    path = written(json_array(orders(count)), tmp_path / "orders.json")
    program = "{count: length, ids: map(.id) | add, names: .[:8] | map(.name)}"
    assert jq(program, path) == expected
    path = written(json_lines(orders(count)), tmp_path / "orders.jsonl")
    program = "reduce inputs as $row ({}; .count += 1 | .ids += $row.id | .last = $row.name)"
    expected = {**expected, "last": NAMES[-1]}
    del expected["names"]
    assert jq(program, path, "--null-input") == expected


def test_jq_refuses_what_a_failing_source_has_left(tmp_path: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")

    def failing() -> Iterator[dict[str, Any]]:
        yield from orders(5000)
        raise OSError

    for function in (json_array, json_lines):
        path = tmp_path / "orders.json"
        with pytest.raises(OSError, match=r"^$"):
            written(function(failing()), path)
        assert path.stat().st_size > 100_000
        done = subprocess.run(["jq", ".", str(path)], capture_output=True)
        assert done.returncode != 0
        assert b"nfinished" in done.stderr
