"""``streamtmpl doctor``: from arguments to a diagnosis that is shown, and an exit status."""

import argparse
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from streamtmpl.doctor import (
    ENCODINGS,
    AddressError,
    Asking,
    Diagnosis,
    Exchange,
    Status,
    as_data,
    diagnose,
    exchange_lines,
    page_line,
    summary_lines,
)
from streamtmpl.doctor.asking import parse_address
from streamtmpl.doctor.report import ASCII, BLOCKS, Paint, plain

from .arguments import EXIT_ERROR, EXIT_OK, Command, Options, file_argument
from .destination import Destination, open_destination
from .failure import report
from .files import FileError

EXIT_UNKNOWN = 3

_STATUS = {Status.STREAMS: EXIT_OK, Status.HELD: EXIT_ERROR, Status.UNKNOWN: EXIT_UNKNOWN}
_CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34}
_LONGEST_LINE = 100
_DESCRIPTION = """\
Fetch a page as a browser does, show when each piece of it arrived and could be read, and say who
holds it back. Any page: it need not be one of streamtmpl's.
"""
_EPILOG = """\
Several URLs are the same page at several places on its way, the browser's first:
  streamtmpl doctor https://www.example.com/report http://127.0.0.1:8000/report

exit status:
  0      the page streams
  1      it is held back, cut off, or wrong
  2      wrong usage
  3      there is no telling: it comes too soon, is an error, nobody answers, or the output
         cannot be written
  128+N  ended by signal N: 130 interrupted, 141 the reader of the output left
"""


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(Options):
    """What ``streamtmpl doctor`` was asked to do; names and units are those of its arguments."""

    urls: list[str]
    encodings: list[str] | None
    headers: list[tuple[str, str]]
    cookies: list[tuple[str, str]]
    fragment: bool
    timeout: float
    max_size: int
    insecure: bool
    cacert: str | None
    format: str

    def asking(self) -> Asking:
        """How the pages are asked for."""
        return Asking(
            encodings=tuple(dict.fromkeys(self.encodings or ENCODINGS)),
            headers=tuple(self.headers),
            cookies=tuple(self.cookies),
            fragment=self.fragment,
            timeout=self.timeout,
            max_size=self.max_size,
            insecure=self.insecure,
            cacert=self.cacert,
        )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("urls", metavar="URL", nargs="+", type=_url, help="where the page is")
    _add_request_arguments(parser)
    _add_connection_arguments(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="what is written (default: text)"
    )


def _add_request_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding",
        dest="encodings",
        action="append",
        choices=ENCODINGS,
        help="the Accept-Encoding to ask with; may be repeated (default: all of them, one by one)",
    )
    parser.add_argument(
        "-H",
        "--header",
        dest="headers",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        type=_header,
        help="a header to send, in the place of a browser's; may be repeated",
    )
    parser.add_argument(
        "-b",
        "--cookie",
        dest="cookies",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_cookie,
        help="a cookie to send; may be repeated",
    )
    parser.add_argument(
        "--fragment",
        action="store_true",
        help="ask as a script does that puts the answer into a page (htmx, fetch)",
    )


def _add_connection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=Asking.timeout,
        help="how long each request is waited for (default: 30)",
    )
    parser.add_argument(
        "--max-size",
        metavar="BYTES",
        type=_size,
        default=Asking.max_size,
        help="how much of each body is read (default: 10000000)",
    )
    parser.add_argument(
        "--insecure", action="store_true", help="do not check the certificates of servers"
    )
    parser.add_argument(
        "--cacert", metavar="FILE", type=file_argument, help="who may sign them, as PEM"
    )


def _run(options: DoctorOptions) -> int:
    try:
        with open_destination(None) as destination:
            show = _Shown(destination, options.format == "json")
            diagnosis = diagnose(options.urls, options.asking(), show.exchange)
            show.summary(diagnosis)
    except FileError as error:
        report(error, "", with_traceback=False)
        return EXIT_UNKNOWN
    return _STATUS[diagnosis.status]


class _Shown:
    """What is written: each exchange when it has ended, and in the end the summary."""

    def __init__(self, destination: Destination, as_json: bool) -> None:
        self._destination = destination
        self._json = as_json
        self._page = ""
        self._shades = BLOCKS if destination.can_show(BLOCKS) else ASCII
        self._paint: Paint = _coloured if destination.has_colour else plain

    def exchange(self, exchange: Exchange) -> None:
        """Show what came of one request."""
        if self._json:
            return
        first = (page := page_line(exchange)) != self._page
        lines = list(exchange_lines(exchange, self._shades, brief=not first))
        if first:
            self._page = page
            lines = [page, "", *lines]
        self._write([*lines, ""])

    def summary(self, diagnosis: Diagnosis) -> None:
        """Show what follows."""
        if self._json:
            self._write([json.dumps(as_data(diagnosis), indent=2)])
            return
        width = max(40, min(_LONGEST_LINE, shutil.get_terminal_size((_LONGEST_LINE, 24)).columns))
        self._write(summary_lines(diagnosis, width, self._paint))

    def _write(self, lines: Iterable[str]) -> None:
        self._destination.write_text("".join(f"{line}\n" for line in lines))


def _coloured(colour: str, text: str) -> str:
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def _url(text: str) -> str:
    try:
        parse_address(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name = name.strip()
    if not (colon and name and name.isascii() and " " not in name and _is_line(value)):
        raise argparse.ArgumentTypeError(f"expected 'NAME: VALUE', found {text!r}")
    if name.lower() in ("accept-encoding", "connection"):
        raise argparse.ArgumentTypeError(f"{name} is ours to send: see --encoding")
    return name, value.strip()


def _cookie(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name.strip() and _is_line(text) and ";" not in text):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    return name.strip(), value


def _is_line(text: str) -> bool:
    """Whether a request can have it in a header."""
    return text.isprintable() and all(ord(character) < 256 for character in text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, found {text!r}")
    return value


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number of bytes from 1, found {text!r}")
    return int(text)


COMMAND = Command(
    name="doctor",
    help="find out whether a page streams, and who holds it back",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    options=DoctorOptions,
    run=_run,
)
