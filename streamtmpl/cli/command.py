"""The command: which command of it is meant, and with what exit status it ends."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from streamtmpl import __version__

from .arguments import EXIT_BROKEN_PIPE, EXIT_SIGNAL, PROGRAM, Command, Options, Parser

COMMANDS = ("render", "explain", "timeline", "doctor")
"""The commands that there are, in the order of the help; each is a module."""

_DESCRIPTION = "Jinja2 templates in chunks: render one, or see what streams and what does not."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments*, ``None`` for the process's own, in the main thread.

    :return: the exit status.
    :raises SystemExit: wrong usage, ``--help`` and ``--version``, as argparse does.
    """
    options, run = parse_arguments(arguments)
    try:
        return run(options)
    except KeyboardInterrupt:
        return EXIT_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE


def parse_arguments(arguments: Sequence[str] | None) -> tuple[Any, Callable[[Any], int]]:
    """The checked *arguments*, and what runs their command; ``None``: the process's own.

    :raises SystemExit: wrong usage, ``--help`` and ``--version``.
    """
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    if arguments is None:
        arguments = sys.argv[1:]
    for each in _commands(arguments):
        own = commands.add_parser(
            each.name, help=each.help, description=each.description, epilog=each.epilog
        )
        own.set_defaults(command=each)
        each.add_arguments(own)
    given = vars(parser.parse_args(arguments))
    command: Command = given.pop("command")
    options: Options = command.options(**given)
    if problem := options.conflict():
        commands.choices[command.name].error(problem)
    return options, command.run


def _commands(arguments: Sequence[str]) -> Iterator[Command]:
    """The command that the first of *arguments* names, without the others' imports, or all."""
    for name in arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS:
        command: Command = import_module(f".{name}", __package__).COMMAND
        yield command
