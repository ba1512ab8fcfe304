"""The command line as a process: what it reads, writes and shows, and how it ends."""

import gzip
import io
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl.cli import main

if sys.platform == "win32":
    pytest.skip("terminals, signals and pipes of POSIX", allow_module_level=True)

import fcntl
import pty
import termios

PATIENCE = 60  # seconds that a test waits for what must come, before it fails
ENDLESS = "{% for i in range(10 ** 12) %}{{ i }}\n{% endfor %}"
EACH_ROW = "{% for row in rows %}{{ row.a }};{% endfor %}"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = Path(streamtmpl.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(package), prepend=os.pathsep)
    return tmp_path


@pytest.fixture
def interruptible():
    """Let processes react to SIGINT even where the tests run in the background, ignoring it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def start(template, *arguments, python=("-m", "streamtmpl"), **streams):
    Path("page.html").write_text(template, encoding="utf-8")
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | streams
    command = [sys.executable, *python, "render", "page.html", *arguments]
    return subprocess.Popen(command, bufsize=0, **streams)


def run(template, *arguments, given=b"", **streams):
    """Return exit status, output and messages of a process that is ``given`` standard input."""
    with start(template, *arguments, **streams) as process:
        written, messages = process.communicate(given, timeout=PATIENCE)
    return process.returncode, written, messages


def read(stream, size):
    """Read ``size`` bytes that must come without anything else happening."""
    content = b""
    while len(content) < size:
        assert select.select([stream], [], [], PATIENCE)[0], f"nothing follows {content!r}"
        piece = os.read(stream.fileno(), size - len(content))
        assert piece, f"nothing follows {content!r}"
        content += piece
    return content


def read_terminal(master):
    """Read all that was shown on a terminal that no process has open any more."""
    content = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # how Linux says that the last one has closed it
            piece = b""
        if not piece:
            os.close(master)
            return content.decode()
        content += piece


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


# What is rendered


def test_data_definitions_rows_and_templates_come_together():
    Path("parts").mkdir()
    Path("parts/base.html").write_text("<h1>{{ title }}</h1>{% block body %}{% endblock %}")
    Path("a.json").write_text('{"title": "first", "unit": "kg"}')
    Path("b.json").write_text('{"title": "R & D", "year": 2023}')
    Path("sales.csv").write_text("item,weight\nbolt,<1\nnut,2\n")
    template = (
        "{% extends 'base.html' %}{% block body %}{% for row in sales %}"
        "{{ row.item }} {{ row.weight }} {{ unit }} {{ year }}\n{% endfor %}{% endblock %}"
    )
    arguments = ["--data", "a.json", "--data", "b.json", "-D", "year=2024"]
    arguments += ["--rows", "sales=sales.csv", "--search-path", "parts"]
    expected = b"<h1>R &amp; D</h1>bolt &lt;1 kg 2024\nnut 2 kg 2024\n"
    assert run(template, *arguments) == (0, expected, b"")


def test_single_blocks_in_the_order_given():
    template = (
        "{% set name = 'N' %}never{% block first %}a{{ name }}\n{% endblock %}never"
        "{% block second %}b\n{% endblock %}"
    )
    assert run(template, "--block", "first") == (0, b"aN\n", b"")
    assert run(template, "--block", "second", "--block", "first") == (0, b"b\naN\n", b"")
    status, written, messages = run(template, "--block", "third")
    assert (status, written) == (1, b"")
    assert b"block='third': 'page.html' has no such block. It has 'first', 'second'." in messages


def test_toml_data():
    Path("site.toml").write_text('[owner]\nname = "Ada"\n')
    assert run("{{ owner.name }}", "--data", "site.toml") == (0, b"Ada", b"")


def test_data_from_standard_input():
    assert run("{{ a }}", "--data", "-", given=b'{"a": "\xc3\xbc"}') == (0, b"\xc3\xbc", b"")


def test_several_rows_are_iterated_together():
    Path("a.csv").write_text("a\n1\n2\n")
    Path("b.jsonl").write_text('{"b": 3}\n{"b": 4}\n')
    template = "{% for x in a %}{% for y in b %}{{ x.a }}{{ y.b }} {% endfor %}{% endfor %}"
    arguments = ["--rows", "a=a.csv", "--rows", "b=b.jsonl"]
    assert run(template, *arguments) == (0, b"13 14 23 24 ", b"")


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("a.html", [], b"&lt;"),
        ("a.XML", [], b"&lt;"),
        ("a.html.j2", [], b"&lt;"),
        ("a.txt", [], b"<"),
        ("a.sql.jinja", [], b"<"),
        ("a.html", ["--no-autoescape"], b"<"),
        ("a.txt", ["--autoescape"], b"&lt;"),
    ],
)
def test_escaping_follows_the_name_unless_told(capfdbinary, name, arguments, expected):
    Path(name).write_text("{{ a }}")
    assert main(["render", name, "-D", "a=<", *arguments]) == 0
    assert capfdbinary.readouterr().out == expected


def test_output_is_utf8_in_any_locale(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert run("ü{{ a }}", "-D", "a=€") == (0, "ü€".encode(), b"")


def test_yaml_data_and_packed_rows_of_another_encoding():
    pytest.importorskip("yaml")
    Path("d.yaml").write_text("unit: µg\n", encoding="utf-8")
    Path("r.csv.gz").write_bytes(gzip.compress("a;b\n1;ä\n".encode("cp1252")))
    template = "{% for row in rows %}{{ row.a }}{{ unit }}{{ row.b }}{% endfor %}"
    arguments = ["--data", "d.yaml", "--rows", "r.csv.gz", "--delimiter", ";"]
    arguments += ["--encoding", "cp1252"]
    assert run(template, *arguments) == (0, "1µgä".encode(), b"")


def test_extensions_and_white_space():
    template = "{% for i in range(9) %}\n  {% if i == 2 %}{% break %}\n  {% endif %}\n{{ i }}\n"
    template += "{% endfor %}"
    arguments = ["--trim-blocks", "--lstrip-blocks", "--extension", "loopcontrols"]
    assert run(template, *arguments) == (0, b"0\n1\n", b"")
    assert run("{% trans %}a{{ b }}{% endtrans %}", "-Db=1", "--extension", "i18n")[1] == b"a1"


# When it is read and written


def test_rows_from_standard_input_are_rendered_as_they_arrive():
    with start(EACH_ROW, "--rows", "-", "--chunk-size", "0") as process:
        process.stdin.write(b"a,b\n")
        for value in (b"1", b"2", b"3"):
            process.stdin.write(value + b",x\n")
            assert read(process.stdout, 2) == value + b";"
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_text_before_the_rows_leaves_while_they_are_waited_for():
    with start("<h1>Sales</h1>" + EACH_ROW, "--rows", "-") as process:
        assert read(process.stdout, 14) == b"<h1>Sales</h1>"
        process.stdin.write(b"a\n1\n")
        process.stdin.close()
        assert process.stdout.read() == b"1;"
    assert process.returncode == 0


def test_json_lines_from_standard_input_are_recognized():
    assert run(EACH_ROW, "--rows", "-", given=b'{"a": 1}\n{"a": 2}\n') == (0, b"1;2;", b"")


def test_standard_input_can_be_iterated_only_once():
    status, _, messages = run(EACH_ROW * 2, "--rows", "-", given=b"a\n1\n")
    assert status == 1
    assert messages.startswith(b"streamtmpl: error: <stdin>: can be read only once, ")


def test_wrong_row_of_standard_input():
    arguments = ["--rows", "-", "--chunk-size", "0"]
    message = b"streamtmpl: error: <stdin>:3: expected 1 fields, as in the header, found 2\n"
    assert run(EACH_ROW, *arguments, given=b"a\n1\n2,3\n") == (1, b"1;", message)


def test_full_pipe_that_does_not_block_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with start("{{ 'x' * 300000 }}", stdout=writing) as process, open(reading, "rb") as output:
        os.close(writing)
        assert len(output.read()) == 300_000
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
def test_standard_output_as_a_file_name():
    assert run("a", "--output", "/dev/stdout") == (0, b"a", b"")
    log = Path("log")
    log.write_bytes(b"before\n")
    with log.open("ab") as output:
        assert run("a", "--output", "/dev/stdout", stdout=output) == (0, None, b"")
    assert log.read_bytes() == b"before\na"


def test_output_file():
    Path("out.html").write_text("old")
    assert run(ENDLESS.replace("10 ** 12", "9"), "--output", "out.html") == (0, b"", b"")
    assert Path("out.html").read_text() == "0\n1\n2\n3\n4\n5\n6\n7\n8\n"


def test_failed_output_file_is_not_left_behind():
    Path("r.csv").write_text("a\n" + "1\n" * 100_000 + "2,3\n")
    status, written, messages = run(EACH_ROW, "--rows", "r.csv", "--output", "out.html")
    assert (status, written) == (1, b"")
    assert messages.startswith(b"streamtmpl: error: r.csv:100002: ")
    assert sorted(os.listdir()) == ["page.html", "r.csv"]


# How it ends


def test_closed_pipe_ends_quietly():
    with start(ENDLESS) as process:
        assert read(process.stdout, 4) == b"0\n1\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_pipe_that_was_closed_before():
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as output:
        assert run("a", stdout=output) == (141, None, b"")


@pytest.mark.usefixtures("interruptible")
def test_interrupt_ends_quietly():
    with start(EACH_ROW, "--rows", "-", "--chunk-size", "0") as process:
        process.stdin.write(b"a\n1\n")
        assert read(process.stdout, 2) == b"1;"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == 130


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_removes_the_unfinished_output_file(folder, number, status):
    with start(EACH_ROW, "--rows", "-", "--chunk-size", "0", "--output", "out") as process:
        process.stdin.write(b"a\n" + b"xxx\n" * io.DEFAULT_BUFFER_SIZE)
        wait_until(lambda: any(file.stat().st_size for file in folder.glob(".streamtmpl-*")))
        process.send_signal(number)
        assert process.stderr.read() == b""
    assert process.returncode == status
    assert os.listdir() == ["page.html"]


@pytest.mark.parametrize(
    ("closed", "arguments", "message"),
    [
        (">&-", [], b"streamtmpl: error: <stdout>: cannot be written: it is closed\n"),
        ("<&-", ["--rows", "-"], b"streamtmpl: error: <stdin>: cannot be read: it is closed\n"),
        ("2>&-", ["--rows", "no.csv"], b""),
    ],
)
def test_closed_standard_streams(closed, arguments, message):
    Path("page.html").write_text("a")
    command = [sys.executable, "-m", "streamtmpl", "render", "page.html", *arguments]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    ended = subprocess.run(shell, capture_output=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", message)


# The progress bar


@pytest.fixture
def terminal():
    """A terminal as the number of its user's end and that of its process's end."""
    pytest.importorskip("tqdm")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # 24 lines, 80 columns
    return master, slave


def show(terminal, template, *arguments, **streams):
    """Run with standard error on the terminal; return the exit status and what was shown."""
    master, slave = terminal
    with start(template, *arguments, stderr=slave, **streams) as process:
        os.close(slave)
        process.stdin.close()
        shown = read_terminal(master)
    return process.returncode, shown


def test_bar_shows_how_much_of_the_rows_has_been_read(terminal):
    Path("r.csv").write_text("a\n" + "1\n" * 1000)
    status, shown = show(terminal, EACH_ROW + "end", "--rows", "r.csv", "--output", "out")
    assert status == 0
    assert "100%|" in shown
    assert "2.00k/2.00k" in shown


def test_bar_counts_what_is_written_where_the_end_is_unknown(terminal):
    status, shown = show(terminal, "{{ 'x' * 5000 }}")
    assert status == 0
    assert "5.00kB [" in shown


def test_message_follows_the_bar_on_its_own_line(terminal):
    Path("r.csv").write_text("a\n1\n2,3\n")
    status, shown = show(terminal, EACH_ROW, "--rows", "r.csv", "--chunk-size", "0")
    assert status == 1
    lines = shown.replace("\r\n", "\n").splitlines()
    assert "/8.00" in lines[-2]
    assert lines[-1].startswith("streamtmpl: error: r.csv:3: ")


def test_no_bar_when_the_output_is_on_the_terminal(terminal):
    assert show(terminal, "page", stdout=terminal[1]) == (0, "page")


def test_no_bar_where_standard_error_is_no_terminal():
    assert run("page", "--output", "out") == (0, b"", b"")


WITHOUT = "import sys; sys.modules[{!r}] = None; from streamtmpl.cli import main; sys.exit(main())"


def test_no_bar_without_tqdm(terminal):
    python = ("-c", WITHOUT.format("tqdm"))
    assert show(terminal, "page", "--output", "out", python=python) == (0, "")


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="Python reads TOML itself")
def test_toml_without_tomli():
    Path("d.toml").write_text("a = 1\n")
    python = ("-c", WITHOUT.format("tomli"))
    status, _, messages = run("{{ a }}", "--data", "d.toml", python=python)
    assert status == 1
    assert b"d.toml: reading TOML on Python 3.10 needs tomli: pip install" in messages
