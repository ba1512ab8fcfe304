"""wheezy.template with the escape function of wheezy.html, which its user guide recommends.

That function is written in C and does not escape apostrophes. It is a peer of its own because
installing it takes a C compiler.
"""

from __future__ import annotations

from functools import partial

from wheezy.html.utils import escape_html

from bench.peers.wheezy import render
from bench.ways import Peer

PEER = Peer(
    name="wheezy.template+html",
    distributions=("wheezy.html",),
    ways={"render": partial(render, escape_html)},
)
