"""What is to be seen only from a page as a whole: blocks, through the chain of its templates."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from jinja2 import nodes

from .cuts import not_deferred
from .loops import written_into
from .reading import Reading, lines_of
from .recording import RecordingGenerator
from .statements import ExplainedTemplate, Kind, Line, Statement


class Recorded:
    """A template, and what there is to be said about it.

    :ivar reading: the template.
    :ivar blocks: its blocks.
    :ivar supers: the names of those that call ``super()``.
    :ivar captured_blocks: what captures its blocks.
    :ivar blocks_around: the name of the block that is around another.
    """

    def __init__(self, reading: Reading, noted: RecordingGenerator) -> None:
        self.reading = reading
        self.blocks = {block.name: block for block in reading.tree.find_all(nodes.Block)}
        self.supers = {
            name
            for name, block in self.blocks.items()
            if any(each.name == "super" for each in block.find_all(nodes.Name))
        }
        self.captured_blocks = noted.captured_blocks
        self.blocks_around = noted.survey.blocks_around
        self._said = noted.said

    def say(self, kind: Kind, line: int, text: str) -> None:
        """State something."""
        self._said.append((Statement(kind, line, text), None))

    def write_into(self, block: str, capture: str) -> None:
        """Have what is said of *block* be that *capture* captures it."""
        said: list[tuple[Statement, str | None]] = []
        for each, about in self._said:
            if about == block and each.kind == "cut":
                continue
            if about == block and each.kind in ("stream", "include"):
                text = each.text.replace(" streams", f" is written into {capture}", 1)
                said.append((replace(each, text=text), about))
            elif about == block and each.kind == "region":
                said.append((replace(each, text=not_deferred(capture)), about))
            elif about == block and each.kind == "wait":
                said.append((replace(each, text=written_into(each.text, capture)), about))
            elif about == block and each.kind == "flush":
                said.append((replace(each, text=f"does nothing: {capture} captures it"), about))
            else:
                said.append((each, about))
        self._said = said

    def explained(self) -> ExplainedTemplate:
        """It, line by line."""
        reading = self.reading
        by_line: dict[int, list[Statement]] = {}
        for each, _ in self._said:
            ignored = each.mend is not None and each.line in reading.ignored
            by_line.setdefault(each.line, []).append(replace(each, ignored=ignored))
        lines = tuple(
            Line(number, source, tuple(sorted(by_line.get(number, ()), key=_rank)))
            for number, source in enumerate(lines_of(reading.source), 1)
        )
        return ExplainedTemplate(reading.name, reading.file, lines)


def _rank(statement: Statement) -> int:
    """What comes first on a line: what the line is, and last where it is cut."""
    return 0 if statement.kind in ("extends", "block") else 2 if statement.kind == "cut" else 1


def say_of_blocks(chain: list[Recorded]) -> None:
    """Say of the blocks in *chain*, a template and those that it extends, who overrides whom.

    The first one that has a block is shown, where the last one has it.
    """
    for child, parent in pairwise(chain):
        extends = next(child.reading.tree.find_all(nodes.Extends))
        condition = "" if extends in child.reading.tree.body else "if this is reached, "
        text = f"{condition}`{parent.reading.name}` writes what is around the blocks"
        child.say("extends", extends.lineno, text)
    for place, recorded in enumerate(chain):
        for name, block in recorded.blocks.items():
            text = f"block `{name}`" + _relation(name, chain, place)
            captured = _capture_of(name, chain[place:], recorded)
            if captured is not None:
                overridden = any(name in each.blocks for each in chain[:place])
                what = "what is shown for it" if overridden else "it"
                text += f"; {what} is written into {captured}"
                recorded.write_into(name, captured)
            recorded.say("block", block.lineno, text)


def _relation(name: str, chain: list[Recorded], place: int) -> str:
    """What the block *name* of the template at *place* is to those of the others."""
    above = [each for each in chain[place + 1 :] if name in each.blocks]
    below = [each for each in chain[:place] if name in each.blocks]
    if below:
        shown = "which calls `super()`" if name in below[-1].supers else "and never shown"
        return f": overridden by {_place(below[-1], name)}, {shown}"
    if above:
        return f": overrides {_place(above[0], name)}, where it is shown"
    if place + 1 < len(chain) and name not in chain[place].blocks_around:
        return ": is not shown, as no template that is extended has it"
    return ""


def _capture_of(name: str, chain: list[Recorded], of: Recorded) -> str | None:
    """What captures block *name*, where it is shown: in the last template of *chain* that has it.

    :param of: the template that is spoken of.
    """
    having = [each for each in chain if name in each.blocks]
    if not having:
        return None
    place = having[-1]
    if (capture := place.captured_blocks.get(name)) is not None:
        return str(capture) if place is of else f"{capture} in `{place.reading.name}`"
    around = place.blocks_around.get(name)
    return None if around is None else _capture_of(around, chain, of)


def say_commit(chain: list[Recorded], name: str) -> None:
    """Say that nothing leaves before the end of the block *name*.

    :raises ValueError: no template of *chain* has it.
    """
    for recorded in chain:
        if name in recorded.blocks:
            text = f"nothing leaves before the end of block `{name}`: `commit_after` names it"
            recorded.say("wait", recorded.blocks[name].lineno, text)
            return
    raise ValueError(f"commit_after={name!r} names no block of the page")


def _place(recorded: Recorded, name: str) -> str:
    where = recorded.reading.name or "the page"
    return f"`{where}`, line {recorded.blocks[name].lineno}"
