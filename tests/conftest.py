"""What the tests of the engine share."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import NamedTuple

import pytest


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
