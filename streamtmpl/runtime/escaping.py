"""Turning the value of an expression into exact ``str`` text, escaped or not.

The text of a value is what ``str()`` or :func:`markupsafe.escape` gives, as an exact ``str``: a
subclass could bring a ``__format__`` of its own into the f-strings of generated code.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import markupsafe
from jinja2.runtime import markup_join

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBES = ("", "plain", '<a href="x">&\'</a>', "é<", "\u20ac&", "\U0001f600>", "&amp;\x00")

_NEVER_ESCAPED = frozenset({bool, float, int, type(None)})
_JOINED = _NEVER_ESCAPED | {str, markupsafe.Markup}


def _escape_exact(value: Any) -> str:
    return str.__str__(markupsafe.escape(value))


def _find_escape_text() -> Callable[[str], str]:
    """MarkupSafe's C escaping without the ``Markup`` wrapper, if it is there and behaves.

    It is a private name (MarkupSafe 3.0 and later), so it is compared with the public function
    before it is trusted.
    """
    inner: Any = getattr(markupsafe, "_escape_inner", None)
    if inner is None:
        return _escape_exact
    try:
        answers = [inner(probe) for probe in _PROBES]
    except Exception:  # noqa: BLE001 - a private function of another version: do not use it
        return _escape_exact
    expected = [_escape_exact(probe) for probe in _PROBES]
    trusted = answers == expected and all(type(answer) is str for answer in answers)
    return inner if trusted else _escape_exact


do_escape = markupsafe.escape
"""What Jinja2 has as its filter ``escape``."""

escape_text: Callable[[str], str] = _find_escape_text()
"""Escape an exact ``str``; the result is an exact ``str``."""


text_as: Callable[[type, str], Any] = str.__new__
"""Make a ``Markup`` of an exact ``str``: its constructor asks whether that is HTML already."""


def escape_value(value: Any) -> str:
    """The escaped text of any value, as :func:`markupsafe.escape` decides."""
    kind = type(value)
    if kind is markupsafe.Markup:
        return str.__str__(value)
    if kind in _NEVER_ESCAPED:
        return str(value)
    if escape_text is _escape_exact:
        return _escape_exact(value)
    # What markupsafe.escape() does in a version that is known, with Markup only where it decides.
    if hasattr(value, "__html__"):
        return str.__str__(markupsafe.Markup(value.__html__()))
    text = str(value)
    if type(text) is str:
        return escape_text(text)
    # Where there is nothing to escape, it is the same object still.
    return str.__str__(markupsafe.Markup(escape_text(text)))


def joined_markup(values: tuple[Any, ...]) -> Any:
    """What Jinja2 makes of ``a ~ b`` where text is escaped: HTML if any of the values is."""
    kinds = {*map(type, values)}
    if not kinds <= _JOINED:
        return markup_join(values)
    if markupsafe.Markup not in kinds:
        return "".join(map(str, values))
    texts = [escape_text(value) if type(value) is str else escape_value(value) for value in values]
    return text_as(markupsafe.Markup, "".join(texts))


def plain_text(value: Any) -> str | None:
    """The text of a value, escaped or not, if no code of the user's has a part in it."""
    kind = type(value)
    if kind is markupsafe.Markup:
        return str.__str__(value)
    return str(value) if kind in _NEVER_ESCAPED or _is_of_database(kind, value) else None


def _is_of_database(kind: type, value: Any) -> bool:
    """Whether a value is a decimal number or a date, without a time zone that could be anybody's.

    Who has none of these has not imported the modules either.
    """
    numbers, dates = sys.modules.get("decimal"), sys.modules.get("datetime")
    if kind is getattr(numbers, "Decimal", None) or kind is getattr(dates, "date", None):
        return True
    return kind is getattr(dates, "datetime", None) and value.tzinfo is None


def escape_any(value: Any) -> str:
    """As :func:`escape_value`, where the value may well be an exact ``str``: in compact code."""
    return escape_text(value) if type(value) is str else escape_value(value)


def block_text(value: Any) -> str:
    """The text of a ``call`` or ``filter`` block, which must be text already.

    :raises TypeError: it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected str instance, {type(value).__name__} found")
    return value


exact_text: Callable[[str], str] = str.__str__
"""Make an exact ``str`` of one of a class derived from it, as what ``str()`` gives may be."""


def to_text(value: Any) -> str:
    """The unescaped text of any value, as ``str()`` decides."""
    text = str(value)
    return text if type(text) is str else exact_text(text)
