"""The application context that each deferred region in a thread of an executor has in Flask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

import streamtmpl.flask as streaming

from .deferred_page import HANGS
from .flask_deferred_fixtures import make_app, make_client, make_ended, make_executor  # noqa: F401 - fixtures


@pytest.fixture(name="show")
def make_show(app: Any, client: Any, executor: Any) -> Callable[..., str]:
    """Makes an application's page of a function that its one region calls."""
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_DEFERRED"] = "patch"
    pages: list[Callable[[], Any]] = []

    @app.get("/show/<int:number>")
    def shown(number: int) -> Any:
        source = "<body>{% defer %}[{{ region() }}]{% error %}[{{ error }}]{% enddefer %}</body>"
        return streaming.stream_template_string(source, region=pages[-1])

    def show(region: Callable[[], Any], path: str = "/show/1") -> str:
        pages.append(region)
        text: str = client.get(path).text
        return text.partition("</script>")[2].partition("[")[2].partition("]</template>")[0]

    return show


# g


def test_what_the_request_has_put_on_g_is_read(app: Any, show: Callable[..., str]) -> None:
    app.before_request(lambda: vars(flask.g).update(user="Ann", shared=[]))

    def region() -> str:
        g = flask.g
        assert g.user == g.get("user") == g.setdefault("user", "Bo") == "Ann"
        assert "user" in g
        assert {"user", "shared"} <= set(g)
        g.shared.append(1)
        assert repr(g) == "<flask.g of 'app'>"
        assert isinstance(g._get_current_object(), app.app_ctx_globals_class)
        with pytest.raises(AttributeError, match="missing"):
            g.missing  # noqa: B018
        assert g.get("missing", 1) == 1
        return f"{len(g.shared)}"

    assert show(region) == "1"


def test_what_a_region_puts_on_g_is_its_own(app: Any, show: Callable[..., str]) -> None:
    app.before_request(lambda: vars(flask.g).update(user="Ann"))
    seen: list[Any] = []
    app.teardown_request(lambda error: seen.append(vars(flask.g._get_current_object())))

    def region() -> str:
        g = flask.g
        g.user = "Bo"
        assert g.setdefault("answer", 42) == g.answer == g.pop("answer") == 42
        assert "answer" not in g
        assert g.user == g.pop("user") == "Bo"
        assert g.user == "Ann"  # the request's, again
        assert g.pop("user", None) is None
        with pytest.raises(KeyError):
            g.pop("user")
        with pytest.raises(AttributeError):
            del g.user
        return str(g.user)

    assert show(region) == "Ann"
    assert seen == [{"user": "Ann"}]


def test_a_class_of_its_own_for_g(app: Any, show: Callable[..., str]) -> None:
    class Globals(app.app_ctx_globals_class):
        def __init__(self) -> None:
            self.user = "nobody"

        @property
        def greeting(self) -> str:
            return f"Hello {self.user}"

    app.app_ctx_globals_class = Globals
    app.before_request(lambda: vars(flask.g).update(user="Ann"))
    assert show(lambda: flask.g.greeting) == "Hello Ann"


@pytest.mark.parametrize("request_has_one", [False, True])
def test_a_connection_that_the_region_has_opened_on_g_is_closed_and_no_other(
    app: Any, show: Callable[..., str], request_has_one: bool
) -> None:
    """In the thread that has opened it, by the functions that Flask's documentation has."""
    events: list[tuple[str, int]] = []

    class Connection:
        def __init__(self) -> None:
            self.name = f"connection {len(events)}"
            events.append((f"{self.name} opened", threading.get_ident()))

        def close(self) -> None:
            events.append((f"{self.name} closed", threading.get_ident()))

    def get() -> Any:
        if "connection" not in flask.g:
            flask.g.connection = Connection()
        return flask.g.connection

    @app.teardown_appcontext
    def close(error: BaseException | None) -> None:
        connection = getattr(flask.g, "connection", None)
        if connection is not None:
            connection.close()

    if request_has_one:
        app.before_request(lambda: get() and None)
    assert show(lambda: get().name) == "connection 0"
    (opened, thread), (closed, same) = events
    assert (opened, closed) == ("connection 0 opened", "connection 0 closed")
    assert thread == same
    assert (thread == threading.get_ident()) is request_has_one


# The context


def test_the_request_is_that_of_the_view(app: Any, show: Callable[..., str]) -> None:
    app.before_request(lambda: vars(flask.session).update(x=1) or flask.flash("Saved."))

    @app.before_request
    def change() -> None:
        flask.get_flashed_messages()
        flask.request.view_args = {"number": 7}
        flask.request.mark = flask.g.mark = object()

    def region() -> str:
        assert flask.request.mark is flask.g.mark
        assert flask.get_flashed_messages() == ["Saved."]
        return f"{flask.request.view_args} {flask.url_for('page')} {flask.current_app.name}"

    assert show(region, "/show/7") == "{&#39;number&#39;: 7} / app"


@pytest.mark.parametrize("fails", [False, True])
def test_it_ends_once_in_the_regions_thread(
    app: Any, show: Callable[..., str], ended: list[Any], fails: bool
) -> None:
    contexts: list[tuple[str, int, int]] = []

    def note(what: str) -> None:
        context = flask.globals._cv_app.get()
        contexts.append((what, id(context), threading.get_ident()))

    app.teardown_appcontext(lambda error: note("torn down"))

    def region() -> str:
        note("rendered")
        if fails:
            raise LookupError("lost")
        return "shown"

    pushed: list[Any] = []
    popped: list[Any] = []
    append = lambda to: lambda sender, **_: to.append(threading.get_ident())  # noqa: E731
    push, pop = append(pushed), append(popped)
    with (
        flask.appcontext_pushed.connected_to(push, app),
        flask.appcontext_popped.connected_to(pop, app),
    ):
        assert show(region) == ("lost" if fails else "shown")
    rendered, torn_down, request = contexts
    assert rendered[1:] == torn_down[1:]
    assert request[1] != rendered[1]
    assert request[2] == threading.get_ident() != rendered[2]
    assert ended == [("region", None), ("request", None), ("app", None)]
    assert pushed.count(rendered[2]) == popped.count(rendered[2]) == 1


def test_errors_of_teardown_functions_are_logged_and_keep_no_other_from_running(
    app: Any, show: Callable[..., str], ended: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    app.before_request(lambda: vars(flask.g).update(connection=threading.Event()))
    app.teardown_appcontext(lambda error: flask.g.connection.set())  # a region has none
    assert show(lambda: "shown") == "shown"
    assert ended == [("region", None), ("request", None), ("app", None)]
    (record,) = caplog.records
    assert record.name == "streamtmpl"
    assert "teardown" in record.getMessage()
    assert "AttributeError: connection" in caplog.text


def test_teardown_functions_may_modify_the_session_unwarned(
    app: Any, show: Callable[..., str]
) -> None:
    app.teardown_appcontext(lambda error: flask.has_request_context() and flask.session.clear())
    assert show(lambda: "shown") == "shown"


def test_what_is_no_error_of_a_region_reaches_its_teardown_functions(
    app: Any, show: Callable[..., str], ended: list[Any]
) -> None:
    def region() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show(region)
    assert ended[0] == ("region", KeyboardInterrupt)


def test_a_region_in_a_region_has_the_g_of_the_request(
    app: Any, client: Any, executor: Any
) -> None:
    """That of the outer one ends before: what is on it may have been closed."""
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_DEFERRED"] = "patch"
    outer_has_ended = threading.Event()

    @app.teardown_appcontext
    def end(error: BaseException | None) -> None:
        if flask.g.pop("outer", None):
            outer_has_ended.set()

    def put() -> str:
        flask.g.outer = True
        return ""

    def seen() -> str:
        assert outer_has_ended.wait(HANGS)
        return f"{flask.g.user} {'outer' in flask.g}"

    @app.get("/nested")
    def nested() -> Any:
        flask.g.user = "Ann"
        source = (
            "<body>{% defer %}{{ put() }}{% defer %}{{ seen() }}{% enddefer %}{% enddefer %}</body>"
        )
        return streaming.stream_template_string(source, put=put, seen=seen)

    assert ">Ann False</template>" in client.get("/nested").text


def test_the_part_for_errors_of_a_region_that_took_too_long_is_in_the_views(
    app: Any, client: Any, executor: Any, ended: list[Any]
) -> None:
    """Its thread goes on meanwhile, with what it has put on g."""
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_DEFERRED"] = "patch"
    gate = threading.Event()

    def wait() -> None:
        flask.g.user = "Bo"
        assert gate.wait(HANGS)

    @app.get("/late")
    def late() -> Any:
        flask.g.user = "Ann"
        source = (
            "<body>{% defer timeout=0.01 %}{{ wait() }}{% error %}{{ g.user }}{% enddefer %}</body>"
        )
        return streaming.stream_template_string(source, wait=wait)

    assert ">Ann</template>" in client.get("/late").text
    assert ended == [("request", None), ("app", None)]
    gate.set()
    executor.shutdown()
    assert ended[2:] == [("region", None)]


def test_a_stream_in_a_region(app: Any, show: Callable[..., str], ended: list[Any]) -> None:
    """It holds the context of the region, which ends once, after it."""

    def region() -> str:
        flask.g.user = "Bo"
        source = "{{ g.user }} {% defer %}inner {{ request.path }}, {{ g.user }}.{% enddefer %}"
        inner = "".join(streaming.stream_template_string(source))
        return inner.partition("inner ")[2].partition(".")[0]

    assert show(region) == "/show/1, Bo"
    assert ended[-3:] == [("region", None), ("request", None), ("app", None)]


def test_outside_of_a_request(app: Any, executor: Any, ended: list[Any]) -> None:
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_DEFERRED"] = "patch"
    with app.app_context():
        flask.g.user = "Ann"
        source = "<body>{% defer %}{{ g.user }}{% enddefer %}</body>"
        assert ">Ann</template>" in "".join(streaming.stream_template_string(source))
        assert ended == [("region", None)]
    assert ended == [("region", None), ("app", None)]


def test_a_copied_request_context_is_flasks(app: Any, show: Callable[..., str]) -> None:
    app.before_request(lambda: vars(flask.g).update(user="Ann"))

    def region() -> str:
        seen: list[str] = []

        @flask.copy_current_request_context
        def elsewhere() -> None:
            seen.append(f"{flask.request.path} {flask.g.get('user')}")

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return seen[0]

    assert show(region) == "/show/1 None"


def test_context_variables_that_a_region_sets_are_its_own(show: Callable[..., str]) -> None:
    variable = ContextVar("variable", default="none")

    def region() -> str:
        before = variable.get()
        variable.set("region")
        return before

    assert [show(region), show(region)] == ["none", "none"]
