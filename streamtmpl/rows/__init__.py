"""Rows as streams: CSV, JSON lines and JSON arrays out of any iterable of rows.

- ``pulling``: rows are pulled, a few at a time, and chunks cut behind them;
- ``records``: what a row is, and its cells; ``formulas``: cells that spreadsheets would run;
- ``csv_text``, ``json_text``: what is written for rows.
"""

from __future__ import annotations

import codecs
from functools import partial
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.cuts import DEFAULT_CHUNK_SIZE
from streamtmpl.chunks.stream import ChunkStream
from streamtmpl.exceptions import NotStreamingError, not_iterable

from .csv_text import CsvText
from .json_text import JsonText
from .pulling import write_rows, write_rows_async

if TYPE_CHECKING:
    import csv
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence

    from streamtmpl.chunks.async_stream import AsyncChunkStream
    from streamtmpl.observing import Observer

    from .csv_text import ExtrasAction
    from .pulling import Text

    Columns = Sequence[str] | Mapping[str, str]
    Dialect = str | csv.Dialect | type[csv.Dialect]
    Dumps = Callable[[Any], str | bytes]

__all__ = [
    "csv_rows",
    "csv_rows_async",
    "json_array",
    "json_array_async",
    "json_lines",
    "json_lines_async",
]

JSON = "application/json"
JSON_LINES = "application/x-ndjson"
"""The name that programs know. Neither this nor ``application/jsonl`` has been registered."""


def csv_rows(
    rows: Iterable[Any],
    columns: Columns | None = None,
    *,
    header: bool = True,
    extrasaction: ExtrasAction = "raise",
    escape_formulas: bool = False,
    dialect: Dialect = "excel",
    chunk_size: int | None = None,
    encoding: str = "utf-8",
    observe: Observer | None = None,
    **format: Any,
) -> ChunkStream[bytes]:
    """A stream of CSV, as :mod:`csv` writes it.

    Nothing is written before the first row is there: an error up to then can still become an error
    page. Chunk size, context, slow sources and closing follow the rules of
    :func:`~streamtmpl.render_stream`; chunks end where a row ends.

    :param rows: mappings, sequences, named tuples, data classes, or rows of a database; with
        *columns*, objects that have these attributes.
    :param columns: the names of the columns, in order; or a mapping from them to what the header
        calls them. Unless given, those of the first row. A sequence has its cells in this order.
    :param header: whether the first line names the columns, if they are known.
    :param extrasaction: what becomes of a row that has other keys than the columns: ``"raise"`` or
        ``"ignore"``, as with :class:`csv.DictWriter`. Where a key is missing, the cell is empty.
    :param escape_formulas: whether text that a spreadsheet would take for a formula gets an
        apostrophe before it. This changes the data.
    :param dialect: this and *format*, such as ``delimiter=";"``, are those of :func:`csv.writer`.
    :param chunk_size: characters that must have collected before a chunk is cut (16384 unless
        given); 0 makes every row a chunk.
    :param encoding: the codec; ``"utf-8-sig"`` begins with the byte order mark that Excel wants.
    :param observe: as with :func:`~streamtmpl.rechunk`.
    :raises NotStreamingError: *rows* cannot be iterated.
    :raises TypeError: *columns* are no names; or *format* has what :mod:`csv` does not know.
    :raises ValueError: *columns* are none, or one is there twice; *chunk_size* is negative.
    :raises LookupError: there is no such encoding.
    """
    _check(rows, "an iterable of rows")
    text = CsvText(columns, header, extrasaction, escape_formulas, dialect, format)
    return _stream(rows, text, chunk_size, encoding, _csv_type(encoding), observe)


def csv_rows_async(
    rows: AsyncIterable[Any] | Iterable[Any],
    columns: Columns | None = None,
    *,
    header: bool = True,
    extrasaction: ExtrasAction = "raise",
    escape_formulas: bool = False,
    dialect: Dialect = "excel",
    chunk_size: int | None = None,
    encoding: str = "utf-8",
    observe: Observer | None = None,
    **format: Any,
) -> AsyncChunkStream[bytes]:
    """A stream of CSV, from rows of an async or ordinary iterable; see :func:`csv_rows`.

    What has collected is handed over before the iterable is waited for.
    """
    _check_async(rows)
    text = CsvText(columns, header, extrasaction, escape_formulas, dialect, format)
    return _async_stream(rows, text, chunk_size, encoding, _csv_type(encoding), observe)


def json_lines(
    rows: Iterable[Any],
    *,
    dumps: Dumps | None = None,
    chunk_size: int | None = None,
    observe: Observer | None = None,
) -> ChunkStream[bytes]:
    """A stream of JSON lines, also called newline-delimited JSON: a line for each row.

    Chunks end where a row ends, and all else is as with :func:`csv_rows`. If a row fails when
    others have been handed over, an unfinished line follows them before the error is raised.

    :param rows: whatever *dumps* takes. Rows with names (mappings, named tuples, data classes, rows
        of a database) are given to it as ``dict``.
    :param dumps: gives the JSON of a row, as ``str`` or ``bytes``, such as ``orjson.dumps``. Unless
        given, the one of :mod:`json`, compact, which refuses NaN: JSON has none.
    :param chunk_size: this and *observe* are those of :func:`csv_rows`.
    :raises NotStreamingError: *rows* cannot be iterated.
    :raises ValueError: *chunk_size* is negative.
    """
    _check(rows, "an iterable of rows")
    return _stream(rows, JsonText(dumps, lines=True), chunk_size, "utf-8", JSON_LINES, observe)


def json_lines_async(
    rows: AsyncIterable[Any] | Iterable[Any],
    *,
    dumps: Dumps | None = None,
    chunk_size: int | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[bytes]:
    """A stream of JSON lines, from rows of an async or ordinary iterable; see :func:`json_lines`.

    What has collected is handed over before the iterable is waited for.
    """
    _check_async(rows)
    return _async_stream(
        rows, JsonText(dumps, lines=True), chunk_size, "utf-8", JSON_LINES, observe
    )


def json_array(
    rows: Iterable[Any],
    *,
    dumps: Dumps | None = None,
    chunk_size: int | None = None,
    observe: Observer | None = None,
) -> ChunkStream[bytes]:
    """A stream of one JSON array, with an element for each row.

    The bracket that closes it is written when all rows have been: what ends with an error is no
    JSON. The arguments are those of :func:`json_lines`.
    """
    _check(rows, "an iterable of rows")
    return _stream(rows, JsonText(dumps, lines=False), chunk_size, "utf-8", JSON, observe)


def json_array_async(
    rows: AsyncIterable[Any] | Iterable[Any],
    *,
    dumps: Dumps | None = None,
    chunk_size: int | None = None,
    observe: Observer | None = None,
) -> AsyncChunkStream[bytes]:
    """A stream of one JSON array, from rows of an async or ordinary iterable.

    See :func:`json_array`. What has collected is handed over before the iterable is waited for.
    """
    _check_async(rows)
    return _async_stream(rows, JsonText(dumps, lines=False), chunk_size, "utf-8", JSON, observe)


class _RowStream(ChunkStream[bytes]):
    __slots__ = ("content_type",)


def _stream(
    rows: Iterable[Any],
    text: Text,
    chunk_size: int | None,
    encoding: str,
    content_type: str,
    observe: Observer | None,
) -> ChunkStream[bytes]:
    size = DEFAULT_CHUNK_SIZE if chunk_size is None else chunk_size
    begin = partial(write_rows, rows, text)
    if observe is None:
        stream: Any = _RowStream(begin, size, encoding)
    else:
        from streamtmpl.chunks.observed import watched_stream  # noqa: PLC0415 - few streams

        stream = watched_stream(observe, begin, size, encoding)
    stream.content_type = content_type
    made: ChunkStream[bytes] = stream
    return made


def _async_stream(
    rows: Any,
    text: Text,
    chunk_size: int | None,
    encoding: str,
    content_type: str,
    observe: Observer | None,
) -> AsyncChunkStream[bytes]:
    # asyncio takes as long to import as Jinja2: only those who use it pay for it.
    from streamtmpl.chunks.async_stream import coroutine_stream  # noqa: PLC0415

    size = DEFAULT_CHUNK_SIZE if chunk_size is None else chunk_size
    begin = partial(write_rows_async, rows, text)
    if observe is None:
        stream = coroutine_stream(begin, size, encoding)
    else:
        from streamtmpl.chunks.observed_async import (  # noqa: PLC0415 - few streams
            watched_coroutine_stream,
        )

        stream = watched_coroutine_stream(observe, begin, size, encoding)
    stream.content_type = content_type
    return stream


def _csv_type(encoding: str) -> str:
    try:
        charset = codecs.lookup(encoding).name
    except LookupError:
        charset = encoding  # the stream refuses it
    return f"text/csv; charset={charset.removesuffix('-sig')}"


def _check(rows: Any, expected: str) -> None:
    if isinstance(rows, (str, bytes)) or not hasattr(rows, "__iter__"):
        raise NotStreamingError(f"expected {expected}, not {not_iterable(rows)}")


def _check_async(rows: Any) -> None:
    if not hasattr(rows, "__aiter__"):
        _check(rows, "an async or ordinary iterable of rows")
