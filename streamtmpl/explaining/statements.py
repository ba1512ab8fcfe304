"""What an explanation says: statements about lines, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal[
    "run",
    "cut",
    "flush",
    "stream",
    "value",
    "capture",
    "ahead",
    "wait",
    "extends",
    "block",
    "include",
    "import",
    "region",
    "boundary",
    "unseen",
    "note",
]
"""What a statement is about.

- ``run``: text and values that are written at once;
- ``cut``: where a chunk may be cut; ``flush``: where one is cut, whatever its size;
- ``stream``: a call whose text is written where it is shown, or may be;
- ``value``: a call that would be captured if it were that of a macro;
- ``capture``: text that becomes a value before it is shown;
- ``ahead``: what pulls more of a source than the item that is shown;
- ``wait``: what may be waited for, and what leaves before;
- ``extends``, ``block``, ``include``, ``import``: what comes from other templates, or goes there;
- ``region``, ``boundary``: what leaves as a whole;
- ``unseen``: text that is never shown;
- ``note``: anything else.
"""


@dataclass(frozen=True)
class Statement:
    """What happens at a line.

    :ivar kind: what this is about.
    :ivar line: the line, from 1.
    :ivar text: what happens, in words.
    :ivar mend: what a person can do so that no text is held back here; ``None``: nothing is, or it
        cannot be helped.
    :ivar ignored: whether a comment in the template says that it is meant so.
    """

    kind: Kind
    line: int
    text: str
    mend: str | None = None
    ignored: bool = False

    @property
    def holds(self) -> bool:
        """Whether text is held back here that need not be."""
        return self.mend is not None and not self.ignored


@dataclass(frozen=True)
class Line:
    """A line of a template.

    :ivar number: which, from 1.
    :ivar source: its text.
    :ivar statements: what happens there.
    """

    number: int
    source: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class ExplainedTemplate:
    """A template, line by line.

    :ivar name: what it is loaded by; ``None`` if it was made of a string.
    :ivar file: where it was loaded from, if that is a file.
    :ivar lines: all its lines.
    """

    name: str | None
    file: str | None
    lines: tuple[Line, ...]

    @property
    def label(self) -> str:
        """What it is called where it is shown: file, else name."""
        return self.file or self.name or "<template>"

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All that is said of its lines, in their order."""
        return tuple(each for line in self.lines for each in line.statements)

    @property
    def held(self) -> tuple[Statement, ...]:
        """The statements of it about text that is held back and need not be."""
        return tuple(each for each in self.statements if each.holds)


@dataclass(frozen=True)
class Explanation:
    """What happens when a page is rendered.

    :ivar templates: the template that was asked about, and then those that it extends, includes or
        imports under a name that stands there, each once.
    """

    templates: tuple[ExplainedTemplate, ...]

    @property
    def page(self) -> ExplainedTemplate:
        """The template that was asked about."""
        return self.templates[0]

    @property
    def held(self) -> tuple[tuple[ExplainedTemplate, Statement], ...]:
        """All text of the page that is held back and need not be."""
        return tuple((template, each) for template in self.templates for each in template.held)

    def as_dict(self) -> dict[str, Any]:
        """What ``--format json`` writes: plain dicts, lists, strings, numbers and ``None``."""
        return {"version": 1, "templates": [_as_dict(template) for template in self.templates]}


def _as_dict(template: ExplainedTemplate) -> dict[str, Any]:
    lines = [
        {
            "line": line.number,
            "source": line.source,
            "statements": [asdict(each) for each in line.statements],
        }
        for line in template.lines
    ]
    return {"name": template.name, "file": template.file, "lines": lines}
