"""Explaining a page: its template, and those that it extends, includes and imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from jinja2 import TemplateError, TemplateNotFound, nodes

from streamtmpl.compiler import StreamCodeGenerator
from streamtmpl.exceptions import NotStreamingError

from .names import Names, constant_name
from .reading import Reading
from .recording import record
from .statements import ExplainedTemplate, Explanation, Kind, Line, Statement

if TYPE_CHECKING:
    from jinja2 import Environment, Template
_OTHERS = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def explain(
    template: Template, *, lazy: Iterable[str] = (), commit_after: str | None = None
) -> Explanation:
    """What happens at each line of *template* when it is streamed.

    :param lazy: what is known to be lazy, as ``rows`` or ``report.rows``, with ``*`` for any part
        of a name. What reads all of it ahead then counts as holding text back.
    :param commit_after: as in :func:`~streamtmpl.render_stream`.
    :raises NotStreamingError: *template* belongs to an environment that does not stream.
    :raises ValueError: its source is not there: its loader has none.
    :raises jinja2.TemplateError: it, or one that it extends, is wrong.
    """
    environment = template.environment
    if not issubclass(environment.code_generator_class, StreamCodeGenerator):
        raise NotStreamingError(
            f"{template!r} belongs to {environment!r}, which does not stream: use a"
            " streamtmpl.StreamEnvironment, or enable_streaming()"
        )
    page = _Page(environment, tuple(lazy))
    page.add(_reading_of(template), template.globals)
    page.add_others()
    return Explanation(tuple(page.explained(commit_after)))


def _reading_of(template: Template) -> Reading:
    source = getattr(template, "_source", None)
    name, file = template.name, template.filename
    if file == "<template>":
        file = None
    if source is not None:
        return Reading(template.environment, source, None, None)
    if name is None or template.environment.loader is None:
        raise ValueError(f"{template!r} has no source to explain: make it of a string, or load it")
    return _read(template.environment, name)


def _read(environment: Environment, name: str) -> Reading:
    assert environment.loader is not None
    try:
        source, file, _ = environment.loader.get_source(environment, name)
    except RuntimeError as error:  # a loader of compiled templates
        raise ValueError(f"template {name!r} has no source to explain: {error}") from error
    return Reading(environment, source, name, file)


class _Recorded:
    """A template, and what the compiler says about it."""

    def __init__(self, reading: Reading, names: Names, lazy: tuple[str, ...]) -> None:
        self.reading = reading
        self.others = list(_others(reading.tree))
        self.blocks = {block.name: block for block in reading.tree.find_all(nodes.Block)}
        self.supers = {
            name
            for name, block in self.blocks.items()
            if any(each.name == "super" for each in block.find_all(nodes.Name))
        }
        generator = record(reading, names, lazy)
        self.captured_blocks = generator.captured_blocks
        self.blocks_around = generator.survey.blocks_around
        self._said = generator.said

    def say(self, kind: Kind, line: int, text: str) -> None:
        """State something that is to be seen only from the page as a whole."""
        self._said.append((Statement(kind, line, text), None))

    def write_into(self, block: str, capture: str) -> None:
        """What is said of *block* is to be that *capture* captures it."""
        said: list[tuple[Statement, str | None]] = []
        for each, about in self._said:
            if about == block and each.kind == "cut":
                continue
            if about == block and each.kind in ("stream", "include"):
                text = each.text.replace(" streams", f" is written into {capture}", 1)
                said.append((replace(each, text=text), about))
            elif about == block and each.kind == "flush":
                said.append((replace(each, text=f"does nothing: {capture} captures it"), about))
            else:
                said.append((each, about))
        self._said = said

    @property
    def parent(self) -> str | None:
        """The template that it extends, if that is known."""
        extends = [name for node, name in self.others if isinstance(node, nodes.Extends)]
        return extends[0] if len(extends) == 1 else None

    def explained(self) -> ExplainedTemplate:
        """It, line by line."""
        reading = self.reading
        by_line: dict[int, list[Statement]] = {}
        for each, _ in self._said:
            ignored = each.mend is not None and each.line in reading.ignored
            by_line.setdefault(each.line, []).append(replace(each, ignored=ignored))
        lines = tuple(
            Line(number, source, tuple(sorted(by_line.get(number, ()), key=_rank)))
            for number, source in enumerate(reading.source.splitlines(), 1)
        )
        return ExplainedTemplate(reading.name, reading.file, lines)


def _rank(statement: Statement) -> int:
    """What comes first on a line: what the line is, and last where it is cut."""
    return 0 if statement.kind in ("extends", "block") else 2 if statement.kind == "cut" else 1


def _others(tree: nodes.Template) -> Iterator[tuple[nodes.Node, str]]:
    """The names of other templates that stand in *tree*, and the statements that have them."""
    for node in tree.find_all(_OTHERS):
        template = cast("nodes.Extends", node).template
        if (name := constant_name(template)) is not None:
            yield node, name
        elif isinstance(template, (nodes.List, nodes.Tuple)):
            yield from ((node, each) for each in map(constant_name, template.items) if each)


class _Page:
    """The templates of a page."""

    def __init__(self, environment: Environment, lazy: tuple[str, ...]) -> None:
        self._environment = environment
        self._lazy = lazy
        self._readings: dict[str, Reading | None] = {}
        self._recorded: list[_Recorded] = []

    def add(self, reading: Reading, known: Iterable[Any]) -> None:
        """Add a template; *known* are its globals."""
        names = Names(reading.tree, dict(known).items(), self._tree)
        self._recorded.append(_Recorded(reading, names, self._lazy))

    def add_others(self) -> None:
        """Add the templates that those added name, and those that they name."""
        seen = {each.reading.name for each in self._recorded}
        for recorded in self._recorded:  # it grows meanwhile
            for node, name in recorded.others:
                joined = self._environment.join_path(name, recorded.reading.name or "")
                if joined in seen:
                    continue
                seen.add(joined)
                reading = self._reading(joined)
                if reading is not None:
                    self.add(reading, self._environment.globals)
                elif isinstance(node, nodes.Extends):
                    raise TemplateNotFound(joined)

    def _reading(self, name: str) -> Reading | None:
        """The template *name*, if it can be read."""
        if self._environment.loader is None:
            return None
        try:
            return _read(self._environment, name)
        except (TemplateNotFound, ValueError):
            return None

    def _tree(self, name: str) -> nodes.Template | None:
        if name not in self._readings:
            self._readings[name] = None  # it may import itself
            try:
                self._readings[name] = self._reading(name)
            except TemplateError:
                pass
        reading = self._readings[name]
        return None if reading is None else reading.tree

    # -- blocks

    def explained(self, commit_after: str | None) -> Iterator[ExplainedTemplate]:
        """The templates, line by line."""
        chain = self._chain()
        self._say_blocks(chain)
        if commit_after is not None:
            self._say_commit(chain, commit_after)
        for recorded in self._recorded:
            if recorded not in chain:
                self._say_blocks([recorded])
            yield recorded.explained()

    def _chain(self) -> list[_Recorded]:
        """The page and the templates that it extends, in turn."""
        by_name = {each.reading.name: each for each in self._recorded}
        chain = [self._recorded[0]]
        while (name := chain[-1].parent) is not None:
            joined = self._environment.join_path(name, chain[-1].reading.name or "")
            parent = by_name.get(joined)
            if parent is None or parent in chain:
                break
            chain.append(parent)
        for child, parent in pairwise(chain):
            line = next(node.lineno for node in child.reading.tree.find_all(nodes.Extends))
            text = f"extends `{parent.reading.name}`, which writes what is around the blocks"
            child.say("extends", line, text)
        return chain

    def _say_blocks(self, chain: list[_Recorded]) -> None:
        """Say of the blocks in *chain*, a template and those that it extends, who overrides whom.

        The first one that has a block renders it, where the last one has it.
        """
        for place, recorded in enumerate(chain):
            for name, block in recorded.blocks.items():
                above = [each for each in chain[place + 1 :] if name in each.blocks]
                below = [each for each in chain[:place] if name in each.blocks]
                text = f"block `{name}`"
                if below:
                    by = below[-1]
                    text += f": overridden by {_place(by, name)}"
                    text += ", which calls `super()`" if name in by.supers else ", and never shown"
                elif above:
                    text += f": overrides {_place(above[0], name)}, where it is shown"
                elif place + 1 < len(chain) and not _is_nested(recorded, block):
                    text += ": is not shown, as no template that is extended has it"
                captured = _capture_of(name, chain[place:], recorded)
                if captured is not None:
                    text += f"; it is written into {captured}"
                    recorded.write_into(name, captured)
                recorded.say("block", block.lineno, text)

    def _say_commit(self, chain: list[_Recorded], name: str) -> None:
        for recorded in chain:
            if name in recorded.blocks:
                text = f"nothing leaves before the end of block `{name}`: `commit_after` names it"
                line = recorded.blocks[name].lineno
                recorded.say("wait", line, text)
                return
        raise ValueError(f"commit_after={name!r} names no block of the page")


def _capture_of(name: str, chain: list[_Recorded], of: _Recorded) -> str | None:
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


def _is_nested(recorded: _Recorded, block: nodes.Block) -> bool:
    parent = recorded.reading.parents.get(block)
    while parent is not None and not isinstance(parent, nodes.Block):
        parent = recorded.reading.parents.get(parent)
    return parent is not None


def _place(recorded: _Recorded, name: str) -> str:
    where = recorded.reading.name or "the page"
    return f"`{where}`, line {recorded.blocks[name].lineno}"
