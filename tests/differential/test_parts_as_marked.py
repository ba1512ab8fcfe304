"""A part equals what stands between marks that a child template puts around its block."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from typing import Any

import jinja2
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.loops import run

from .corpus import CORPUS
from .dice import examples
from .inheritance_trees import NAMES, Tree
from .samples import Sample, by_kind
from .values import Workshop, build

OPEN, CLOSE, CUT = "\ue001", "\ue002", "\ue003"  # which no sample has
CHILD = "{%% extends %r %%}{%% block %s %%}" + OPEN + "{{ super() }}" + CLOSE + "{%% endblock %%}"

NOT_PROMISED = {
    "inheritance: blocks in loops": "the loop, which is the caller's to give",
    "inheritance: a scoped block, overridden": "the loop's variable, likewise",
    "nested: self in filter": "a filter around the place",
    "nested: self in unescaped": "escaping of the place",
    "nested: self in volatile": "escaping of the place",
    "nested: block in filter": "a filter around the place",
    "nested: block in unescaped": "escaping of the place",
    "nested: block in volatile": "escaping of the place",
}
"""The samples with a block whose text in the page has been made with more than the block has."""


def text_of(template: Any, context: dict[str, Any], block: str | None = None) -> str:
    """The chunks at every boundary, with :data:`CUT` between them."""
    if not template.environment.is_async:
        return CUT.join(
            render_stream(template, context, chunk_size=0, deferred="in-order", block=block)
        )

    async def collect() -> str:
        stream = render_stream_async(
            template, context, chunk_size=0, deferred="in-order", block=block
        )
        return CUT.join([chunk async for chunk in stream])

    return run(collect())


def between_marks(page: str) -> str | None:
    """What stands between the first pair of marks."""
    found = re.search(f"{OPEN}(.*?){CLOSE}", page, re.DOTALL)
    return None if found is None else found[1].strip(CUT)


SAMPLES = {
    name: (sample, kind)
    for name, (sample, kind) in by_kind(CORPUS).items()
    if "block" in sample.page + "".join(sample.others.values())
}


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_samples(sample: Sample, kind: str, request: pytest.FixtureRequest) -> None:
    case = sample.case(kind)
    sources = dict(case.templates)
    differing = []
    for name in sorted(set(re.findall(r"\{%-? *block +(\w+)", "".join(sources.values())))):
        sources["marked"] = CHILD % (case.name, name)
        environment = case.setup.subject(sources)

        def context(environment: Any = environment) -> dict[str, Any]:
            return build(case.context, Workshop(environment))

        expected = None
        with suppress(jinja2.TemplateError):  # a block that nothing overrides has no super()
            expected = between_marks(text_of(environment.get_template("marked"), context()))
        if expected is not None:
            template = environment.get_template(case.name)
            try:
                differing += [name] * (text_of(template, context(), name) != expected)
            except jinja2.UndefinedError:
                differing.append(name)
    sample_name = request.node.callspec.id.rpartition(" (")[0]
    assert bool(differing) == (sample_name in NOT_PROMISED), differing


def outside_called() -> None:
    pytest.fail("called although it stands outside the block")


@examples(60)
@given(st.integers(0, 2**32), st.integers(1, 4), st.booleans(), st.booleans())
def test_random_pages(seed: int, depth: int, is_async: bool, escapes: bool) -> None:
    dice = random.Random(seed)
    tree = Tree(dice, depth)
    page = tree.write()
    block = dice.choice(NAMES)
    tree.templates["marked"] = CHILD % (page, block)
    environment = StreamEnvironment(
        loader=jinja2.DictLoader(tree.templates),
        extensions=["jinja2.ext.do"],
        enable_async=is_async,
        autoescape=escapes,
    )
    variables = {"v1": dice.choice([0, 1, "<"]), "v2": dice.choice(["", "two"])}
    try:
        whole = text_of(environment.get_template("marked"), {**variables, "outside": list})
    except (jinja2.UndefinedError, RecursionError) as error:  # no super(), or nothing but super()
        event(type(error).__name__)
        return
    if (expected := between_marks(whole)) is None:
        event("not in the page")
        return
    event("compared")
    part = text_of(environment.get_template(page), {**variables, "outside": outside_called}, block)
    if is_async:  # the page may hold back what follows a region that stands before the block
        part, expected = part.replace(CUT, ""), expected.replace(CUT, "")
    assert part == expected
