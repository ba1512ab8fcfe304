"""A site of Django: its tests are run by Django, in a process of their own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest.importorskip("django", reason="the extra 'django' is not installed")


def test_the_tests_of_a_site() -> None:
    command = "from tests.testing import django_site; django_site.main()"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^Ran 5 tests in", ended.stdout, re.MULTILINE)
