"""What an adapter needs beside streamtmpl: its framework, in a version that it knows."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version


def missing(error: ModuleNotFoundError, extra: str, *modules: str) -> ModuleNotFoundError:
    """What is raised for *error*: if one of *modules* is missing, advice to install the *extra*."""
    if (error.name or "").partition(".")[0] not in modules:
        return error
    return ModuleNotFoundError(
        f"streamtmpl.{extra} needs {modules[0]}, which is not installed:"
        f" pip install 'streamtmpl[{extra}]'",
        name=error.name,
    )


def known_version(
    framework: str, oldest: tuple[int, int], newest: tuple[int, int]
) -> tuple[int, int]:
    """The version of *framework*, whose contexts an adapter keeps for a stream.

    :raises ModuleNotFoundError: it is not installed.
    :raises ImportError: this is another version than those from *oldest* to *newest*.
    """
    try:
        import_module(framework)
    except ModuleNotFoundError as error:
        raise missing(error, framework, framework) from None
    name, found = framework.capitalize(), version(framework)
    major, minor = map(int, found.split(".")[:2])
    if oldest <= (major, minor) <= newest:
        return major, minor
    raise ImportError(
        f"streamtmpl.{framework} keeps the contexts of {name} {oldest[0]}.{oldest[1]} to"
        f" {newest[0]}.{newest[1]} for a stream, and not those of {name} {found}: install a later"
        f" streamtmpl, or '{name}<{newest[0]}.{newest[1] + 1}'"
    )
