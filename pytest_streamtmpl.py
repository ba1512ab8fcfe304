"""Fixtures of pytest for tests of streams.

Every run of pytest loads this module, also one that has nothing to do with streams. So it is
outside of the package, and nothing of that is imported before a test asks for a fixture.

PYTEST_DONT_REWRITE: nor does it matter when this is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from streamtmpl.testing import Gate, Recorder, StreamClient


@pytest.fixture
def stream_gate(stream_client: object) -> Iterator[Callable[..., Gate]]:
    """Make gates, as `streamtmpl.testing.gate`; after the test they are open.

    That is before the clients are closed: no application of theirs is blocked for ever.
    """
    kit, made = import_module("streamtmpl.testing"), []

    def make(*items: Any, **options: Any) -> Gate:
        gate: Gate = kit.gate(*items, **options)
        made.append(gate)
        return gate

    yield make
    for gate in made:
        gate.open()


@pytest.fixture
def stream_recorder() -> Recorder:
    """A `streamtmpl.testing.Recorder`."""
    recorder: Recorder = import_module("streamtmpl.testing").Recorder()
    return recorder


@pytest.fixture
def stream_client() -> Iterator[Callable[..., StreamClient]]:
    """Make clients of applications, as `streamtmpl.testing.StreamClient`, closed after the test."""
    kit = import_module("streamtmpl.testing")

    def make(application: Any, **options: Any) -> StreamClient:
        client: StreamClient = kit.StreamClient(application, **options)
        clients.callback(client.close)
        return client

    with ExitStack() as clients:
        yield make
