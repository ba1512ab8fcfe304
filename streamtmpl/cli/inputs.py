"""What commands read: the template that they are told, and its data; and the stream of both."""

from typing import TYPE_CHECKING, Any

import jinja2

from streamtmpl import ChunkStream, StreamEnvironment, render_stream

from .arguments import ReadingOptions, RunOptions
from .data import read_data
from .destination import refuse_input
from .files import UTF8
from .loader import FileLoader
from .rows import Rows
from .undefined import Shown, reporting_undefined

if TYPE_CHECKING:
    from streamtmpl.chunks.options import Deferred
    from streamtmpl.observing import Observer

_ESCAPED = ("html", "htm", "xml")
_ESCAPED_BEFORE = ("j2", "jinja", "jinja2")  # page.html.j2 is HTML too


def start_stream(
    options: RunOptions, shown: Shown, *, deferred: "Deferred", observe: "Observer | None" = None
) -> tuple[ChunkStream[bytes], list[Rows]]:
    """The stream of what *options* ask for, and the files of rows that it reads.

    :param shown: gets the undefined values that it shows.
    :raises FileError: a file cannot be read, is to be written, or does not hold what it should.
    :raises jinja2.TemplateError: a template is wrong.
    """
    for file in options.data + [file for _, file in options.rows]:
        refuse_input(options.output, file)
    rows = {
        name: Rows(file, options.rows_format, options.delimiter, options.encoding)
        for name, file in options.rows
    }
    template = _load_template(options, shown)
    stream = render_stream(
        template,
        _read_context(options, rows),
        chunk_size=options.chunk_size,
        encoding=UTF8,
        deferred=deferred,
        block=options.blocks,
        observe=observe,
    )
    return stream, list(rows.values())


def _load_template(options: RunOptions, shown: Shown) -> jinja2.Template:
    """Compile the template that *options* name.

    :param shown: gets the undefined values that it shows.
    :raises jinja2.TemplateError: it is wrong.
    :raises FileError: it is missing or unreadable.
    """
    loader = FileLoader(options.template, options.search_path, options.output)
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


def _read_context(options: RunOptions, rows: dict[str, Rows]) -> dict[str, Any]:
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
