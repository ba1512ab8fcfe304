"""Regions that are rendered one after the other, and their markup."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamtmpl import StreamEnvironment, render_stream
from tests.support.patched import assembled, page

from .threads import Threads


def test_regions_follow_the_document_one_after_the_other(env: StreamEnvironment) -> None:
    events: list[str] = []
    template = env.from_string(
        "<html><body>{% defer %}{{ note('a') }}{% placeholder %}wait{% enddefer %} and "
        "{% defer %}{{ note('b') }}{% enddefer %}{{ note('document') }}</body></html>"
    )

    def note(event: str) -> str:
        events.append(event)
        return event

    with render_stream(template, {"note": note}) as stream:
        for chunk in stream:
            events.append(f"<{chunk}>")
    shown = [event for event in events if not event.startswith("<")]
    assert shown == ["document", "a", "b"]
    text = "".join(event[1:-1] for event in events if event.startswith("<"))
    assert assembled(text) == "<html><body>a and bdocument</body></html>"
    # The document is out before the first region begins, and its patch before the second one does.
    assert "document" in events[events.index("a") - 1]
    assert ">a</template>" in events[events.index("b") - 1]


def test_the_markup(env: StreamEnvironment) -> None:
    template = env.from_string("<p>{% defer %}<b>{% placeholder %}…{% enddefer %}</p></body>")
    text = "".join(render_stream(template))
    token = page(text).token
    assert len(token) == 10
    assert text == (
        f'<p><?start name="{token}0">…<?end></p><template for="{token}0"><b></template>\f\n</body>'
    )


def test_names_are_new_for_each_response(env: StreamEnvironment) -> None:
    template = env.from_string("{% defer %}x{% enddefer %}")
    assert len({page("".join(render_stream(template))).token for _ in range(200)}) == 200


def test_a_page_without_regions_has_no_markup(env: StreamEnvironment) -> None:
    env.patch_script = "inline"
    source = "<body>{% if false %}{% defer %}x{% enddefer %}{% endif %}text</body>"
    assert "".join(render_stream(env.from_string(source))) == "<body>text</body>"


def test_nested_regions_come_after_the_one_they_are_in(env: StreamEnvironment) -> None:
    template = env.from_string(
        "{% defer %}a{% defer %}b{% defer %}c{% placeholder %}3{% enddefer %}"
        "{% placeholder %}2{% enddefer %}{% placeholder %}1{% enddefer %}{% defer %}d{% enddefer %}"
    )
    text = "".join(render_stream(template))
    assert assembled(text) == "abcd"
    parts = page(text)
    marks = [f'<?start name="{parts.token}{n}">' for n in range(4)]
    assert parts.document == f"{marks[0]}1<?end>{marks[1]}<?end>"
    # In the order of their beginnings: what is nested begins when the region around it is rendered.
    assert parts.contents == [f"a{marks[2]}2<?end>", "d", f"b{marks[3]}3<?end>", "c"]


@pytest.mark.parametrize("chunk_size", [0, 1, 20, 16384])
def test_the_last_end_tags_are_held_back(env: StreamEnvironment, chunk_size: int) -> None:
    source = (
        "<html><body>{% defer %}x{% enddefer %}{% if 1 %}y{% endif %}{% if 1 %}</body>{% endif %}"
        "{% if 1 %}\n<!-- end -->{% endif %}{% if 1 %}</html>{% endif %}{% if 1 %}\n{% endif %}"
    )
    chunks = list(render_stream(env.from_string(source), chunk_size=chunk_size))
    text = "".join(chunks)
    assert text.endswith(">x</template>\f\n</body>\n<!-- end --></html>\n")
    assert assembled(text) == "<html><body>xy</body>\n<!-- end --></html>\n"


def test_end_tags_that_are_not_the_last_are_not_held_back(env: StreamEnvironment) -> None:
    source = (
        "<body>{% defer %}x{% enddefer %}<script>'</body></html>'</script>{% if 1 %}y{% endif %}"
        "{% if 1 %}</body>{% endif %}{% if 1 %}z{% endif %}"
    )
    text = "".join(render_stream(env.from_string(source), chunk_size=0))
    assert text.partition("<template")[0].endswith("<script>'</body></html>'</script>y</body>z")
    assert assembled(text) == "<body>x<script>'</body></html>'</script>y</body>z"


def test_what_stands_above_the_first_region_is_handed_over(env: StreamEnvironment) -> None:
    begun: list[str] = []

    def rows() -> Iterator[str]:
        begun.append("rows")
        yield from "ab"

    source = "above{% defer %}x{% enddefer %}{% for row in rows() %}{{ row }}{% endfor %}"
    stream = render_stream(env.from_string(source), {"rows": rows})
    assert next(stream) == "above"
    assert begun == []
    assert assembled("above" + "".join(stream)) == "abovexab"


def test_a_block_that_the_response_is_committed_after(
    env: StreamEnvironment, threads: Threads
) -> None:
    source = (
        "head{% defer %}r{% enddefer %}{% block b %}b{% endblock %}"
        "{% for n in range(3) %}{{ n }}{% endfor %}"
    )
    for executor in (None, threads):
        stream = render_stream(
            env.from_string(source), chunk_size=0, commit_after="b", executor=executor
        )
        chunks = list(stream)
        assert chunks[0].endswith("<?end>b")
        assert assembled("".join(chunks)) == "headrb012"


def test_a_block_in_a_region_that_the_response_is_committed_after(env: StreamEnvironment) -> None:
    source = "head{% defer %}1{% enddefer %}{% defer %}{% block b %}2{% endblock %}{% enddefer %}."
    chunks = list(render_stream(env.from_string(source), chunk_size=0, commit_after="b"))
    assert len(chunks) == 1
    assert assembled(chunks[0]) == "head12."
