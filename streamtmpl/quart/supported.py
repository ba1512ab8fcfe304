"""The version of Quart, imported before all else here: names that have gone are no error then."""

from streamtmpl.extras import known_version

VERSION = known_version("quart", (0, 19), (0, 23))

MERGED = VERSION >= (0, 23)
"""Whether one context is that of the application and of the request, as from Quart 0.23 on."""
