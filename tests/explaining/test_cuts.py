"""The lines that are said to cut are those at which a render of the whole template is cut."""

from __future__ import annotations

import asyncio
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, explain

from .recorded import observed, recorded

PAGES = {
    "loop": "{% for row in rows %}\n{{ row }}\n{% endfor %}\nend",
    "loop with a test and else": (
        "{% for row in rows if row %}\n{{ row }}\n{% else %}\nnone\n{% endfor %}\nend"
    ),
    "continue": (
        "{% for row in rows %}\n{{ row }}\n{% if row == 1 %}\nx\n{% continue %}\n{% endif %}\n.\n"
        "{% endfor %}\nend"
    ),
    "nested loops": (
        "{% for row in rows %}\n{% for cell in rows %}\n{{ cell }}\n{% endfor %}\n{% endfor %}\nend"
    ),
    "if": "{% if rows %}\na\n{% else %}\nb\n{% endif %}\nend",
    "with": "{% with a = 1 %}\na\n{% endwith %}\nend",
    "block": "{% block b %}\na\n{% endblock %}\nend",
    "macro": (
        "{% macro m() %}\n{% if true %}\na\n{% endif %}\nb\n{% endmacro %}\n{{ m() }}\n{{ m() }}\nz"
    ),
    "a call of nobody knows what": "{{ f() }}\n{{ g() }}\nend",
    "call block": (
        "{% macro m() %}\n{{ caller() }}\nb\n{% endmacro %}\n{% call m() %}\na\n{% endcall %}\nend"
    ),
    "filter block": "{% filter upper %}\n{% if true %}\na\n{% endif %}\n{% endfilter %}\nend",
    "set block": "{% set x %}\n{% if true %}\na\n{% endif %}\n{% endset %}\n{{ x }}",
    "autoescape": "{% autoescape true %}\na\n{% endautoescape %}\nend",
    "boundary": "{% boundary %}\n{% if true %}\na\n{% endif %}\n{% endboundary %}\nend",
    "include": "a\n{% include 'part' %}\nend",
    "flush": "a\n{% flush %}\nend",
    "recursive": "{% for row in rows recursive %}\n{{ row }}\n{% endfor %}\nend",
}
KINDS = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@KINDS
@pytest.mark.parametrize("name", PAGES)
def test_cuts_are_where_they_are_said(name: str, is_async: bool) -> None:
    environment = StreamEnvironment(
        loader=jinja2.DictLoader({"page": PAGES[name], "part": "part"}),
        extensions=["jinja2.ext.loopcontrols"],
        enable_async=is_async,
    )
    template = environment.get_template("page")
    known = {cut.code_line: cut.lines for cut in recorded(environment, "page").cuts}
    library = environment.from_string("{% macro f() %}f{% endmacro %}")
    module: Any = asyncio.run(library.make_module_async()) if is_async else library.module
    macro = module.f
    variables = {"rows": [1, 2], "f": macro, "g": macro}
    cut = {
        line
        for (_, code_line), text in observed(template, variables)
        if text
        for line in known[code_line]
    }
    said = {
        each.line for each in explain(template).page.statements if each.kind in ("cut", "flush")
    }
    assert cut == said
    assert bool(cut) == (name != "set block")
