"""What long templates are compiled to comes to the same: here all templates are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from tests.support.compact import compiled_to

from .boundaries import Asked, chosen
from .corpus import CORPUS
from .corpus.errors import ERRORS
from .dice import examples
from .exact import Program, programs
from .laws import Case, assert_same, whole_and_cut
from .outcomes import Raised, Rendered
from .samples import Sample, by_kind
from .templates import cases
from .test_exact_chunks import SIZES, model, stream, stream_async
from .test_exact_chunks import assert_same as assert_same_chunks

SAMPLES = by_kind(CORPUS)
FAILING = by_kind(ERRORS)


@pytest.fixture(scope="module", autouse=True)
def _compact() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        compiled_to(monkeypatch, "compact")
        yield


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_same_output(sample: Sample, kind: str) -> None:
    assert isinstance(assert_same(sample.case(kind), ways=whole_and_cut), Rendered)


@pytest.mark.parametrize(("sample", "kind"), FAILING.values(), ids=FAILING)
def test_same_error(sample: Sample, kind: str) -> None:
    assert isinstance(assert_same(sample.case(kind), ways=whole_and_cut), Raised)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("failing", [False, True])
def test_random_templates(failing: bool, is_async: bool) -> None:
    @examples(30)
    @given(cases(is_async=is_async, failing=failing, wild=6))
    def check(case: Case) -> None:
        assert_same(case, ways=whole_and_cut)

    check()


@pytest.mark.parametrize("fuse", [False, True])
def test_chunks(fuse: bool) -> None:
    @examples(40)
    @given(programs(fuse=fuse), SIZES)
    def check(program: Program, size: Asked) -> None:
        chunk_size = chosen(size, model(program, 0)[0])
        wanted = model(program, chunk_size)
        assert_same_chunks(stream(program, chunk_size), wanted)
        assert_same_chunks(stream_async(program, chunk_size, enable_async=True), wanted)

    check()
