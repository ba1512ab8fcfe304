"""What rendering costs, counted instead of timed."""
