"""The script that patches deferred regions into the page in browsers that do not do so themselves.

A browser that knows ``<template for>`` patches by itself: the script sees that templates have
``htmlFor`` and does no more. To all others the markers of a region are comments and its patch is
a template that nothing happens to. There the script looks, whenever the body gets a child and once
more when the document has been parsed, at each ``template[for]``:

- It leaves alone the template that may still be arriving, which nothing but elements follows. Text
  is what tells: the parser adds the line break behind a patch when the patch is complete, while an
  element at the end of the body may be there because a script of the page put it there. A document
  that has been parsed needs no such sign.
- It leaves alone a template whose name no start marker has. Of several such markers the first is
  taken.
- Otherwise it removes the template, and from the document all that follows the marker up to the end
  marker that belongs to it, or up to the end of the element that the marker is in. The content of
  the template goes in the marker's place.

Scripts in the content run when it is in the document; all others than ``async`` ones are marked so
that those of a patch run in their order. Unlike where the browser patches, the content is all there
by then, an inline script does not wait for external ones before it, and ``document.write`` may not
be used, for it would begin a new document. Under a policy with ``'strict-dynamic'`` browsers trust
whatever a trusted script inserts: there, scripts in the content run without a nonce of their own.

The script uses neither ``eval`` nor handlers in attributes nor any sink of Trusted Types. It may
stand inline, allowed by a nonce or by its hash, or in a file of its own. Then give its element the
attribute ``async``: ``defer`` would put off all patches until the document is complete, and without
either no patch is read before the file has come, not even by a browser that does not need it. When
it comes late it patches what is there.

Its place is behind the document, to be sent while the first region is still awaited. Of what comes
within a millisecond or so behind an inline script, Firefox (tried: ESR) may show nothing until more
comes, be it the end of the document.
"""

from __future__ import annotations

from typing import Final

PATCH_SCRIPT: Final = (
    '{let f,o,d=document,e="template";'
    "d.createElement(e).htmlFor??((o=new MutationObserver(f=(i,l,n,s,t)=>{"
    'l=d.readyState>"l";'
    'for(t of d.querySelectorAll(e+"[for]")){'
    "for(n=t;l&&n&&!n.data;)n=n.nextSibling;"
    "if(s=n&&d.createTreeWalker(d,128,"
    'n=>n.data==`?start name="${t.getAttribute("for")}"`).nextNode()){'
    "t.remove();"
    "for(i=1;i&&(n=s.nextSibling);n.remove())"
    r'i+=n.nodeType>7&&/^\?start/.test(n.data)-(n.data=="?end");'
    'for(n of t.content.querySelectorAll("script:not([async])"))n.async=0;'
    "s.replaceWith(t.content)}}"
    "l||o.disconnect()}))."
    "observe(d.body||d,{childList:1}),"
    'f(),addEventListener("DOMContentLoaded",f))}'
)
"""JavaScript, a constant; without its ``script`` element."""

PATCH_SCRIPT_HASH: Final = "sha256-h0KtS578PMZETDzKtY0DtWIPCBbNKgsiiWPBwCc+Lxo="
"""The hash of the script for a Content-Security-Policy: ``script-src 'sha256-...'``."""
