"""An explanation as a page of HTML that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from .statements import ExplainedTemplate, Explanation, Line, Statement

_SIGNS = {
    "run": ("▪", "text and values that are written at once"),
    "cut": ("✂", "a chunk may be cut here"),
    "flush": ("✂", "a chunk is cut here"),
    "stream": ("→", "a call whose text is written where it is shown"),
    "value": ("?", "a call that would be captured, were it a macro's"),
    "capture": ("■", "text that becomes a value before it is shown"),
    "ahead": ("»", "more is pulled than the item that is shown"),
    "wait": ("…", "what is waited for"),
    "extends": ("↑", "the template that is extended"),
    "block": ("□", "a block, and who overrides it"),
    "include": ("+", "another template"),
    "import": ("+", "macros of another template"),
    "region": ("◷", "a region: it leaves later, as a whole"),
    "boundary": ("▣", "a boundary: it leaves as a whole"),
    "unseen": ("∅", "text that is never shown"),
    "note": ("·", "anything else"),
}
"""By kind: its sign, so that nothing is told by colour alone, and what it means."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #59636e; --line: #d1d9e0;
  --code: #f6f8fa; --held: #a40e26; --held-paper: #fff0ee; --good: #116329; --some: #7a4b00;
  --cut: #0550ae; --wait: #6639ba; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #9198a1;
  --line: #3d444d; --code: #151b23; --held: #ff9492; --held-paper: #341a1c; --good: #6fdd8b;
  --some: #f0c64c; --cut: #7cb7ff; --wait: #c9a6ff; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
a { color: var(--cut) }
summary { cursor: pointer }
.legend { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 0 1rem;
  padding: 0; list-style: none }
.line { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr) minmax(0, 1fr); gap: 0 1rem;
  border-top: 1px solid var(--line) }
.line > a { color: var(--faint); text-align: right; text-decoration: none; padding: .15rem 0;
  font-variant-numeric: tabular-nums }
.line:target { outline: 2px solid var(--cut) }
pre { margin: 0; padding: .15rem .5rem; background: var(--code); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, monospace }
.line ul { margin: 0; padding: .15rem 0; list-style: none }
.line li { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0 .5rem }
.kind { color: var(--faint); font-weight: 600 }
.stream .kind, .include .kind { color: var(--good) }
.capture .kind, .boundary .kind, .ahead .kind, .value .kind { color: var(--some) }
.cut .kind, .flush .kind { color: var(--cut) }
.wait .kind, .region .kind { color: var(--wait) }
li.held { background: var(--held-paper); border-left: .25rem solid var(--held);
  padding: .15rem .5rem; margin: .15rem 0 }
li.held .kind { color: var(--held) }
.mend { grid-column: 2 } .mend b { color: var(--held) } .ignored { color: var(--faint) }
code { font: 13px ui-monospace, monospace }
@media (max-width: 48rem) { body { padding: .75rem }
  .line { grid-template-columns: 2.5rem minmax(0, 1fr) } .line ul { grid-column: 2 } }
"""


def as_html(explanation: Explanation) -> str:
    """The page."""
    title = f"What streams in {explanation.page.label}" if explanation.templates else "Nothing"
    parts = [
        Markup("<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"),
        Markup('<meta name=viewport content="width=device-width">\n'),
        Markup("<title>{}</title>\n<style>{}</style>\n").format(title, Markup(_STYLE)),
        Markup("<h1>{}</h1>\n").format(title),
        _summary(explanation),
        _legend(),
    ]
    parts += [_template(number, each) for number, each in enumerate(explanation.templates)]
    return str(Markup("").join(parts))


def _summary(explanation: Explanation) -> Markup:
    held = [
        Markup("<li><a href=#t{}-{}>{}, line {}</a>: {}</li>\n").format(
            number, each.line, template.label, each.line, _quoted(each.text)
        )
        for number, template in enumerate(explanation.templates)
        for each in template.held
    ]
    if not held:
        return Markup("<p>✓ No text is held back that need not be.</p>\n")
    count = f"{len(held)} places hold" if len(held) > 1 else "1 place holds"
    return Markup("<p>! {} text back that need not:</p>\n<ul>\n{}</ul>\n").format(
        count, Markup("").join(held)
    )


def _legend() -> Markup:
    items = [
        Markup("<li class={0}><span class=kind>{1} {0}</span> {2}</li>\n").format(kind, sign, means)
        for kind, (sign, means) in _SIGNS.items()
    ]
    lists = Markup("<ul class=legend>\n{}</ul>\n").format(Markup("").join(items))
    return Markup("<details>\n<summary>What the words mean</summary>\n{}</details>\n").format(lists)


def _template(number: int, template: ExplainedTemplate) -> Markup:
    lines = Markup("").join(_line(number, line) for line in template.lines)
    return Markup("<section>\n<h2>{}</h2>\n{}</section>\n").format(template.label, lines)


def _line(template: int, line: Line) -> Markup:
    place = f"t{template}-{line.number}"
    statements = Markup("").join(map(_statement, line.statements))
    return Markup(
        "<div class=line id={0}><a href=#{0}>{1}</a><pre>{2}</pre><ul>{3}</ul></div>\n"
    ).format(place, line.number, line.source or " ", statements)


def _statement(statement: Statement) -> Markup:
    sign, _ = _SIGNS[statement.kind]
    classes = f"{statement.kind} held" if statement.holds else statement.kind
    mend = Markup("")
    if statement.mend is not None and statement.holds:
        mend = Markup("<span class=mend><b>Instead:</b> {}</span>").format(_quoted(statement.mend))
    elif statement.mend is not None:
        mend = Markup('<span class="mend ignored">(ignored)</span>')
    return Markup('<li class="{}"><span class=kind>{} {}</span><span>{}</span>{}</li>').format(
        classes, sign, statement.kind, _quoted(statement.text), mend
    )


def _quoted(text: str) -> Markup:
    """*text* with what stands between backquotes as code."""
    pieces = [
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(text.split("`"))
    ]
    return Markup("").join(pieces)
