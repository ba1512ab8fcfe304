"""nginx in front of a server of ours."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from .launch import Server, free_port, running

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

_CONFIGURATION = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {inside}
    }}
}}
"""


def running_nginx(folder: Path, inside: str) -> AbstractContextManager[Server]:
    """Run nginx with its defaults and one server, which has the lines *inside*."""
    assert NGINX is not None
    port = free_port()
    path = folder / f"nginx-{port}"
    path.mkdir()
    # Its workers must be able to write into the test's folder, which belongs to root if we do.
    user = "user root root;" if os.geteuid() == 0 else ""
    configuration = path / "nginx.conf"
    text = _CONFIGURATION.format(user=user, folder=path, port=port, inside=inside)
    configuration.write_text(text)
    command = [NGINX, "-p", str(path), "-c", str(configuration)]
    return running(command, port, path / "log")
