"""Explaining a page: its template, and those that it extends, includes and imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from jinja2 import TemplateNotFound, nodes

from streamtmpl.compiler import StreamCodeGenerator
from streamtmpl.exceptions import NotStreamingError

from .chain import Recorded, say_commit, say_of_blocks
from .names import Names, constant_name, possible_names
from .reading import Reading
from .recording import record
from .statements import Explanation

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
    :raises jinja2.TemplateError: it, or one of the others, is wrong, or one that it extends is not
        there.
    """
    environment = template.environment
    if not issubclass(environment.code_generator_class, StreamCodeGenerator):
        raise NotStreamingError(
            f"{template!r} belongs to {environment!r}, which does not stream: use a"
            " streamtmpl.StreamEnvironment, or enable_streaming()"
        )
    page = _Page(environment)
    page.read_from(_reading_of(template))
    recorded = page.recorded(template.globals, tuple(lazy))
    chain = page.chain(recorded)
    say_of_blocks(chain)
    for each in recorded:
        if each not in chain:
            say_of_blocks([each])
    if commit_after is not None:
        say_commit(chain, commit_after)
    return Explanation(tuple(each.explained() for each in recorded))


def _reading_of(template: Template) -> Reading:
    source = getattr(template, "_source", None)
    if source is not None:
        return Reading(template.environment, source, None, None)
    if template.name is None or template.environment.loader is None:
        raise ValueError(f"{template!r} has no source to explain: make it of a string, or load it")
    return _read(template.environment, template.name)


def _read(environment: Environment, name: str) -> Reading:
    if environment.loader is None:
        raise TemplateNotFound(name)
    try:
        source, file, _ = environment.loader.get_source(environment, name)
    except RuntimeError as error:  # a loader of compiled templates
        raise ValueError(f"template {name!r} has no source to explain: {error}") from error
    return Reading(environment, source, name, file)


def _others(tree: nodes.Template) -> Iterator[tuple[nodes.Node, str]]:
    """The names of other templates that stand in *tree*, and the statements that have them."""
    for node in tree.find_all(_OTHERS):
        template = cast("nodes.Extends", node).template
        yield from ((node, name) for name in possible_names(template))


class _Page:
    """The templates of a page."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._readings: dict[str | None, Reading] = {}

    def read_from(self, page: Reading) -> None:
        """Read the templates that *page* names, and those that they name."""
        self._readings[page.name] = page
        missing: set[str] = set()
        waiting = [page]
        for reading in waiting:  # it grows meanwhile
            for node, name in _others(reading.tree):
                joined = self._joined(name, reading)
                if joined in self._readings or joined in missing:
                    continue
                try:
                    self._readings[joined] = _read(self._environment, joined)
                except (TemplateNotFound, ValueError):
                    if isinstance(node, nodes.Extends) and constant_name(node.template):
                        raise
                    missing.add(joined)
                else:
                    waiting.append(self._readings[joined])

    def _joined(self, name: str, reading: Reading) -> str:
        return self._environment.join_path(name, reading.name or "")

    def recorded(self, known: Mapping[str, Any], lazy: tuple[str, ...]) -> list[Recorded]:
        """The templates, the page first, with what the compiler notes about them.

        :param known: the globals of the page.
        :param lazy: patterns of what is known to be lazy.
        """
        blocks: dict[str, list[nodes.Block]] = {}
        for reading in self._readings.values():
            for block in reading.tree.find_all(nodes.Block):
                blocks.setdefault(block.name, []).append(block)
        found = []
        for reading in self._readings.values():
            names = Names(reading.tree, known, self._loads_for(reading), blocks)
            found.append(Recorded(reading, record(reading, names, lazy)))
            known = self._environment.globals
        return found

    def _loads_for(self, reading: Reading) -> Any:
        def load(name: str) -> nodes.Template | None:
            other = self._readings.get(self._joined(name, reading))
            return None if other is None else other.tree

        return load

    def chain(self, recorded: list[Recorded]) -> list[Recorded]:
        """Of the *recorded* templates the page and those that it extends, in turn."""
        by_name = {each.reading.name: each for each in recorded}
        chain = [recorded[0]]
        while (name := _parent(chain[-1].reading.tree)) is not None:
            parent = by_name[self._joined(name, chain[-1].reading)]
            if parent in chain:
                break
            chain.append(parent)
        return chain


def _parent(tree: nodes.Template) -> str | None:
    """The name of the template that *tree* extends, if that is known."""
    extends = list(tree.find_all(nodes.Extends))
    return constant_name(extends[0].template) if len(extends) == 1 else None
