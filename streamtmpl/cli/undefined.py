"""Undefined values that reach the output: where, which and how often.

They are the mistakes that Jinja2 shows as nothing: a name with a typing error, a file of rows that
was not given. What the template only asks about (``if``, ``is defined``, ``|default``, ``==``) is
not one of them.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import jinja2

from .files import FileError

_MOST = 100  # that are told apart: a template may ask for as many names as it has rows
_MOST_PLACES = 4  # that are named in one line

Place = tuple[str, int]  # file and line


class Shown:
    """The undefined values that one run of the command has shown."""

    def __init__(self, template: str) -> None:
        """Nothing is shown yet; *template* is the place of what none seems to show."""
        self._template = template
        self._places: dict[str, Counter[Place]] = {}  # by what is undefined
        self._others = 0
        self._known: dict[tuple[CodeType, int], Place] = {}  # to look a line up takes long

    def add(self, problem: str, frame: FrameType) -> None:
        """Count one more, shown by the template that runs in or above *frame*."""
        if problem in self._places or len(self._places) < _MOST:
            places = self._places.setdefault(problem, Counter())
            places[self._place(frame)] += 1
        else:
            self._others += 1

    def _place(self, frame: FrameType | None) -> Place:
        """File and line of the template that runs in or above *frame*."""
        while frame is not None:
            template = frame.f_globals.get("__jinja_template__")
            if template is not None:
                key = frame.f_code, frame.f_lineno
                if key not in self._known:
                    file = template.filename or template.name or self._template
                    self._known[key] = file, template.get_corresponding_lineno(frame.f_lineno)
                return self._known[key]
            frame = frame.f_back
        return self._template, 1

    def refuse(self) -> None:
        """Have nothing shown.

        :raises FileError: something is; it names the first.
        """
        for problem, places in self._places.items():
            file, line = next(iter(places))
            raise FileError(file, line, problem)

    def messages(self) -> Iterator[str]:
        """Yield a line for each, in the order in which they were first shown."""
        for problem, places in self._places.items():
            (file, line), *others = places
            also = [f"{other}:{number}" for other, number in others[: _MOST_PLACES - 1]]
            if len(others) >= _MOST_PLACES:
                also.append(f"{len(others) - _MOST_PLACES + 1} more places")
            elsewhere = f", also at {', '.join(also)}" if also else ""
            times = _times(sum(places.values()))
            yield f"{file}:{line}: {problem}: shown as nothing {times}{elsewhere}"
        if self._others:
            times = _times(self._others)
            yield f"{self._template}: other undefined values: shown as nothing {times}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def reporting_undefined(shown: Shown, strict: bool) -> type[jinja2.Undefined]:
    """An undefined class whose values are added to *shown* when they are.

    They give what those of Jinja2's own class give.

    :param strict: they raise :exc:`jinja2.UndefinedError` instead.
    """

    class Reported(jinja2.Undefined):
        # Its __init__ is Jinja2's: generated code may then take its short ways.
        _iterated = False

        def _show(self, frame: FrameType) -> None:
            shown.add(self._undefined_message, frame)
            if strict:
                self._fail_with_undefined_error()

        def __str__(self) -> str:
            self._show(sys._getframe(1))
            return ""

        def __iter__(self) -> Iterator[Any]:
            self._iterated = True
            return self._nothing()

        def _nothing(self) -> Iterator[Any]:
            self._show(sys._getframe(1))  # not earlier: "is iterable" only asks
            yield from ()

        def __len__(self) -> int:
            if not self._iterated:  # list() asks for both
                self._show(sys._getframe(1))
            return 0

        def __eq__(self, other: object) -> bool:
            return isinstance(other, jinja2.Undefined)  # a conditional expression makes Jinja2's

        def __hash__(self) -> int:
            return id(jinja2.Undefined)

    return Reported
