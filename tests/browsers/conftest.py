"""Browsers take a second to start: each runs once, for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from . import driver
from .driver import KINDS, Browser
from .server import PageServer, serving

Start = Callable[[str], Browser]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Gives the running browser of a kind; the test is skipped where it is not installed."""
    running: dict[str, Browser] = {}
    with ExitStack() as stack:

        def start(kind: str) -> Browser:
            reason = driver.missing(kind)
            if reason is not None:
                pytest.skip(f"no {kind}: {reason}")
            if kind not in running:
                running[kind] = stack.enter_context(driver.browser(kind))
            return running[kind]

        yield start


@pytest.fixture(params=KINDS, scope="session")
def browser(request: pytest.FixtureRequest, start: Start) -> Browser:
    """Each of the browsers."""
    return start(request.param)


@pytest.fixture(scope="session")
def chromium(start: Start) -> Browser:
    """The one browser here that patches by itself."""
    return start("chromium")


@pytest.fixture(scope="session")
def server() -> Iterator[PageServer]:
    """Serves the pages."""
    with serving() as server:
        yield server
