"""The contexts of a request in a stream: what Flask's and Quart's holds have in common."""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from typing import Any

in_stream: ContextVar[bool] = ContextVar("streamtmpl_in_stream", default=False)
"""Whether the code that runs is that of a stream in a request, not of a view or a teardown."""


def context_without(*variables: ContextVar[Any]) -> Context:
    """A copy of the current context in which *variables* are not set.

    Once what is pushed in it has been popped, there is no request in it any more.
    """
    context = Context()
    for variable, value in copy_context().items():
        if variable not in variables:
            context.run(variable.set, value)
    return context


def to_end(tokens: list[Any], token: Any) -> None:
    """Make *token* the one among the *tokens* of a context that its next pop takes."""
    tokens.remove(token)
    tokens.append(token)
