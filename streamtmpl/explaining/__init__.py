"""Explaining what streams in a template and what does not, line by line.

The compiler itself is asked: :mod:`.recording` is one that notes what it decides while it writes
the code that it writes anyway. From the lowest: :mod:`.cuts`, where that code is cut;
:mod:`.loops`, what is pulled and when; :mod:`.calls`, what streams and what is captured;
:mod:`.recording`, the rest. Why a text is needed as a value is in :mod:`.positions`, and what is
called in :mod:`.names`; both look at the template as :mod:`.reading` has it. :mod:`.pages` puts a
page together, and :mod:`.chain` says what its blocks are to each other. What comes of it is in
:mod:`.statements`, and as HTML in :mod:`.html_page`.
"""

from .pages import explain
from .statements import ExplainedTemplate, Explanation, Kind, Line, Statement

__all__ = ["ExplainedTemplate", "Explanation", "Kind", "Line", "Statement", "explain"]
