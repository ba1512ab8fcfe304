"""What is counted here depends on no clock, and on no other test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamtmpl.chunks import tasks
from streamtmpl.chunks.render import HeldTasks
from tests.support.clocks import replaced_clock


@pytest.fixture(scope="module", autouse=True)
def _nothing_of_others() -> Iterator[None]:
    """What a lazy loop and a new event loop find: a still clock, no other test's event loop."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        replaced_clock(monkeypatch)
        monkeypatch.setattr(tasks, "_tasks", HeldTasks())
        yield
