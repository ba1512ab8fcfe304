"""The script that patches deferred regions into the page where the browser has not done so itself.

A browser that knows ``<template for>`` patches by itself, and such a template is never in its
document; but where an element of the page is still open at the end of the document, the patches are
in that element, reach nothing outside it and stay as they are, without a word. To all other
browsers the markers of a region are comments and its patch is a template that nothing happens to.
The script looks, whenever something in the document has changed and once more when the document has
been parsed, at each start marker that is left and the template of its name:

- It leaves alone a template that may still be arriving. What tells is the form feed that is sent
  behind each patch: other text, or an element, may be at the end of the body because a script of
  the page put it there. A document that has been parsed needs no such sign.
- It removes a template that is complete, and from the document all that follows the marker up to
  the end marker that belongs to it, or up to the end of the element that the marker is in. The
  content of the template goes in the marker's place. If the template was not in the body itself, a
  warning in the console shows the element that was left open.
- A marker without a template is, three seconds after the document has been parsed, that of a region
  which never comes, for the connection was cut: between the markers goes a text that says so.
  (Firefox ends a document that is being left, hence the seconds.) Chromium never ends such a
  document. There the text comes when the body has not grown for longer than the server lets pass
  between two line breaks (``keep_alive``), into the places that still begin with what they began
  with: in others a patch may be arriving. A patch that comes later still finds its place.

WebKit shows nothing of a page before it has some 200 characters of visible text. The script gives
it those, zero-width ones, in an element that takes no space and that assistive technology passes
over (``inert``), until the document is complete.

The attributes of its element tell the script the token that the names of the response begin with
(``data-k``), the milliseconds after which silence means that nothing comes (``data-t``), and the
text for what does not (``data-z``). The text of the script is a constant.

Scripts in the content run when it is in the document; all others than ``async`` ones are marked so
that those of a patch run in their order. Unlike where the browser patches, the content is all there
by then, an inline script does not wait for external ones before it, and ``document.write`` may not
be used, for it would begin a new document. Under a policy with ``'strict-dynamic'`` browsers trust
whatever a trusted script inserts: there, scripts in the content run without a nonce of their own.

The script uses neither ``eval`` nor handlers in attributes nor style attributes nor any sink of
Trusted Types. It may stand inline, allowed by a nonce or by its hash, or in a file of its own. Then
its element has the attribute ``async``: ``defer`` would put off all patches until the document is
complete, and without either no patch is read before the file has come, not even by a browser that
does not need it. When it comes late it patches what is there.

Its place is behind the document, to be sent while the first region is still awaited. Of what comes
within a millisecond or so behind an inline script, Firefox (tried: ESR) may show nothing until more
comes, be it the end of the document.
"""

from __future__ import annotations

from typing import Final

PATCH_SCRIPT: Final = (
    "{let c,i,l,m,n,p,q,s,v,y,d=document,{k,t,z}=d.currentScript.dataset,"
    'b=d.createElement("z"),'
    'f=r=>{l=d.readyState>"l";'
    'if(r>0||d.querySelector("template[for]"))'
    "for(v=d.createNodeIterator(d,192);s=v.nextNode();)"
    "if(q=s.data.split(k)[1]){"
    'for(n=p=d.querySelector(`template[for="${k+q}]`);'
    r"l&&n&&!/\f/.test(n.data);)n=n.nextSibling;"
    "s.x??=s.nextSibling;"
    "if((c=n&&p.content)||r>1&(s.x==s.nextSibling|!l)){"
    "for(i=1;(n=s.nextSibling)&&(i+="
    r'/^\?start/.test(m=n.nodeType>6&&(n.target?"?"+n.target:n.data))-(m=="?end")'
    ");)n.remove();"
    'if(c){(m=p.parentNode)==d.body||console.warn("unclosed",m);'
    "n?.remove();p.remove();"
    'for(n of c.querySelectorAll("script:not([async])"))n.async=0;'
    "s.replaceWith(c)}else s.after(z)}}"
    "l||(o.disconnect(),clearInterval(x),b.remove(),r>0||setTimeout(f,3e3,2))},"
    "o=new MutationObserver(f),"
    "x=setInterval(()=>f(1+(y==(y=d.body.innerHTML.length))),t);"
    r'b.append("\u200b".repeat(210));b.style="position:fixed";b.inert=1;d.body.append(b);'
    "o.observe(d,{childList:1,subtree:1});"
    'f(1);addEventListener("DOMContentLoaded",f)}'
)
"""JavaScript, a constant; without its ``script`` element."""

PATCH_SCRIPT_HASH: Final = "sha256-tQa4p1h93/I5xSbUbHb3CjuYHmpOoPovm+iHdvsiDPw="
"""The hash of the script for a Content-Security-Policy: ``script-src 'sha256-...'``."""
