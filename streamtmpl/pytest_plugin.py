"""Fixtures of pytest for tests of streams.

Every run of pytest loads this module, also one that has nothing to do with streams. So nothing else
of the package is imported before a test asks for a fixture.

PYTEST_DONT_REWRITE: nor does it matter when this is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import Gate, Recorder, StreamClient


@pytest.fixture
def stream_gate(stream_client: object) -> Iterator[Callable[..., Gate]]:
    """Make gates, as `streamtmpl.testing.gate`; after the test they are open.

    That is before the clients are closed: no application of theirs is blocked for ever.
    """
    from .testing import gate  # noqa: PLC0415

    made: list[Gate] = []

    def make(*items: Any, **options: Any) -> Gate:
        made.append(gate(*items, **options))
        return made[-1]

    yield make
    for each in made:
        each.open()


@pytest.fixture
def stream_recorder() -> Recorder:
    """A `streamtmpl.testing.Recorder`."""
    from .testing import Recorder  # noqa: PLC0415

    return Recorder()


@pytest.fixture
def stream_client() -> Iterator[Callable[..., StreamClient]]:
    """Make clients of applications, as `streamtmpl.testing.StreamClient`, closed after the test."""
    from .testing import StreamClient  # noqa: PLC0415

    made: list[StreamClient] = []

    def make(application: Any, **options: Any) -> StreamClient:
        made.append(StreamClient(application, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()
