"""Warning, with template and line, of a session that a page modifies when its cookie is gone."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.closing import open_iterators
from streamtmpl.chunks.places import NOWHERE, place_in, template_frame
from streamtmpl.exceptions import LateSessionWarning

if TYPE_CHECKING:
    from collections.abc import Callable


def warn_late(way_out: str) -> None:
    """Warn that the code which is running has modified the session too late.

    :param way_out: how the first chunk is held back until a block has been rendered.
    """
    advice = (
        "after the headers of the response, and with them the session's cookie, had been sent: the"
        " change is lost. Modify it in the view, or hold the first chunk back up to the block that"
        f" modifies it: {way_out}"
    )
    frame = template_frame(sys._getframe(1))
    name, line = place = NOWHERE if frame is None else place_in(frame)
    iterators = open_iterators.get()
    if iterators is not None and iterators.watch is not None:
        iterators.watch.late_session(place)
    if frame is None or line is None:
        warnings.warn(f"the session was modified {advice}", LateSessionWarning, stacklevel=4)
        return
    warnings.warn_explicit(
        f"{name or 'a template from a string'}, line {line}: the session was modified {advice}",
        LateSessionWarning,
        frame.f_globals["__jinja_template__"].filename or "<template>",
        line,
    )


class LateDict(dict[str, Any]):
    """What stands for a session that is a dict, once its cookie has been sent: changes are lost."""

    def __init__(self, session: dict[str, Any], way_out: str) -> None:
        """Have what *session* has now, and warn of each change, as :func:`warn_late`."""
        super().__init__(session)
        self._way_out = way_out

    def _watched(self, change: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        before = dict(self)
        try:
            return change(*args, **kwargs)
        finally:
            if before != self:
                warn_late(self._way_out)

    def __setitem__(self, key: str, value: Any) -> None:
        self._watched(super().__setitem__, key, value)

    def __delitem__(self, key: str) -> None:
        self._watched(super().__delitem__, key)

    def __ior__(self, other: Any) -> LateDict:  # type: ignore[misc,override] # as a dict's
        self._watched(super().update, other)
        return self

    def pop(self, *args: Any) -> Any:
        """As that of a dict, with the warning."""
        return self._watched(super().pop, *args)

    def popitem(self) -> tuple[str, Any]:
        """As that of a dict, with the warning."""
        item: tuple[str, Any] = self._watched(super().popitem)
        return item

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As that of a dict, with the warning."""
        return self._watched(super().setdefault, key, default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As that of a dict, with the warning."""
        self._watched(super().update, *args, **kwargs)

    def clear(self) -> None:
        """As that of a dict, with the warning."""
        self._watched(super().clear)
