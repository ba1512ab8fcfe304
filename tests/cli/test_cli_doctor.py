"""``streamtmpl doctor`` as a process: what it asks, what it shows, and how it ends."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl.cli import main
from streamtmpl.doctor import as_data, diagnose
from tests.doctor.scripted import chunk, response, scripted

if sys.platform == "win32":
    pytest.skip("terminals and signals of POSIX", allow_module_level=True)

import pty

CHUNKED = "Transfer-Encoding: chunked"
HTML = "Content-Type: text/html; charset=utf-8"
PATIENCE = 30
WAIT = 0.7

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(streamtmpl.__file__).parents[1]),
    "PYTHONIOENCODING": "utf-8",
}


def start(*arguments, environment=ENVIRONMENT, **streams):
    command = [sys.executable, "-m", "streamtmpl", "doctor", *arguments]
    streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE) | streams
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, **streams)


def run(*arguments, environment=ENVIRONMENT):
    """Exit status, output and messages."""
    with start(*arguments, environment=environment) as process:
        written, messages = process.communicate(timeout=PATIENCE)
    return process.returncode, written.decode(), messages.decode()


def streaming(connection, request):
    connection.sendall(response(chunk(b"<h1>hello</h1>"), CHUNKED, HTML))
    time.sleep(WAIT)
    connection.sendall(chunk(b"<p>bye") + chunk(b""))


def waiting(connection, request):
    time.sleep(WAIT)
    connection.sendall(response(chunk(b"<h1>hello</h1>") + chunk(b""), CHUNKED, HTML, "Server: me"))


def cut(connection, request):
    connection.sendall(response(chunk(b"<h1>hello</h1>"), CHUNKED, HTML))


def quick(connection, request):
    connection.sendall(response(b"hello", "Content-Length: 5"))


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (streaming, 0, "verdict: streams: the first text comes after "),
        (waiting, 1, "verdict: held back: all text comes at once, after "),
        (cut, 1, "verdict: cut off: the connection ended after "),
        (quick, 3, "verdict: cannot tell: all of it came within "),
        (response(status="403 Forbidden"), 3, "verdict: cannot tell: it answers 403 Forbidden"),
        (b"", 3, "verdict: cannot tell: the server closed the connection without an answer"),
    ],
)
def test_status_and_verdict(answer, status, verdict):
    with scripted(answer) as server:
        returned, written, messages = run(server.url(), "--encoding", "identity")
    assert (returned, messages) == (status, "")
    assert written.splitlines()[-1].startswith(verdict)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: URL"),
        (["ftp://a/"], "expected a URL of http or https, found 'ftp://a/'"),
        (["a", "--encoding", "lzma"], "invalid choice: 'lzma'"),
        (["a", "-H", "X"], "expected 'NAME: VALUE', found 'X'"),
        (["a", "-H", "X: a\nY: b"], "expected 'NAME: VALUE'"),
        (["a", "-H", "Accept-Encoding: br"], "Accept-Encoding is ours to send: see --encoding"),
        (["a", "-b", "a=b; c=d"], "expected NAME=VALUE, found 'a=b; c=d'"),
        (["a", "--timeout", "0"], "expected seconds, more than 0, found '0'"),
        (["a", "--timeout", "nan"], "expected seconds"),
        (["a", "--max-size", "-1"], "expected"),
        (["a", "--format", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert ended.value.code == 2
    written, messages = capsys.readouterr()
    assert written == ""
    assert said in messages


def test_what_is_asked():
    with scripted(quick) as server:
        run(server.url(), "-H", "X-One: 1", "-H", "Accept: text/x", "-b", "a=b", "--cookie=c=d=e")
        accepted = [server.header("Accept-Encoding", n) for n in range(len(server.requests))]
        assert accepted[:2] == ["identity", "gzip"]
        assert set(accepted) <= {"identity", "gzip", "br", "zstd"}
        assert server.header("X-One") == "1"
        assert server.header("Accept") == "text/x"
        assert server.header("Cookie") == "a=b; c=d=e"
        run(server.url(), "--fragment", "--encoding", "gzip")
        assert server.header("Sec-Fetch-Dest") == "empty"


def test_json():
    with scripted(waiting) as server:
        returned, written, _ = run(server.url("/a"), "--format", "json", "--encoding", "identity")
    shown = json.loads(written)
    assert returned == 1
    assert shown["status"] == "held back"
    (exchange,) = shown["exchanges"]
    assert exchange["url"].endswith("/a")
    assert exchange["pace"] == "at once"
    assert exchange["head"]["status"] == 200
    assert [piece["characters"] for piece in exchange["pieces"]] == [14]
    assert shown["findings"][0]["code"] == "collected"
    assert shown["findings"][0]["causes"][0].keys() == {"what", "mend", "page"}
    with scripted(quick) as server:
        seen = diagnose([server.url()])
    assert as_data(seen).keys() == shown.keys()


def test_each_answer_is_shown_when_it_has_come():
    opened = threading.Event()

    def answer(connection, request):
        if "Accept-Encoding: gzip" in request:
            opened.wait(PATIENCE)
        quick(connection, request)

    with (
        scripted(answer) as server,
        start(server.url(), "--encoding=identity", "--encoding=gzip") as process,
    ):
        shown = b""
        while b"complete" not in shown:
            assert select.select([process.stdout], [], [], PATIENCE)[0]
            shown += os.read(process.stdout.fileno(), 4096)
        assert b"gzip" not in shown
        opened.set()
        rest, _ = process.communicate(timeout=PATIENCE)
    assert b"gzip" in rest


def test_the_picture():
    def answer(connection, request):
        connection.sendall(response(chunk(b"x" * 50), CHUNKED))
        time.sleep(WAIT)
        connection.sendall(chunk(b"y" * 50) + chunk(b""))

    with scripted(answer) as server:
        _, written, _ = run(server.url(), "--encoding=identity")
        ascii_only = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
        _, plain, _ = run(server.url(), "--encoding=identity", environment=ascii_only)
    # The connection may take a moment, and so may what is behind the wait.
    picture = re.search(r"identity     ([ ▄]{2}▄{20,37}█{1,18})  \d\.\d\d s\n", written)
    assert picture is not None
    assert len(picture[1]) == 40
    assert re.search(r"identity     [_=]{2}={20,37}#{1,18}  \d\.\d\d s\n", plain)
    assert "50 bytes, 50 characters" in written


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals(variables, coloured):
    environment = {**ENVIRONMENT, "TERM": "xterm", **variables}
    master, slave = pty.openpty()
    with scripted(waiting) as server, open(master, "rb", buffering=0) as terminal:
        with start(
            server.url(), "--encoding=identity", environment=environment, stdout=slave
        ) as process:
            os.close(slave)
            shown = b""
            while b"verdict" not in shown.splitlines()[-1] if shown else True:
                shown += os.read(terminal.fileno(), 4096)
            process.wait(PATIENCE)
        piped = run(server.url(), "--encoding=identity", environment=environment)[1]
    assert (b"\x1b[31mheld back" in shown) is coloured
    assert "\x1b" not in piped


def test_it_can_be_interrupted():
    asked = threading.Event()

    def answer(connection, request):
        asked.set()
        connection.recv(1)

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with scripted(answer) as server, start(server.url()) as process:
            assert asked.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
            assert process.stderr.read() == b""
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_name_in_a_header_that_the_terminal_cannot_show():
    with scripted(response(b"x", "Server: caf\xe9\x1b[2J")) as server:
        environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
        returned, written, messages = run(server.url(), environment=environment)
    assert (returned, messages) == (3, "")
    assert "caf\\xe9" in written
    assert "\x1b" not in written


def test_as_the_command_says():
    returned, written, _ = run("--help")
    assert returned == 0
    assert "exit status:" in written
