"""Sphinx configuration: sphinx-build -W -n docs docs/_build/html"""

from __future__ import annotations

from pallets_sphinx_themes import get_version

project = "streamtmpl"
copyright = "2026, streamtmpl contributors"
release, version = get_version("streamtmpl")

extensions = ["myst_parser", "pallets_sphinx_themes", "sphinx.ext.autodoc"]
default_role = "code"
exclude_patterns = ["_build", "examples", "performance"]  # the last are parts of a page
suppress_warnings = ["myst.header"]  # CHANGELOG.md may skip a heading level

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

nitpicky = True
nitpick_ignore_regex = [
    # Documented elsewhere; inventories of other projects are not fetched, so that the build
    # needs no network.
    (r"py:.*", r"(jinja2\..*|Environment|Template|linecache)"),
    (r"py:.*", r"(StartResponse|WSGIEnvironment|wsgiref\..*|Executor|ImproperlyConfigured)"),
    (r"py:class", r"streamtmpl\.chunks\.stream\.Chunk"),  # the type variable: str or bytes
    (r"py:class", r"Executor"),
    (r"py:class", r"HeaderItems|(Auto)?Deferred"),  # aliases, which signatures show by their names
]

html_theme = "jinja"
html_theme_options = {"index_sidebar_logo": False}
html_sidebars = {
    "index": ["localtoc.html", "searchbox.html"],
    "**": ["localtoc.html", "relations.html", "searchbox.html"],
}
html_title = f"streamtmpl {version}"
html_show_sourcelink = False
