"""Browsers take a second to start: each runs once, for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from . import driver, libraries, sites
from .driver import KINDS, Browser
from .server import PageServer, serving
from .sites import SERVERS, Serve, Site

Start = Callable[[str], Browser]
Library = Callable[[str], str]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a browser cannot tell from what it is shown already.

    All pages of both servers are shown to Chromium, and those of one to the others: which server
    sent the bytes that say the same makes no difference that only another browser would see.
    """
    left_out = [item for item in items if _is_shown_already(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not _is_shown_already(item)]


def _is_shown_already(item: pytest.Item) -> bool:
    chosen = getattr(getattr(item, "callspec", None), "params", {})
    both = {"browser", "any_site"} <= chosen.keys()
    return both and chosen["browser"] != "chromium" and chosen["any_site"] != SERVERS[0]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Gives the running browser of a kind; the test is skipped where it is not installed."""
    running: dict[str, Browser] = {}
    failed: dict[str, Exception] = {}  # it would take its time to fail again for each test
    with ExitStack() as stack:

        def start(kind: str) -> Browser:
            reason = driver.missing(kind)
            if reason is not None:
                pytest.skip(f"no {kind}: {reason}")
            if kind in failed:
                raise failed[kind]
            if kind not in running:
                try:
                    running[kind] = stack.enter_context(driver.browser(kind))
                except Exception as error:
                    failed[kind] = error
                    raise
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


@pytest.fixture(scope="session")
def library(server: PageServer) -> Library:
    """Gives the address of a JavaScript library; the test is skipped where it is not installed."""
    addresses: dict[str, str] = {}

    def library(name: str) -> str:
        if name not in addresses:
            try:
                text = libraries.source(name)
            except LookupError as error:
                pytest.skip(str(error))
            addresses[name] = server.add(text, content_type="text/javascript")
        return addresses[name]

    return library


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Gives the running site of a server; the test is skipped where that is not installed."""
    running: dict[str, Site] = {}
    with ExitStack() as stack:

        def serve(kind: str) -> Site:
            reason = sites.missing(kind)
            if reason is not None:
                pytest.skip(reason)
            if kind not in running:
                folder = tmp_path_factory.mktemp(kind)
                running[kind] = stack.enter_context(sites.serving(kind, folder))
            return running[kind]

        yield serve


@pytest.fixture(params=SERVERS, scope="session")
def any_site(request: pytest.FixtureRequest, serve: Serve) -> Site:
    """Pages that streamtmpl renders, behind each of the servers."""
    return serve(request.param)


@pytest.fixture
def site(any_site: Site) -> Iterator[Site]:
    """Pages behind each of the servers; after the test none of them waits for anything."""
    yield any_site
    any_site.release()
