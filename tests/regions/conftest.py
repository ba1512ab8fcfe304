"""An environment and threads for deferred regions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamtmpl import StreamEnvironment

from .threads import Threads


@pytest.fixture(name="threads")
def make_threads() -> Iterator[Threads]:
    with Threads(8) as threads:
        yield threads


@pytest.fixture(name="env")
def make_env() -> StreamEnvironment:
    env = StreamEnvironment(autoescape=True)
    env.patch_script = None
    return env
