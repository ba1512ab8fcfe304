"""Sessions of Django's that the rest of a page changes, when they have been saved."""

from __future__ import annotations

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import AsyncRequestFactory, RequestFactory

from streamtmpl import StreamEnvironment
from streamtmpl.django.response import StreamTemplateResponse
from streamtmpl.exceptions import LateSessionWarning

from .apps import django_app, django_gates

assert django_app.urlpatterns  # it has set Django up

FILL = "{% for n in range(5) %}<p>{{ n }}</p>\n{% endfor %}\n"
START = "<p>{% flush %}{{ sent() }}"
IN_A_REGION = START + "\n{% defer %}\n{% set x = CHANGE %}{% enddefer %}ok"
WARNING = (
    r"^page\.html, line 3: the session was modified after the headers of the response.*"
    r"StreamTemplateResponse\(\.\.\., commit_after=\.\.\.\)$"
)
CHANGES = [
    "request.session.__setitem__('a', 1)",
    "request.session.__delitem__('kept')",
    "request.session.pop('kept')",
    "request.session.setdefault('a', 1)",
    "request.session.update({'a': 1})",
    "request.session.clear()",
    "request.session.flush()",
    "request.session.set_expiry(60)",
    "request.session.get('cart').append(1) or mark(request.session)",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)


class Template:
    """A template as the backend has it."""

    def __init__(self, source: str, is_async: bool) -> None:
        environment = StreamEnvironment(enable_async=is_async, chunk_size=0)
        self.template = environment.from_string(source)
        self.template.name = "page.html"
        self.backend = self
        self.template_context_processors = ()


def mark(session: Any) -> None:
    session.modified = True


class Page:
    """A streamed page that has been read, and its session."""

    def __init__(self, source: str, kind: str, modified: bool = False, **options: Any) -> None:
        self.session = SessionStore()
        self.session.update({"kept": 1, "cart": []})
        self.session.modified = modified
        self._sent = asyncio.Event()
        interface, engine = kind.split("/")
        template = Template(source, engine == "coroutines")
        self._is_task = kind == "asgi/coroutines"
        if interface == "wsgi":
            response = self._response(RequestFactory().get("/"), template, **options)
            response.render()
            self.text = b"".join(response.streaming_content).decode()
            response.close()
        else:
            request = AsyncRequestFactory().get("/")
            self.text = asyncio.run(self._read(self._response(request, template, **options)))

    def _response(self, request: Any, template: Any, **options: Any) -> StreamTemplateResponse:
        request.session = self.session
        # A task renders on as soon as its first chunk has been taken, which is before it is sent.
        sent = self._sent.wait if self._is_task else str
        context = {"mark": mark, "session": self.session, "sent": sent}
        return StreamTemplateResponse(request, template, context, **options)

    async def _read(self, response: Any) -> str:
        await response.render()
        chunks = aiter(response.streaming_content)
        text: bytes = await anext(chunks)
        self._sent.set()
        text += b"".join([part async for part in chunks])
        await asyncio.to_thread(response.close)
        return text.decode()


@pytest.fixture(
    params=[
        f"{interface}/{engine}"
        for interface in ("wsgi", "asgi")
        for engine in ("jinja2", "coroutines")
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_the_first_chunk_is_warned_about(change: str, kind: str) -> None:
    with pytest.warns(LateSessionWarning, match=WARNING) as caught:
        page = Page(START + f"\n\n{{% set x = {change} %}}ok", kind)
    assert page.text.endswith("ok")
    assert len({str(warning.message) for warning in caught}) == 1
    assert caught[0].filename == "<template>"
    assert caught[0].lineno == 3
    assert page.session.modified
    assert type(page.session) is SessionStore


def test_also_if_the_view_has_changed_it(kind: str) -> None:
    with pytest.warns(LateSessionWarning, match=WARNING):
        Page(START + "\n\n{% set x = session.update({'a': 1}) %}", kind, modified=True)


@pytest.mark.parametrize("with_executor", [False, True])
def test_a_change_in_a_region(kind: str, with_executor: bool) -> None:
    source = IN_A_REGION.replace("CHANGE", "session.update({'a': 1})")
    with ThreadPoolExecutor(1) as executor, pytest.warns(LateSessionWarning, match=WARNING):
        Page(source, kind, executor=executor if with_executor else None)


@pytest.mark.skipif(not hasattr(SessionBase, "aset"), reason="Django 5.1 brought it")
def test_an_awaited_change() -> None:
    with pytest.warns(LateSessionWarning, match=WARNING):
        Page(START + "\n\n{% set x = session.aset('a', 1) %}", "asgi/coroutines")


@pytest.mark.parametrize(
    "reading",
    [
        "session.get('kept')",
        "session.pop('none', 1)",
        "session.setdefault('kept', 2)",
        "session.keys()",
        "session.modified",
    ],
)
@pytest.mark.parametrize("modified", [False, True])
def test_reading_is_not(reading: str, kind: str, modified: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = Page(START + f"{{% set x = {reading} %}}ok", kind, modified)
    assert page.text.endswith("ok")
    assert page.session.modified is modified


def test_what_is_changed_up_to_the_commit_is_not(kind: str) -> None:
    change = "{{ session.update({'a': 1}) or '' }}"
    assert Page(change + FILL, kind).session["a"] == 1
    late = f"{FILL}{{% block footer %}}{change}{{% endblock %}}"
    assert Page(late, kind, commit_after="footer").session["a"] == 1


def test_the_warning_may_be_made_an_error(kind: str) -> None:
    with pytest.raises(LateSessionWarning, match="line 2"):
        Page(START + "\n{% set x = session.update({'a': 1}) %}", kind)


def test_what_changes_it_after_the_stream_is_not_warned_about(kind: str) -> None:
    session = Page(FILL, kind).session
    session["a"] = 1
    assert session.modified


def test_a_change_between_two_chunks_names_the_code_that_makes_it() -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    response = StreamTemplateResponse(request, Template("a{% flush %}b", False), {})
    response.render()
    chunks = iter(response)
    next(chunks)
    with pytest.warns(LateSessionWarning, match="^the session was modified after") as caught:
        request.session["a"] = 1
    assert caught[0].filename == __file__
    response.close()
    assert type(request.session) is SessionStore


def test_a_session_is_signed_as_ever() -> None:
    """The name of its class is part of what its data is signed with."""

    class Nested(SessionStore):
        pass

    request = RequestFactory().get("/")
    request.session = Nested()
    template = Template("<p>{% flush %}{{ request.session.key_salt }}", False)
    response = StreamTemplateResponse(request, template, {})
    response.render()
    assert b"".join(response).decode() == f"<p>{Nested().key_salt}"
    response.close()


def test_a_session_of_another_kind_is_left_alone() -> None:
    request = RequestFactory().get("/")
    request.session = SimpleNamespace(accessed=True, modified=False)
    source = "<p>{% flush %}{{ mark(request.session) }}"
    response = StreamTemplateResponse(request, Template(source, False), {"mark": mark})
    response.render()
    assert b"".join(response) == b"<p>None"
    response.close()
