"""The headers of a streamed response: which can be sent, and until when they may be changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from wsgiref.headers import Headers
from wsgiref.util import is_hop_by_hop

from streamtmpl.exceptions import ResponseSentError

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_PLAIN = re.compile(r"[\t -~]*")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5, but the tab


class ResponseHeaders(Headers):
    """Headers that can be changed until they are sent: a :class:`wsgiref.headers.Headers`.

    Names may be in any case; ``add_header()`` gives a name one more value. What is changed after
    the headers were sent raises :exc:`~streamtmpl.ResponseSentError`.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """The headers in *pairs* of name and value.

        :raises TypeError: one is not of strings.
        :raises ValueError: one could not be sent.
        """
        super().__init__([])  # a debugger that shows what a wrong pair left needs it whole
        self._sent = False
        for name, value in pairs:
            self._headers.append(_checked(name, value))  # type: ignore[attr-defined]

    def sent(self) -> list[tuple[str, str]]:
        """The pairs to send; from now on they stay as they are."""
        self._sent = True
        return self.items()

    def _change(self, name: str) -> None:
        if self._sent:
            raise ResponseSentError(f"header {name!r} was changed after the headers had been sent")

    def __setitem__(self, name: str, value: str) -> None:
        self._change(name)
        super().__setitem__(*_checked(name, value))

    def __delitem__(self, name: str) -> None:
        self._change(name)
        super().__delitem__(name)

    def setdefault(self, name: str, value: str) -> str:
        """The value of a header, which is *value* from now on unless there is one."""
        self._change(name)
        return super().setdefault(*_checked(name, value))

    def add_header(self, _name: str, _value: str | None, **_params: str | None) -> None:
        """Give *_name* one more value, with parameters such as ``filename="a.csv"``."""
        self._change(_name)
        name, value = _checked(_name, "" if _value is None else _value)
        for parameter in _params.items():
            check_text("{}={}".format(*parameter), f"header {name!r}: its parameter {parameter!r}")
        super().add_header(name, None if _value is None else value, **_params)


def add_vary(headers: Headers | MutableMapping[str, str], names: Iterable[str]) -> None:
    """Have the header ``Vary`` (RFC 9110, section 12.5.5) name these headers as well."""
    known = headers.get("Vary") or ""
    there = {name.strip().lower() for name in known.split(",")}
    added = [name for name in names if name.lower() not in there]
    if added and "*" not in there:
        headers["Vary"] = ", ".join([known, *added] if known else added)


def check_headers(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse headers that a streamed response cannot have.

    :raises TypeError: one is not of strings.
    :raises ValueError: one could not be sent, or is the server's to set.
    """
    for name, value in pairs:
        _checked(name, value)


def _checked(name: str, value: str) -> tuple[str, str]:
    """The header, of exact ``str`` as WSGI has it, if it can be sent."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"header {name!r}: {value!r} is not two strings")
    if refusal := _refusal(name):
        raise ValueError(refusal)
    if not _PLAIN.fullmatch(value):
        check_text(value, f"header {name!r}: its value {value!r}")
    return str.__str__(name), str.__str__(value)


@lru_cache(64)  # an application has few names of headers, and each is looked at twice a response
def _refusal(name: str) -> str | None:
    """Why there can be no header of this name, if there cannot."""
    if not _TOKEN.fullmatch(name):
        return f"{name!r} is no name of a header"
    if is_hop_by_hop(name):
        return f"header {name!r} is the server's to set"
    if name.lower() == "content-length":
        return "a streamed response has no 'Content-Length': leave it away"
    return None


def check_text(text: str, what: str) -> None:
    """Refuse *text*, which messages call *what*, if it would end the line or is no Latin-1.

    :raises ValueError: it cannot be sent.
    """
    if _CONTROLS.search(text):
        raise ValueError(f"{what} has a control character")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(
            f"{what} has characters beyond Latin-1: encode them as its specification says"
        ) from None
