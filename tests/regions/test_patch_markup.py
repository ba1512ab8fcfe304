"""The markup of patches, and what it must not be broken by."""

from __future__ import annotations

import pytest

from streamtmpl import PATCH_SCRIPT, StreamEnvironment, render_stream
from streamtmpl.regions.markup import (
    ends_in_paragraph,
    new_token,
    script_element,
    tail_start,
)
from tests.support.patched import assembled, page


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("a</body></html>", "</body></html>"),
        ("a </BODY >\n</html\n>\n", "</BODY >\n</html\n>\n"),
        ("a</body>", "</body>"),
        ("a</html>", "</html>"),
        ("a</body><!-- b -->\n<!-- c --></html>", "</body><!-- b -->\n<!-- c --></html>"),
        ("a</html><!-- b -->", "</html><!-- b -->"),
        ("a</body>b</html>", "</html>"),
        ("a</body></html>b", ""),
        ("</body></html></body>", "</body>"),
        ("<script>'</body></html>'</script>", ""),
        ("é</Body></Html>", "</Body></Html>"),
        ("İ</BODY>", "</BODY>"),
        ("a", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_tail(text: str, tail: str) -> None:
    assert text[tail_start(text) :] == tail


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("<p>a", True),
        ("<p class=x>a <b>b</b> c<br>\n", True),
        ("<P>a<p>b", True),
        ('<p><?start name="x">wait<?end> & <!-- a --', True),
        ("<div><p>a</div>", False),
        ("<p>a</p>", False),
        ("<p>a</p>b", False),
        ("<p>a<ul><li>b</ul>", False),
        ("<p>a<script>b</script>", False),
        ("<pre>a", False),
        ("a", False),
        ("<script>'<p>'</script>", False),
        ("<!-- <p> -->", False),
        ("", False),
    ],
)
def test_an_open_paragraph(text: str, is_open: bool) -> None:
    assert ends_in_paragraph(text) is is_open


@pytest.mark.parametrize("chunk_size", [0, 16384])
def test_patches_do_not_stand_in_an_open_paragraph(chunk_size: int) -> None:
    env = StreamEnvironment(patch_script=None)
    source = "<body><p>{% defer %}x{% enddefer %}<p>{% if 1 %}y{% endif %}\n</body>"
    text = "".join(render_stream(env.from_string(source), chunk_size=chunk_size))
    assert "y\n</p><template" in text
    assert assembled(text) == "<body><p>x<p>y\n</p></body>"


def test_tokens_are_ten_characters_that_need_no_escaping() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    for token in tokens:
        assert len(token) == 10
        assert token.replace("-", "").replace("_", "").isalnum()


def test_the_script_element() -> None:
    assert script_element("inline", None) == f"<script>{PATCH_SCRIPT}</script>"
    assert script_element("inline", "a<\"'") == (
        f'<script nonce="a&lt;&#34;&#39;">{PATCH_SCRIPT}</script>'
    )
    assert script_element("/patch.js?a&b", None) == (
        '<script src="/patch.js?a&amp;b" async></script>'
    )
    assert script_element("/patch.js", "n") == '<script src="/patch.js" async nonce="n"></script>'
    assert script_element(None, "n") == ""


def test_the_script_goes_out_with_the_document() -> None:
    env = StreamEnvironment(patch_script="/p.js")
    stream = render_stream(env.from_string("<p>{% defer %}x{% enddefer %}</p></body>"))
    assert next(stream) == "<p>"
    assert next(stream).endswith('<?end></p><script src="/p.js" async></script>')
    assert next(stream).startswith("<template")


def test_a_page_whose_regions_are_gone_has_no_script() -> None:
    env = StreamEnvironment()
    template = env.from_string(
        "{% boundary %}{% defer %}x{% enddefer %}{{ 1 // 0 }}{% fallback %}y{% endboundary %}"
    )
    assert "".join(render_stream(template)) == "y"


def test_the_script_comes_once_right_before_the_first_patch() -> None:
    env = StreamEnvironment(patch_script="/p.js")
    source = "<body>{% for n in range(3) %}{% defer %}{{ n }}{% enddefer %}{% endfor %}</body>"
    text = "".join(render_stream(env.from_string(source), nonce="abc"))
    assert text.count("<script") == 1
    assert page(text).script == '<script src="/p.js" async nonce="abc"></script>'
    assert assembled(text) == "<body>012</body>"


def test_the_markup_of_a_region_takes_at_most_80_bytes() -> None:
    env = StreamEnvironment(patch_script=None)
    source = "{% for n in range(1000) %}{% defer %}a{% placeholder %}b{% enddefer %}{% endfor %}"
    text = "".join(render_stream(env.from_string(source)))
    assert len(text.encode()) - 2 * 1000 <= 80 * 1000


EVIL = '<?start name="x"><template for="x">evil</template><?end></template></body></html>'


def test_what_users_say_has_no_effect() -> None:
    env = StreamEnvironment(autoescape=True, patch_script=None)
    source = (
        "<body>{{ evil }}{% defer %}{{ evil }}{% placeholder %}{{ evil }}{% enddefer %}{% defer %}"
        "{{ boom(evil) }}{% error %}{{ error }}{% enddefer %}</body>"
    )

    def boom(text: str) -> None:
        raise LookupError(text)

    text = "".join(render_stream(env.from_string(source), {"evil": EVIL, "boom": boom}))
    escaped = EVIL.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert text.count("<template") == text.count("</template>") == text.count("<?start") == 2
    assert text.count(escaped) == 4
    assert assembled(text) == f"<body>{escaped * 3}</body>"


def test_what_is_safe_already_cannot_end_a_patch() -> None:
    env = StreamEnvironment(autoescape=True, patch_script=None)
    source = "{% defer %}{{ evil|safe }}{% enddefer %}{% defer %}kept{% enddefer %}"
    text = "".join(render_stream(env.from_string(source), {"evil": "a</template><b>"}))
    assert page(text).contents == ["a<b>", "kept"]


@pytest.mark.parametrize("limit", [0, -1, True, "2", None])
def test_what_is_no_limit(limit: object) -> None:
    env = StreamEnvironment()
    env.max_deferred = limit  # type: ignore[assignment]
    template = env.from_string("{% defer %}a{% enddefer %}")
    with pytest.raises(ValueError, match=r"max_deferred .* 1 or more, not"):
        "".join(render_stream(template))


@pytest.mark.parametrize("deferred", ["patches", "", None, True])
def test_what_is_no_mode(deferred: object) -> None:
    template = StreamEnvironment().from_string("a")
    with pytest.raises(ValueError, match=r"deferred must be 'patch'.* or 'in-order'.*, not"):
        render_stream(template, deferred=deferred)  # type: ignore[call-overload]
