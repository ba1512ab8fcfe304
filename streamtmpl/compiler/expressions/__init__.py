"""Expressions, inline or by statements before them; which way is taken, ``strategies`` lists.

- ``awaiting``: folding constants, and awaiting; ``lifting``: the statements before an expression;
- ``lookups``, ``calls``, ``loop_attributes``: the quick ways; ``filters``, ``shortcuts``: filters.
"""
