"""The JavaScript libraries that pages are tested with, from packages that have their files.

Those of PyPI come with the extra ``test``. For the others, install npm's ``@hotwired/turbo``,
``@hotwired/stimulus`` and ``htmx-ext-sse``, and let ``STREAMTMPL_NODE_MODULES`` name the folder
``node_modules``. npm has no release of Datastar that patches elements: put the file
``bundles/datastar.js`` of its repository into the folder ``datastar`` there.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

HTMX = ("htmx 2", "htmx 4")

_FROM_PYPI = {
    "htmx 2": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "htmx 4": ("django_htmx", "static/django_htmx/htmx-4.min.js"),
    "Alpine": ("js_lib_alpinejs", "static/js_lib_alpinejs/alpine.min.js"),
}
_FROM_NPM = {
    "Turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
    "Stimulus": "@hotwired/stimulus/dist/stimulus.umd.js",
    "htmx sse": "htmx-ext-sse/dist/sse.js",
    "Datastar": "datastar/datastar.js",
}
_NODE_MODULES = "STREAMTMPL_NODE_MODULES"


def source(name: str) -> str:
    """The text of a library. Raises :exc:`LookupError` where it is not installed."""
    if name in _FROM_NPM:
        if _NODE_MODULES not in os.environ:
            raise LookupError(f"no {name}: {_NODE_MODULES} names no folder of npm's")
        file = Path(os.environ[_NODE_MODULES], _FROM_NPM[name])
        if not file.exists():
            raise LookupError(f"no {name}: {file.name} is not in the folder of npm's")
    else:
        package, path = _FROM_PYPI[name]
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise LookupError(f"no {name}: the package {package} is not installed")
        file = Path(spec.submodule_search_locations[0], path)
    return file.read_text(encoding="utf-8")
