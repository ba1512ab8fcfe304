"""What templates compile to, and what the compiler knows of them."""
