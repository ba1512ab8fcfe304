"""What reading any of the command line's files has in common.

Everything that is wrong with a file is a :class:`FileError`, whose text is ``file: problem`` or,
where the problem is in a line, ``file:line: problem``.
"""

import codecs
import errno
import gzip
import io
import os
import sys
import zlib

STANDARD_INPUT = "-"
UTF8 = "utf-8"
READ_ERRORS = (OSError, EOFError, zlib.error)  # the last two: a gzip file that is cut or damaged

_GZIP = ".gz"
_BYTE_ORDER_MARK = "\ufeff"


class FileError(Exception):
    """A file cannot be read or written, or does not hold what it should."""

    def __init__(self, source: str, line: int | None, problem: str) -> None:
        """An error of the file *source*, as the user knows it.

        :param line: counts from 1; ``None``: the problem is not in one line.
        """
        super().__init__(f"{source}: {problem}" if line is None else f"{source}:{line}: {problem}")


def source_name(path: str) -> str:
    """How messages call the file *path*."""
    return "<stdin>" if path == STANDARD_INPUT else path


def suffix(path: str) -> str:
    """The extension that tells the format of *path*, in small letters and without ``.gz``."""
    return os.path.splitext(path.lower().removesuffix(_GZIP))[1]


def open_binary(path: str) -> io.BufferedReader:
    """Open *path* or, for ``-``, standard input, which closing leaves open.

    :raises OSError: it cannot be opened.
    """
    if path == STANDARD_INPUT:
        return open(standard_input(), "rb", closefd=False)
    return open(path, "rb")


def unpacked(file: io.BufferedReader, path: str) -> io.BufferedReader | gzip.GzipFile:
    """What *file* holds: its own bytes, or what is packed in it where *path* ends in ``.gz``."""
    return gzip.GzipFile(fileobj=file) if path.lower().endswith(_GZIP) else file


def read_text(path: str, encoding: str) -> str:
    """The whole text of a file that should be UTF-8, without a byte order mark.

    :param encoding: how a file that is not UTF-8 is read.
    :raises FileError: it cannot be read.
    """
    source = source_name(path)
    try:
        with open_binary(path) as packed, unpacked(packed, path) as file:
            content = file.read()
    except READ_ERRORS as error:
        raise unreadable(source, error) from error
    try:
        return without_mark(_decoded(content, encoding))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}"
        raise FileError(source, line, not_text(found, encoding)) from error
    except UnicodeError as error:  # what some codecs raise
        raise FileError(source, None, not_text(str(error), encoding)) from error


def _decoded(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(UTF8)
    except UnicodeDecodeError:
        return content.decode(encoding)
    return content.decode(encoding) if "\0" in text else text  # UTF-16 passes for UTF-8 with NULs


def without_mark(text: str) -> str:
    """The *text* at the beginning of a file without its byte order mark."""
    return text.removeprefix(_BYTE_ORDER_MARK)


def is_utf8(encoding: str) -> bool:
    """Whether *encoding* is a name of UTF-8."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def standard_input() -> int:
    """The number of standard input's descriptor.

    :raises OSError: it is closed.
    """
    if sys.stdin is None:  # closed when the process started; the number may be another file's now
        raise OSError(errno.EBADF, "it is closed")
    return 0


def unreadable(source: str, error: Exception, line: int | None = None) -> FileError:
    """The error for a file that cannot be opened, or not be read beyond *line*."""
    return FileError(source, line, f"cannot be read: {getattr(error, 'strerror', None) or error}")


def not_text(found: str, encoding: str) -> str:
    """The problem with a file of data in which *found* shows that it is not in *encoding*."""
    name = "UTF-8" if is_utf8(encoding) else encoding
    return f"expected {name} text, found {found}: --encoding names another encoding"


def not_utf8(byte: int) -> str:
    """The problem with a template that *byte* shows not to be UTF-8."""
    return f"expected UTF-8 text, found the byte 0x{byte:02x}: templates are UTF-8"
