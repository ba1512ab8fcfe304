"""The plugin fails a run that proves nothing: checked on suites of one or two tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamtmpl

PLUGIN = Path(__file__).resolve().parent
PACKAGE = Path(streamtmpl.__file__).resolve().parents[1]

OURS = """
from jinja2 import Template
def test_ours():
    assert Template("{{ 1 }}").render() == "1"
"""
BOUNDARIES = """
from jinja2 import Environment
def test_pieces():
    assert list(Environment().from_string("a{{ b }}").generate(b="c")) == ["a", "c"]
"""
# Jinja2's own generator, by a name that the plugin does not replace.
FOREIGN = """
import jinja2.compiler, jinja2.environment
def test_foreign():
    environment = jinja2.environment.Environment()
    environment.code_generator_class = jinja2.compiler.CodeGenerator
    assert environment.from_string("x").render() == "x"
"""


def run(tmp_path, suite, different=None, way="attributes"):
    """Run the plugin on a suite, with a list of differences of its own."""
    (tmp_path / "differences.py").write_text(f"DIFFERENT = {different or {}!r}\n")
    (tmp_path / "test_suite.py").write_text(suite)
    python_path = [str(tmp_path), str(PLUGIN), str(PACKAGE)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(python_path),
        "STREAMTMPL_CONFORMANCE": way,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # to import the others takes longest
    }
    command = [sys.executable, "-m", "pytest", "-p", "plugin", "--rootdir=.", "test_suite.py"]
    finished = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.mark.parametrize("way", ["attributes", "environments", "enable"])
def test_a_suite_of_our_templates_passes(tmp_path, way):
    status, output = run(tmp_path, OURS, way=way)
    assert status == 0, output
    assert "templates compiled: 1 by streamtmpl, 0 by NativeEnvironment, 0 by others" in output


def test_a_template_that_is_not_ours_fails_the_run(tmp_path):
    status, output = run(tmp_path, OURS + FOREIGN)
    assert status == 1, output
    assert "2 passed" in output
    assert "not ours: test_suite.py::test_foreign" in output


def test_a_run_without_any_of_our_templates_fails(tmp_path):
    status, output = run(tmp_path, "def test_nothing():\n    pass\n")
    assert status == 1, output


def test_a_listed_difference_is_expected(tmp_path):
    status, output = run(tmp_path, OURS + BOUNDARIES, {"test_suite.py::test_pieces": "pieces"})
    assert status == 0, output
    assert "1 passed, 1 xfailed" in output


def test_a_listed_test_that_passes_fails_the_run(tmp_path):
    status, output = run(tmp_path, OURS, {"test_suite.py::test_ours": "no reason at all"})
    assert status == 1, output


def test_a_listed_test_that_fails_otherwise_fails_the_run(tmp_path):
    suite = OURS + "def test_error():\n    raise KeyError\n"
    status, output = run(tmp_path, suite, {"test_suite.py::test_error": "no assertion"})
    assert status == 1, output


def test_a_listed_test_that_does_not_exist_fails_the_run(tmp_path):
    status, output = run(tmp_path, OURS, {"test_suite.py::test_gone": "no such test"})
    assert status == 4, output
    assert "test_suite.py::test_gone" in output
