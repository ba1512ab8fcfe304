"""How text becomes chunks, and how streams wait, hand over and close."""
