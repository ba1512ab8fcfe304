"""What a streamed response begins with, whatever it is sent by: status and headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from streamtmpl.chunks.encoder import Encoder
from streamtmpl.exceptions import ResponseSentError

from .headers import ResponseHeaders, check_text

if TYPE_CHECKING:
    from .timing import ServerTiming

    HeaderItems = Mapping[str, str] | Iterable[tuple[str, str]]


WITHOUT_CONTENT = frozenset({204, 205, 304})
"""The statuses of responses that have no body, whatever was to be their source."""

CONTENT_TYPE = "text/html; charset=utf-8"
"""The content type of a response that is not told another one."""
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]+)', re.IGNORECASE)
# JSON has no charset: it is always UTF-8 (RFC 8259, section 11).
_TEXT_TYPES = re.compile(r"text/|application/(.*\+)?(xml|javascript)\b", re.IGNORECASE)


class ResponseHead:
    """Status and headers of a response, which may be changed until they are sent.

    :ivar headers: the headers, a :class:`wsgiref.headers.Headers`: names in any case, several
        values by ``add_header()``. ``X-Accel-Buffering: no`` is among them unless they say other:
        it tells nginx to pass chunks on.
    """

    _code: int
    _reason: str
    _is_sent = False
    timing: ServerTiming | None = None
    """What is known of the stream when they are sent."""

    def __init__(
        self,
        status: int | str = 200,
        headers: HeaderItems = (),
        content_type: str = CONTENT_TYPE,
    ) -> None:
        """Check what a response begins with.

        :param status: a code, or code and reason as in ``"299 Curious"``.
        :param headers: a mapping, or pairs of name and value.
        :param content_type: the type, and a charset that the text is encoded in; UTF-8 is added
            to a type of text that names none.
        :raises TypeError: a header is not of strings, or *status* neither ``int`` nor ``str``.
        :raises ValueError: a header or the status could not be sent.
        :raises LookupError: there is no such charset.
        """
        self.status = status
        self.headers = ResponseHeaders(_pairs(headers))
        if "Content-Type" not in self.headers:
            self.headers["Content-Type"] = content_type
            self.headers["Content-Type"] = _with_charset(content_type)
        self.charset = charset_of(self.headers["Content-Type"] or "")
        self.headers.setdefault("X-Accel-Buffering", "no")

    @property
    def status(self) -> int:
        """The status code; a code alone may be set, or code and reason.

        :raises ResponseSentError: it is set, and has been sent.
        """
        return self._code

    @status.setter
    def status(self, status: int | str) -> None:
        if self._is_sent:
            raise ResponseSentError(
                f"status {status!r} was set after status {self._code} had been sent"
            )
        self._code, self._reason = _status(status)

    @property
    def status_line(self) -> str:
        """Code and reason, as in ``"200 OK"``."""
        return f"{self._code} {self._reason}"

    @property
    def has_content(self) -> bool:
        """Whether a response with this status has a body."""
        return self._code not in WITHOUT_CONTENT

    def sent(self) -> list[tuple[str, str]]:
        """The headers to send; from now on they and the status stay as they are.

        :raises ValueError: a parameter that was added to one could not be sent.
        """
        if self.timing is not None:
            self.timing.add_to(self.headers)
        pairs = self.headers.sent()
        self._is_sent = True
        return pairs


def _status(status: object) -> tuple[int, str]:
    if isinstance(status, str):
        code, _, reason = status.partition(" ")
        if len(code) == 3 and code.isdecimal() and code.isascii() and int(code) >= 200:
            check_text(reason, f"the reason of status {status!r}")
            return int(code), reason or _reason(int(code))
        raise ValueError(f"expected a status such as '200 OK' or 404, not {status!r}")
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"expected a status such as '200 OK' or 404, not {status!r}")
    if status < 200:
        raise ValueError(f"{status!r} is no status of a response that has content")
    return int(status), _reason(status)


def _reason(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        raise ValueError(
            f"unknown status {code!r}: for one of your own give the reason as well,"
            f" as in '{code} Curious'"
        ) from None


def _pairs(headers: HeaderItems) -> list[tuple[str, str]]:
    items = headers.items() if isinstance(headers, Mapping) else headers
    if isinstance(items, Iterable) and not isinstance(items, (str, bytes)):
        pairs = list(items)
        wrong = [pair for pair in pairs if not isinstance(pair, (tuple, list)) or len(pair) != 2]
        if not wrong:
            return pairs
        headers = wrong[0]
    raise TypeError(f"expected headers as a mapping or as pairs of name and value, not {headers!r}")


def _with_charset(content_type: str) -> str:
    if _CHARSET.search(content_type) or not _TEXT_TYPES.match(content_type):
        return content_type
    return f"{content_type}; charset=utf-8"


@lru_cache(64)
def charset_of(content_type: str) -> str:
    """The charset that *content_type* names, UTF-8 unless it does.

    :raises LookupError: there is no such charset.
    """
    match = _CHARSET.search(content_type)
    charset = match[1] if match else "utf-8"
    Encoder(charset)
    return charset
