"""What is asked for, and as whom: addresses, and the headers that a browser sends."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from streamtmpl.version import __version__

ENCODINGS = ("identity", "gzip", "br", "zstd")
"""What is asked for one by one: no compression, and what browsers accept over HTTPS."""

_PORTS = {"http": 80, "https": 443}
_PATH = "/%:@!$&'()*+,;=~-._"
_SECRETS = frozenset({"authorization", "cookie"})  # what is not sent on to another host


class AddressError(ValueError):
    """What should be a URL of HTTP is none."""


@dataclass(frozen=True)
class Address:
    """Where a page is.

    :ivar user: ``name:password``, ``None`` if the URL has none.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str | None = None

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, without name and password."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def joined(self, location: str) -> Address:
        """Where a redirect leads; name and password go along to the same host alone.

        :raises AddressError: nowhere that HTTP leads to.
        """
        try:
            url = urljoin(self.url, location)
        except ValueError as error:
            raise AddressError(f"expected a URL, found {location!r}: {error}") from error
        if "://" not in url:  # such as mailto:
            raise AddressError(f"expected a URL of http or https, found {url!r}")
        there = parse_address(url)
        same = there.authority == self.authority and there.scheme == self.scheme
        return replace(there, user=self.user) if same and there.user is None else there


def parse_address(text: str) -> Address:
    """The address in *text*: a URL, of which ``http://`` may be left out.

    :raises AddressError: it is none.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme not in _PORTS:
            raise AddressError(f"expected a URL of http or https, found {text!r}")
        host = _ascii_host(parts)
        port = parts.port or _PORTS[parts.scheme]
    except AddressError:
        raise
    except ValueError as error:
        raise AddressError(f"expected a URL, found {text!r}: {error}") from error
    path = quote(parts.path or "/", safe=_PATH)
    if parts.query:
        path += "?" + quote(parts.query, safe=_PATH + "?[]")
    return Address(parts.scheme, host, port, path, _user(parts))


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host or any(character.isspace() for character in host):
        raise AddressError(f"expected a URL with a host, found {parts.geturl()!r}")
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _user(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How pages are asked for.

    :ivar encodings: what is accepted, one after the other; each is a request.
    :ivar headers: pairs of name and value, in the place of those that a browser would send.
    :ivar cookies: pairs of name and value.
    :ivar fragment: ask as a script of a page does, not as a browser that shows the page.
    :ivar timeout: seconds after which a request is given up, or has been seen enough of.
    :ivar max_size: bytes of a body after which enough of it has been seen.
    :ivar insecure: whether certificates are not checked.
    :ivar cacert: a file of those who may sign certificates; ``None``: the system's.
    """

    encodings: tuple[str, ...] = ENCODINGS
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    fragment: bool = False
    timeout: float = 30.0
    max_size: int = 10_000_000
    insecure: bool = False
    cacert: str | None = None


def request_head(
    address: Address, encoding: str, asking: Asking, first: Address, cookies: dict[str, str]
) -> bytes:
    """The request for the page at *address*.

    :param first: the address that the user gave, to whose host alone secrets are sent.
    :param cookies: those that have been set on the way here.
    """
    headers = {"Host": address.authority, **_browser_headers(address, asking.fragment)}
    headers["Accept-Encoding"] = encoding
    headers["Connection"] = "keep-alive"
    at_home = (address.scheme, address.authority) == (first.scheme, first.authority)
    kept = dict(asking.cookies if at_home else ()) | cookies
    if kept:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
    if address.user is not None:
        headers["Authorization"] = "Basic " + b64encode(address.user.encode()).decode("ascii")
    known = {name.lower(): name for name in headers}
    own = [pair for pair in asking.headers if at_home or pair[0].lower() not in _SECRETS]
    for name, _ in own:
        headers.pop(known.get(name.lower(), ""), None)
    return _lines(address.path, [*headers.items(), *own])


def _lines(path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _browser_headers(address: Address, fragment: bool) -> dict[str, str]:
    """What browsers send; ``Sec-Fetch-*`` only over HTTPS and to the machine that they run on."""
    headers = {
        "User-Agent": f"Mozilla/5.0 (compatible; streamtmpl doctor {__version__})",
        "Accept": "*/*"
        if fragment
        else "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "en",
    }
    if fragment:
        headers["HX-Request"] = "true"
    if address.scheme == "https" or _is_loopback(address.host):
        headers["Sec-Fetch-Dest"] = "empty" if fragment else "document"
        headers["Sec-Fetch-Mode"] = "cors" if fragment else "navigate"
        headers["Sec-Fetch-Site"] = "same-origin" if fragment else "none"
    return headers


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
