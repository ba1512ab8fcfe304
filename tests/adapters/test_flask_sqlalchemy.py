"""Flask-SQLAlchemy in deferred regions that an executor's threads render: a session for each."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
flask_sqlalchemy = pytest.importorskip(
    "flask_sqlalchemy", reason="Flask-SQLAlchemy is not installed"
)
sqlalchemy = pytest.importorskip("sqlalchemy")

import streamtmpl.flask as streaming

from .deferred_page import HANGS

ROWS = 40
CLIENTS, REQUESTS, REGIONS = 8, 5, 4
PAGE = (
    "<body>{% for n in numbers %}"
    "{% defer %}[{{ n }}: {{ name(n) }}, {{ name(n + 1) }} of {{ count() }}]{% enddefer %}"
    "{% endfor %}</body>"
)


class Shop:
    """An application with a database.

    :ivar threads: those that have used each of its sessions.
    :ivar ended: the threads that teardown functions have run in.
    """

    def __init__(self, path: str, executor: ThreadPoolExecutor) -> None:
        self.app = app = flask.Flask("shop")
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{path}"
        app.config["STREAMTMPL_EXECUTOR"] = executor
        app.config["STREAMTMPL_DEFERRED"] = "patch"
        self.db = db = flask_sqlalchemy.SQLAlchemy(app)
        self.ended: list[int] = []
        self.threads: list[set[int]] = []
        self.items = db.Table(
            "items",
            db.Column("number", db.Integer, primary_key=True),
            db.Column("name", db.String),
        )
        with app.app_context():
            db.create_all()
            rows = [{"number": n, "name": f"item {n}"} for n in range(ROWS)]
            db.session.execute(self.items.insert(), rows)
            db.session.commit()
        app.teardown_appcontext(lambda error: self.ended.append(threading.get_ident()))
        sqlalchemy.event.listen(db.session, "do_orm_execute", self._used)

    def _used(self, statement: Any) -> None:
        info = statement.session.info
        if "threads" not in info:
            info["threads"] = set()
            self.threads.append(info["threads"])
        info["threads"].add(threading.get_ident())

    def serve(self, source: str, **variables: Any) -> None:
        """Answer with this template."""
        self.app.add_url_rule(
            "/", view_func=lambda: streaming.stream_template_string(source, **variables)
        )

    def get(self, path: str = "/") -> str:
        text: str = self.app.test_client().get(path).text
        return text

    def name(self, number: int) -> str:
        found: str = self.db.session.execute(
            sqlalchemy.select(self.items.c.name).where(self.items.c.number == number)
        ).scalar_one()
        return found

    def count(self) -> int:
        found: int = self.db.session.query(self.items).count()
        return found

    def is_clean(self) -> bool:
        """Whether all sessions have been removed, and all connections are back in the pool.

        A region's thread has noted its end before it does that.
        """
        until = time.monotonic() + HANGS
        while True:
            with self.app.app_context():
                left = self.db.session.registry.registry or self.db.engine.pool.checkedout()
            if not left or time.monotonic() > until:
                return not left
            time.sleep(0.005)


@pytest.fixture(name="executor")
def make_executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.fixture(name="shop")
def make_shop(tmp_path: Any, executor: ThreadPoolExecutor) -> Iterator[Shop]:
    shop = Shop(str(tmp_path / "shop.sqlite"), executor)
    yield shop
    with shop.app.app_context():
        shop.db.engine.dispose()


def meeting(parties: int) -> Callable[[], str]:
    """A function that returns when it has been called so many times at once."""
    barrier = threading.Barrier(parties, timeout=HANGS)
    return lambda: "" * barrier.wait()


def test_many_requests_with_many_regions_each(shop: Shop) -> None:
    @shop.app.get("/<int:first>")
    def page(first: int) -> Any:
        if first % 2:  # the view has a session as well
            shop.name(first)
        numbers = range(first, first + REGIONS)
        variables = {"numbers": numbers, "name": shop.name, "count": shop.count}
        return streaming.stream_template_string(PAGE, **variables)

    def visit(client: int) -> None:
        for number in range(REQUESTS):
            first = client * 3 + number
            shown = re.findall(r"\[\d+: item.*?\]", shop.get(f"/{first}"))
            assert sorted(shown) == sorted(
                f"[{n}: item {n}, item {n + 1} of {ROWS}]" for n in range(first, first + REGIONS)
            )

    with ThreadPoolExecutor(CLIENTS) as clients:
        for visited in [clients.submit(visit, client) for client in range(CLIENTS)]:
            visited.result()
    views = sum(
        (client * 3 + number) % 2 for client in range(CLIENTS) for number in range(REQUESTS)
    )
    sessions = CLIENTS * REQUESTS * REGIONS + views
    assert [len(threads) for threads in shop.threads] == [1] * sessions
    assert shop.is_clean()


def test_regions_that_run_at_once_have_a_session_each(shop: Shop) -> None:
    sessions: list[Any] = []

    def keep() -> str:
        sessions.append(shop.db.session())
        return ""

    region = "{% defer %}{{ keep() or meet() }}{{ name(1) }}{{ meet() }};{% enddefer %}"
    shop.serve(f"<body>{region * 3}</body>", keep=keep, name=shop.name, meet=meeting(3))
    text = shop.get()
    assert text.count("item 1;") == 3
    assert len(set(sessions)) == 3
    assert shop.is_clean()


def test_a_region_in_a_region_has_one_of_its_own(shop: Shop) -> None:
    meet = meeting(2)
    source = (
        "<body>{% defer %}{{ name(1) }}"
        "{% defer %}{{ meet() }}{{ name(2) }}{{ meet() }}{% enddefer %}"
        "{{ meet() }}{{ name(3) }}{{ meet() }}{% enddefer %}</body>"
    )
    shop.serve(source, meet=meet, name=shop.name)
    text = shop.get()
    assert text.index("item 3") < text.index("item 2")
    assert [len(threads) for threads in shop.threads] == [1, 1]
    assert shop.is_clean()


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_one_that_fails_gives_its_connection_back(shop: Shop, deferred: str) -> None:
    shop.app.config["STREAMTMPL_DEFERRED"] = deferred
    source = (
        "<body>{% defer %}{{ name(1) }}{{ 1 / 0 }}{% error %}{{ name(2) }}{% enddefer %}</body>"
    )
    shop.serve(source, name=shop.name)
    text = shop.get()
    assert "item 2" in text
    assert "item 1" not in text
    (region,) = shop.threads
    assert shop.ended == [*region, threading.get_ident()]
    assert shop.is_clean()


def test_one_that_takes_too_long_keeps_its_session_to_itself(
    shop: Shop, executor: ThreadPoolExecutor
) -> None:
    """The part for errors is rendered by the thread of the document, meanwhile."""
    waiting, gate = threading.Event(), threading.Event()

    def wait() -> str:
        waiting.set()
        assert gate.wait(HANGS)
        return ""

    def wait_for_it() -> str:
        assert waiting.wait(HANGS)
        return ""

    source = (
        "<body>{% defer timeout=0.01 %}{{ name(1) }}{{ wait() }}{{ name(2) }}{% flush %}"
        "{% error %}{{ wait_for_it() }}{{ name(3) }}{% enddefer %}</body>"
    )
    shop.serve(source, name=shop.name, wait=wait, wait_for_it=wait_for_it)
    text = shop.get()
    assert "item 3" in text
    assert shop.ended == [threading.get_ident()]
    gate.set()
    executor.shutdown()
    region, document = shop.threads
    assert document == {threading.get_ident()}
    assert shop.ended == [threading.get_ident(), *region]
    assert shop.is_clean()


def test_one_that_is_abandoned_gives_its_connection_back(
    shop: Shop, executor: ThreadPoolExecutor
) -> None:
    both, gate = threading.Barrier(2, timeout=HANGS), threading.Event()

    def wait() -> str:
        both.wait()
        assert gate.wait(HANGS)
        return ""

    shop.serve(
        "<body>{% defer %}{{ name(1) }}{{ wait() }}{% flush %}{{ name(2) }}{% enddefer %}</body>",
        name=shop.name,
        wait=wait,
    )
    response = shop.app.test_client().get("/", buffered=False)
    chunks = iter(response.response)
    next(chunks)
    both.wait()
    response.close()
    gate.set()
    executor.shutdown()
    (region,) = shop.threads
    assert shop.ended == [threading.get_ident(), *region]
    assert shop.is_clean()


def test_without_an_executor_the_session_is_that_of_the_view(shop: Shop) -> None:
    shop.app.config["STREAMTMPL_EXECUTOR"] = None
    sessions: list[Any] = []

    @shop.app.get("/")
    def page() -> Any:
        sessions.append(shop.db.session())
        source = "<body>{% defer %}{{ keep(db.session()) or '' }}{{ name(1) }}{% enddefer %}</body>"
        return streaming.stream_template_string(
            source, keep=sessions.append, db=shop.db, name=shop.name
        )

    assert "item 1" in shop.get()
    assert sessions[0] is sessions[1]
    assert shop.is_clean()
