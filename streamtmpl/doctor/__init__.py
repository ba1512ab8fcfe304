"""Whether a page streams, seen as a browser sees it, and who on its way holds it back.

For pages of any framework: :func:`diagnose` fetches one and looks at when what of it arrives.
``streamtmpl doctor`` shows the same. Needs nothing but the standard library; brotli and zstd are
asked for where a package has them.
"""

from .asking import ENCODINGS, Address, AddressError, Asking
from .diagnosis import Diagnosis, Status, diagnose
from .exchange import End, Exchange, Pace, Piece, Region
from .findings import Cause, Finding, Severity
from .messages import Head
from .report import as_data, exchange_lines, finding_lines, page_line, summary_lines

__all__ = [
    "ENCODINGS",
    "Address",
    "AddressError",
    "Asking",
    "Cause",
    "Diagnosis",
    "End",
    "Exchange",
    "Finding",
    "Head",
    "Pace",
    "Piece",
    "Region",
    "Severity",
    "Status",
    "as_data",
    "diagnose",
    "exchange_lines",
    "finding_lines",
    "page_line",
    "summary_lines",
]
