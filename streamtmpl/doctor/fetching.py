"""One page fetched as a browser does, and what was seen of it: :func:`fetch`."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from streamtmpl.decoding import Decoder

from .asking import Address, AddressError, Asking, request_head
from .browsers import LOOKED_AT
from .connection import Connection, NoAnswerError, connect
from .exchange import End, Exchange, Piece
from .messages import BodyReader, Head, HeadReader, NotHttpError
from .regions import RegionMarks

_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOGETHER = 0.001  # seconds: pieces that come so close to each other are one
_EVENTS = 3.0  # seconds that an event stream is listened to after its first event
_TELLS_CHARSET = re.compile(r"charset\s*=|^\ufeff", re.IGNORECASE | re.MULTILINE)
_SLICE = 16_384  # bytes that are decoded at once, as a little can be packed from very much


def fetch(first: Address, encoding: str, asking: Asking) -> Exchange:
    """Ask for a page, and for what it redirects to, and read it to its end or as far as allowed.

    :param encoding: the ``Accept-Encoding`` to send.
    :return: what was seen; a server that does not answer is seen as well.
    """
    address, passed, cookies = first, list[str](), dict[str, str]()
    while True:
        blank = Exchange(address.url, encoding, asking.fragment, redirects=tuple(passed))
        deadline = time.monotonic() + asking.timeout
        head_bytes = request_head(address, encoding, asking, first, cookies)
        try:
            exchange = _ask(connect(address, asking, deadline), head_bytes, blank, asking)
        except NoAnswerError as error:
            return replace(blank, failure=str(error))
        location = exchange.header("Location")
        if exchange.head is None or exchange.head.status not in _REDIRECTS or not location:
            return exchange
        _keep_cookies(exchange.head, cookies)
        passed.append(address.url)
        if len(passed) > _MOST_REDIRECTS:
            way = " -> ".join(passed[-3:])
            return replace(exchange, failure=f"redirects without an end: ... {way} -> {location}")
        try:
            there = address.joined(location)
        except AddressError as error:
            return replace(exchange, failure=f"a redirect leads nowhere: {error}")
        if there.authority != address.authority:
            cookies.clear()
        address = there


def _keep_cookies(head: Head, cookies: dict[str, str]) -> None:
    """What a browser would send back to the same host."""
    for header in head.all("Set-Cookie"):
        name, equals, value = header.partition(";")[0].partition("=")
        if equals:
            cookies[name.strip()] = value.strip()


def _ask(connection: Connection, request: bytes, blank: Exchange, asking: Asking) -> Exchange:
    """What comes of a *request*.

    :raises NoAnswerError: there is no answer of HTTP.
    """
    blank = replace(blank, peer=connection.peer, round_trip=connection.round_trip)
    with connection.socket as sock:
        try:
            sock.sendall(request)
        except OSError as error:
            raise NoAnswerError(f"the server closed the connection: {error.strerror}") from error
        began = time.monotonic()
        found = _read_head(connection, began + asking.timeout)
        if found is None:
            return replace(blank, end=End.TIME, ended_at=time.monotonic() - began)
        head, rest = found
        blank = replace(blank, head=head, head_at=time.monotonic() - began)
        return _Reading(blank, asking, began).read(connection, rest)


def _read_head(connection: Connection, deadline: float) -> tuple[Head, bytes] | None:
    reader = HeadReader()
    while (data := connection.receive(deadline)) is not None:
        if not data:
            raise NoAnswerError(
                "the server closed the connection without an answer: does its log say why, or does"
                " it speak HTTPS on that port?"
            )
        try:
            found = reader.feed(data)
        except NotHttpError as error:
            raise NoAnswerError(f"no HTTP/1.1: {error}") from error
        if found is not None:
            return found
    return None


class _Reading:
    """Reads a body, and notes when what came."""

    def __init__(self, exchange: Exchange, asking: Asking, began: float) -> None:
        assert exchange.head is not None
        self._exchange = exchange
        self._asking = asking
        self._began = began
        self._deadline = began + asking.timeout
        self._body = BodyReader(exchange.head)
        content_type = exchange.header("Content-Type")
        self._decoder = Decoder(exchange.encoding, content_type)
        self._regions = RegionMarks()
        self._pieces: list[Piece] = []
        self._size = self._characters = 0
        self._beginning = content_type + "\n"
        self._events = content_type.lower().startswith("text/event-stream")

    def read(self, connection: Connection, rest: bytes) -> Exchange:
        """Read to the end, beginning with what has come with the head."""
        data: bytes | None = rest
        if rest or self._body.ended:
            self._take(rest, self._exchange.head_at)
        while (end := self._end()) is None:
            data = connection.receive(self._deadline)
            at = time.monotonic() - self._began
            if data is None:
                end = End.ENOUGH if self._events and self._pieces else End.TIME
            elif data:
                self._take(data, at)
                continue
            else:
                end = End.CUT if self._body.has_end or connection.broken else End.CONNECTION
            break
        return self._seen(end)

    def _end(self) -> End | None:
        if self._body.problem:
            return End.MALFORMED
        if self._body.ended:
            return End.COMPLETE
        if max(self._size, self._characters // 10) >= self._asking.max_size:
            return End.SIZE
        return None

    def _take(self, data: bytes, at: float) -> None:
        body = self._body.feed(data)
        if not body:
            return
        if self._events and not self._pieces:
            self._deadline = min(self._deadline, self._began + at + _EVENTS)
        characters = 0
        for start in range(0, len(body), _SLICE):
            text = self._decoder.feed(body[start : start + _SLICE])
            self._regions.feed(text, at)
            if self._characters + characters < LOOKED_AT:
                self._beginning += text[:LOOKED_AT]
            characters += len(text)
        self._size += len(body)
        self._characters += characters
        last = self._pieces[-1] if self._pieces else None
        if last is not None and at - last.at < _TOGETHER:
            self._pieces.pop()
            at, characters = last.at, last.characters + characters
            self._pieces.append(Piece(at, last.size + len(body), characters))
        else:
            self._pieces.append(Piece(at, len(body), characters))

    def _seen(self, end: End) -> Exchange:
        return replace(
            self._exchange,
            pieces=tuple(self._pieces),
            chunk_sizes=tuple(self._body.sizes),
            end=end,
            ended_at=time.monotonic() - self._began,
            dropped=self._decoder.dropped,
            more_members=self._decoder.more_members,
            surplus=self._body.surplus,
            problem=self._body.problem or self._decoder.problem,
            regions=self._regions.regions(),
            tells_charset=_TELLS_CHARSET.search(self._beginning) is not None,
        )
