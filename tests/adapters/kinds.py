"""Templates of both kinds of environment, for tests that are the same for both."""

from __future__ import annotations

from typing import Any

import pytest

from streamtmpl import StreamEnvironment

ENVIRONMENTS = {
    "sync": StreamEnvironment(autoescape=True),
    "async": StreamEnvironment(autoescape=True, enable_async=True),
}
KINDS = pytest.mark.parametrize("kind", list(ENVIRONMENTS))


def template(kind: str, source: str) -> Any:
    """The template of *source*, in an environment of *kind*."""
    return ENVIRONMENTS[kind].from_string(source)
