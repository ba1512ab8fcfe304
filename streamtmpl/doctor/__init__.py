"""Whether a page streams, seen as a browser sees it, and who on its way holds it back.

For pages of any framework: :func:`diagnose` fetches one and looks at when what of it arrives.
``streamtmpl doctor`` shows the same. Needs nothing but the standard library; brotli and zstd are
asked for where a package has them.

- ``asking``: what is asked for; ``connection``, ``fetching``, ``messages``: the answer as it comes;
- ``exchange``: what was seen of it; ``regions``: of deferred ones;
- ``findings``: what is said about it, by ``judging``, ``notes`` and ``browsers``; ``causes``,
  ``parties``: why, and whose doing it is; ``hops``: who of several;
- ``diagnosis``: all of it; ``report``: as text and as JSON.
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
