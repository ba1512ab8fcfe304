"""What is written at once: consecutive text and values, as one expression of generated code."""

from __future__ import annotations


class Run:
    """The parts of a run that are known so far: constant text and names of evaluated text.

    :ivar in_long: whether the module is long. To read an f-string takes Python (3.12 and later) a
        copy of all that follows it, for each value in it.
    :ivar value_count: how many locals there are of its values, where something may go on with it.
    """

    value_count = 0

    def __init__(self, in_long: bool) -> None:
        self._in_long = in_long
        self._parts: list[tuple[bool, str]] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add_text(self, text: str) -> None:
        """Add constant text."""
        if self._parts and self._parts[-1][0]:
            text = self._parts.pop()[1] + text
        if text:
            self._parts.append((True, text))

    def add_name(self, name: str) -> None:
        """Add a local that holds text or an exact int."""
        self._parts.append((False, name))

    def __add__(self, other: Run) -> Run:
        """A run that goes on with *other*."""
        both = Run(self._in_long)
        for constant, text in (*self._parts, *other._parts):
            (both.add_text if constant else both.add_name)(text)
        return both

    def parted(self) -> tuple[Run, Run, Run]:
        """Its first constant text, what is between, and its last constant text."""
        parts = self._parts
        first, last = bool(parts) and parts[0][0], len(parts) > 1 and parts[-1][0]
        start, middle, end = (Run(self._in_long) for _ in range(3))
        end._parts = parts[len(parts) - last :]
        start._parts, middle._parts = parts[:first], parts[first : len(parts) - last]
        return start, middle, end

    def source(self) -> str:
        """The whole as one Python expression."""
        if all(constant for constant, _ in self._parts):
            return repr("".join(text for _, text in self._parts))
        if self._in_long:
            pieces = [
                text.replace("%", "%%") if constant else "%s" for constant, text in self._parts
            ]
            values = ", ".join(text for constant, text in self._parts if not constant)
            return f"{''.join(pieces)!r} % ({values},)"
        quote = '"' if all('"' not in text for constant, text in self._parts if constant) else "'"
        return f"f{quote}{''.join(self._piece(part, quote) for part in self._parts)}{quote}"

    @staticmethod
    def _piece(part: tuple[bool, str], quote: str) -> str:
        constant, text = part
        if not constant:
            return f"{{{text}}}"
        # With both kinds of quotes at its end repr() escapes just the single ones, so that its
        # inside fits between the quotes wanted here.
        inside = repr(text + "'\"")[1:-1].removesuffix("\\'\"")
        if quote == '"':
            inside = inside.replace("\\'", "'")
        return inside.replace("{", "{{").replace("}", "}}")
