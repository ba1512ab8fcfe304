"""Where output goes: files that are replaced as a whole, and everything else."""

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import streamtmpl
from streamtmpl.cli.destination import Destination, OutputError, open_destination


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path, *chunks):
    """Write the chunks to ``path``; an exception among them is raised in its turn."""
    with open_destination(path) as destination:
        for chunk in chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            destination.write(chunk)


def entries():
    return sorted(os.listdir())


def test_new_file_has_the_usual_permissions():
    write("out", b"a", b"b")
    Path("usual").write_bytes(b"")
    assert Path("out").read_bytes() == b"ab"
    assert os.stat("out").st_mode == os.stat("usual").st_mode
    assert entries() == ["out", "usual"]


def test_existing_file_keeps_its_content_until_the_end_and_its_permissions():
    Path("out").write_bytes(b"old")
    os.chmod("out", 0o640)
    with open_destination("out") as destination:
        destination.write(b"new" * 100_000)
        assert Path("out").read_bytes() == b"old"
    assert Path("out").read_bytes() == b"new" * 100_000
    assert stat.S_IMODE(os.stat("out").st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
@pytest.mark.parametrize("bits", [stat.S_ISUID, stat.S_ISGID, stat.S_ISUID | stat.S_ISGID])
def test_new_content_does_not_run_as_the_owner(bits):
    Path("out").write_bytes(b"old")
    os.chmod("out", 0o755 | bits)
    write("out", b"new")
    assert stat.S_IMODE(os.stat("out").st_mode) == 0o755


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_everything_as_it_was(existing, error):
    if existing:
        Path("out").write_bytes(b"old")
    with pytest.raises(error):
        write("out", b"new" * 100_000, error())
    assert entries() == (["out"] if existing else [])
    assert not existing or Path("out").read_bytes() == b"old"


def test_symbolic_link_stays_and_its_target_is_written():
    Path("folder").mkdir()
    for link, target in [("link", "folder/existing"), ("dangling", "folder/new")]:
        os.symlink(target, link)
    Path("folder/existing").write_bytes(b"old")
    write("link", b"one")
    write("dangling", b"two")
    assert Path("folder/existing").read_bytes() == b"one"
    assert Path("folder/new").read_bytes() == b"two"
    assert os.path.islink("link")
    assert os.path.islink("dangling")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_read_only_file_is_refused():
    Path("out").write_bytes(b"old")
    os.chmod("out", 0o444)
    with pytest.raises(OutputError, match=r"^out: cannot be written: Permission denied$"):
        write("out", b"new")
    assert Path("out").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("no/out", "No such file or directory"), (".", "Is a directory")],
)
def test_path_that_cannot_be_written(path, reason):
    with pytest.raises(OutputError, match=rf"^{path}: cannot be written: {reason}"):
        write(path, b"a")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_full_device():
    with pytest.raises(
        OutputError, match=r"^/dev/full: cannot be written: No space left on device$"
    ):
        write("/dev/full", b"a")


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="a device of POSIX")
def test_device_is_written_to_and_stays_one():
    write("/dev/null", b"a")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_named_pipe_receives_each_chunk_at_once():
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    with open_destination("pipe") as destination:
        destination.write(b"first")
        assert os.read(reader, 100) == b"first"
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            destination.write(b"second")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


@pytest.mark.parametrize("path", [None, "-"])
def test_standard_output_receives_each_chunk_at_once(capfdbinary, path):
    with open_destination(path) as destination:
        destination.write(b"first")
        assert capfdbinary.readouterr().out == b"first"
        destination.write(b"second")
    assert capfdbinary.readouterr().out == b"second"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize(
    ("output", "problem"), [(">&-", b"it is closed"), (">/dev/full", b"No space left on device")]
)
@pytest.mark.parametrize(
    ("command", "status"),
    [("render", 1), ("explain", 1), ("timeline", 1), ("doctor --encoding identity", 3)],
)
def test_every_command_says_that_it_cannot_write(command, status, output, problem):
    Path("page.html").write_text("hello")
    what = "http://127.0.0.1:1/" if command.startswith("doctor") else "page.html"
    line = f"{sys.executable} -m streamtmpl {command} {what} {output}"
    environment = {**os.environ, "PYTHONPATH": str(Path(streamtmpl.__file__).parents[1])}
    ended = subprocess.run(line, shell=True, env=environment, stderr=subprocess.PIPE)
    assert ended.stderr == b"streamtmpl: error: <stdout>: cannot be written: " + problem + b"\n"
    assert ended.returncode == status


class Terminal(io.BytesIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals(monkeypatch, variables, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    assert Destination(Terminal(), "terminal").has_colour is coloured
    assert not Destination(io.BytesIO(), "file").has_colour


def test_text_has_escapes_for_what_cannot_be_written():
    file = io.BytesIO()
    destination = Destination(file, "terminal", "latin-1")
    destination.write_text("caf\xe9 \u2588\n")
    assert file.getvalue() == b"caf\xe9 \\u2588\n"
    assert destination.can_show("caf\xe9")
    assert not destination.can_show("\u2588")
