"""The header by which a response is saved as a file: RFC 6266, with names as in RFC 8187."""

from __future__ import annotations

import re
from urllib.parse import quote

# RFC 6266, section 4.3: a name is no path, and what a shell or the file system would read in it is
# to be left out. Windows takes none of the last ones.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\"<>:|?*]')
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What would show ``gpj.exe`` as ``exe.jpg``."""
_ATTR_CHARS = "!#$&+-.^_`|~"  # RFC 8187, section 3.2.1, beside letters and digits


def attachment(filename: str) -> dict[str, str]:
    """The header ``Content-Disposition`` of a response that is to be saved as *filename*.

    ::

        stream_response(csv_rows(rows), headers=attachment("Übersicht.csv"))

    A name beyond ASCII is given twice: in UTF-8, and with ``_`` for what old clients do not know.
    So is, in both, what no file's name can have on one system or another: ``/``, ``\\``, ``"``,
    ``:``, control characters and their like.

    :return: the header as ``dict``, for ``headers=`` of any framework's response.
    :raises TypeError: *filename* is no ``str``.
    :raises ValueError: nothing is left of it.
    """
    if not isinstance(filename, str):
        raise TypeError(f"filename must be the name of a file (a str), not {filename!r}")
    name = _NOT_IN_NAMES.sub("_", _DIRECTIONS.sub("", filename)).strip(" .")
    if not name.strip("_"):
        raise ValueError(f"filename must be the name of a file, not {filename!r}")
    known = re.sub(r"[^ -~]", "_", name)
    value = f'attachment; filename="{known}"'
    # Some clients decode percent signs in the plain form: with both, they have no need to.
    if known != name or "%" in name:
        utf8 = quote(name, safe=_ATTR_CHARS)
        value += f"; filename*=UTF-8''{utf8}"
    return {"Content-Disposition": value}
