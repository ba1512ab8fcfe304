"""Pages that are used while their regions are awaited."""

from __future__ import annotations

from typing import Any

from .driver import Page
from .sites import Site, SitePage

HEAD = f"<!DOCTYPE html><html><head><title>{'-' * 1024}</title>%s</head><body>"
TAIL = "</body></html>"

COUNTING = """<script>
started = [], patched = [];
for (const name of ["htmx:configRequest", "htmx:config:request"])
  addEventListener(name, event => started.push(event.target.id));
addEventListener("streamtmpl:patch", ({target, detail}) =>
  patched.push([target.id, detail.elements.map(element => element.id)]));
</script>"""
"""What htmx asks for, by which element, and where patches have been put."""

PAGE_SCRIPT = "<script>{{ page_script }}</script>"
"""It is a variable of the pages."""

READY = "<script>ready = true</script>"
"""What tells that a page's content, and its scripts, are there."""

LOADING = "document.readyState === 'loading'"


def page(site: Site, body: str, head: str = "", end: str = PAGE_SCRIPT, **options: Any) -> SitePage:
    """A page of *site*, with *end* behind its content; it is used when it is ``ready``."""
    source = HEAD % (COUNTING + head) + body + end + READY + TAIL
    return site.add_template(source, **options)


def region(gate: str, content: str) -> str:
    """A region that waits at a gate."""
    return f"{{% defer %}}{{{{ wait('{gate}') }}}}{content}{{% placeholder %}}wait{{% enddefer %}}"


def fragment(site: Site, text: str = "<i>got</i>") -> str:
    """The address of what htmx may ask for."""
    return site.add_template(text).url


def click(page: Page, name: str) -> None:
    """Click the element with that id."""
    page.evaluate(f"document.getElementById('{name}').click()")


def exists(page: Page, selector: str) -> None:
    """Wait until there is such an element."""
    page.wait_for(f"document.querySelector('{selector}')")
