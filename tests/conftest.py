"""What the tests of the engine share, and what a run of them tells at its end."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support import share


class Frame(NamedTuple):
    """A line of a traceback that points into a template."""

    filename: str
    lineno: int
    name: str


TemplateFrames = Callable[[BaseException], list[Frame]]


@pytest.fixture
def template_frames() -> TemplateFrames:
    """Gives the frames of an error's traceback that are in templates, outermost first."""

    def frames(error: BaseException) -> list[Frame]:
        return [
            Frame(frame.filename, frame.lineno or 0, frame.name)
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.endswith(".py")
        ]

    return frames


@pytest.fixture
def often_in_turn() -> Generator[None]:
    """Threads take turns every microsecond: more happens in between, and waiting takes less."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


# The tests start hundreds of processes: each would compile the same modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_the_modules_own() -> None:
    """Hide what is there already, which are thousands of tests, from the garbage collector."""
    importlib.import_module("tests.support.hypothesis_begun")
    gc.collect()
    gc.freeze()


TESTS = Path(__file__).parent
# How long an example takes is the machine's matter.
settings.register_profile(
    "unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")

BROWSERS = "tests/browsers/"


LONG = {
    "--browsers": "the tests in browsers",
    "--comparisons": "the long comparisons with Jinja2, crowds of clients and the benchmarks",
}
"""What is run when it is asked for."""

OPTION_OF = {
    "bench": "--comparisons",
    "browsers": "--browsers",
    "differential": "--comparisons",
    "optimisations": "--comparisons",
}
"""The folders that an option asks for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for option, tests in LONG.items():
        parser.addoption(option, action="store_true", help=f"run {tests} too")


@cache
def option_of(path: Path) -> str | None:
    """The option that the folder of *path* asks for."""
    return OPTION_OF.get(path.relative_to(TESTS).parts[0]) if TESTS in path.parents else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """To be left out a folder need not be collected, which takes every process a while."""
    option = option_of(collection_path)
    return True if option and not config.getoption(option) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: there is no garbage to look for."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    if option_of(item.path) == "--comparisons":
        item.add_marker(pytest.mark.comparison)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> list[pytest.Item] | None:
    """Make no tests of a comparison that is not asked for: each process would make thousands."""
    if collector.config.option.comparisons or not name.startswith("test_"):
        return None
    marks = (*collector.iter_markers(), *getattr(obj, "pytestmark", ()))
    return [] if any(mark.name == "comparison" for mark in marks) else None


def _is_left_out(item: pytest.Item) -> bool:
    """Whether it is a comparison, and either none is asked for or it is in another share."""
    if not item.get_closest_marker("comparison"):
        return False
    return not item.config.option.comparisons or not share.has(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {item for item in items if _is_left_out(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    # With -n, one process has them, and takes longest.
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSERS))


class OneBrowserOfAKind(LoadFileScheduling):
    """A file's tests share its servers; a browser that runs twice on a machine may not start."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSERS if nodeid.startswith(BROWSERS) else super()._split_scope(nodeid)


def pytest_sessionstart(session: pytest.Session) -> None:
    """With -n, each process loads other files first: what their asserts become is compiled once."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    first = int(worker["workerid"].removeprefix("gw"))
    for path in sorted(Path("tests").glob("*/test_*.py"))[first :: worker["workercount"]]:
        option = option_of(path.absolute())
        if option is None or session.config.getoption(option):
            # What cannot be loaded, or is to be skipped, is told when it is collected.
            with suppress(Exception, pytest.skip.Exception):
                importlib.import_module(".".join(path.with_suffix("").parts))


def pytest_xdist_auto_num_workers() -> int:
    """Servers and browsers are waited for: with ``-n auto`` others run meanwhile."""
    return (os.cpu_count() or 1) + 4


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneBrowserOfAKind:
    return OneBrowserOfAKind(config, log)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """List what was not run: how many tests of which folder, and why."""
    skipped = Counter(
        (
            str(PurePosixPath(report.nodeid.partition("::")[0]).parent),
            report.longrepr[2].removeprefix("Skipped: "),
        )
        for report in terminalreporter.stats.get("skipped", [])
    )
    terminalreporter.section("not run, and why")
    for (folder, reason), count in sorted(skipped.items()):
        terminalreporter.line(f"{folder}: {count}: {reason}")
    for option, tests in LONG.items():
        if not config.getoption(option):
            terminalreporter.line(f"{tests}: not asked for, {option} runs them")
    if share.OF > 1:
        terminalreporter.line(f"of these the shares but {share.NUMBER} of {share.OF}")
