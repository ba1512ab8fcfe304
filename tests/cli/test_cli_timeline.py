"""``streamtmpl timeline`` as a process: what it draws, where to, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

import streamtmpl

if sys.platform == "win32":
    pytest.skip("terminals and signals of POSIX", allow_module_level=True)

import fcntl
import pty
import struct
import termios

PATIENCE = 60  # seconds that a test waits for what must come, before it fails

SLOW = """
import time
from pathlib import Path
from jinja2.ext import Extension

class Slow(Extension):
    '''Gives templates a source that takes its time, and one that never comes to its end.'''

    def __init__(self, environment):
        super().__init__(environment)
        environment.globals.update(slow=self.slow, endless=self.endless)

    def slow(self):
        for n in range(3):
            time.sleep(0.02)
            yield n

    def endless(self):
        yield 1
        Path("waiting").touch()
        time.sleep(1000)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = Path(streamtmpl.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{package}{os.pathsep}{tmp_path}")
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Path("sources.py").write_text(SLOW)
    return tmp_path


def start(template, *arguments, **streams):
    Path("page.html").write_text(template, encoding="utf-8")
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | streams
    extension = ("--extension", "sources.Slow")
    command = [sys.executable, "-m", "streamtmpl", "timeline", "page.html", *extension, *arguments]
    # Without *env* it would also get the COLUMNS that readline sets where Python does not see it.
    return subprocess.Popen(command, bufsize=0, env=dict(os.environ), **streams)


def run(template, *arguments, given=b"", **streams):
    """Return exit status, output and messages."""
    with start(template, *arguments, **streams) as process:
        written, messages = process.communicate(given, timeout=PATIENCE)
    return process.returncode, (written or b"").decode(), messages.decode()


def on_terminal(*arguments, columns):
    """What is shown on a terminal that is so wide."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with start("{% for n in slow() %}{{ n }}{% endfor %}", *arguments, stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # how Linux says that the last one has closed it
                break
            if not piece:
                break
            shown += piece
        assert process.wait(PATIENCE) == 0
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def test_the_text_shows_the_wait_and_the_page_is_thrown_away():
    template = "<h1>Numbers</h1>\n{% for n in slow() %}<p>{{ n }}</p>{% endfor %}"
    status, text, messages = run(template)
    assert (status, messages) == (0, "")
    assert text.startswith("page.html\nComplete after ")
    assert re.search(r"^ +[\d.]+ ms  page.html:2  the next item of a source, 3 times$", text, re.M)
    assert "~" in next(line for line in text.splitlines() if line.startswith("page "))
    assert "<h1>" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_data_and_rows_are_those_of_render():
    Path("rows.csv").write_text("n\n1\n2\n")
    template = "{% for row in rows %}{{ row.n }}{{ unit }}{% endfor %}"
    arguments = ["--rows", "rows.csv", "-D", "unit=kg", "--chunk-size", "0"]
    status, text, messages = run(template, *arguments)
    assert (status, messages) == (0, "")
    assert "2 chunks, 6 bytes." in text


def test_standard_input_is_waited_for():
    with start("{% for row in rows %}{{ row.n }}{% endfor %}", "--rows", "-") as process:
        written, _ = process.communicate(b'{"n": 1}\n{"n": 2}\n', timeout=PATIENCE)
    assert process.returncode == 0
    assert re.search(rb"(1 chunk|2 chunks), 2 bytes\.", written)  # two, if the pipe is slow


def test_a_block():
    template = "{% block a %}aa{% endblock %}{% block b %}b{% endblock %}"
    _, text, _ = run(template, "--block", "a")
    assert text.startswith("page.html, block a\n")
    assert "1 chunk, 2 bytes." in text


@pytest.mark.parametrize("mode", ["patch", "in-order"])
def test_regions_are_bars(mode):
    template = (
        "<body>{% defer %}{% for n in slow() %}{{ n }}{% endfor %}{% enddefer %}\n"
        "{% defer %}{{ 1 // 0 }}{% error %}sorry{% enddefer %}</body>"
    )
    status, text, messages = run(template, "--deferred", mode)
    assert status == 0
    assert "ZeroDivisionError" in messages
    assert re.search(r"^region 1 .*~.*o$", text, re.M)
    assert re.search(r"ready after [\d.]+ ms, page.html:1$", text, re.M)
    assert re.search(r"failed: ZeroDivisionError after <?[\d.]+ ms, page.html:2$", text, re.M)


def test_a_picture():
    status, text, messages = run("{% for n in slow() %}{{ n }}{% endfor %}", "--output", "a.svg")
    assert (status, text, messages) == (0, "", "")
    root = ElementTree.parse("a.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert any("page.html:1" in (text.text or "") for text in root.iter())


def test_a_page():
    assert run("{{ 1 }}", "--output", "a.HTML") == (0, "", "")
    assert Path("a.HTML").read_text().startswith("<!doctype html>")


def test_what_is_neither_is_refused():
    status, text, messages = run("{{ 1 }}", "--output", "a.png")
    assert (status, text) == (2, "")
    assert "--output is a picture (.svg) or a page (.html), not 'a.png'" in messages
    assert not Path("a.png").exists()


def test_what_is_read_is_not_written_to():
    Path("data.html").write_text("{}")
    status, _, messages = run("{{ 1 }}", "--data", "data.html", "--output", "data.html")
    assert status == 1
    assert "it is the same file as" in messages
    assert Path("data.html").read_text() == "{}"


@pytest.mark.parametrize("output", [(), ("--output", "a.svg")])
def test_an_error_is_reported_and_what_came_before_it_is_drawn(output):
    template = "{% for n in slow() %}{{ n }}{% endfor %}\n{{ 1 // 0 }}"
    status, text, messages = run(template, *output)
    drawn = Path("a.svg").read_text() if output else text
    assert status == 1
    assert messages.startswith("streamtmpl: error: page.html:2: ZeroDivisionError")
    assert "Failed: ZeroDivisionError after" in drawn
    assert "page.html:1" in drawn


@pytest.mark.parametrize(("template", "data"), [("{% if %}", "{}"), ("{{ 1 }}", "[")])
def test_where_nothing_was_rendered_nothing_is_drawn(template, data):
    Path("data.json").write_text(data)
    status, text, messages = run(template, "--data", "data.json")
    assert (status, text) == (1, "")
    assert messages.startswith("streamtmpl: error: ")


def test_undefined_values_are_reported():
    status, text, messages = run("{{ nothing }}")
    assert status == 0
    assert "Complete after" in text
    assert "page.html:1: 'nothing' is undefined" in messages
    status, text, messages = run("{{ nothing }}", "--strict")
    assert status == 1
    assert "Failed: UndefinedError after" in text


def test_who_interrupts_it_sees_what_came_before(monkeypatch):
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = start("{% for n in endless() %}{{ n }}{% endfor %}")
    finally:
        signal.signal(signal.SIGINT, previous)
    with process:
        deadline = time.monotonic() + PATIENCE
        while not Path("waiting").exists():
            assert time.monotonic() < deadline, "it has not begun"
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        written, messages = process.communicate(timeout=PATIENCE)
    assert (process.returncode, messages) == (130, b"")
    assert b"Failed: KeyboardInterrupt after" in written


def test_a_terminal_gets_its_width_and_colours():
    text = on_terminal(columns=100)
    assert "\x1b[33m~" in text
    plain = re.sub(r"\x1b\[\d+m", "", text)
    (axis,) = (line for line in plain.splitlines() if line.startswith(" " * 13 + "+--"))
    assert len(axis) == 100


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_that_nobody_wants_are_left_out(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert "\x1b" not in on_terminal(columns=80)


def test_an_empty_no_color_says_nothing(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b[" in on_terminal(columns=80)
