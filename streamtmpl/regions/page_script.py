"""A script that a page may have so that htmx, and listeners, do not wait for the last region.

Scripts that want the document whole wait for ``DOMContentLoaded``, and it comes after the last
region. The script stands at the end of the page's own content. There everything is in its place
but what the regions will bring, so an attribute may name any element of the document. Then:

- When htmx is there, or as soon as it comes, the script has it process the document, once. htmx
  knows what it has processed, and skips it when it processes the document in the end. htmx 2 reads
  its configuration from the ``<meta>`` element only then, so the script hands it over.
- When a patch is in its place, htmx processes its elements, and the event ``streamtmpl:patch`` is
  dispatched at the element that the region stands in.

Who patches does not matter, for the script looks at what changes. A marker is removed by itself, in
a record of its own, only where a patch is complete. A browser that patches by itself puts nodes
before the end marker while they arrive, and then removes the start marker and the end marker. Where
the patch script does it, the nodes take the place of the start marker.

The names of regions are random, so none is in the event. The script looks until the page has been
loaded, since the last patches may come with ``DOMContentLoaded``. It does nothing in a document
that is there already, as where a library swaps in what it has fetched, and where it runs already,
which the document's property ``streamtmpl`` tells. It uses neither ``eval`` nor handlers in
attributes nor any sink of Trusted Types. It may stand inline, allowed by a nonce or by its hash,
or in a file of its own.
"""

from __future__ import annotations

from typing import Final

PAGE_SCRIPT: Final = (
    'if(document.readyState=="loading"&&!document.streamtmpl){let h,d=document,'
    "f=(x=window.htmx,m)=>{"
    "if(!h&&d.body&&x?.process){h=x;"
    'if(x.version<"4"&&(m=d.querySelector("[name=htmx-config]")))'
    "Object.assign(x.config,JSON.parse(m.content));"
    "x.process(d.body)}},"
    "o=new MutationObserver(l=>l.forEach((r,i)=>{"
    "let[n,m]=r.removedNodes,e=[...r.addedNodes],q=l[i+1];"
    r'if(n&&!m&&(n.nodeType==7?n.target=="start":n.nodeType==8&&/^\?start /.test(n.data))){'
    'if(!e[0]&&q?.removedNodes[0]?.target=="end")'
    "for(n=r.nextSibling;n;n=n!=q.previousSibling&&n.nextSibling)e.push(n);"
    "e=e.filter(n=>n.nodeType==1);"
    "f();e.map(n=>h?.process(n));"
    "r.target.dispatchEvent("
    'new CustomEvent("streamtmpl:patch",{bubbles:true,detail:{elements:e}}))}'
    "}));"
    "d.streamtmpl=1;o.observe(d,{childList:true,subtree:true});"
    'd.addEventListener("load",()=>f(),true);'
    'addEventListener("load",()=>o.disconnect());'
    "f()}"
)
"""JavaScript, a constant; without its ``script`` element."""

PAGE_SCRIPT_HASH: Final = "sha256-yEqIBDXz6Q7uLUpVgPWf5VBeR2uHZq4GbMPARjPv5wE="
"""The hash of the script for a Content-Security-Policy: ``script-src 'sha256-...'``."""
