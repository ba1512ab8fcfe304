"""An explanation as text: for a terminal, or one line for each place where text is held back."""

import shutil
import textwrap
from collections.abc import Iterator

from streamtmpl.explaining import ExplainedTemplate, Explanation, Statement

_COLOURS = {
    "capture": "33",
    "boundary": "33",
    "ahead": "33",
    "stream": "32",
    "include": "32",
    "cut": "36",
    "flush": "36",
    "wait": "35",
    "region": "35",
    "extends": "34",
    "block": "34",
}
_HELD = "31;1"
_FAINT = "2"
_KIND_WIDTH = 9
_NARROW = 60


def held_text(explanation: Explanation) -> str:
    """Where text is held back and need not be, as linters write it."""
    lines = [
        f"{template.label}:{each.line}: {each.text}. Instead: {each.mend}\n"
        for template, each in explanation.held
    ]
    return "".join(lines)


def as_text(explanation: Explanation, *, colored: bool = False) -> str:
    """All of *explanation*: each line, and below it what happens there."""
    width = shutil.get_terminal_size((100, 24)).columns
    writer = _Writer(colored, max(width, _NARROW))
    return "\n".join(writer.template(template) for template in explanation.templates)


class _Writer:
    def __init__(self, colored: bool, width: int) -> None:
        self._colored = colored
        self._width = width

    def _paint(self, text: str, color: str | None) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._colored and color and text else text

    def template(self, template: ExplainedTemplate) -> str:
        """A template, line by line."""
        lines = [self._paint(template.label, "1"), ""]
        digits = len(str(len(template.lines)))
        for line in template.lines:
            number = self._paint(f"{line.number:>{digits}}", _FAINT)
            lines.append(f"{number}  {_printable(line.source)}".rstrip())
            for statement in line.statements:
                lines += self._statement(statement, " " * (digits + 4))
        return "\n".join(lines) + "\n"

    def _statement(self, statement: Statement, indent: str) -> Iterator[str]:
        color = _HELD if statement.holds else _COLOURS.get(statement.kind, _FAINT)
        kind = self._paint(f"{statement.kind:<{_KIND_WIDTH}}", color)
        first, *rest = self._wrapped(_printable(statement.text), len(indent) + _KIND_WIDTH)
        yield f"{indent}{kind}{first}"
        deeper = indent + " " * _KIND_WIDTH
        yield from (deeper + line for line in rest)
        if statement.mend is not None:
            sign = "instead: " if statement.holds else "ignored: "
            wrapped = self._wrapped(sign + _printable(statement.mend), len(deeper))
            yield from (
                deeper + self._paint(line, _HELD if statement.holds else _FAINT) for line in wrapped
            )

    def _wrapped(self, text: str, indent: int) -> list[str]:
        return textwrap.wrap(text, self._width - indent, break_long_words=False) or [""]


def _printable(text: str) -> str:
    """*text* without what would steer a terminal."""
    return "".join(
        each if each.isprintable() or each == "\t" else repr(each)[1:-1] for each in text
    )
