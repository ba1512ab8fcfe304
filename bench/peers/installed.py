"""The engines that take part: those that are installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from bench.ways import Peer


@dataclass(frozen=True)
class Known:
    """A module of this package that times an engine, and what installs that engine."""

    module: str
    install: str = "pip install -e '.[bench]'"


KNOWN = {
    "Jinja2": Known("jinja2"),
    "streamtmpl": Known("streamtmpl"),
    "Bottle": Known("bottle"),
    "Chameleon": Known("chameleon"),
    "Django": Known("django"),
    "Genshi": Known("genshi"),
    "htpy": Known("htpy"),
    "Kida": Known("kida", "pip install -e '.[bench]' with Python 3.14 or later"),
    "Mako": Known("mako"),
    "MiniJinja": Known("minijinja"),
    "Tenjin": Known("tenjin"),
    "Tornado": Known("tornado"),
    "wheezy.template": Known("wheezy"),
    "wheezy.template+html": Known(
        "wheezy_html", "pip install -e '.[bench]' wheezy.html (needs a C compiler)"
    ),
}
"""Every engine by name, whether it is installed or not. The first one is the baseline."""


def find() -> tuple[tuple[Peer, ...], tuple[str, ...]]:
    """Return the installed peers and the names of those that are not, both in `KNOWN`'s order."""
    peers, missing = [], []
    for name, known in KNOWN.items():
        try:
            peers.append(import_module(f"bench.peers.{known.module}").PEER)
        except ModuleNotFoundError as error:
            if error.name and error.name.split(".")[0] in {"bench", "streamtmpl"}:
                raise
            missing.append(name)
    return tuple(peers), tuple(missing)


PEERS, MISSING = find()


def not_installed(name: str) -> str:
    """Return a message that says what to do about the missing peer *name*."""
    return f"{name} is not installed; install it with: {KNOWN[name].install}"
