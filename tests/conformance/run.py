"""Run all of Jinja2's own tests against streamtmpl.

    python tests/conformance/run.py

The source distribution of the installed Jinja2 version is fetched with pip into a temporary
directory (or taken from ``--sdist``), and its tests run once for each way of putting streamtmpl in
Jinja2's place; see ``plugin.py``. ``differences.py`` lists the tests that are meant to differ.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WAYS = ("attributes", "environments", "enable")


def main() -> int:
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="streamtmpl-conformance-") as scratch:
        archive = options.sdist or download(Path(scratch))
        source = unpack(archive, Path(scratch))
        for way in options.way or WAYS:
            status = run_tests(source, way, options.pytest_args)
            if status:
                print(f"Jinja2's tests failed with streamtmpl put in by {way!r}", file=sys.stderr)
                return status
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run Jinja2's own tests against streamtmpl.")
    parser.add_argument("--sdist", type=Path, help="Jinja2's source archive, if already at hand")
    parser.add_argument("--way", action="append", choices=WAYS, help="only this way (repeatable)")
    parser.add_argument("pytest_args", nargs="*", help="arguments for pytest, after '--'")
    return parser.parse_args()


def download(into: Path) -> Path:
    """Fetch the source distribution of the Jinja2 that is installed here."""
    version = importlib.metadata.version("jinja2")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary=jinja2", f"--dest={into}", f"jinja2=={version}"]
    subprocess.run(command, check=True)
    archives = list(into.glob("*.tar.gz"))
    if len(archives) != 1:
        sys.exit(f"expected pip to download one archive of Jinja2 {version}, found {archives}")
    return archives[0]


def unpack(archive: Path, into: Path) -> Path:
    with tarfile.open(archive) as tar:
        root = tar.getnames()[0].split("/")[0]
        if hasattr(tarfile, "data_filter"):
            tar.extractall(into, filter="data")
        else:  # Python 3.10 before 3.10.12
            tar.extractall(into)
    return into / root


def run_tests(source: Path, way: str, pytest_args: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-p", "plugin", "-p", "no:cacheprovider"]
    command += ["--quiet", "-c", "pyproject.toml", "--rootdir=.", "tests", *pytest_args]
    environment = {**os.environ, "STREAMTMPL_CONFORMANCE": way, "PYTHONPATH": python_path()}
    return subprocess.run(command, cwd=source, env=environment).returncode


def python_path() -> str:
    """Where the plugin lies, and where this process found streamtmpl."""
    spec = importlib.util.find_spec("streamtmpl")
    if spec is None or spec.origin is None:
        sys.exit("streamtmpl is not installed: python -m pip install -e '.[test]'")
    return os.pathsep.join([str(HERE), str(Path(spec.origin).parents[1])])


if __name__ == "__main__":
    sys.exit(main())
