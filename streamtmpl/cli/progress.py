"""The command line's progress bar, drawn by tqdm where that is installed."""

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .rows import Rows


@contextmanager
def progress_bar(rows: Sequence[Rows]) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error; yield the function to call with each chunk's bytes.

    With one regular file of rows the bar shows how much of it has been read, otherwise how much has
    been written. Without tqdm there is no bar.
    """
    try:
        tqdm = importlib.import_module("tqdm").tqdm  # slow to import, so only where it is used
    except ModuleNotFoundError:
        yield ignore_progress
        return
    measured = rows[0] if len(rows) == 1 and rows[0].size is not None else None
    total = None if measured is None else measured.size
    with tqdm(total=total, unit="B", unit_scale=True, miniters=1, file=sys.stderr) as bar:

        def advance(written: int) -> None:
            bar.update(written if measured is None else measured.bytes_read() - bar.n)

        yield advance


def ignore_progress(written: int) -> None:
    """Take a chunk's bytes and show nothing."""
