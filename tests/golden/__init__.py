"""Templates, and what they compile to, kept to the byte."""
