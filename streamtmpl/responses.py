"""What a streamed response is made of, whatever it is sent by: status, headers, and bytes.

No framework and no protocol in here; the adapters send what this module has checked.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jinja2

from .async_stream import AsyncChunkStream, thread_stream
from .exceptions import NotStreamingError, ResponseSentError
from .headers import ResponseHeaders, check_text
from .patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH
from .rechunking import rechunk, rechunk_async
from .rendering import render_stream, render_stream_async
from .stream import ChunkStream, Encoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Executor

    HeaderItems = Mapping[str, str] | Iterable[tuple[str, str]]

WITHOUT_CONTENT = frozenset({204, 205, 304})
"""The statuses of responses that have no body, whatever was to be their source."""

CONTENT_TYPE = "text/html; charset=utf-8"
"""The content type of a response that is not told another one."""

_SCRIPT_TAG = f'"{PATCH_SCRIPT_HASH}"'
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


def charset_of(content_type: str) -> str:
    """The charset that *content_type* names, UTF-8 unless it does.

    :raises LookupError: there is no such charset.
    """
    match = _CHARSET.search(content_type)
    charset = match[1] if match else "utf-8"
    Encoder(charset)
    return charset


def byte_stream(
    source: Any,
    context: Mapping[str, Any] | None = None,
    *,
    charset: str = "utf-8",
    chunk_size: int | None = None,
    commit_after: str | None = None,
    deferred: str = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
) -> ChunkStream[bytes]:
    """The chunks of *source* as bytes, in the current context variables.

    :param source: a template of a sync environment, rendered with *context*; a stream of
        :func:`~streamtmpl.render_stream` or :func:`~streamtmpl.rechunk`; or an iterable of either
        ``str`` or ``bytes``. A stream that gives bytes goes out as it is.
    :param deferred: this, *nonce* and *executor* are those of :func:`~streamtmpl.render_stream`.
    :raises NotStreamingError: *source* is none of these.
    :raises TypeError: *chunk_size* is given for a stream, or what goes with a template only for
        anything else. The first step raises it if *source* mixes ``str`` and ``bytes``.
    :raises ValueError: *deferred* is no mode.
    """
    if _is_async(source):
        raise NotStreamingError(
            f"{source!r} is async: send it with streamtmpl.asgi, or get the template from an"
            " environment without enable_async"
        )
    if isinstance(source, jinja2.Template):
        return render_stream(
            source,
            context,
            chunk_size=chunk_size,
            encoding=charset,
            commit_after=commit_after,
            deferred=deferred,
            nonce=nonce,
            executor=executor,
        )
    options = (context, commit_after, deferred, nonce, executor)
    _check_source(source, chunk_size, *options)
    if isinstance(source, ChunkStream):
        source.encode_as(charset)
        return source
    if isinstance(source, (str, bytes)) or not isinstance(source, Iterable):
        raise NotStreamingError(
            f"cannot stream {source!r}: expected a template of a sync environment, a ChunkStream,"
            " or an iterable of str or bytes"
        )
    return rechunk(_Wire(charset).items(source), chunk_size=chunk_size, encoding="latin-1")


def async_byte_stream(
    source: Any,
    context: Mapping[str, Any] | None = None,
    *,
    charset: str = "utf-8",
    chunk_size: int | None = None,
    commit_after: str | None = None,
    deferred: str = "patch",
    nonce: str | None = None,
    executor: Executor | None = None,
) -> AsyncChunkStream[bytes]:
    """The same in an event loop, where templates, streams and iterables may be async as well.

    What is sync is stepped in a worker thread, one hop for each chunk, which needs asyncio.
    """
    if isinstance(source, jinja2.Template):
        return render_stream_async(
            source,
            context,
            chunk_size=chunk_size,
            encoding=charset,
            commit_after=commit_after,
            deferred=deferred,
            nonce=nonce,
            executor=executor,
        )
    options = (context, commit_after, deferred, nonce, executor)
    _check_source(source, chunk_size, *options)
    if isinstance(source, AsyncChunkStream):
        source.encode_as(charset)
        return source
    if hasattr(source, "__aiter__"):
        texts = _Wire(charset).async_items(source)
        return rechunk_async(texts, chunk_size=chunk_size, encoding="latin-1")
    return thread_stream(byte_stream(source, charset=charset, chunk_size=chunk_size))


def close_unread(source: Any) -> None:
    """Close what was to be sent and is not: an iterator that has ``close()``.

    What a stream has begun to read, it closes itself. This is for what it has not.
    """
    close = getattr(source, "close", None)
    if callable(close) and hasattr(type(source), "__next__"):
        close()


def _is_async(source: Any) -> bool:
    if isinstance(source, jinja2.Template):
        return bool(source.environment.is_async)
    return hasattr(source, "__aiter__") and not isinstance(source, Iterable)


class _Wire:
    """Turns the items of an iterable, ``str`` or ``bytes``, into text that stands for bytes.

    Each character is one byte, so that streams, which are of text, can carry it.
    """

    def __init__(self, charset: str) -> None:
        self._encode = Encoder(charset)
        self._kind: type | None = None

    def items(self, source: Iterable[Any]) -> Iterator[str]:
        iterator = iter(source)
        try:
            for item in iterator:
                yield self._text(item)
            if last := self._encode("", final=True):
                yield last.decode("latin-1")
        finally:
            # It is this generator that the stream closes.
            close = getattr(iterator, "close", None)
            if callable(close):
                close()

    async def async_items(self, source: AsyncIterable[Any]) -> AsyncIterator[str]:
        iterator = source.__aiter__()
        try:
            async for item in iterator:
                yield self._text(item)
            if last := self._encode("", final=True):
                yield last.decode("latin-1")
        finally:
            close = getattr(iterator, "aclose", None)
            if callable(close):
                await close()

    def _text(self, item: Any) -> str:
        kind = str if isinstance(item, str) else bytes
        if not isinstance(item, kind) or self._kind not in (None, kind):
            expected = "str or bytes" if self._kind is None else self._kind.__name__
            raise TypeError(f"expected {expected} from the iterable, not {item!r}")
        self._kind = kind
        encoded: bytes = self._encode(item) if isinstance(item, str) else item
        return encoded.decode("latin-1")


def _check_source(
    source: object,
    chunk_size: int | None,
    context: Mapping[str, Any] | None,
    commit_after: str | None,
    deferred: str,
    nonce: str | None,
    executor: Executor | None,
) -> None:
    """Refuse what does not go with *source*, which is no template."""
    given = {
        "context": context is not None,
        "commit_after": commit_after is not None,
        "deferred": deferred != "patch",
        "nonce": nonce is not None,
        "executor": executor is not None,
    }
    for name, is_given in given.items():
        if is_given:
            raise TypeError(f"{name} goes with a template, which {source!r} is not")
    if chunk_size is not None and isinstance(source, (ChunkStream, AsyncChunkStream)):
        raise TypeError(f"chunk_size: {source!r} has one already")


def patch_script_response(
    method: str, known: str | None
) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
    """The response that serves the script for browsers that do not patch by themselves.

    :param method: that of the request; any but GET and HEAD is answered with 405.
    :param known: the request's ``If-None-Match``: the tags of what the client has.
    :return: status, headers and body.
    """
    if method not in ("GET", "HEAD"):
        allowed = [("Allow", "GET, HEAD"), ("Content-Length", "0")]
        return HTTPStatus.METHOD_NOT_ALLOWED, allowed, b""
    caching = [("ETag", _SCRIPT_TAG), ("Cache-Control", "public, max-age=86400")]
    tags = [tag.strip().removeprefix("W/") for tag in (known or "").split(",")]
    if _SCRIPT_TAG in tags or tags == ["*"]:
        return HTTPStatus.NOT_MODIFIED, caching, b""
    body = PATCH_SCRIPT.encode()
    headers = [
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *caching,
    ]
    return HTTPStatus.OK, headers, b"" if method == "HEAD" else body
