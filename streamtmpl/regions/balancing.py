"""Making the content of a patch one that ends where it ends, whatever markup it is.

What a parser makes of ``</template>`` depends on where it is: in a comment, an attribute or a
script it is text. So this reads tokens as the HTML standard's tokenizer does. What it cannot know
is which elements a parser has open: it may be *inside* one whose content has rules of its own, such
as ``svg``. There, nothing is left that would be one thing by those rules and another without.
"""

from __future__ import annotations

import re

_RAW = {
    *("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"),
}
"""Elements whose text is no markup; for ``noscript``, where scripts run."""
_VOID = {
    *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img"),
    *("input", "keygen", "link", "meta", "param", "source", "track", "wbr"),
}
_INSIDE = {"math", "select", "svg"}
"""Elements with rules of their own."""
_POINTS = {
    *("annotation-xml", "desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext", "title"),
}
"""Those in ``svg`` and ``math`` in which there may be HTML again."""
_BEFORE_COLUMN = {"table", "colgroup", "col"}

_VALUE = r"""(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*|(?=>|\Z))"""
_ATTRIBUTE = rf"=?[^\t\n\f\r />=]+(?:[\t\n\f\r ]*=[\t\n\f\r ]*{_VALUE})?|="
_TOKEN = re.compile(
    r"(?P<comment><!--(?:-?>|.*?(?:--!?>|(?P<uncommented>\Z))))"
    r"|(?P<cdata><!\[CDATA\[(?P<characters>.*?)(?:\]\]>|\Z))"
    r"|(?P<bogus><(?:[!?]|/(?![a-zA-Z>]))[^>]*(?P<bogus_end>>?))"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\t\n\f\r />]*)"
    rf"(?:[\t\n\f\r /]+|{_ATTRIBUTE})*(?P<closed>>?)",
    re.DOTALL,
)
_PLAIN = re.compile(
    r"(?:[^<]+|</?(?!(?:col|colgroup|math|plaintext|select|svg|table|template|"
    + "|".join(sorted(_RAW))
    + r")[\t\n\f\r />])(?=(?P<tag>[a-zA-Z][^\t\n\f\r />]*"
    rf"(?:[\t\n\f\r /]+|{_ATTRIBUTE})*))(?P=tag)>)*",
    re.IGNORECASE,
)
"""What nothing follows from: most of all markup, passed over at once."""
_BOGUS = re.compile(r"<![^>]*>?")
_TEMPLATE = re.compile(r"<(?=/?template[\t\n\f\r />])", re.IGNORECASE)
_NESTED_SCRIPT = re.compile(r"<(?=script[\t\n\f\r />])", re.IGNORECASE)
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)


def balanced(content: str) -> str:
    """*content* without end tags of templates that it does not open, and with those it lacks.

    A stray one, which a parser ignores elsewhere, would end the patch; a template, a comment or an
    element of text left open would take in the rest of the page.
    """
    return content if "<" not in content else _Reader(content).whole()


class _Reader:
    """Reads the markup of a patch.

    :ivar templates: how many templates are open.
    :ivar inside: the open elements, from one with rules of its own.
    :ivar points: how many of those may have HTML in them.
    :ivar lost: whether it cannot be told any more what is open.
    :ivar last: the name of the last tag.
    :ivar scripts: whether ``noscript`` is taken for text.
    """

    def __init__(self, content: str, *, scripts: bool = True) -> None:
        self.content = content
        self.scripts = scripts
        self.pieces: list[str] = []
        self.templates = 0
        self.inside: list[str] = []
        self.points = 0
        self.lost = False
        self.last = ""

    def whole(self) -> str:
        """The whole content, as it may stand in a patch."""
        at = self._pass_over(0)
        while token := _TOKEN.search(self.content, at):
            self.pieces.append(self.content[at : token.start()])
            at = self._pass_over(self._token(token))
        self.pieces.append(self.content[at:] + "</template>" * self.templates)
        return "".join(self.pieces)

    def _pass_over(self, at: int) -> int:
        """Write the plain markup at *at*, and say where it ends."""
        if self.inside or self.lost:
            return at
        plain = _PLAIN.match(self.content, at)
        assert plain is not None
        if "<" in plain[0]:
            self.last = ""
        self.pieces.append(plain[0])
        return plain.end()

    def _token(self, token: re.Match[str]) -> int:
        """Write *token* and say where the next one may begin."""
        if token["comment"]:
            self.pieces.append(token[0] if token["uncommented"] is None else token[0] + "-->")
        elif token["cdata"]:
            return self._cdata(token)
        elif token["bogus"]:
            # What the end of the content cuts short is text or nothing.
            self.pieces.append(token[0] if token["bogus_end"] else "")
        elif token["closed"]:
            return self._tag(token)
        return token.end()

    def _cdata(self, token: re.Match[str]) -> int:
        """``<![CDATA[``: text in ``svg``, elsewhere a comment up to the next ``>``."""
        if not (self.inside or self.lost):
            comment = _BOGUS.match(self.content, token.start())
            assert comment is not None
            self.pieces.append(comment[0] if comment[0].endswith(">") else "")
            return comment.end()
        text = token["characters"].replace("&", "&amp;").replace("<", "&lt;")
        self.pieces.append(text)
        return token.end()

    def _tag(self, token: re.Match[str]) -> int:
        name, uncertain = token["name"].lower(), bool(self.inside or self.lost)
        if name == "template":
            if self._template(token["end"], uncertain):
                self.pieces.append(token[0])
            return token.end()
        if name == "plaintext":  # nothing can end it
            return token.end()
        self.pieces.append(token[0])
        if not token["end"] and name in _RAW and (self.scripts or name != "noscript"):
            return self._text(name, token.end(), uncertain)
        if token["end"]:
            self._closes(name)
        else:
            self._opens(name, token[0].endswith("/>"))
        self.last = token["end"] + name
        return token.end()

    def _template(self, end: str, uncertain: bool) -> bool:
        """Whether a tag of a template is kept."""
        self.last = "template"
        if uncertain or (end and not self.templates):
            return False
        self.templates += -1 if end else 1
        return True

    def _text(self, name: str, at: int, uncertain: bool) -> int:
        """Write the text of an element of which it is no markup, and its end tag."""
        end = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(self.content, at)
        text = self.content[at : end.start() if end else None]
        if uncertain:
            text = _either_way(name, text)
        elif name == "noscript":
            text = _TEMPLATE.sub("&lt;", _Reader(text, scripts=False).whole())
        elif name == "script" and "<!--" in text:
            text = _NESTED_SCRIPT.sub(r"<\\", text)  # where it would not end at its end tag
        tag = end and _TOKEN.match(self.content, end.start())
        self.pieces.append(text + (tag[0] if tag and tag["closed"] else f"</{name}>"))
        return tag.end() if tag else len(self.content)

    def _opens(self, name: str, closes_itself: bool) -> None:
        if name == "col" and self.last not in _BEFORE_COLUMN:
            self.lost = True  # in a template that begins with one, a parser passes over most tags
        if not self.inside:
            if name not in _INSIDE or (closes_itself and name != "select"):
                return
        elif name in _VOID or (closes_itself and not self.points):
            return
        self.inside.append(name)
        self.points += name in _POINTS

    def _closes(self, name: str) -> None:
        if not self.points and name not in self.inside:
            return
        while self.inside:
            closed = self.inside.pop()
            self.points -= closed in _POINTS
            if closed == name:
                return
            if self.points or closed in _POINTS:
                # In HTML, an end tag that is not expected may be passed over, or end several.
                self.lost = True
                return


def _either_way(name: str, text: str) -> str:
    """The *text* of an element as what is the same whether it is markup or not."""
    text = _CDATA.sub(r"\1", text)
    if name not in ("script", "style"):
        return _MARKUP.sub("&lt;", text)
    # A backslash is nothing in strings of both languages; elsewhere a space is nothing.
    return re.sub(r"<(?=[a-zA-Z])", "< ", re.sub(r"<(?=[/!?])", r"<\\", text))
