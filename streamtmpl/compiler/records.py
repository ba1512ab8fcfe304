"""Small classes of named values that cost nothing to make when the package is imported.

For each of its fields, a :class:`typing.NamedTuple` has the annotation compiled, and a dataclass
has source written: a few of either took a tenth of the time of the import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**options):
        return lambda kind: kind


@dataclass_transform(frozen_default=True, eq_default=False)
class Record:
    """Base of classes whose constructor takes what they annotate, in that order.

    The last ones may have defaults. That there are neither too few nor too many is for mypy to see.
    """

    def __init__(self, *values: Any) -> None:
        self.__dict__.update(zip(self.__annotations__, values, strict=False))
