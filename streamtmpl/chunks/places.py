"""Where in a template something happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

Place = tuple[str | None, int | None]
"""The name of a template, and a line of it; ``None``: it has no name, or there is no template."""

NOWHERE: Place = (None, None)


def template_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of a template from *frame* on outwards."""
    while frame is not None and frame.f_globals.get("__jinja_template__") is None:
        frame = frame.f_back
    return frame


def place_in(frame: FrameType) -> Place:
    """The place in its template at which *frame*, which is one of a template, stands."""
    template = frame.f_globals["__jinja_template__"]
    return template.name, template.get_corresponding_lineno(frame.f_lineno)
