"""What docs/doctor.rst shows is what the command says, but for times and ports."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest

pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("gunicorn", reason="gunicorn is not installed")

from streamtmpl.decoding import can_decode
from tests.adapters.launch import ROOT, free_port, module, running
from tests.adapters.nginx import NGINX

if NGINX is None:
    pytest.skip("nginx is not installed", allow_module_level=True)
if not (can_decode("br") and can_decode("zstd")):
    pytest.skip("br or zstd cannot be decoded here", allow_module_level=True)

EXAMPLE = ROOT / "docs" / "examples" / "doctor"
BLOCK = re.compile(r"^    \$ (streamtmpl doctor .*)\n((?:    .*\n|\n)+)", re.MULTILINE)
SHOWN = BLOCK.findall((ROOT / "docs" / "doctor.rst").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of the example, and those in their place."""
    folder = tmp_path_factory.mktemp("example")
    behind, before = free_port(), free_port()
    app = module("gunicorn", "-b", f"127.0.0.1:{behind}", "--chdir", str(EXAMPLE), "app:app")
    settings = (EXAMPLE / "nginx.conf").read_text()
    settings = settings.replace("8080", str(before)).replace("5000", str(behind))
    if os.geteuid() == 0:  # its workers must be able to write into the test's folder
        settings = f"user root root;\n{settings}"
    (folder / "nginx.conf").write_text(settings)
    nginx = [str(NGINX), "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", "nginx.conf"]
    nginx[-1] = str(folder / "nginx.conf")
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}  # the folder is one of the documentation
    with (
        running(app, behind, folder / "app.log", environment),
        running(nginx, before, folder / "log"),
    ):
        yield {"8080": str(before), "5000": str(behind)}


def masked(text: str) -> str:
    """*text* without what differs from run to run, nor line breaks."""
    text = re.sub(r"\d+\.\d\d s", "T s", text)
    text = re.sub(r"nginx/[\d.]+", "nginx/V", text)
    text = re.sub(r"[ ▁-█]{39}█", "PICTURE", text)
    return " ".join(text.split())


def test_there_are_two():
    assert len(SHOWN) == 2


@pytest.mark.parametrize("number", range(2))
def test_the_command_says_so(number, ports):
    line, shown = SHOWN[number]
    for port, actual in ports.items():
        line = line.replace(port, actual)
    finished = subprocess.run(
        [sys.executable, "-m", *shlex.split(line)],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    said = finished.stdout
    for port, actual in ports.items():
        said = said.replace(actual, port)
    assert (finished.returncode, finished.stderr) == (1, "")
    assert masked(said) == masked(shown)
