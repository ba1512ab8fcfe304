"""The example of the command line: its data and its report."""

import os
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

import streamtmpl
from streamtmpl.cli import main
from streamtmpl.cli.rows import Rows

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    package = Path(streamtmpl.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(package), prepend=os.pathsep)


def make_rows(count):
    command = [sys.executable, str(EXAMPLES / "make_rows.py"), str(count)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def test_rows_are_always_the_same():
    assert make_rows(4) == (EXAMPLES / "sales.csv").read_bytes()
    assert make_rows(2500).startswith(make_rows(4))


def test_report_is_what_jinja2_renders(tmp_path, capfdbinary):
    sales = tmp_path / "sales.csv"
    sales.write_bytes(make_rows(2500))
    template = str(EXAMPLES / "report.html")
    assert main(["render", template, "--rows", f"sales={sales}", "-D", "title=R & D"]) == 0
    plain = jinja2.Environment(loader=jinja2.FileSystemLoader(EXAMPLES), autoescape=True)
    expected = plain.get_template("report.html").render(sales=Rows(str(sales)), title="R & D")
    assert capfdbinary.readouterr().out == expected.encode()
    assert expected.count("<tr><th") == 3
    assert "<p>2500 sales, " in expected
