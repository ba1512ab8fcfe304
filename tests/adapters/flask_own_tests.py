"""Run Flask's own tests with streamtmpl's functions in the place of Flask's.

    python tests/adapters/flask_own_tests.py

The source distribution of the installed Flask is fetched with pip into a temporary directory (or
taken from ``--sdist``), and its tests run twice: as they are, and with this file as a pytest
plugin that puts ``stream_template``, ``stream_template_string`` and ``stream_with_context`` into
:mod:`flask` and sets up each application with ``StreamTemplates``. The command fails if a test
fails in the second run only.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NAMES = ("stream_template", "stream_template_string", "stream_with_context")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run Flask's own tests with streamtmpl.flask.")
    parser.add_argument("--sdist", type=Path, help="Flask's source archive, if already at hand")
    parser.add_argument("pytest_args", nargs="*", help="arguments for pytest, after '--'")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="streamtmpl-flask-") as scratch:
        source = unpack(options.sdist or download(Path(scratch)), Path(scratch))
        plain = failures(source, "plain", options.pytest_args)
        streaming = failures(source, "streaming", options.pytest_args)
    new = sorted(streaming - plain)
    print(f"failing with and without streamtmpl: {', '.join(sorted(plain & streaming)) or 'none'}")
    print(f"failing with streamtmpl only: {', '.join(new) or 'none'}")
    return 1 if new else 0


def failures(source: Path, way: str, pytest_args: list[str]) -> set[str]:
    """Run the tests in one way; gives those that have failed."""
    command = [sys.executable, "-m", "pytest", "-p", "flask_own_tests", "-p", "no:cacheprovider"]
    command += ["--quiet", "--tb=short", "-c", "pyproject.toml", "tests", *pytest_args]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    report = source / f"failures-{way}"
    environment = {**os.environ, "PYTHONPATH": path, "FLASK_OWN_TESTS": f"{way} {report}"}
    status = subprocess.run(command, cwd=source, env=environment).returncode
    if status not in (0, 1):
        sys.exit(f"pytest could not run Flask's tests ({way}): it ended with {status}")
    return set(report.read_text().split("\n")) - {""}


def download(into: Path) -> Path:
    """Fetch the source distribution of the Flask that is installed here."""
    version = importlib.metadata.version("flask")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary=flask", f"--dest={into}", f"flask=={version}"]
    subprocess.run(command, check=True)
    (archive,) = into.glob("[fF]lask-*.tar.gz")
    return archive


def unpack(archive: Path, into: Path) -> Path:
    with tarfile.open(archive) as tar:
        root = tar.getnames()[0].split("/")[0]
        if hasattr(tarfile, "data_filter"):
            tar.extractall(into, filter="data")
        else:  # Python 3.10 before 3.10.12
            tar.extractall(into)
    return into / root


def pytest_configure(config: Any) -> None:
    """Put streamtmpl into Flask, as a pytest plugin."""
    from _pytest import monkeypatch  # noqa: PLC0415 - the command itself needs none of these

    # Flask's tests use this private name of pytest, which pytest 9 has renamed.
    vars(monkeypatch).setdefault("notset", getattr(monkeypatch, "NOTSET", None))
    way, report = os.environ["FLASK_OWN_TESTS"].split(" ", 1)
    Path(report).write_text("")
    if way == "streaming":
        put_into_flask()


def put_into_flask() -> None:
    import flask  # noqa: PLC0415 - the command itself does not need it

    from streamtmpl.flask import views as streaming  # noqa: PLC0415

    for name in NAMES:
        for module in (flask, flask.helpers, flask.templating):
            if hasattr(module, name):
                setattr(module, name, getattr(streaming, name))
    set_up = flask.Flask.__init__

    def set_up_streaming(app: Any, *args: Any, **kwargs: Any) -> None:
        set_up(app, *args, **kwargs)
        streaming.StreamTemplates(app)

    vars(flask)["Flask"].__init__ = set_up_streaming


def pytest_runtest_logreport(report: Any) -> None:
    """Note a test that has failed."""
    if report.failed:
        _, path = os.environ["FLASK_OWN_TESTS"].split(" ", 1)
        with Path(path).open("a") as failed:
            failed.write(f"{report.nodeid}\n")


if __name__ == "__main__":
    sys.exit(main())
