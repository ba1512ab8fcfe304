"""Why a page came at once: what the answer tells, the likeliest cause first."""

from __future__ import annotations

from .exchange import Exchange
from .findings import Cause, count, seconds
from .parties import NGINX, parties_of, proxies_of

_CHECKSUMS = ("ETag", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest")
_EARLY = 0.5  # of the wait

_RENDERED = Cause(
    "the view renders the whole page to a string, as `render_template()` and `render()` do",
    "return a stream: the page of your framework says how",
    "not-streaming",
)
_MIDDLEWARE = Cause(
    "something in the application collects the body: Werkzeug's ProfilerMiddleware, a debug"
    " toolbar, a cache, what makes ETags or rewrites HTML",
    "leave out one after the other for this page, and ask again",
    "streaming",
)
_WAITS = Cause(
    "there is no text before the wait: the view, or the first source of the template, has all data"
    " together before the page begins",
    "give the template sources that it can pull from (generators, querysets), or `{% defer %}` the"
    " slow parts",
    "slow-sources",
)
_TEMPLATE = Cause(
    "the template collects it: a `{% filter %}`, `{% set %}` or macro around the slow part",
    "take the slow part out of it: `streamtmpl explain TEMPLATE` shows where",
    "what-streams",
)
_DJANGO = Cause(
    "Django gathers a stream of the other kind before it sends any of it: a sync generator under"
    " ASGI, an async one under WSGI",
    "return a response of streamtmpl's adapter, or give `StreamingHttpResponse` an async generator"
    " under ASGI, a sync one under WSGI",
    "django",
)
_UNSEEN = Cause(
    "a proxy that names itself nowhere collects it",
    "ask the application itself as well",
    "proxies",
)
_COMPRESSED = Cause(
    "what compresses the page flushes nothing before its end",
    "switch the compression of this page off, or take one that flushes after each chunk",
    "proxies",
)
_FLASK_COMPRESS = Cause(
    "Flask-Compress, GZipMiddleware of Django before 6.1, Express's compression, or another"
    " compressor in the application, flushes nothing before the end",
    "return a response of streamtmpl's adapter, which flushes, call `res.flush()` after each chunk"
    " in Express, or leave this page uncompressed",
    "flask",
)


def causes_of_collecting(exchange: Exchange) -> tuple[Cause, ...]:
    """Who may have collected a page that came at once, without a compressor's doing."""
    named = [party.collects for party in parties_of(exchange) if party.collects is not None]
    checksums = [_checksum(name) for name in _CHECKSUMS if exchange.header(name)][:1]
    if exchange.head is not None and exchange.head.length is not None:
        servers = [cause for cause in named if cause.page != "proxies"]
        # These do not know a length before the end, but for nginx, which never tells one.
        proxies = [cause for cause in named if cause.page == "proxies" and cause is not NGINX]
        return (*servers, *checksums, _RENDERED, _MIDDLEWARE, *proxies)
    if exchange.encoding:
        named.append(_COMPRESSED)
    unseen = () if proxies_of(exchange) else (_UNSEEN,)
    if len(exchange.chunk_sizes) > 1 and not exchange.encoding:
        return (*named, *checksums, _WAITS, _DJANGO, _TEMPLATE, _MIDDLEWARE, *unseen)
    if _began_early(exchange):
        return (*named, _WAITS, _DJANGO, _MIDDLEWARE, *unseen)
    if exchange.encoding or checksums:
        return (*named, *checksums, _RENDERED, _MIDDLEWARE, _WAITS, *unseen)
    # Frameworks tell the length of a string, and proxies pass it on.
    return (*named, _WAITS, _MIDDLEWARE, _RENDERED, *unseen)


def _began_early(exchange: Exchange) -> bool:
    """Whether the headers came long before the first text: they were not kept for the body."""
    return exchange.head_at < (exchange.first_at or exchange.ended_at) * _EARLY


def _checksum(header: str) -> Cause:
    return Cause(
        f"something makes a checksum of the whole page, which is its {header}: `add_etag()`, or"
        " middleware for conditional requests",
        "leave it out for this page",
        "streaming",
    )


def causes_of_compressing(exchange: Exchange) -> tuple[Cause, ...]:
    """Who may have compressed a page without flushing."""
    named = [party.compresses or party.collects for party in proxies_of(exchange)]
    return (*(cause for cause in named if cause is not None), _FLASK_COMPRESS)


def evidence_of_collecting(exchange: Exchange) -> tuple[str, ...]:
    """What the answer tells about that."""
    head = exchange.head
    if head is None:
        return ("not even the headers came",)
    found = []
    if head.length is not None:
        found.append(
            f"Content-Length: {head.length}: who sent it had all of it before any of it was sent"
        )
    elif head.chunked:
        chunks = count(len(exchange.chunk_sizes), "chunk")
        found.append(f"no Content-Length, and {chunks}: who sent it did not say how long it is")
    found += [
        f"{name}: {exchange.header(name)}"
        for name in ("Server", "Via", *_CHECKSUMS, "X-Cache", "Age")
        if exchange.header(name)
    ]
    if _began_early(exchange):
        found.append(
            f"the headers came after {seconds(exchange.head_at)}, so the response had begun"
        )
    return tuple(found)
