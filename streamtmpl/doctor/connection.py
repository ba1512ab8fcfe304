"""A connection to a server, and in words what keeps it from coming about."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

from .asking import Address, Asking

_NO_TLS = (  # what OpenSSL calls an answer that is something else
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "HTTP_REQUEST",
)


class NoAnswerError(Exception):
    """A server cannot be asked; the text says why."""


@dataclass
class Connection:
    """An open connection.

    :ivar peer: the address at the other end.
    :ivar round_trip: seconds that it took to connect.
    :ivar broken: whether the other end has reset it.
    """

    socket: socket.socket
    peer: str
    round_trip: float
    broken: bool = False

    def receive(self, deadline: float) -> bytes | None:
        """What comes next: nothing at the end of the connection.

        :param deadline: when not to wait any longer (:func:`time.monotonic`).
        :return: ``None`` at the deadline.
        """
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                return self.socket.recv(65536)
            except TimeoutError:
                return None
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:  # TLS without its last word, as many servers end it
                return b""
            except OSError:
                self.broken = True
                return b""
        return None


def connect(address: Address, asking: Asking, deadline: float) -> Connection:
    """Connect to the server of *address*.

    :raises NoAnswerError: it cannot be.
    """
    where = address.authority
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NoAnswerError(f"the name {address.host!r} is not known (DNS)") from error
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, place in found:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(max(0.001, deadline - time.monotonic()))
            began = time.monotonic()
            opened.connect(place)
        except OSError as error:
            opened.close()
            problem = error
            continue
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken = time.monotonic() - began
        peer = str(place[0])
        if address.scheme == "https":
            opened = _speak_tls(opened, address, asking)
        return Connection(opened, peer, taken)
    raise NoAnswerError(_words(problem, where, asking.timeout)) from problem


def _words(error: OSError, where: str, timeout: float) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens on {where}: is the server running?"
    if isinstance(error, TimeoutError):
        return f"no answer from {where} within {timeout:g} s: is a firewall between?"
    return f"no connection to {where}: {error.strerror or error}"


def _speak_tls(plain: socket.socket, address: Address, asking: Asking) -> ssl.SSLSocket:
    try:
        return _context(asking).wrap_socket(plain, server_hostname=address.host)
    except (OSError, ValueError) as error:
        plain.close()
        raise NoAnswerError(_tls_words(error, address, asking)) from error
    except NoAnswerError:
        plain.close()
        raise


def _context(asking: Asking) -> ssl.SSLContext:
    """Whom to trust.

    :raises NoAnswerError: the file that tells cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=asking.cacert)
    except OSError as error:
        wrong = (
            "no certificates as PEM in it" if isinstance(error, ssl.SSLError) else error.strerror
        )
        raise NoAnswerError(f"--cacert {asking.cacert}: {wrong}") from error
    if asking.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _tls_words(error: Exception, address: Address, asking: Asking) -> str:
    where = address.authority
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {where} is not trusted: {error.verify_message}"
            " (--cacert FILE: who has signed it; --insecure: do not ask)"
        )
    if isinstance(error, TimeoutError):
        return f"no TLS from {where} within {asking.timeout:g} s"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    if reason in _NO_TLS:
        return f"no TLS is spoken on {where}: use http://"
    return f"no TLS with {where}: {reason}"
