"""Hand-written templates: each one a corner where a renderer could go its own way."""

from __future__ import annotations

from .awaiting import AWAITING
from .includes import INCLUDES
from .inheritance import INHERITANCE
from .loops import LOOPS
from .macros import MACROS
from .nested import NESTED
from .output import OUTPUT
from .text_blocks import TEXT_BLOCKS

CORPUS = {
    f"{title}: {name}": sample
    for title, samples in {
        "output": OUTPUT,
        "loops": LOOPS,
        "macros": MACROS,
        "inheritance": INHERITANCE,
        "includes": INCLUDES,
        "text": TEXT_BLOCKS,
        "nested": NESTED,
        "awaiting": AWAITING,
    }.items()
    for name, sample in samples.items()
}
