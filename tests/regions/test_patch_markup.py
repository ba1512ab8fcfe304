"""The markup of patches, and what it must not be broken by."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from streamtmpl import PATCH_SCRIPT, StreamEnvironment, render_stream
from streamtmpl.regions.markup import (
    end_tags_for,
    ends_in_paragraph,
    lacks_body,
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


@pytest.mark.parametrize(
    ("text", "end_tags"),
    [
        ("<main><footer>a", "</footer></main>"),
        ("<Main><FOOTER>a", "</footer></main>"),
        ("<main>a</main><footer>b</footer>", ""),
        ("<div><b>a</div>", "</b>"),
        ("<div><div>a</div>", "</div>"),
        ("</div></b>", ""),
        ("<ul><li>a<li>b</ul><table><tr><td>c<p>d<br></table>", ""),
        ("<table><tr><td>a", "</table>"),
        ("<svg><path d=x><g><rect/></svg><svg><text>a", "</svg>"),
        ("<my-card a='<i>'>b", "</i></my-card>"),  # one too many does no harm
        ("1 < 2 <3 <!-- a --> <?start name='x'><?end> <!doctype html>", ""),
        ("<body><html><head></head>", ""),
        ("<script>for(i=0;i<n;i++){}</script><bo&lt;<?start", ""),
        ("<b>" * 1000, "</b>" * 64),
        ("", ""),
    ],
)
def test_open_elements(text: str, end_tags: str) -> None:
    assert end_tags_for(text) == end_tags


@pytest.mark.parametrize("chunk_size", [0, 16384])
def test_patches_do_not_stand_in_open_elements(chunk_size: int) -> None:
    env = StreamEnvironment(patch_script=None)
    source = "<body><main>{% defer %}x{% enddefer %}{% if 1 %}<b>y{% endif %}\n</body></html>"
    text = "".join(render_stream(env.from_string(source), chunk_size=chunk_size))
    assert "y\n</b></main><template" in text
    assert text.endswith("</template>\f\n</body></html>")


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


DATA = ' data-k=T0ken data-t=1500 data-z="not &lt;here&gt;"'


@pytest.mark.parametrize(
    ("script", "nonce", "expected"),
    [
        ("inline", None, f"<script{DATA}>{PATCH_SCRIPT}</script>"),
        ("inline", "a<\"'", f'<script nonce="a&lt;&#34;&#39;"{DATA}>{PATCH_SCRIPT}</script>'),
        ("/p.js?a&b", None, f'<script src="/p.js?a&amp;b" async{DATA}></script>'),
        ("/p.js", "n", f'<script src="/p.js" async nonce="n"{DATA}></script>'),
        (None, "n", ""),
    ],
)
def test_the_script_element(script: str | None, nonce: str | None, expected: str) -> None:
    assert script_element(script, nonce, "T0ken", 1.5, "not <here>") == expected


@pytest.mark.parametrize(
    ("lost", "expected"),
    [(None, ""), ("", ""), (Markup('<b class="x">'), "&lt;b class=&#34;x&#34;&gt;"), (3, "3")],
)
def test_the_text_for_what_is_lost_is_text(lost: object, expected: str) -> None:
    assert f' data-z="{expected}">' in script_element("inline", None, "T0ken", 1.5, lost)


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("<!doctype html><title>a</title>\n", True),
        ("<html><head><meta charset=utf-8></head>", True),
        ("<title>a</title><link rel=icon href=b><style>c</style>", True),
        ("<!doctype html><head><title>a</title>", False),  # the region may be of the head
        ("<!doctype html><title>a</title><body>", False),
        ("<!doctype html><title>a</title><p>b", False),
        ("<p>a", False),
        ("", False),
    ],
)
def test_a_document_whose_body_nothing_begins(text: str, lacks: bool) -> None:
    assert lacks_body(text) is lacks


def test_a_page_that_tells_nothing_of_its_connection_is_not_given_up() -> None:
    assert " data-t=1000000000 " in script_element("inline", None, "T0ken", None, "lost")


def test_the_script_goes_out_with_the_document() -> None:
    env = StreamEnvironment(patch_script="/p.js")
    stream = render_stream(env.from_string("<p>{% defer %}x{% enddefer %}</p></body>"))
    assert next(stream) == "<p>"
    _, _, script = next(stream).partition("<?end></p>")
    assert re.fullmatch(r'<script src="/p.js" async data-k=[^>]*></script>', script)
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
    parts = page(text)
    assert parts.script.startswith('<script src="/p.js" async nonce="abc" data-k=')
    assert f" data-k={parts.token} " in parts.script
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
