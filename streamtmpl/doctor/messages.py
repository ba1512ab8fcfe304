"""A response of HTTP/1.x, read as it comes: a head, and then a body until it ends or is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS_LINE = re.compile(r"HTTP/(\d\.\d) (\d{3})(?: (.*))?")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")  # which terminals obey
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_LONGEST_HEAD = 262_144
_LONGEST_SIZE_LINE = 4096
_MOST_SIZES = 10_000


class NotHttpError(Exception):
    """What came is no response of HTTP/1.x; the text says what it is."""


@dataclass(frozen=True)
class Head:
    """Status and headers of a response.

    :ivar version: ``"1.0"`` or ``"1.1"``.
    :ivar headers: pairs of name, as it was sent, and value.
    """

    version: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The value of a header, ``None`` if there is none; several are joined by commas."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    def all(self, name: str) -> list[str]:
        """The values of a header that may come several times."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def chunked(self) -> bool:
        """Whether the body has an end mark, the last chunk."""
        coding = self.get("Transfer-Encoding") or ""
        return coding.split(",")[-1].strip().lower() == "chunked"

    @property
    def length(self) -> int | None:
        """The length of the body, where it was sent before the body."""
        value = (self.get("Content-Length") or "").split(",")[0].strip()
        return int(value) if not self.chunked and _LENGTH.fullmatch(value) else None

    @property
    def has_body(self) -> bool:
        """Whether a body follows, be it an empty one."""
        return self.status not in (204, 304)


class HeadReader:
    """Collects a head. Interim ones, such as 103 Early Hints, are skipped."""

    def __init__(self) -> None:
        self._received = b""

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Take *data*; gives the head and what has come behind it, once it is complete.

        :raises NotHttpError: it is no head.
        """
        looked = max(0, len(self._received) - len("\r\n\r"))
        self._received += data
        while True:
            if not b"HTTP/".startswith(self._received[:5]):
                raise NotHttpError(_what_it_is(self._received))
            found = _END_OF_HEAD.search(self._received, looked)
            if found is None:
                if len(self._received) > _LONGEST_HEAD:
                    raise NotHttpError("its headers have no end")
                return None
            head = _parse_head(self._received[: found.start()].decode("latin-1"))
            self._received, looked = self._received[found.end() :], 0
            if head.status >= 200 or head.status == 101:
                return head, self._received


def _parse_head(text: str) -> Head:
    lines = [_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", line) for line in re.split(r"\r?\n", text)]
    status_line = lines.pop(0)
    found = _STATUS_LINE.fullmatch(status_line)
    if found is None:
        raise NotHttpError(f"its first line is {status_line[:60]!r}")
    pairs = [line.partition(":") for line in lines if ":" in line]
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return Head(found[1], int(found[2]), found[3] or "", headers)


def _what_it_is(data: bytes) -> str:
    if data[:1] in (b"\x15", b"\x16"):
        return "it speaks TLS on that port: use https://"
    if data[3:4] in (b"\x04", b"\x07") and data[:1] == b"\x00":
        return "it speaks nothing but HTTP/2 on that port"
    return f"it answers {data[:40]!r}"


class BodyReader:
    """The body behind a head, without what it is framed in.

    :ivar ended: whether its end has come.
    :ivar surplus: how many bytes have come behind its end.
    :ivar sizes: the sizes of the chunks, the first ten thousand of them.
    :ivar problem: what is wrong with the frame, ``None`` if nothing is.
    """

    def __init__(self, head: Head) -> None:
        self._chunked = head.chunked
        self._left = 0 if self._chunked else head.length
        self._line = b""  # a size, a trailer, or the end of a chunk, as far as it came
        self._state = "size"
        self.ended = not head.has_body or (self._left == 0 and not self._chunked)
        self.surplus = 0
        self.sizes: list[int] = []
        self.problem: str | None = None

    @property
    def has_end(self) -> bool:
        """Whether the end of the body can be told from the end of the connection."""
        return self._chunked or self._left is not None

    def feed(self, data: bytes) -> bytes:
        """Take what has come, and give what it has of the body."""
        if self.ended or self.problem:
            self.surplus += len(data)
            return b""
        if self._chunked:
            return self._unchunk(data)
        if self._left is None:
            return data
        body = data[: self._left]
        self._left -= len(body)
        self.ended = self._left == 0
        self.surplus += len(data) - len(body)
        return body

    def _unchunk(self, data: bytes) -> bytes:
        pieces = []
        at = 0
        while at < len(data) and not self.ended and self.problem is None:
            if self._state == "data":
                piece = data[at : at + (self._left or 0)]
                pieces.append(piece)
                at += len(piece)
                self._left = (self._left or 0) - len(piece)
                if not self._left:
                    self._state = "after"
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or len(data)]
            at = end or len(data)
            if end:
                self._take_line(self._line.rstrip(b"\r\n"))
                self._line = b""
            elif len(self._line) > _LONGEST_SIZE_LINE:
                self.problem = "the line of a chunk's size has no end"
        self.surplus += len(data) - at
        return b"".join(pieces)

    def _take_line(self, line: bytes) -> None:
        if self._state == "after":
            if line:
                self.problem = f"a chunk is longer than its size says: {line[:20]!r}"
            self._state = "size"
        elif self._state == "trailers":
            self.ended = not line
        else:
            self._take_size(line.partition(b";")[0].strip())

    def _take_size(self, text: bytes) -> None:
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", text):
            self.problem = f"a chunk has no size: {text[:20]!r}"
            return
        self._left = int(text, 16)
        self._state = "data" if self._left else "trailers"
        if self._left and len(self.sizes) < _MOST_SIZES:
            self.sizes.append(self._left)
