"""streamtmpl.flask and Flask-Compress: compressed, and yet each chunk can be read as it arrives."""

from __future__ import annotations

import itertools

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
flask_compress = pytest.importorskip("flask_compress", reason="Flask-Compress is not installed")

from streamtmpl.flask import (
    StreamTemplates,
    stream_response,
    stream_template_string,
    stream_with_context,
)
from streamtmpl.testing.bodies import BrowserBody

ENCODINGS = ["zstd", "br", "gzip", "deflate"]
BROWSER = "gzip, deflate, br, zstd"
ROWS = [f"row {n} of Ōta &lt;{n}&gt;\n" for n in range(300)]
SOURCE = "{% for row in rows %}{{ row|safe }}{% flush %}{% endfor %}"


class Rows:
    """A source that tells how far it has been read."""

    def __init__(self) -> None:
        self.read = 0
        self.closed = False

    def __iter__(self):
        try:
            for row in ROWS:
                yield row
                self.read += 1
        finally:
            self.closed = True


@pytest.fixture(name="rows")
def make_rows():
    return Rows()


@pytest.fixture(name="app")
def make_app(rows):
    app = flask.Flask(__name__)
    StreamTemplates(app)
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ENCODINGS

    @app.get("/template")
    def template():
        return stream_template_string(SOURCE, rows=rows)

    @app.get("/response")
    def response():
        return stream_response(app.jinja_env.from_string(SOURCE), {"rows": rows})

    @app.get("/generator")
    def generator():
        return stream_with_context(iter(rows)), {"Content-Type": "text/html"}

    @app.get("/bytes")
    def pieces():
        source = (row.encode() for row in rows)
        return flask.Response(stream_with_context(source), mimetype="text/html")

    return app


def arriving(app, path: str, accepted: str, **options):
    """A response, and what a browser has read of it after each chunk."""
    headers = {"Accept-Encoding": accepted}
    response = app.test_client().get(path, headers=headers, buffered=False, **options)
    body = BrowserBody(response.headers.get("Content-Encoding"))
    return response, (body.arrive(chunk) for chunk in response.response)


PATHS = ["/template", "/response", "/generator", "/bytes"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_row_can_be_read_before_the_next_is_made(app, rows, encoding, path):
    flask_compress.Compress(app)
    response, texts = arriving(app, path, encoding)
    assert response.headers["Content-Encoding"] == encoding
    assert response.vary.as_set() >= {"accept-encoding"}
    for number in range(len(ROWS)):
        assert next(texts) == "".join(ROWS[: number + 1])
        assert rows.read <= number + 1
    assert list(texts)[-1] == "".join(ROWS)
    response.close()
    assert rows.closed


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_body_has_an_end(app, encoding):
    flask_compress.Compress(app)
    response = app.test_client().get("/template", headers={"Accept-Encoding": encoding})
    body = BrowserBody(encoding)
    assert body.arrive(response.data) == "".join(ROWS)
    assert body.is_complete
    assert len(response.data) < len("".join(ROWS).encode())


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (BROWSER, "zstd"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("*", "zstd"),
        ("identity, br;q=0.5", None),
        ("compress", None),
        ("", None),
    ],
)
def test_which_encoding(app, accepted, encoding):
    flask_compress.Compress(app)
    response = app.test_client().get("/template", headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert "accept-encoding" in response.vary
    assert BrowserBody(encoding).arrive(response.data) == "".join(ROWS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("COMPRESS_STREAMS", False),
        ("COMPRESS_MIMETYPES", ["text/css"]),
        ("COMPRESS_REGISTER", False),
    ],
)
def test_what_is_not_to_be_compressed(app, key, value):
    app.config[key] = value
    flask_compress.Compress(app)
    response, texts = arriving(app, "/template", BROWSER)
    assert "Content-Encoding" not in response.headers
    assert next(texts) == ROWS[0]
    response.close()


def test_a_view_that_is_decorated(app, rows):
    app.config["COMPRESS_REGISTER"] = False
    compress = flask_compress.Compress(app)
    view = compress.compressed()(lambda: stream_template_string(SOURCE, rows=rows))
    app.add_url_rule("/decorated", view_func=view)
    response, texts = arriving(app, "/decorated", BROWSER)
    assert response.headers["Content-Encoding"] == "zstd"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert next(texts) == ROWS[0]
    assert rows.read <= 1
    response.close()
    assert rows.closed


def test_the_levels_are_those_of_the_configuration(app):
    flask_compress.Compress(app)
    sizes = []
    for level in (0, 9):
        app.config["COMPRESS_DEFLATE_LEVEL"] = level
        response = app.test_client().get("/template", headers={"Accept-Encoding": "deflate"})
        sizes.append(len(response.data))
    assert sizes[1] < sizes[0] / 2


def test_other_responses_are_the_extension_s(app):
    flask_compress.Compress(app)
    app.add_url_rule("/plain", view_func=lambda: "x" * 5000)
    response = app.test_client().get("/plain", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) == len(response.data)
    assert BrowserBody("gzip").arrive(response.data) == "x" * 5000


def test_what_is_no_stream_of_ours_is_the_extension_s(app):
    flask_compress.Compress(app)
    app.add_url_rule("/own", view_func=lambda: (iter(ROWS), {"Content-Type": "text/html"}))
    response, texts = arriving(app, "/own", "br")
    assert next(texts) == "".join(ROWS)  # it was all kept in the compressor
    response.close()


def test_functions_called_before_it_have_the_text(app, rows):
    """Flask calls those first that are registered last."""
    flask_compress.Compress(app)

    @app.after_request
    def with_a_foot(response):
        chunks = response.iter_encoded()
        response.response = itertools.chain(chunks, [b"<!-- foot -->"])
        return response

    for encoding in ENCODINGS:
        response, texts = arriving(app, "/template", encoding)
        assert next(texts) == ROWS[0]
        assert list(texts)[-1] == "".join(ROWS) + "<!-- foot -->"
        response.close()


def test_functions_may_collect_the_text(app):
    flask_compress.Compress(app)

    @app.after_request
    def shouting(response):
        response.set_data(response.get_data(as_text=True).replace("row", "ROW"))
        return response

    response = app.test_client().get("/template", headers={"Accept-Encoding": "br"})
    assert BrowserBody("br").arrive(response.data) == "".join(ROWS).replace("row", "ROW")


@pytest.mark.parametrize(("length", "encoding"), [(5000, "gzip"), (50, None)])
def test_a_length_is_that_of_what_is_sent(app, rows, length, encoding):
    """And those that are too small for Flask-Compress are too small."""
    flask_compress.Compress(app)

    @app.get("/known")
    def known():
        pieces = stream_with_context(iter(["x" * length]))
        return pieces, {"Content-Type": "text/html", "Content-Length": str(length)}

    response = app.test_client().get("/known", headers={"Accept-Encoding": "gzip"})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers.get("Content-Length") == (None if encoding else str(length))
    assert BrowserBody(encoding).arrive(response.data) == "x" * length


def test_a_strong_tag_is_of_the_bytes_that_are_sent(app, rows):
    flask_compress.Compress(app)

    @app.get("/tagged")
    def tagged():
        return stream_template_string(SOURCE, rows=rows), {"ETag": '"v1"'}

    tags = [
        app.test_client().get("/tagged", headers={"Accept-Encoding": accepted}).headers["ETag"]
        for accepted in ("br", "")
    ]
    assert tags == ['"v1:br"', '"v1"']


def test_a_stream_that_is_abandoned_is_closed(app, rows):
    flask_compress.Compress(app)
    ended: list = []
    app.teardown_request(lambda error: ended.append(type(error)))
    response, texts = arriving(app, "/template", BROWSER)
    assert next(texts) == ROWS[0]
    assert not rows.closed
    response.close()
    assert rows.closed
    assert ended == [GeneratorExit]


def test_a_stream_that_nothing_is_read_of_is_closed(app, rows):
    flask_compress.Compress(app)
    with app.test_request_context("/template", headers={"Accept-Encoding": BROWSER}):
        response = app.full_dispatch_request()
        assert response.headers["Content-Encoding"] == "zstd"
        response.close()
    assert rows.closed


def test_an_error_in_the_page_is_no_end_of_it(app):
    flask_compress.Compress(app)
    app.add_url_rule("/fails", view_func=lambda: stream_template_string("a{% flush %}{{ 1 // 0 }}"))
    response, texts = arriving(app, "/fails", "gzip")
    assert next(texts) == "a"
    with pytest.raises(ZeroDivisionError):
        next(texts)
    response.close()


def test_head(app, rows):
    flask_compress.Compress(app)
    response = app.test_client().head("/template", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.data == b""
    assert rows.read == 0
