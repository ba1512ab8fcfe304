"""``{% for %}``: the statement, its counters, the test of its items, watching its source."""
