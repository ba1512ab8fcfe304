"""What compiling a template begins and ends with, done once for a text.

Tests compile the same texts many times: with Jinja2, with streamtmpl, for each kind of environment.
Jinja2's lexer and Python's compiler give the same for the same text; neither is what is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType

import jinja2.debug
import jinja2.environment
import pytest
from jinja2.lexer import Lexer, Token, TokenStream

from streamtmpl.compiler import generated


@contextmanager
def remembered() -> Iterator[None]:
    """Have tokens and compiled Python remembered, in this process."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Lexer, "tokenize", _tokenize)
        for module in (jinja2.environment, jinja2.debug, generated):
            monkeypatch.setattr(module, "compile", _compile, raising=False)
        yield


def _tokenize(
    self: Lexer,
    source: str,
    name: str | None = None,
    filename: str | None = None,
    state: str | None = None,
) -> TokenStream:
    tokens: Iterable[Token]
    try:
        tokens = _tokens(self, source, name, filename, state)
    except jinja2.TemplateSyntaxError:  # it may come after one that the parser finds
        tokens = self.wrap(self.tokeniter(source, name, filename, state), name, filename)
    return TokenStream(tokens, name, filename)


@lru_cache(maxsize=2000, typed=True)
def _tokens(self: Lexer, source: str, *rest: str | None) -> list[Token]:
    name, filename, state = rest
    return list(self.wrap(self.tokeniter(source, name, filename, state), name, filename))


def _compile(source: str, filename: str, mode: str) -> CodeType:
    return _compiled(source, filename, mode).replace()  # whoever looks at its lifetime has his own


@lru_cache(maxsize=2000, typed=True)
def _compiled(source: str, filename: str, mode: str) -> CodeType:
    code: CodeType = compile(source, filename, mode)
    return code
