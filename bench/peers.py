"""The engines that take part."""

from __future__ import annotations

from bench import peer_jinja2, peer_streamtmpl

PEERS = (peer_jinja2.PEER, peer_streamtmpl.PEER)
"""The first one's first way is the baseline."""
