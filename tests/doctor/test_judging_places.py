"""What follows from when the pieces of a page came at several places on its way."""

from __future__ import annotations

import gzip

from streamtmpl.doctor import Status

from .servers import codes, finding
from .virtual import HTML, PART, STREAMING, ask, by_encoding, page

WAITING = page(1.2, PART, 0.5, PART)
LATE = page(1.0, PART * 3)
NGINX = "Server: nginx"


def test_behind_nginx_that_may_be_nginx(network):
    server = network.server(page(1.2, PART, 0.5, PART, headers=[HTML, NGINX]))
    alone = ask(server)
    both = ask(server, network.server(STREAMING))
    assert alone.status is Status.UNKNOWN
    found = finding(alone, "slow-start")
    assert found.causes[0].what == "nginx collects what it passes on"
    assert (
        found.following == f"streamtmpl doctor {server.url('/a?b=c')} http://127.0.0.1:PORT/a?b=c"
    )
    assert codes(both) == {"between": ("identity",)}


def test_behind_nginx_a_view_that_waits_is_cleared_by_asking_it(network):
    behind = network.server(WAITING)
    seen = ask(network.server(page(1.2, PART, 0.5, PART, headers=[HTML, NGINX])), behind)
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert finding(seen, "slow-start").url == behind.url("/a?b=c")


def test_who_answers_first_is_not_to_blame_where_all_wait(network):
    behind = network.server(LATE)
    seen = ask(network.server(page(0.8, PART, headers=[HTML, NGINX])), behind)
    assert codes(seen) == {"collected": ("identity",)}
    assert finding(seen, "collected").url == behind.url("/a?b=c")
    assert "nginx" not in seen.verdict


def test_the_middle_one_of_three(network):
    middle = network.server(LATE)
    seen = ask(network.server(LATE), middle, network.server(STREAMING))
    assert codes(seen) == {"between": ("identity",)}
    assert finding(seen, "between").url == middle.url("/a?b=c")


def test_an_unnamed_proxy_that_compresses(network):
    headers = [HTML, "Content-Encoding: gzip", "Server: gunicorn"]
    compressed = page(1.0, gzip.compress(PART * 3), headers=headers)
    server = network.server(by_encoding(identity=STREAMING, gzip=compressed))
    seen = ask(server, network.server(STREAMING), encodings=("identity", "gzip"))
    assert codes(seen) == {"between": ("gzip",)}
    assert "names itself nowhere" in finding(seen, "between").causes[0].what


def test_a_server_that_is_not_there_beside_one_that_is(network):
    seen = ask(network.server(STREAMING), network.server([]))
    assert seen.status is Status.UNKNOWN
    assert codes(seen) == {"no-answer": ("identity",)}
