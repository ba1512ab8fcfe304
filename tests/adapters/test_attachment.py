"""The header that names a file: what is in it, and what Werkzeug and Django read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl import attachment
from streamtmpl.responses.head import ResponseHead


def value_of(filename: str) -> str:
    (header,) = attachment(filename).items()
    assert header[0] == "Content-Disposition"
    return header[1]


def names_in(value: str) -> tuple[str, str]:
    """The plain name, and the one in UTF-8 if there is one."""
    match = re.fullmatch(r"attachment; filename=\"([^\"]*)\"(?:; filename\*=UTF-8''(\S+))?", value)
    assert match is not None
    return match[1], unquote(match[2] or "", errors="strict") or match[1]


@pytest.mark.parametrize(
    ("filename", "value"),
    [
        ("orders.csv", 'attachment; filename="orders.csv"'),
        ("orders of 2026.csv", 'attachment; filename="orders of 2026.csv"'),
        ("a;b,c=d.csv", 'attachment; filename="a;b,c=d.csv"'),
        ("Ōta.csv", "attachment; filename=\"_ta.csv\"; filename*=UTF-8''%C5%8Cta.csv"),
        ("50%41.csv", "attachment; filename=\"50%41.csv\"; filename*=UTF-8''50%2541.csv"),
        (
            "€ rates.csv",
            "attachment; filename=\"_ rates.csv\"; filename*=UTF-8''%E2%82%AC%20rates.csv",
        ),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ("C:\\orders.csv", 'attachment; filename="C__orders.csv"'),
        ('say "hi".csv', 'attachment; filename="say _hi_.csv"'),
        ("a\r\nSet-Cookie: b.csv", 'attachment; filename="a__Set-Cookie_ b.csv"'),
        ("orders\u202ecsv.exe", 'attachment; filename="orderscsv.exe"'),
        ("orders\ud800.csv", 'attachment; filename="orders_.csv"'),
    ],
)
def test_values(filename: str, value: str) -> None:
    assert value_of(filename) == value


@pytest.mark.parametrize("filename", ["", ".", "..", "/", " ", "\0", "___"])
def test_no_name_of_a_file(filename: str) -> None:
    with pytest.raises(ValueError, match="must be the name of a file"):
        attachment(filename)


@pytest.mark.parametrize("filename", [None, b"orders.csv", 1])
def test_no_text(filename: Any) -> None:
    with pytest.raises(TypeError, match="must be the name of a file"):
        attachment(filename)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(), min_size=1, max_size=12))
def test_any_name_can_be_sent_and_is_read_as_one_file(filename: str) -> None:
    try:
        value = value_of(filename)
    except ValueError:
        assert not re.search(r"[A-Za-z0-9]", filename)
        return
    assert value.isascii()
    assert value.isprintable()
    ResponseHead(headers=attachment(filename))  # which refuses what cannot be sent
    plain, extended = names_in(value)
    for name in (plain, extended):
        assert not set(name) & set('/\\"\r\n\0')
        assert name.strip(" .")
    kept = [letter for letter in filename if letter.isalnum()]
    assert [letter for letter in extended if letter.isalnum()] == kept


@pytest.mark.parametrize("filename", ["orders.csv", "Ōta 50%.csv", "a;b=\u20ac'.csv"])
def test_frameworks_read_the_name(filename: str) -> None:
    http = pytest.importorskip("werkzeug.http")
    kind, options = http.parse_options_header(value_of(filename))
    assert (kind, options["filename"]) == ("attachment", filename)
    content = pytest.importorskip("django.utils.http")
    kind, options = content.parse_header_parameters(value_of(filename))
    assert (kind, options["filename"]) == ("attachment", filename)
