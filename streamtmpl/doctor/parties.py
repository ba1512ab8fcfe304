"""Who answers, as far as the headers of an answer tell, and how each of them holds pages back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .exchange import Exchange
from .findings import Cause


@dataclass(frozen=True)
class Party:
    """A proxy or a server.

    :ivar header: the header that names it, and by which text in it.
    :ivar collects: how it may hold back a page; ``None``: it does not.
    :ivar compresses: how it may hold back what it compresses; ``None``: the same way.
    """

    name: str
    header: str
    text: str
    proxy: bool
    collects: Cause | None
    compresses: Cause | None = None

    def is_named(self, exchange: Exchange) -> bool:
        """Whether the headers of the answer name it."""
        return re.search(self.text, exchange.header(self.header), re.IGNORECASE) is not None


NGINX = Cause(
    "nginx collects what it passes on",
    "send the header `X-Accel-Buffering: no` with the page, or set `proxy_buffering off;` (or"
    " uwsgi_buffering, fastcgi_buffering, scgi_buffering) where nginx passes it on",
    "proxies",
)
NGINX_IGNORES = Cause(
    "nginx collects what it passes on, though the application sends `X-Accel-Buffering: no`",
    "remove `proxy_ignore_headers X-Accel-Buffering;`, or set `proxy_buffering off;`",
    "proxies",
)
_NGINX_GZIP = Cause(
    "nginx compresses what it also collects, and flushes nothing before the end",
    "send the header `X-Accel-Buffering: no` with the page, or set `proxy_buffering off;`",
    "proxies",
)
_NETWORK = Cause(
    "a content delivery network collects or rewrites the page",
    "send `Cache-Control: no-transform`, and switch off what rewrites pages there",
    "proxies",
)
_GATEWAY = Cause(
    "Amazon API Gateway collects responses",
    "go around it for this page, or switch the streaming of responses on for it",
    "proxies",
)

PARTIES = (
    Party("nginx", "Server", r"nginx|openresty|tengine|angie", True, NGINX, _NGINX_GZIP),
    Party(
        "Caddy",
        "Server",
        r"caddy",
        True,
        Cause(
            "Caddy collects what its `reverse_proxy` is told to",
            "remove `buffer_responses` or `response_buffers` there, or set `flush_interval -1`",
            "proxies",
        ),
        Cause(
            "Caddy's `encode` compresses the page, and flushes nothing before the end",
            "leave this page out of `encode`",
            "proxies",
        ),
    ),
    Party(
        "Apache",
        "Server",
        r"apache",
        True,
        Cause(
            "Apache collects what mod_proxy passes on (over uwsgi, AJP or FastCGI)",
            "add `flushpackets=on` to its `ProxyPass`",
            "proxies",
        ),
    ),
    Party(
        "Varnish",
        "Via",
        r"varnish",
        True,
        Cause(
            "Varnish collects the page: its VCL has switched `do_stream` off, or `do_esi` on",
            "set `beresp.do_stream = true;`, and leave ESI off for this page",
            "proxies",
        ),
    ),
    Party("Cloudflare", "Server", r"cloudflare", True, _NETWORK),
    Party("CloudFront", "Via", r"cloudfront", True, _NETWORK),
    Party("Amazon API Gateway", "apigw-requestid", r".", True, _GATEWAY),
    Party("Amazon API Gateway", "x-amz-apigw-id", r".", True, _GATEWAY),
    Party(
        "IIS",
        "Server",
        r"microsoft-iis",
        True,
        Cause("IIS collects what it passes on", "set `responseBufferLimit` to 0", "proxies"),
    ),
    Party(
        "Tornado",
        "Server",
        r"tornado",
        False,
        Cause(
            "Tornado's WSGIContainer collects what a WSGI application gives, and a handler of"
            " Tornado what it has not flushed",
            "serve the application with another server, or call `self.flush()` in the handler",
            "frameworks",
        ),
    ),
    Party("gunicorn", "Server", r"gunicorn", False, None),
    Party("Werkzeug", "Server", r"werkzeug", False, None),
    Party("uvicorn", "Server", r"uvicorn", False, None),
    Party("hypercorn", "Server", r"hypercorn", False, None),
    Party("daphne", "Server", r"daphne", False, None),
    Party("granian", "Server", r"granian", False, None),
    Party("waitress", "Server", r"waitress", False, None),
    Party("wsgiref", "Server", r"wsgiserver", False, None),
)


def parties_of(exchange: Exchange) -> tuple[Party, ...]:
    """Those whom the headers of an answer name."""
    return tuple(party for party in PARTIES if party.is_named(exchange))


def proxies_of(exchange: Exchange) -> tuple[Party, ...]:
    """The proxies among them."""
    return tuple(party for party in parties_of(exchange) if party.proxy)


def names_of(exchange: Exchange) -> str:
    """Who answers, as shown: what the headers say of themselves."""
    found = [exchange.header(name) for name in ("Server", "Via")]
    return ", ".join(filter(None, found)) or "no name"
