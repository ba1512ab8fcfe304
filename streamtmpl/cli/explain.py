"""``streamtmpl explain``: what happens at each line of templates, and an exit status."""

import argparse
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamtmpl.explaining import ExplainedTemplate, Explanation, explain

from .arguments import (
    EXIT_ERROR,
    EXIT_OK,
    Command,
    ReadingOptions,
    add_reading_arguments,
    file_argument,
)
from .destination import Destination, OutputError, open_destination
from .explained_text import as_text, held_text
from .failure import report
from .files import FileError
from .inputs import new_environment
from .loader import FileLoader

TEMPLATES = (".html", ".htm", ".xml", ".txt", ".csv", ".j2", ".jinja", ".jinja2")
"""How the names of templates end, in a folder."""

_DESCRIPTION = "Say what happens at each line of a template when it is streamed."
_EPILOG = """\
A line with the comment {# explain: ignore #}, or below one that stands alone, is never held against
the template.

exit status:
  0      all is explained
  1      an error in a template or while writing; with --check, text is held back that need not be
  2      wrong usage
"""


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(ReadingOptions):
    """What ``streamtmpl explain`` was asked to do; names are those of its arguments."""

    templates: list[str]
    is_async: bool
    lazy: list[str]
    commit_after: str | None
    check: bool
    format: str
    html: str | None
    color: str


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "templates",
        metavar="TEMPLATE",
        nargs="+",
        type=file_argument,
        help="a file, or a folder: all files below it that end in " + ", ".join(TEMPLATES),
    )
    add_reading_arguments(parser)
    _add_own_arguments(parser)


def _add_own_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--async",
        dest="is_async",
        action="store_true",
        help="explain what happens in an environment with enable_async",
    )
    parser.add_argument(
        "--lazy",
        metavar="NAME",
        action="append",
        default=[],
        type=_lazy,
        help="a variable that is lazy, as rows or report.rows, with * for any part of a name: what "
        "reads all of it ahead is held against the template; may be repeated",
    )
    parser.add_argument(
        "--commit-after",
        metavar="BLOCK",
        help="explain a page whose first chunk waits for the end of this block",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="list no more than where text is held back that need not be, and exit with 1 if it is",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="what to write (default: text)"
    )
    parser.add_argument(
        "--html", metavar="FILE", type=file_argument, help="write a page to FILE as well"
    )
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours (default: on a terminal, unless NO_COLOR is set)",
    )


def _lazy(text: str) -> str:
    if not re.fullmatch(r"[\w*]+(\.[\w*]+)*", text):
        problem = f"expected a name, as rows or report.*, found {text!r}"
        raise argparse.ArgumentTypeError(problem)
    return text


def _run(options: ExplainOptions) -> int:
    try:
        explanation, failed = _explanation(options)
        _write(explanation, options)
    except FileError as error:
        report(error, "", with_traceback=False)
        return EXIT_ERROR
    return EXIT_ERROR if failed or (options.check and explanation.held) else EXIT_OK


def _explanation(options: ExplainOptions) -> tuple[Explanation, bool]:
    """What there is to say of all templates, and whether something is wrong with one of them.

    :raises OutputError: what is to be written is one of them.
    """
    explanations, failed = [], False
    for path, folders in _files(options):
        try:
            explanations.append(_explained(path, folders, options))
        except OutputError:
            raise
        except ValueError as error:  # what it says is all there is to know
            report(FileError(path, None, str(error)), path, with_traceback=False)
            failed = True
        except Exception as error:  # noqa: BLE001 - one that is wrong leaves the others
            report(error, path, with_traceback=False)
            failed = True
    return Explanation(tuple(_each_once(explanations))), failed


def _files(options: ExplainOptions) -> Iterator[tuple[str, list[str]]]:
    """The files that are meant, each with the folders of the templates that it names."""
    for path in options.templates:
        if not os.path.isdir(path):
            yield path, options.search_path
            continue
        found = list(_below(path))
        if not found:
            expected = ", ".join(TEMPLATES)
            raise FileError(path, None, f"no template in it: expected names in {expected}")
        for file in found:
            yield file, [*options.search_path, path]


def _below(path: str) -> Iterator[str]:
    """The templates below a folder."""
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(TEMPLATES) and not name.startswith("."):
                yield os.path.join(folder, name)


class _AnyName(dict[str, Any]):
    """Filters or tests, with those that only the application has."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, _of_the_application)


def _of_the_application(value: Any, *args: Any, **kwargs: Any) -> Any:
    return value


def _explained(path: str, folders: list[str], options: ExplainOptions) -> Explanation:
    loader = FileLoader(path, folders, options.html)
    environment = new_environment(options, loader, is_async=options.is_async)
    environment.filters = _AnyName(environment.filters)
    environment.tests = _AnyName(environment.tests)
    template = environment.get_template(loader.main)
    return explain(template, lazy=options.lazy, commit_after=options.commit_after)


def _each_once(explanations: list[Explanation]) -> list[ExplainedTemplate]:
    """The templates of all *explanations*: as what was asked about, before what that names."""
    pages = [each.page for each in explanations]
    others = [other for each in explanations for other in each.templates[1:]]
    found: dict[str, ExplainedTemplate] = {}
    for template in [*pages, *others]:
        found.setdefault(os.path.normpath(template.label), template)
    return list(found.values())


def _write(explanation: Explanation, options: ExplainOptions) -> None:
    if options.html is not None:
        from streamtmpl.explaining.html_page import as_html  # noqa: PLC0415 - few ask for it

        with open_destination(options.html) as destination:
            destination.write_text(as_html(explanation))
        if options.format == "text" and not options.check:
            return
    with open_destination(None) as destination:
        destination.write_text(_text(explanation, options, destination))


def _text(explanation: Explanation, options: ExplainOptions, destination: Destination) -> str:
    if options.format == "json":
        return json.dumps(explanation.as_dict(), indent=1) + "\n"
    if options.check:
        return held_text(explanation)
    auto = options.color == "auto"
    colored = destination.has_colour if auto else options.color == "always"
    return as_text(explanation, colored=colored)


COMMAND = Command(
    name="explain",
    help="say which lines of templates stream, which are held back, and why",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    options=ExplainOptions,
    run=_run,
)
