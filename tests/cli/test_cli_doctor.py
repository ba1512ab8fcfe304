"""``streamtmpl doctor``: what it asks, what it shows, and how it ends.

What is shown of times is tested in virtual time, in this process, and the rest as a process.
"""

import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl.cli import main
from streamtmpl.doctor import as_data, diagnose
from tests.doctor.scripted import response, scripted
from tests.doctor.virtual import page, virtual_network

if sys.platform == "win32":
    pytest.skip("terminals and signals of POSIX", allow_module_level=True)

import pty

PATIENCE = 60

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


@pytest.fixture
def network(monkeypatch):
    return virtual_network(monkeypatch)


QUICK = response(b"hello", "Content-Length: 5")
WAITING = page(0.7, b"<h1>hello</h1>")


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (
            page(0.1, b"<h1>hello</h1>", 0.7, b"<p>bye"),
            0,
            "streams: the first text comes after 0.10 s, the last after 0.80 s",
        ),
        (WAITING, 1, "held back: all text comes at once, after 0.70 s; likeliest: "),
        (
            [*page(b"<h1>hello</h1>")[:-1], 0.2],
            1,
            "cut off: the connection ended after 0.20 s, before the page did; likeliest: ",
        ),
        ([0.3, QUICK], 3, "cannot tell: all of it came within 0.30 s, too soon"),
    ],
    ids=["streaming", "waiting", "cut", "quick"],
)
def test_status_and_verdict(answer, status, verdict, network, capfd):
    server = network.server(answer)
    assert main(["doctor", server.url(), "--encoding", "identity"]) == status
    written, messages = capfd.readouterr()
    assert messages == ""
    assert written.splitlines()[-1].startswith(f"verdict: {verdict}")


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", 1, "cut off: the"),
        (response(status="403 Forbidden"), 3, "cannot tell: it answers 403 Forbidden"),
        (b"", 3, "cannot tell: the server closed the connection without an answer"),
    ],
    ids=["cut", "forbidden", "nothing"],
)
def test_status_and_verdict_of_a_process(answer, status, verdict):
    with scripted(answer) as server:
        returned, written, messages = run(server.url(), "--encoding", "identity")
    assert (returned, messages) == (status, "")
    assert written.splitlines()[-1].startswith(f"verdict: {verdict}")


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
    with scripted(QUICK) as server:
        run(server.url(), "-H", "X-One: 1", "-H", "Accept: text/x", "-b", "a=b", "--cookie=c=d=e")
        accepted = [server.header("Accept-Encoding", n) for n in range(len(server.requests))]
        assert accepted[:2] == ["identity", "gzip"]
        assert set(accepted) <= {"identity", "gzip", "br", "zstd"}
        assert server.header("X-One") == "1"
        assert server.header("Accept") == "text/x"
        assert server.header("Cookie") == "a=b; c=d=e"
        run(server.url(), "--fragment", "--encoding", "gzip")
        assert server.header("Sec-Fetch-Dest") == "empty"


def test_json(network, capfd):
    server = network.server(WAITING)
    assert main(["doctor", server.url("/a"), "--format", "json", "--encoding", "identity"]) == 1
    shown = json.loads(capfd.readouterr().out)
    assert shown["status"] == "held back"
    (exchange,) = shown["exchanges"]
    assert exchange["url"].endswith("/a")
    assert exchange["pace"] == "at once"
    assert exchange["head"]["status"] == 200
    assert exchange["pieces"] == [{"at": 0.7, "size": 14, "characters": 14}]
    assert shown["findings"][0]["code"] == "collected"
    assert shown["findings"][0]["causes"][0].keys() == {"what", "mend", "page"}
    seen = diagnose([network.server([QUICK]).url()])
    assert as_data(seen).keys() == shown.keys()


def test_each_answer_is_shown_when_it_has_come():
    opened = threading.Event()

    def answer(connection, request):
        if "Accept-Encoding: gzip" in request:
            opened.wait(PATIENCE)
        connection.sendall(QUICK)

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


@pytest.mark.parametrize(
    ("encoding", "shades"), [("utf-8", " ▄█"), ("ascii", "_=#")], ids=["blocks", "ascii"]
)
def test_the_picture(encoding, shades, network, monkeypatch, capfdbinary):
    server = network.server(page(0.11, b"x" * 50, 0.6, b"y" * 50, 0.09))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    main(["doctor", server.url(), "--encoding=identity"])
    lines = capfdbinary.readouterr().out.decode(encoding).splitlines()
    # Forty columns of 0.02 seconds: the pieces come in the middle of the sixth and the 36th one.
    nothing, half, all_of_it = shades
    assert f"  identity     {nothing * 5}{half * 30}{all_of_it * 5}  0.80 s" in lines
    assert "      0.11 s  50 bytes, 50 characters" in lines


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals(variables, coloured):
    environment = {**ENVIRONMENT, "TERM": "xterm", **variables}
    master, slave = pty.openpty()
    with scripted(b"") as server, open(master, "rb", buffering=0) as terminal:
        with start(
            server.url(), "--encoding=identity", environment=environment, stdout=slave
        ) as process:
            os.close(slave)
            shown = b""
            while b"verdict" not in shown.splitlines()[-1] if shown else True:
                shown += os.read(terminal.fileno(), 4096)
            process.wait(PATIENCE)
        piped = run(server.url(), "--encoding=identity", environment=environment)[1]
    assert (b"\x1b[33mcannot tell" in shown) is coloured
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
