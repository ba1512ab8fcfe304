"""streamtmpl.flask in Flask's own test client: contexts, teardown, errors, sessions, signals."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from jinja2 import DictLoader, Environment
from markupsafe import escape
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder

import streamtmpl.flask as streaming
from streamtmpl import ChunkStream, UnknownBlockError, rechunk
from streamtmpl.environment import Streaming

Event = tuple[str, object]

TEMPLATES = {
    "numbers.html": (
        "{% for n in numbers %}{{ n }},{% endfor %}\n"
        "{{ request.args.q }} {{ session.user }} {{ g.user }} {{ config.NAME }} {{ added }}"
        " {{ url_for('numbers') }} {{ get_flashed_messages() | join }}"
    ),
    "session.html": "{% for n in numbers %}{{ n }}{% endfor %}\n\n{{ session.update(seen=1) }}",
    "fails.html": "{% for n in numbers %}{{ n }}{% endfor %}\n{{ 1 // 0 }}",
    "page.html": "<h1>{% block title %}{{ title() }}{% endblock %}</h1>{% block body %}"
    "{% for n in numbers %}{{ n }}{% endfor %}{% endblock %}",
}
PLAIN = Environment().from_string("not a streaming one")
MANY = range(5000)
"""Enough for several chunks."""


class Ended:
    """What teardown functions have seen."""

    def __init__(self, app: Any) -> None:
        self.events: list[Event] = []
        self.threads: set[int] = set()
        app.teardown_request(lambda error: self._ended("request", error))
        app.teardown_appcontext(lambda error: self._ended("app", error))

    def _ended(self, which: str, error: BaseException | None) -> None:
        assert flask.current_app
        self.threads.add(threading.get_ident())
        self.events.append((which, type(error) if error is not None else None))

    def once(self, error: type[BaseException] | None = None) -> bool:
        """Whether each has run once, with an error of that type."""
        return self.events == [("request", error), ("app", error)]


@pytest.fixture(name="app")
def make_app():
    app = flask.Flask("app")
    app.secret_key = "secret"
    app.config["NAME"] = "configured"
    app.jinja_loader = DictLoader(TEMPLATES)
    app.context_processor(lambda: {"added": "processed"})
    streaming.StreamTemplates(app)

    @app.get("/numbers")
    def numbers():
        flask.g.user = "Ann"
        flask.session["user"] = "Bo"
        flask.flash("Saved.")
        flask.get_flashed_messages()  # takes them out of the session while it can be saved
        return streaming.stream_template("numbers.html", numbers=numbers_of(flask.request))

    @app.get("/fails")
    def fails():
        return streaming.stream_template("fails.html", numbers=numbers_of(flask.request))

    return app


def numbers_of(request: Any) -> range:
    return range(int(request.args.get("n", len(MANY))))


@pytest.fixture(name="ended")
def make_ended(app):
    return Ended(app)


@pytest.fixture(name="client")
def make_client(app):
    return app.test_client()


@pytest.fixture(autouse=True)
def leaves_no_context():
    yield
    assert not flask.has_request_context()
    assert not flask.has_app_context()


def open_stream(client, path: str, method: str = "GET") -> tuple[Any, Iterator[bytes]]:
    response = client.open(path, method=method, buffered=False)
    return response, iter(response.response)


# Contexts


def test_everything_of_the_request_is_there_in_the_last_line(client, ended):
    response = client.get("/numbers?q=asked")
    assert response.text.splitlines()[1] == ("asked Bo Ann configured processed /numbers Saved.")
    assert ended.once()


def test_chunks_arrive_while_the_template_runs(app):
    pulled = []

    def numbers():
        for n in MANY:
            pulled.append(n)
            yield n

    with app.test_request_context():
        stream: Any = streaming.stream_template("page.html", numbers=numbers(), title=str)
        assert len(next(stream)) < 3000
        assert len(pulled) < len(MANY) / 2
        stream.close()


def test_a_request_s_streams_may_overlap_in_one_thread_and_end_in_any_order(client, ended):
    first, first_chunks = open_stream(client, "/numbers?q=one")
    second, second_chunks = open_stream(client, "/numbers?q=two")
    texts: dict[str, bytes] = {"one": next(first_chunks), "two": next(second_chunks)}
    texts["one"] += b"".join(first_chunks)
    first.close()
    assert ended.once()
    ended.events.clear()
    texts["two"] += b"".join(second_chunks)
    second.close()
    assert ended.once()
    assert b"\none " in texts["one"]
    assert b"\ntwo " in texts["two"]


def test_a_stream_may_be_read_and_closed_in_other_threads(client, ended):
    response, chunks = open_stream(client, "/numbers?q=there")
    read: list[bytes] = []
    leaked: list[bool] = []

    def read_on():
        read.append(next(chunks))
        leaked.append(flask.has_request_context())

    def read_rest():
        read.extend(chunks)
        response.close()
        leaked.append(flask.has_request_context())

    for function in (read_on, read_rest):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()
    assert b"\nthere Bo Ann" in b"".join(read)
    assert leaked == [False, False]
    assert ended.once()
    assert threading.get_ident() not in ended.threads


def test_the_last_of_several_streams_of_a_request_tears_down(app, client, ended):
    @app.get("/two")
    def two():
        flask.g.user = "Ann"
        parts = [
            streaming.stream_template_string("{% for n in x %}{{ g.user }}{% endfor %}", x=range(n))
            for n in (2, 3)
        ]
        return (text for part in parts for text in part)

    assert client.get("/two").text == "Ann" * 5
    assert ended.once()


def test_without_a_request_the_application_context_is_enough(app, ended):
    with app.app_context():
        stream = streaming.stream_template_string("{{ current }}{{ g.x }}", current=app.name)
        flask.g.x = "x"
    assert "".join(stream) == "appx"


def test_what_before_request_did_to_the_view_arguments_stays(app, client):
    @app.url_value_preprocessor
    def take_language(endpoint, values):
        if values and "language" in values:
            flask.g.language = values.pop("language")

    @app.get("/<language>/page")
    def page():
        return streaming.stream_template_string("{{ request.view_args }} {{ g.language }}")

    assert client.get("/en/page").text == "{} en"


# Teardown


def exhausted(response, chunks):
    assert sum(map(len, chunks)) > 20_000
    response.close()


def closed(response, chunks):
    next(chunks)
    response.close()


def dropped(response, chunks):
    next(chunks)
    response.response = ()  # the test client keeps the response itself for a while


@pytest.mark.parametrize(
    ("end", "error"), [(exhausted, None), (closed, GeneratorExit), (dropped, GeneratorExit)]
)
def test_teardown_runs_once_after_the_stream(client, ended, end, error):
    response, chunks = open_stream(client, "/numbers")
    assert ended.events == []
    end(response, chunks)
    del chunks, response
    gc.collect()
    assert ended.once(error)


def test_teardown_gets_the_error_of_the_template(client, ended):
    response, chunks = open_stream(client, "/fails")
    with pytest.raises(ZeroDivisionError) as failure:
        list(chunks)
    assert ended.once(ZeroDivisionError)
    frames = [(frame.name, frame.lineno) for frame in failure.traceback]
    assert ("top-level template code", 1) in frames  # counted from 0
    response.close()
    assert len(ended.events) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_that_is_not_read_is_torn_down_when_it_is_closed(app, ended, method):
    rendered = []

    @app.get("/watched")
    def watched():
        return streaming.stream_template_string("{{ saw() }}", saw=lambda: rendered.append(1))

    environ = EnvironBuilder("/watched", method=method).get_environ()
    body = app.wsgi_app(environ, lambda status, headers: None)
    assert ended.events == []
    body.close()
    assert ended.once()
    assert bool(rendered) is (method == "GET")


def test_what_the_template_was_iterating_is_closed_before_teardown(app, client, ended):
    order: list[object] = ended.events

    def rows():
        try:
            yield from MANY
        finally:
            order.append(("rows", flask.g.user))

    @app.get("/rows")
    def view():
        flask.g.user = "Ann"
        return streaming.stream_template("page.html", numbers=rows(), title=str)

    response, chunks = open_stream(client, "/rows")
    assert next(chunks) == b"<h1></h1>"  # before the first pull
    next(chunks)
    response.close()
    assert order == [("rows", "Ann"), ("request", GeneratorExit), ("app", GeneratorExit)]


@pytest.mark.parametrize("propagate", [False, True])
def test_a_view_that_fails_with_a_stream_in_hand_is_torn_down_at_once(
    app, client, ended, propagate, no_collector
):
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    app.logger.setLevel(logging.CRITICAL)

    @app.get("/view-fails")
    def view_fails():
        stream = streaming.stream_template("numbers.html", numbers=MANY)
        raise LookupError(stream)

    if propagate:
        with pytest.raises(LookupError):
            client.get("/view-fails")
    else:
        assert client.get("/view-fails").status_code == 500
    assert ended.once(LookupError)


def test_a_view_that_aborts_with_a_stream_in_hand_is_torn_down_at_once(
    app, client, ended, no_collector
):
    @app.get("/aborts")
    def aborts():
        stream = streaming.stream_template("numbers.html", numbers=MANY)
        flask.abort(404, stream)

    assert client.get("/aborts").status_code == 404
    assert ended.once()


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_the_client_may_preserve_the_context(client, ended):
    with client:
        response = client.get("/numbers", buffered=False)
        chunks = iter(response.response)
        next(chunks)
        assert flask.g.user == "Ann"
        response.close()
        assert ended.events == []
    # Before 3.1.2 the client itself makes a second application context.
    assert ended.events.count(("request", None)) == 1


# Errors before the first chunk


def test_an_error_before_the_first_chunk_is_flask_s_to_handle(app, client, ended):
    @app.errorhandler(ZeroDivisionError)
    def divided(error):
        return "no such number", 422

    response = client.get("/fails?n=0")
    assert (response.status_code, response.text) == (422, "no such number")
    assert ended.once()


def test_an_error_page_may_be_a_stream(app, client, ended):
    app.logger.setLevel(logging.CRITICAL)

    @app.errorhandler(500)
    def failed(error):
        flask.g.user = "handled"
        return streaming.stream_template_string("{{ g.user }} {{ request.path }}"), 500

    response = client.get("/fails?n=0")
    assert (response.status_code, response.text) == (500, "handled /fails")
    assert len(ended.events) == 2


def test_a_redirect_in_the_head_of_the_template_is_still_one(app, client):
    @app.get("/moved")
    def moved():
        def go():
            flask.abort(flask.redirect("/numbers"))

        return streaming.stream_template_string("<h1>{{ go() }}", go=go)

    assert client.get("/moved").location == "/numbers"


# Sessions


def test_a_session_modified_in_the_first_chunk_is_saved(client, app):
    @app.get("/session")
    def session_view():
        return streaming.stream_template("session.html", numbers=[])

    assert "session=" in client.get("/session").headers["Set-Cookie"]


def test_a_session_modified_later_warns_with_template_and_line(client, app):
    @app.get("/session")
    def session_view():
        return streaming.stream_template("session.html", numbers=MANY)

    with pytest.warns(streaming.LateSessionWarning, match="session.html, line 3"):
        client.get("/session", buffered=True)


def test_a_session_modified_late_by_a_generator_warns_with_its_line(client, app):
    @app.get("/session")
    def session_view():
        @streaming.stream_with_context
        def generate():
            yield "x"
            flask.session["x"] = 1

        return generate()

    with pytest.warns(streaming.LateSessionWarning) as caught:
        client.get("/session", buffered=True)
    assert caught[0].filename == __file__


def test_the_late_warning_may_be_made_an_error(client, app, ended):
    @app.get("/session")
    def session_view():
        return streaming.stream_template("session.html", numbers=MANY)

    # The filter of these tests makes warnings errors.
    with pytest.raises(streaming.LateSessionWarning):
        client.get("/session", buffered=True)
    assert ended.once(streaming.LateSessionWarning)


def test_teardown_functions_may_modify_the_session_unwarned(client, app):
    app.teardown_request(lambda error: flask.session.clear())
    assert client.get("/numbers").status_code == 200


def test_flashes_shown_in_the_first_chunk_are_gone_afterwards(client, app):
    @app.get("/flashes")
    def flashes():
        return streaming.stream_template_string("{{ get_flashed_messages() | join }}")

    @app.get("/flash")
    def flash():
        flask.flash("Saved.")
        return ""

    client.get("/flash")
    assert [client.get("/flashes").text for _ in range(2)] == ["Saved.", ""]


# Signals


def test_signals_are_flask_s_and_the_second_comes_when_the_stream_is_complete(app, client):
    seen = []

    def before(sender, template, context, **extra):
        seen.append(("before", template.name, context["q"]))

    def rendered(sender, template, context, **extra):
        assert flask.g.user == "Ann"
        seen.append(("rendered", template.name, context["q"]))

    @app.get("/signals")
    def signals():
        flask.g.user = "Ann"
        return streaming.stream_template("numbers.html", numbers=MANY, q=5)

    with (
        flask.before_render_template.connected_to(before, app),
        flask.template_rendered.connected_to(rendered, app),
    ):
        response, chunks = open_stream(client, "/signals")
        next(chunks)
        assert seen == [("before", "numbers.html", 5)]
        list(chunks)
        assert seen == [("before", "numbers.html", 5), ("rendered", "numbers.html", 5)]
        response.close()
        assert len(seen) == 2


# stream_with_context


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("way", ["generator", "decorator", "function", "iterable"])
def test_stream_with_context(app, client, ended, way, is_async):
    if is_async:
        pytest.importorskip("asgiref", reason="the extra of Flask for async views is missing")
    wsgi = WsgiIterable()

    def generate(greeting):
        yield greeting
        yield flask.request.args["q"].encode()
        yield escape(flask.g.user)

    def view():
        flask.g.user = "Ann"
        if way == "generator":
            return streaming.stream_with_context(generate("Hello "))
        if way == "decorator":
            return streaming.stream_with_context(generate)("Hello ")
        if way == "function":
            return streaming.stream_with_context(lambda: list(generate("Hello ")))()
        return flask.Response(streaming.stream_with_context(wsgi))

    async def async_view():
        return view()

    app.add_url_rule("/stream", view_func=async_view if is_async else view)
    assert client.get("/stream?q=x").text == "Hello xAnn"
    assert ended.once()
    assert wsgi.closed == (way == "iterable")


class WsgiIterable:
    """What PEP 3333 lets applications return: iterable, with a close() of its own."""

    closed = 0

    def __iter__(self):
        yield "Hello "
        yield flask.request.args["q"]
        yield flask.g.user

    def close(self):
        assert flask.g.user == "Ann"
        self.closed += 1


def test_a_decorated_function_keeps_its_name(app):
    @streaming.stream_with_context
    def lines():
        """Lines."""
        yield ""

    assert (lines.__name__, lines.__doc__) == ("lines", "Lines.")


def test_stream_with_context_needs_a_request():
    with pytest.raises(RuntimeError, match="request"):
        streaming.stream_with_context(iter(()))


def test_stream_with_context_refuses_async_generators(app):
    async def lines():
        yield ""

    with app.test_request_context(), pytest.raises(TypeError, match="async generators"):
        streaming.stream_with_context(lines())


# stream_response


def test_stream_response_has_status_headers_and_charset(app, client, ended):
    @app.get("/response")
    def view():
        response = streaming.stream_response(
            "page.html",
            {"numbers": ["\u00e4"], "title": lambda: "\u00d6"},
            status="299 Curious",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "yes"},
            content_type="text/plain; charset=latin-1",
        )
        response.set_cookie("a", "b")
        return response

    response = client.get("/response")
    assert response.status == "299 Curious"
    assert response.data == "<h1>\u00d6</h1>\u00e4".encode("latin-1")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "yes"
    assert response.headers["Set-Cookie"].startswith("a=b")
    assert ended.once()


@pytest.mark.parametrize("block", ["title", "body"])
def test_commit_after_keeps_the_status_open(app, client, block):
    template = app.jinja_env.from_string(
        "{% for n in range(5000) %}{{ n }}{% endfor %}"
        "{% block title %}{% endblock %}{{ stop('title') }}"
        "{% block body %}{{ stop('body') }}{% endblock %}"
    )

    @app.get("/committed")
    def committed():
        def stop(where):
            if where == "body":
                raise NotFound

        return streaming.stream_response(template, {"stop": stop}, commit_after=block)

    if block == "body":
        assert client.get("/committed").status_code == 404
    else:
        response, chunks = open_stream(client, "/committed")
        assert response.status_code == 200
        with pytest.raises(NotFound):
            list(chunks)
        response.close()


def test_commit_after_an_unknown_block_is_refused(app):
    with app.test_request_context(), pytest.raises(UnknownBlockError, match="'titel'"):
        streaming.stream_response("page.html", {"title": str}, commit_after="titel")


@pytest.mark.parametrize(
    "source", [lambda: rechunk(["a", "b"]), lambda: iter([b"a", b"b"]), lambda: ["a", "b"]]
)
def test_stream_response_takes_streams_and_iterables(app, client, source, ended):
    app.add_url_rule("/source", view_func=lambda: streaming.stream_response(source()))
    assert client.get("/source").text == "ab"
    assert ended.once()


def test_stream_response_refuses_bad_headers(app):
    with app.test_request_context(), pytest.raises(ValueError, match="control character"):
        streaming.stream_response("page.html", headers={"X-A": "b\r\nX-C: d"})


# Headers


def test_proxies_are_told_not_to_buffer(app, client):
    assert client.get("/numbers").headers["X-Accel-Buffering"] == "no"


def test_other_responses_are_left_alone(app, client):
    @app.get("/joined")
    def joined():
        return "".join(streaming.stream_template("page.html", numbers=[1], title=str))

    assert "X-Accel-Buffering" not in client.get("/joined").headers


def test_a_response_may_say_other_of_buffering(app, client):
    @app.get("/buffered")
    def buffered():
        headers = {"X-Accel-Buffering": "yes"}
        return streaming.stream_template("page.html", numbers=[1], title=str), headers

    assert client.get("/buffered").headers["X-Accel-Buffering"] == "yes"


# The extension


def test_the_environment_streams_for_flask_s_own_functions_too(app):
    assert isinstance(app.jinja_env, Streaming)
    with app.test_request_context():
        text = flask.render_template("page.html", numbers=MANY, title=str)
        chunks = list(flask.stream_template("page.html", numbers=MANY, title=str))
    assert "".join(chunks) == text
    assert 2 < len(chunks) < 10


def test_options_may_be_set_until_the_environment_is_made():
    app = flask.Flask("late")
    streaming.StreamTemplates(app)
    app.jinja_options = {"trim_blocks": True}
    app.config["STREAMTMPL_CHUNK_SIZE"] = 10
    assert app.jinja_env.trim_blocks
    assert app.jinja_env.chunk_size == 10
    assert isinstance(app.jinja_env, Streaming)


def test_an_environment_that_is_there_already_is_turned_into_a_streaming_one():
    app = flask.Flask("early")
    environment = app.jinja_env
    extension = streaming.StreamTemplates()
    extension.init_app(app)
    extension.init_app(app)
    assert app.jinja_env is environment
    assert isinstance(environment, Streaming)
    assert vars(extension) == {}
    assert "streamtmpl" in app.extensions


def test_a_bad_chunk_size_is_refused_at_once():
    app = flask.Flask("bad")
    app.config["STREAMTMPL_CHUNK_SIZE"] = -1
    with pytest.raises(ValueError, match="-1"):
        streaming.StreamTemplates(app)


@pytest.mark.parametrize("made", [False, True])
def test_the_functions_work_without_the_extension(made):
    app = flask.Flask("plain")
    if made:
        app.jinja_env.from_string("")
    with app.test_request_context():
        chunks = list(
            streaming.stream_template_string("{% for n in x %}{{ n }}{% endfor %}", x=MANY)
        )
    assert 2 < len(chunks) < 10


def test_the_environment_may_be_an_async_one():
    app = flask.Flask("async")
    app.jinja_options = {"enable_async": True}
    streaming.StreamTemplates(app)
    app.add_url_rule("/", view_func=lambda: streaming.stream_template_string("{{ request.path }}"))
    assert app.test_client().get("/").text == "/"


def test_a_list_of_names_and_a_template_are_taken_as_by_flask(app):
    with app.test_request_context():
        template = app.jinja_env.get_template("page.html")
        names: Any = (["missing.html", "page.html"], template)
        for name in names:
            text = "".join(streaming.stream_template(name, numbers=[1], title=lambda: "x"))
            assert text == "<h1>x</h1>1"


# What streamtmpl relies on in Flask


def test_flask_s_contexts_are_as_the_hold_knows_them():
    app = flask.Flask("contexts")
    app.secret_key = "x"
    with app.test_request_context() as request_context:
        app_context = flask.globals.app_ctx._get_current_object()
        ((token, pushed),) = request_context._cv_tokens
        assert token.var is flask.globals._cv_request
        assert pushed is app_context
        ((token),) = app_context._cv_tokens
        assert token.var is flask.globals._cv_app
        with app_context:
            assert app_context._cv_tokens[0] is token  # a push is put at the end
            assert len(app_context._cv_tokens) == 2
        assert app_context._cv_tokens == [token]  # and a pop takes it from there
        assert hasattr(flask.session, "on_update")


def test_what_is_returned_is_a_generator_as_flask_s(app):
    with app.test_request_context():
        streams: Any = (
            streaming.stream_template("page.html", numbers=[], title=str),
            streaming.stream_with_context(rechunk(["x"])),
        )
        for stream in streams:
            assert not isinstance(stream, ChunkStream)
            assert type(stream) is type(n for n in "")
            stream.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: streaming.stream_response(None),
        lambda: streaming.stream_response(iter("a"), {"a": 1}),
        lambda: streaming.stream_response("page.html", chunk_size="3"),  # type: ignore[arg-type]
        lambda: streaming.stream_response(PLAIN),
        lambda: streaming.stream_template(PLAIN),
    ],
)
def test_a_stream_that_cannot_be_made_holds_nothing(app, client, ended, make):
    app.add_url_rule("/wrong", view_func=make, endpoint="wrong")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get("/wrong").status_code == 500
    assert len(ended.events) == 2


def test_the_first_block_may_set_cookies_and_the_status(app, client):
    @app.get("/found")
    def found():
        def title():
            @flask.after_this_request
            def change(response):
                response.status_code = 404
                response.set_cookie("seen", "1")
                return response

            return "none"

        context = {"title": title, "numbers": MANY}
        return streaming.stream_response("page.html", context, commit_after="title")

    response = client.get("/found")
    assert response.status_code == 404
    assert response.headers["Set-Cookie"].startswith("seen=1")
    assert response.text.startswith("<h1>none</h1>0123")
