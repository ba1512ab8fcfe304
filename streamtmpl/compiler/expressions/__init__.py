"""Expressions, inline or by statements before them; which way is taken, ``strategies`` lists."""
