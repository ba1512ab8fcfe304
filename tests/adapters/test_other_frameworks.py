"""The examples for frameworks, started as their texts say: rows arrive while the page is made."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .http_client import Connection
from .launch import ROOT, free_port, module, running

EXAMPLES = ROOT / "docs" / "examples"
NEEDED = {
    "frameworks/bottle_app.py": ("bottle", "waitress"),
    "frameworks/pyramid_app.py": ("pyramid", "waitress"),
    "frameworks/falcon_app.py": ("falcon", "uvicorn"),
    "frameworks/sanic_app.py": ("sanic",),
    "frameworks/tornado_app.py": ("tornado",),
    "aiohttp/app.py": ("aiohttp_jinja2",),
    "litestar/app.py": ("litestar", "uvicorn"),
}
WHY_NOT = {"sanic": ": it brings uvloop, which uvicorn would use in all other tests"}


@pytest.mark.parametrize("example", NEEDED)
def test_rows_arrive_one_by_one(example: str, tmp_path: Path) -> None:
    for package in NEEDED[example]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed{WHY_NOT.get(package, '')}")
    port = free_port()
    command = [sys.executable, str(EXAMPLES / example), str(port)]
    if "litestar" in example:
        folder = str(EXAMPLES / "litestar")
        command = module("uvicorn", "--app-dir", folder, "app:app", "--port", str(port))
    found = {"PYTHONPATH": str(ROOT)}
    with (
        running(command, port, tmp_path / "log", found) as server,
        Connection(server.port) as connection,
    ):
        connection.send("/17")
        head = connection.head()
        assert head.status == 200
        assert str(head.get("Content-Type")).lower() == "text/html; charset=utf-8"
        first = connection.chunk()
        assert b"<title>Order 17</title>" in first
        assert b"delivered" not in first
        page = first + connection.body(head)
        assert page.count(b"<li>") == 5
        assert page.endswith(b"<p>That is all.</p>")
