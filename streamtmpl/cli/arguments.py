"""What the commands are told alike: a template, and data for it; how arguments are checked."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import jinja2.ext
from jinja2.utils import import_string

from .files import STANDARD_INPUT, UTF8
from .rows import ROW_FORMATS

PROGRAM = "streamtmpl"
EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_SIGNAL = 128  # plus the signal's number, as shells report it
EXIT_BROKEN_PIPE = EXIT_SIGNAL + 13  # the number of SIGPIPE, which Windows does not define


class Options:
    """What a command was asked to do."""

    def conflict(self) -> str | None:
        """What is wrong with the arguments together, if anything is."""
        return None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: what its help says, its arguments, what they become, and what does it.

    :ivar options: is made of the arguments, by their names.
    :ivar run: takes an instance of *options* and returns the exit status.
    """

    name: str
    help: str
    description: str
    epilog: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    options: type[Options]
    run: Callable[[Any], int]


@dataclass(frozen=True, kw_only=True)
class ReadingOptions(Options):
    """How templates are read; names are those of the arguments."""

    search_path: list[str]
    extensions: list[type[jinja2.ext.Extension]]
    trim_blocks: bool
    lstrip_blocks: bool
    autoescape: bool | None


@dataclass(frozen=True, kw_only=True)
class RunOptions(ReadingOptions):
    """How a template is rendered, with what, and what is written; names are those of arguments."""

    template: str
    strict: bool
    data: list[str]
    definitions: list[tuple[str, str]]
    rows: list[tuple[str, str]]  # the name that the template sees, the file
    rows_format: str | None
    delimiter: str | None
    encoding: str
    output: str | None
    blocks: list[str] | None
    chunk_size: int | None  # characters
    traceback: bool

    def conflict(self) -> str | None:
        """What is wrong with the arguments together, if anything is."""
        names = [name for name, _ in self.rows] + list(dict(self.definitions))
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            return f"{repeated!r} is given twice: use --rows NAME=FILE to choose another name"
        files = [*self.data, *(file for _, file in self.rows)]
        if files.count(STANDARD_INPUT) > 1:
            return "standard input (-) can be only one of the --data and --rows files"
        if self.delimiter is not None and self.rows_format in ("jsonl", "json"):
            return "--delimiter is for CSV and TSV: leave it out, or give another --rows-format"
        return None


class Parser(argparse.ArgumentParser):
    """The parser of the command, and of each command in it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Report wrong usage like every other error; argparse would name the subcommand too."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{PROGRAM}: error: {message}\n")


def add_run_arguments(parser: argparse.ArgumentParser, output: str) -> None:
    """Add what :class:`RunOptions` holds; *output* says what is written into a file."""
    _add_template_arguments(parser)
    _add_data_arguments(parser)
    _add_rows_arguments(parser)
    parser.add_argument("--output", metavar="FILE", type=file_argument, help=output)
    parser.add_argument(
        "--block",
        dest="blocks",
        metavar="NAME",
        action="append",
        help="render this block of the page alone; may be repeated, in the order wanted",
    )
    parser.add_argument(
        "--chunk-size",
        metavar="N",
        type=_chunk_size,
        help="characters to collect before a chunk is written (default: 16384); 0 writes "
        "whenever a statement block ends",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="print Python's traceback before an error message"
    )


def _add_template_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", metavar="TEMPLATE", help="the file to render")
    add_reading_arguments(parser)
    parser.add_argument(
        "--strict",
        action="store_true",
        help="make it an error to show an undefined value (default: a warning)",
    )


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :class:`ReadingOptions` holds."""
    parser.add_argument(
        "--search-path",
        metavar="DIR",
        action="append",
        default=[],
        type=_folder,
        help="folder of templates, searched before TEMPLATE's own folder; may be repeated",
    )
    parser.add_argument(
        "--autoescape",
        action=argparse.BooleanOptionalAction,
        help="escape HTML in every template, or in none (default: in .html, .htm and .xml files)",
    )
    parser.add_argument(
        "--trim-blocks", action="store_true", help="drop the line end after each statement"
    )
    parser.add_argument(
        "--lstrip-blocks",
        action="store_true",
        help="drop the spaces before each statement that begins its line",
    )
    parser.add_argument(
        "--extension",
        dest="extensions",
        metavar="NAME",
        action="append",
        default=[],
        type=_extension,
        help="a Jinja2 extension: do, loopcontrols, i18n, debug, or an import path such as "
        "package.module.Class; may be repeated",
    )


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar="FILE",
        action="append",
        default=[],
        type=file_argument,
        help="JSON, TOML or YAML file of values by name, or one of them packed as .gz; - is JSON "
        "on standard input; may be repeated, later files win",
    )
    parser.add_argument(
        "-D",
        dest="definitions",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_definition,
        help="a string by name; wins over --data; may be repeated",
    )


def _add_rows_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rows",
        metavar="[NAME=]FILE",
        action="append",
        default=[],
        type=_named_file,
        help="CSV, TSV or JSON file, or one of them packed as .gz, that is read row by row while "
        "the template iterates over NAME (default: rows); - is standard input; may be repeated",
    )
    parser.add_argument(
        "--rows-format",
        choices=ROW_FORMATS,
        help="format of the --rows files: jsonl is one JSON object per line, json an array of "
        "them (default: by extension, or else by how the file begins)",
    )
    parser.add_argument(
        "--delimiter",
        metavar="CHARACTER",
        type=_delimiter,
        help="what separates the columns of CSV and TSV, as ';' or tab (default: comma, tab)",
    )
    parser.add_argument(
        "--encoding",
        metavar="NAME",
        default=UTF8,
        type=_encoding,
        help="encoding of the --rows files, and of --data files that are not UTF-8 (default: "
        "utf-8); templates and the output are UTF-8",
    )


def file_argument(text: str) -> str:
    """A file that is named.

    :raises argparse.ArgumentTypeError: it is not.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a file, found nothing")
    return text


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"not a folder: {text!r}")
    return text


def _definition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name.isidentifier()):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    return name, value


def _named_file(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not (equals and name.isidentifier()):
        name, file = "rows", text
    if not file:
        raise argparse.ArgumentTypeError(f"expected FILE or NAME=FILE, found {text!r}")
    return name, file


def _delimiter(text: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(character) != 1 or character in '"\r\n\0':
        problem = f"expected one character, or tab, and no quote or line end, found {text!r}"
        raise argparse.ArgumentTypeError(problem)
    return character


def _encoding(text: str) -> str:
    try:
        "".encode(text)
    except (LookupError, ValueError) as error:
        problem = f"expected the name of an encoding, as utf-8, cp1252 or utf-16, found {text!r}"
        raise argparse.ArgumentTypeError(problem) from error
    return text


def _extension(text: str) -> type[jinja2.ext.Extension]:
    path = text if "." in text or ":" in text else f"jinja2.ext.{text}"
    try:
        extension = import_string(path)
    except Exception as error:  # a module may do anything when it is imported
        problem = f"cannot import {text!r}: {type(error).__name__}: {error}"
        raise argparse.ArgumentTypeError(problem) from error
    if not (isinstance(extension, type) and issubclass(extension, jinja2.ext.Extension)):
        problem = f"expected an extension of Jinja2, found {extension!r} in {text!r}"
        raise argparse.ArgumentTypeError(problem)
    return extension


def _chunk_size(text: str) -> int:
    try:
        size = int(text)
    except ValueError:
        size = -1
    if size < 0:
        raise argparse.ArgumentTypeError(f"expected a number of characters from 0, found {text!r}")
    return size
