"""Sessions and signals of Flask's while a page is streamed."""

from __future__ import annotations

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")


import streamtmpl.flask as streaming

from .flask_fixtures import MANY, leaves_no_context, make_app, make_client, make_ended, open_stream  # noqa: F401 - fixtures

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


@pytest.mark.parametrize("place", ["first", "last"])
def test_shared_caches_keep_a_page_by_cookie_wherever_it_reads_the_session(client, app, place):
    read = "{{ session.get('user') }}"
    fill = "{% for n in numbers %}<p>{{ n }}</p>{% endfor %}"
    source = read + fill if place == "first" else fill + read

    @app.get("/session")
    def session_view():
        return streaming.stream_template_string(source, numbers=MANY)

    response = client.get("/session", buffered=True)
    assert "cookie" in response.vary


def test_an_application_without_sessions_does_not_vary_by_cookie(client, app):
    app.secret_key = None

    @app.get("/plain")
    def plain():
        return streaming.stream_template_string(
            "{% for n in numbers %}{{ n }}{% endfor %}", numbers=MANY
        )

    assert "cookie" not in client.get("/plain", buffered=True).vary
