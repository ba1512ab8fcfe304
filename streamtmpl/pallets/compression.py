"""Streams of applications that have Flask-Compress or Quart-Compress.

These keep chunks back: the one never flushes its compressor, the other waits for the whole body.
What they are configured to do is done here so that each chunk arrives, at the place that they have
among what is called after a request. They leave a response as it is that has a
``Content-Encoding``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamtmpl.responses.compression import Compressor, maker

_EXTENSIONS = ("flask_compress", "quart_compress")
_ALGORITHMS = ("COMPRESS_ALGORITHM_STREAMING", "COMPRESS_ALGORITHM")  # Quart's has the latter alone
_OPTIONS = {
    "gzip": {"level": "COMPRESS_LEVEL"},
    "deflate": {"level": "COMPRESS_DEFLATE_LEVEL"},
    "br": {
        "mode": "COMPRESS_BR_MODE",
        "quality": "COMPRESS_BR_LEVEL",
        "lgwin": "COMPRESS_BR_WINDOW",
        "lgblock": "COMPRESS_BR_BLOCK",
    },
    "zstd": {"level": "COMPRESS_ZSTD_LEVEL"},
}
"""The options of compressors, and their keys in the configuration."""


After = Callable[[Any], Any]
"""What is called with the response after a request."""


def prepare_first(context: Any, prepare: After, compressing: Callable[[After], After]) -> None:
    """Call *prepare* with the response to a request, before anything else gets hold of it.

    :param compressing: makes what takes the place of an extension's function, once for those of the
        application.
    """
    after: list[Any] = context._after_request_functions  # without a public name
    after.insert(0, prepare)
    for functions in (after, *context.app.after_request_funcs.values()):
        for place, function in enumerate(functions):
            if (getattr(function, "__module__", None) or "").startswith(_EXTENSIONS):
                functions[place] = compressing(function)


def compressor_for(response: Any, app: Any, request: Any) -> Compressor | None:
    """What *response*, a stream, is to be compressed with; its headers say so from now on.

    :param app: the application, whose configuration says what is compressed and how.
    :param request: says what it accepts.
    :return: ``None`` if it is to stay as it is.
    """
    if not _is_compressed(response, app.config):
        return None
    makers = {name: make for name in _algorithms(app.config) if (make := maker(name)) is not None}
    encoding = request.accept_encodings.best_match([*makers, "identity"])
    if encoding not in makers:
        return None
    response.headers["Content-Encoding"] = encoding
    response.headers.pop("Content-Length", None)
    response.vary.add("Accept-Encoding")
    tag, is_weak = response.get_etag()
    if tag is not None and not is_weak:
        response.set_etag(f"{tag}:{encoding}")  # other bytes
    options = _OPTIONS[encoding].items()
    return makers[encoding](**{name: app.config[key] for name, key in options if key in app.config})


def _is_compressed(response: Any, config: Any) -> bool:
    """Whether the extension would compress it."""
    length = response.content_length
    return bool(
        config.get("COMPRESS_STREAMS", True)
        and response.mimetype in config.get("COMPRESS_MIMETYPES", ())
        and 200 <= response.status_code < 300
        and "Content-Encoding" not in response.headers
        and (length is None or length >= config.get("COMPRESS_MIN_SIZE", 0))
    )


def _algorithms(config: Any) -> list[str]:
    """As configured: the preferred ones first."""
    configured = next((config[key] for key in _ALGORITHMS if key in config), ())
    names = configured.split(",") if isinstance(configured, str) else configured
    return [name.strip() for name in names]
