"""What is said of loops, regions and flushes whose text something around them makes a value."""

from __future__ import annotations

import pytest

from streamtmpl import explain
from streamtmpl.explaining import Explanation
from tests.support.tracing import SYNC, assert_captured

from .test_explained_constructs import CALLS, LOOP, Construct, traced

REGION = f"{{% defer %}}{LOOP}{{% enddefer %}}"
LAYOUT = "{% filter upper %}{% block b %}{% endblock %}{% endfilter %}"
AROUND = {
    "filter": ("{% filter upper %}@{% endfilter %}", "`{% filter %}` of line 1"),
    "set": ("{% set x %}@{% endset %}{{ x }}", "`{% set %}` of line 1"),
    "tag": ("{% cache %}@{% endcache %}", "the tag 'cache' of line 1"),
    "call block in a filter": (
        CALLS.strip() + "{% filter upper %}{% call calls() %}@{% endcall %}{% endfilter %}",
        "`{% filter %}` of line 1",
    ),
    "block in a filter": (
        "{% filter upper %}{% block b %}@{% endblock %}{% endfilter %}",
        "`{% filter %}` of line 1",
    ),
    "block of a layout": (
        "{% extends 'base' %}{% block b %}@{% endblock %}",
        "`{% filter %}` of line 1 in `base`",
    ),
}
every_way = pytest.mark.parametrize(("around", "capture"), AROUND.values(), ids=AROUND)


def page(around: str, inside: str) -> Construct:
    """*inside*, where *around* has its mark."""
    return Construct(around.replace("@", inside), others={"base": LAYOUT})


def explained(construct: Construct) -> Explanation:
    return explain(construct.environment().get_template("main"))


@every_way
def test_a_loop(around: str, capture: str) -> None:
    construct = page(around, LOOP)
    assert_captured(traced(construct, SYNC), ["0", "1", "2", "3"])
    said = explained(construct).page.statements
    assert not [each for each in said if "each iteration" in each.text or "each item" in each.text]
    [wait] = [each for each in said if each.kind == "wait"]
    assert f"what stands above {capture} leaves" in wait.text


@every_way
def test_a_region(around: str, capture: str) -> None:
    construct = page(around, REGION)
    assert_captured(traced(construct, SYNC), ["0", "1", "2", "3"])
    said = explained(construct).page.statements
    [region] = [each for each in said if each.kind == "region"]
    assert region.text == f"not deferred: it is rendered right here, as {capture} captures it"
    assert not [each for each in said if "not the page" in each.text]


def test_a_region_of_a_boundary_in_a_filter_block() -> None:
    construct = page(AROUND["filter"][0], f"{{% boundary %}}{REGION}{{% endboundary %}}")
    assert_captured(traced(construct, SYNC), ["0", "1", "2", "3"])
    [region] = [each for each in explained(construct).page.statements if each.kind == "region"]
    assert region.text.startswith("not deferred")


def test_a_flush_in_a_tag() -> None:
    construct = page(AROUND["tag"][0], "a{% flush %}b")
    assert traced(construct, SYNC).of("got") == ["ab"]
    [flush] = [each for each in explained(construct).page.statements if each.kind == "flush"]
    assert flush.text == "does nothing: the tag 'cache' of line 1 captures it"
