"""The version of Flask, imported before all else here: names that have gone are no error then."""

from streamtmpl.extras import known_version

VERSION = known_version("flask", (2, 3), (3, 2))

MERGED = VERSION >= (3, 2)
"""Whether one context is that of the application and of the request, as from Flask 3.2 on."""
