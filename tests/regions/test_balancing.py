"""The content of a patch, parsed, is one template: it ends where it ends."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamtmpl.regions.balancing import balanced
from tests.differential.dice import examples

try:
    from selectolax.lexbor import LexborHTMLParser
except ImportError:
    LexborHTMLParser = None  # type: ignore[assignment,misc]

needs_parser = pytest.mark.skipif(LexborHTMLParser is None, reason="selectolax is not installed")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a</template>b", "ab"),
        ("<template>a</template>b</template>c", "<template>a</template>bc"),
        ("<template>a", "<template>a</template>"),
        ("<template><template>a</template>", "<template><template>a</template></template>"),
        ("a</TEMPLATE\n x='>'>b", "ab"),
        ("1 < 2 </template>3", "1 < 2 3"),
        ("</ template>a</template>", "</ template>a"),
        ("<templates></templates>", "<templates></templates>"),
        ("<x-template></x-template>", "<x-template></x-template>"),
        ("<script>'</template>'</script>", "<script>'</template>'</script>"),
        ("<STYLE>/*</template>*/</STYLE></template>", "<STYLE>/*</template>*/</STYLE>"),
        ("<textarea></template></textarea>", "<textarea></template></textarea>"),
        ("<title></template></title >", "<title></template></title >"),
        ("<script>'</scripts></template>'</script>", "<script>'</scripts></template>'</script>"),
        ("<a title='</template>'>", "<a title='</template>'>"),
        ('<a title="</template>" b=\'>\'>', '<a title="</template>" b=\'>\'>'),
        ("<!-- </template> --></template>", "<!-- </template> -->"),
        ("<!--></template>-->", "<!-->-->"),
        ("<!-- </template> --!></template>", "<!-- </template> --!>"),
        ("<!doctype </template></template>", "<!doctype </template>"),
        ("<a b=c\"></template>d", '<a b=c">d'),
        ("<a b = '</template>'>", "<a b = '</template>'>"),
        ("<a =\"></template>\">", '<a =">">'),
        ("</></template>", "</>"),
        ("<!-- </template>", "<!-- </template>-->"),
        ("<!-->a<!-- b", "<!-->a<!-- b-->"),
        ("<script>'</template>'", "<script>'</template>'</script>"),
        ("<script><!--<script></script>", "<script><!--<\\script></script>"),
        ("<a b='</template>", ""),
        ("a</", "a"),
        ("<plaintext>a", "a"),
        ("<svg><title></template>a</title></svg>", "<svg><title>&lt;/template>a</title></svg>"),
        ("<svg><style></template></style></svg>", "<svg><style><\\/template></style></svg>"),
        ("<svg><style><![CDATA[a>b]]></style></svg>", "<svg><style>a>b</style></svg>"),
        ("<svg><![CDATA[<b>&</template>]]></svg>", "<svg>&lt;b>&amp;&lt;/template></svg>"),
        ("<![CDATA[</template>]]></template>", "<![CDATA[</template>]]>"),
        ("<svg><template></svg></template>", "<svg></svg>"),
        ("<svg><path></svg><template></template>", "<svg><path></svg><template></template>"),
        ("<svg><title>a</title><path/></svg><template>b</template>",
         "<svg><title>a</title><path/></svg><template>b</template>"),
        ("<select><style><!--</style></template>-->", "<select><style><\\!--</style>-->"),
        ("<col><style></template></style>", "<col><style><\\/template></style>"),
        ("<table><col></table><template></template>", "<table><col></table><template></template>"),
        ("<noscript><!--</template></noscript>a", "<noscript><!--&lt;/template>--></noscript>a"),
        ("&lt;/template&gt;", "&lt;/template&gt;"),
    ],
)  # fmt: skip
def test_balanced(content: str, expected: str) -> None:
    assert balanced(content) == expected


ALL = """a annotation-xml b br button caption col colgroup desc div foreignObject form frameset h1
html iframe image input li math mi mtext noembed noscript option p path plaintext script select
style svg table td template textarea title tr xmp"""
NAMES = tuple(ALL.split())
ATTRIBUTES = ("", "", " a=b", " a='x\">'", " a=b'c", ' a = "</template>"', ' a ="', "/")
OTHERS = (
    *("x", " ", "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<!x", "<?", ">", "<", "</", '"', "'"),
    *("=", "/", "</>", "<!", "</ ", "&lt;", "<!--<script>", "<svg><title>", "<math><mi>", "/>"),
)
MARKUP = st.lists(
    st.one_of(
        st.builds("<{}{}>".format, st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES)),
        st.sampled_from([f"</{name}>" for name in NAMES]),
        st.sampled_from(["</template>", "<template>", "</svg>", "</style>", "</script>"]),
        st.sampled_from(OTHERS),
    ),
    max_size=14,
).map("".join)


def elements(content: str) -> list[str | None]:
    """The names of two templates, of which the first has the *content*; and whatever leaked."""
    page = f"<!doctype html><body><template id=1>{content}</template><template id=2></template>"
    body = LexborHTMLParser(page).body
    assert body is not None
    return [node.id for node in body.iter(include_text=True)]


@needs_parser
@examples(400)
@given(MARKUP)
@example("<svg><title></template>")
@example("<svg><style></template>")
@example('<a b=c"></template>')
def test_any_markup_is_one_template(content: str) -> None:
    assert elements(balanced(content)) == ["1", "2"]


@examples(100)
@given(MARKUP)
def test_it_is_as_it_should_be_the_first_time(content: str) -> None:
    once = balanced(content)
    assert balanced(once) == once
