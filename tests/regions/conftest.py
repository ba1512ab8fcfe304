"""An environment and threads for deferred regions; the same texts are compiled in many tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamtmpl import StreamEnvironment
from tests.support.remembered import remembered

from .threads import Threads


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


@pytest.fixture(name="threads")
def make_threads() -> Iterator[Threads]:
    with Threads(8) as threads:
        yield threads


@pytest.fixture(name="env")
def make_env() -> StreamEnvironment:
    env = StreamEnvironment(autoescape=True)
    env.patch_script = None
    return env
