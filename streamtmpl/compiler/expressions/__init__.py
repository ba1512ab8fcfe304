"""Expressions: awaiting, filters, look-ups, lifting, calls, shortcuts: each over the one before."""
