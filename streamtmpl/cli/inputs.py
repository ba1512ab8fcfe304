"""What commands read: the template that they are told, and its data."""

from typing import Any

import jinja2

from streamtmpl import StreamEnvironment

from .arguments import DataOptions, ReadingOptions, TemplateOptions
from .data import read_data
from .destination import refuse_input
from .loader import FileLoader
from .rows import Rows
from .undefined import Shown, reporting_undefined

_ESCAPED = ("html", "htm", "xml")
_ESCAPED_BEFORE = ("j2", "jinja", "jinja2")  # page.html.j2 is HTML too


def load_template(
    options: TemplateOptions, shown: Shown, output: str | None = None
) -> jinja2.Template:
    """Compile the template that *options* name.

    :param shown: gets the undefined values that it shows.
    :param output: the file that is written, which is no template.
    :raises jinja2.TemplateError: it is wrong.
    :raises FileError: it is missing or unreadable.
    """
    loader = FileLoader(options.template, options.search_path, output)
    environment = new_environment(options, loader)
    environment.undefined = reporting_undefined(shown, options.strict)
    return environment.get_template(loader.main)


def new_environment(
    options: ReadingOptions, loader: FileLoader, *, is_async: bool = False
) -> StreamEnvironment:
    """An environment that reads the templates of *loader* as *options* say."""
    environment = StreamEnvironment(
        loader=loader,
        autoescape=_escapes if options.autoescape is None else options.autoescape,
        trim_blocks=options.trim_blocks,
        lstrip_blocks=options.lstrip_blocks,
        extensions=options.extensions,
        auto_reload=False,
        enable_async=is_async,
    )
    if "jinja2.ext.InternationalizationExtension" in environment.extensions:
        environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return environment


def refuse_inputs(options: DataOptions, output: str | None) -> None:
    """Refuse to write to *output* if it is one of the files that are read.

    :raises OutputError: it is.
    """
    for file in options.data + [file for _, file in options.rows]:
        refuse_input(output, file)


def open_rows(options: DataOptions) -> dict[str, Rows]:
    """The files of rows by name, which are read while a template iterates over them."""
    return {
        name: Rows(file, options.rows_format, options.delimiter, options.encoding)
        for name, file in options.rows
    }


def read_context(options: DataOptions, rows: dict[str, Rows]) -> dict[str, Any]:
    """The names that the template sees.

    :raises FileError: a file cannot be read, or does not hold what it should.
    """
    context: dict[str, Any] = {}
    for file in options.data:
        context.update(read_data(file, options.encoding))
    context.update(options.definitions)
    context.update(rows)
    return context


_escapes = jinja2.select_autoescape(
    [*_ESCAPED, *(f"{kind}.{suffix}" for kind in _ESCAPED for suffix in _ESCAPED_BEFORE)]
)
