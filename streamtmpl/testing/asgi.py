"""An ASGI application answers a request, and starts and ends, without a server."""

from __future__ import annotations

from typing import Any

from .delivery import Delivery, Head, sendable
from .requests import Request

Message = dict[str, Any]


def scope_of(request: Request, spec_version: str, state: dict[str, Any]) -> Message:
    """The scope that a server would make of a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec_version},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.raw_path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "extensions": {},
        "state": state.copy(),
    }


class Exchange:
    """One request: what the application receives, and what it sends."""

    def __init__(self, scope: Message, body: bytes, delivery: Delivery) -> None:
        """The request of that scope."""
        self._scope, self._body, self._delivery = scope, body, delivery
        self._has_body = True
        self._raises = scope["asgi"]["spec_version"] >= "2.4"
        self._disconnect = OSError("the client has disconnected")

    async def over(self, application: Any) -> None:
        """Have *application* answer."""
        delivery = self._delivery
        try:
            await application(self._scope, self._receive, self._send)
        except Exception as error:
            if delivery.gone and self._is_disconnect(error):
                return
            raise
        if not (delivery.complete or delivery.gone):
            raise AssertionError("the application has returned, and has not ended its response")

    async def _receive(self) -> Message:
        if self._has_body:
            self._has_body = False
            return {"type": "http.request", "body": self._body, "more_body": False}
        delivery = self._delivery
        await delivery.monitor.wait_async(lambda: delivery.gone or delivery.complete, None)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        delivery = self._delivery
        if delivery.gone:
            if self._raises:
                raise self._disconnect
            # Nothing is sent. Who does not notice must not keep the event loop from all others.
            await delivery.monitor.wait_async(lambda: False, 0.001)
        elif message["type"] == "http.response.start":
            self._begin(message)
        elif message["type"] == "http.response.body":
            await self._hand_over(message)
        else:
            raise AssertionError(f"a server does not expect a message {message['type']!r}")

    def _begin(self, message: Message) -> None:
        if self._delivery.head is not None:
            raise AssertionError("'http.response.start' was sent twice")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in message.get("headers", ())
        ]
        self._delivery.begin(Head(message["status"], "", headers))

    async def _hand_over(self, message: Message) -> None:
        delivery = self._delivery
        if delivery.head is None:
            raise AssertionError("'http.response.body' was sent before 'http.response.start'")
        if delivery.complete:
            raise AssertionError("'http.response.body' was sent after the end of the response")
        if data := sendable(message.get("body", b"")):
            await delivery.put_async(data)
        if not message.get("more_body", False) and not delivery.gone:
            delivery.finish()

    def _is_disconnect(self, error: BaseException | None) -> bool:
        """Whether *error* is ours, or came of it."""
        while error is not None and error is not self._disconnect:
            error = error.__cause__ or error.__context__
        return error is not None


class Lifespan(Delivery):
    """The start and the end of an application.

    :ivar state: what the application puts there for its requests.
    """

    def __init__(self, *, required: bool) -> None:
        """Where it is not *required*, an application that raises has no start and end."""
        super().__init__()
        self.state: dict[str, Any] = {}
        self.failed: str | None = None
        self._required = required
        self._received = False
        self._started = False
        self._stopping = False

    async def over(self, application: Any) -> None:
        """Have *application* start, and end when :meth:`stop` says so."""
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await application(scope, self._receive, self._send)
        except Exception:
            if self._started or self._required or self.failed is not None:
                raise

    def is_begun(self) -> bool:
        """Whether the application has started, or does not care."""
        return self._started or self.ended or self.failed is not None

    def stop(self) -> None:
        """Tell the application to end."""
        with self.monitor.change():
            self._stopping = True

    def check(self, in_time: bool, what: str) -> None:
        """Raise what the application has raised.

        :raises AssertionError: it says that it has failed, or has not answered in time.
        """
        if self.failed is not None:
            raise AssertionError(f"the application has failed to {what}: {self.failed}")
        if self.error is not None:
            raise self.error
        if not in_time:
            raise AssertionError(f"the application did not {what} in time. {self.told()}".rstrip())

    async def _receive(self) -> Message:
        if not self._received:
            self._received = True
            return {"type": "lifespan.startup"}
        await self.monitor.wait_async(lambda: self._stopping, None)
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        with self.monitor.change():
            if kind == "lifespan.startup.complete":
                self._started = True
            elif kind in ("lifespan.startup.failed", "lifespan.shutdown.failed"):
                self.failed = message.get("message") or "it does not say why"
            elif kind != "lifespan.shutdown.complete":
                raise AssertionError(f"a server does not expect a message {kind!r}")
