"""What is deferred, or stands in a boundary, comes to what it comes to without the tags.

The oracle renders the same template with scopes (``{% with %}``) in place of the tags.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from streamtmpl import render_stream, render_stream_async
from streamtmpl.compiler import regions
from streamtmpl.regions import document
from tests.support.loops import run
from tests.support.patched import assembled

from .corpus import CORPUS
from .laws import Case, Way, expected, render, render_async
from .outcomes import Rendered
from .samples import Sample, by_kind

BLOCK = re.compile(r"({%-?\s*block\s[^%]*%})(?!\s*{%-?\s*endblock)")
END_BLOCK = re.compile(r"(?<!%})({%-?\s*endblock[^%]*%})")

LEFT_OUT = {
    # A function of the region sees what is set in it, as in a block; that of a scope does not.
    "macros: pass-argument functions",
    # A boundary is one more level: Python nests 20, and loops of async templates take most.
    "text: deeply nested loops",
}
SAMPLES = {
    name: sample
    for name, sample in by_kind(CORPUS).items()
    if name.partition(" (")[0] not in LEFT_OUT
    and "delimiters" not in sample[0].setup
    and not re.search(r"{%-?\s*flush", sample[0].page)
}

TAGS = {
    "defer": ("{% defer %}", "{% placeholder %}<i>{% enddefer %}"),
    "boundary": ("{% boundary %}", "{% fallback %}failed{% endboundary %}"),
    "both": (
        "{% defer %}{% boundary %}{% defer %}",
        "{% enddefer %}{% fallback %}failed{% endboundary %}{% enddefer %}",
    ),
}
SCOPE = ("{% with %}", "{% endwith %}")


def wrapped(source: str, tags: tuple[str, str]) -> str:
    """*source* with its content between the tags: all of it, or that of its blocks."""
    begin, end = tags
    if not re.search(r"{%-?\s*(extends|block)\b", source):
        return begin + source + end
    if "required" in source or len(BLOCK.findall(source)) != len(END_BLOCK.findall(source)):
        return source
    return END_BLOCK.sub(rf"{end}\1", BLOCK.sub(rf"\1{begin}", source))


def in_turn(template: Any, context: dict[str, Any]) -> str:
    return assembled("".join(render_stream(template, context, chunk_size=0)))


def in_threads(template: Any, context: dict[str, Any]) -> str:
    with ThreadPoolExecutor(3) as executor:
        return assembled("".join(render_stream(template, context, executor=executor)))


def ahead(template: Any, context: dict[str, Any]) -> str:
    with ThreadPoolExecutor(3) as executor:
        stream = render_stream(template, context, deferred="in-order", executor=executor)
        return "".join(stream)


def in_tasks(template: Any, context: dict[str, Any]) -> str:
    async def collect() -> str:
        return "".join([chunk async for chunk in render_stream_async(template, context)])

    return assembled(run(collect()))


def tasks_ahead(template: Any, context: dict[str, Any]) -> str:
    async def collect() -> str:
        stream = render_stream_async(template, context, deferred="in-order", chunk_size=0)
        return "".join([chunk async for chunk in stream])

    return run(collect())


SYNC: dict[str, Way] = {
    "render()": render,
    "in turn": in_turn,
    "threads": in_threads,
    "in order": ahead,
}
ASYNC: dict[str, Way] = {"render_async()": render_async, "tasks": in_tasks, "in order": tasks_ahead}


@pytest.fixture(autouse=True)
def _no_end_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """End tags that authors leave out are not the text: tests/browsers have pages with them."""
    monkeypatch.setattr(document, "end_tags_for", lambda text: "")
    monkeypatch.setattr(regions, "end_tags_before", lambda parts: "")


@pytest.fixture(autouse=True)
def _nothing_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Regions log what they fail of; and then they are empty, which may look right."""
    caplog.set_level(logging.ERROR, "streamtmpl")
    yield
    assert not caplog.records


def wrap_all(case: Case, wrap: Callable[[str], str]) -> Case:
    return replace(case, templates={name: wrap(text) for name, text in case.templates.items()})


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_same_text(sample: Sample, kind: str) -> None:
    case = sample.case(kind)
    oracle = expected(wrap_all(case, lambda source: wrapped(source, SCOPE)))
    if not isinstance(oracle, Rendered):
        pytest.skip("with a scope the sample raises")
    for name, tags in TAGS.items():
        subject = wrap_all(case, partial(wrapped, tags=tags))
        environment = case.setup.subject(subject.templates)
        environment.patch_script = None  # type: ignore[attr-defined] # it streams
        for label, way in (ASYNC if kind == "async" else SYNC).items():
            outcome = subject.come_to(environment, way)
            assert isinstance(outcome, Rendered), (name, label, outcome)
            assert outcome.text == oracle.text, (name, label)
