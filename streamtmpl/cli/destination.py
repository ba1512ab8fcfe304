"""Where the command line's output goes: standard output, a file that is replaced, a device.

A regular file gets its new content in one step after all of it has been written, so an output file
that exists is a complete one. Everything else receives each chunk at once.
"""

import errno
import os
import secrets
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from .files import STANDARD_INPUT, UTF8, FileError, source_name, standard_input

STANDARD_OUTPUT = "-"

_STDOUT_NUMBER = 1
_STDOUT_NAME = "<stdout>"
_RUNS_AS_OWNER = stat.S_ISUID | stat.S_ISGID  # not for content that the owner has not written
_DESCRIPTORS = ("/dev/fd/", "/dev/std", "/proc/")  # open files by number: they have no folder


class OutputError(FileError):
    """The output cannot be written."""

    def __init__(self, name: str, reason: str) -> None:
        """An error of the output that messages call *name*."""
        super().__init__(name, None, f"cannot be written: {reason}")


class Destination:
    """An open output."""

    def __init__(self, file: BinaryIO, name: str, encoding: str = UTF8) -> None:
        """Write to *file*, which messages call *name*; *encoding* is that of text for people."""
        self._file = file
        self._name = name
        self._encoding = encoding

    @property
    def is_terminal(self) -> bool:
        """Whether a user sees what is written."""
        return self._file.isatty()

    @property
    def has_colour(self) -> bool:
        """Whether a user sees colours, and has not said that none are wanted."""
        unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return self.is_terminal and not unwanted

    def can_show(self, text: str) -> bool:
        """Whether all characters of *text* can be written."""
        try:
            text.encode(self._encoding)
        except UnicodeError:
            return False
        return True

    def write_text(self, text: str) -> None:
        """Write *text* for people, with escapes for characters that cannot be written.

        :raises OutputError, BrokenPipeError: as :meth:`write`.
        """
        self.write(text.encode(self._encoding, "backslashreplace"))

    def write(self, chunk: bytes) -> None:
        """Write all of *chunk*.

        :raises OutputError: it cannot be written.
        :raises BrokenPipeError: the reader has left.
        """
        with _named_errors(self._name):
            rest = memoryview(chunk)
            while rest:
                written: int | None = self._file.write(rest)
                if written is None:  # somebody has set the pipe to non-blocking, and it is full
                    select.select((), (self._file,), ())
                rest = rest[written or 0 :]


@contextmanager
def open_destination(path: str | None) -> Iterator[Destination]:
    """Open *path* for the length of a ``with`` block; ``None`` and ``-`` are standard output.

    When the block raises, a regular file keeps the content it had, or does not come into being.

    :raises OutputError: it cannot be opened, or not take the place of the file.
    """
    if path is None or path == STANDARD_OUTPUT or _is_standard_output(path):
        yield _standard_output()
    elif _is_regular(path):
        with _replaced_file(os.path.realpath(path), path) as destination:
            yield destination
    else:
        with _named_errors(path):
            device: BinaryIO = open(path, "wb", buffering=0)  # noqa: SIM115 - closed below
        with device:
            yield Destination(device, path)


def refuse_input(output: str | None, path: str) -> None:
    """Refuse to write to the file *path*, or ``-``, that is read: what it held would be lost.

    :raises OutputError: *output* is the same regular file.
    """
    if output is None or output == STANDARD_OUTPUT:
        return
    try:
        target = os.stat(output)
        source = os.stat(standard_input() if path == STANDARD_INPUT else path)
    except (OSError, ValueError):
        return  # what is not there is not the same; reading or writing it tells what is wrong
    if stat.S_ISREG(target.st_mode) and os.path.samestat(target, source):
        reason = f"it is the same file as {source_name(path)}, which is read: give another file"
        raise OutputError(output, reason)


def _standard_output() -> Destination:
    if sys.stdout is None:  # closed when the process started; the number may be another file's now
        raise OutputError(_STDOUT_NAME, "it is closed")
    # Unbuffered: a chunk leaves at once, and nothing is left over for the interpreter's exit to
    # flush into a pipe that has broken.
    file = open(_STDOUT_NUMBER, "wb", buffering=0, closefd=False)  # noqa: SIM115 - stays open
    return Destination(file, _STDOUT_NAME, sys.stdout.encoding or UTF8)


def _is_standard_output(path: str) -> bool:
    """Whether *path* is another way to say standard output, such as /dev/stdout."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(_STDOUT_NUMBER))
    except OSError:
        return False


def _is_regular(path: str) -> bool:
    """Whether *path* is, or would become, a file that another can take the place of."""
    if os.path.abspath(path).startswith(_DESCRIPTORS):
        return False
    return not os.path.exists(path) or stat.S_ISREG(os.stat(path).st_mode)


@contextmanager
def _replaced_file(target: str, name: str) -> Iterator[Destination]:
    """Open a temporary file beside *target* that takes its place when the block succeeds."""
    temporary = os.path.join(os.path.dirname(target), f".streamtmpl-{secrets.token_hex(8)}.tmp")
    with _named_errors(name):
        _check_writable(target)
        file = open(temporary, "xb")  # noqa: SIM115 - closed before it is moved
    try:
        with _named_errors(name):
            _copy_permissions(target, temporary)
        yield Destination(file, name)
        with _named_errors(name):
            file.close()
            os.replace(temporary, target)
    except BaseException:
        _discard(file, temporary)
        raise


def _check_writable(target: str) -> None:
    """Refuse what writing in place would refuse: replacing a file needs no right to write to it."""
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _copy_permissions(source: str, target: str) -> None:
    try:
        status = os.stat(source)
    except FileNotFoundError:
        return
    if hasattr(os, "chown"):
        try:
            os.chown(target, status.st_uid, status.st_gid)
        except OSError:
            pass  # only a privileged user can give files away; the permission bits still apply
    os.chmod(target, stat.S_IMODE(status.st_mode) & ~_RUNS_AS_OWNER)


def _discard(file: BinaryIO, path: str) -> None:
    try:
        file.close()
    except OSError:
        pass  # what could not be written is thrown away
    try:
        os.unlink(path)
    except OSError:
        pass  # the error that led here matters more


@contextmanager
def _named_errors(name: str) -> Iterator[None]:
    """Turn an OSError into an OutputError about *name*, except that a broken pipe stays one."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(name, str(error.strerror)) from error
