"""Sphinx configuration: sphinx-build -W -n docs docs/_build/html"""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

from streamtmpl import __version__

project = "streamtmpl"
copyright = "2026, streamtmpl contributors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
default_role = "code"
highlight_language = "text"  # blocks that name no language are drawings and commands
exclude_patterns = ["_build", "examples", "performance"]  # the last are parts of a page
suppress_warnings = ["myst.header"]  # CHANGELOG.md may skip a heading level

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
toc_object_entries_show_parents = "hide"

nitpicky = True
nitpick_ignore_regex = [
    # Documented elsewhere; inventories of other projects are not fetched, so that the build
    # needs no network.
    (r"py:.*", r"(jinja2\..*|Environment|Template|linecache)"),
    (r"py:.*", r"(StartResponse|WSGIEnvironment|wsgiref\..*|Executor|ImproperlyConfigured)"),
    (r"py:class", r"streamtmpl\.chunks\.stream\.Chunk"),  # the type variable: str or bytes
    (r"py:class", r"Executor|collections\.abc\..*"),
    (r"py:class", r"web\..*"),
    (r"py:.*", r"csv(\..*)?|json"),
    # Aliases, which signatures show by their names.
    (
        r"py:class",
        r"HeaderItems|Observer|Logger|TracerProvider|Block|(Auto)?Deferred|Columns|Dialect|Dumps|ExtrasAction",
    ),
]

html_theme = "furo"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0f766e",
        "color-brand-content": "#0f766e",
        "color-brand-visited": "#0f766e",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5eead4",
        "color-brand-content": "#5eead4",
        "color-brand-visited": "#5eead4",
    },
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = html_favicon = "_static/logo.svg"
html_title = f"streamtmpl {version}"
html_show_sourcelink = False
html_copy_source = False
html_use_index = False


def show_once(app: Sphinx) -> None:
    """Functions with overloads have one signature: what they differ in is said of `encoding`."""
    for name in ("streamtmpl.rendering", "streamtmpl.rechunking"):
        analyzer = ModuleAnalyzer.for_module(name)
        analyzer.analyze()
        analyzer.overloads.clear()


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", show_once)
