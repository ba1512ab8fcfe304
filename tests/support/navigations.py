"""Requests as browsers send them when somebody follows a link."""

from __future__ import annotations

NAVIGATION = {"Sec-Fetch-Dest": "document"}
"""The header by which a browser says, over a secure connection, that it will show a page."""

ENVIRON = {"HTTP_SEC_FETCH_DEST": "document"}
"""That header in an environment of WSGI."""
