"""An HTML page of several streams."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from . import words
from .record import Record
from .svg import picture
from .text import NOTHING, drawing

_PAGE = Markup("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ max-width: 832px; margin: 0 auto; padding: 16px; font: 16px/1.5 system-ui, sans-serif }}
h2 {{ font-size: 1.1rem; margin: 2.5rem 0 0.5rem; overflow-wrap: anywhere }}
svg {{ display: block; max-width: 100%; height: auto; border: 1px solid #8888 }}
pre {{ overflow: auto; font-size: 0.8rem }}
</style>
<h1>{title}</h1>
{streams}
</html>
""")

_STREAM = Markup("""\
<section>
<h2>{time}: {name}</h2>
{picture}
<details><summary>As text</summary>
<pre>
{text}</pre>
</details>
</section>
""")


def page(records: Sequence[Record], now: float) -> str:
    """The page of these streams, in this order.

    :param now: to when streams that are still running are drawn.
    """
    streams = Markup("").join(
        _stream(record, now, number) for number, record in enumerate(records, 1)
    )
    count = "stream" if len(records) == 1 else f"{len(records)} streams"
    title = f"The last {count}" if records else NOTHING
    return str(_PAGE.format(title=title, streams=streams))


def _stream(record: Record, now: float, number: int) -> Markup:
    return _STREAM.format(
        time=record.time.strftime("%H:%M:%S"),
        name=words.name(record),
        picture=Markup(picture(record, now, number)),  # which is escaped
        text=drawing(record, now, 100, False),
    )
