"""The errors that streamtmpl raises on its own account.

Errors of templates are Jinja2's own (:mod:`jinja2.exceptions`) and pass through unchanged.
"""

from types import FunctionType, MethodType


class StreamError(Exception):
    """Base of every error below."""


class NotStreamingError(StreamError, TypeError):
    """What was given cannot be streamed; the message names the way out."""


class StreamClosedError(StreamError, ValueError):
    """A chunk was asked of a stream that has been closed."""


class StreamBusyError(StreamError, RuntimeError):
    """A stream was stepped or closed while it was already running a step."""


class UnknownBlockError(StreamError, LookupError):
    """A stream was to be of a block, or committed after one, that its template does not have."""


class ResponseSentError(StreamError, RuntimeError):
    """A response was changed, or was to be sent once more, after it had been sent."""


class RowError(StreamError, ValueError):
    """A row that was to be written as CSV or JSON cannot be; the message has its number."""


class LateSessionWarning(UserWarning):
    """A session was modified when its cookie could not be sent any more; the change is lost."""


def not_iterable(given: object) -> str:
    """What was given in place of an iterable, for messages."""
    made = isinstance(given, (FunctionType, MethodType))
    return f"{given!r}: did you forget to call it?" if made else repr(given)
