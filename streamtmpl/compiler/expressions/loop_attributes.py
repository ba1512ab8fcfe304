"""``loop.index`` and its like, and ``loop.cycle()``, of loops that count what they have pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.compiler.analysis import may_await
from streamtmpl.compiler.loop_needs import COUNTED, NUMBERED, is_cycle
from streamtmpl.compiler.records import Record

from .lifting import LiftingGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Lent(Record):
    """Locals of a loop whose object is made when an included template might ask for it.

    :ivar items: what gives the items, and makes the object.
    :ivar looked: at which item it was last asked what follows: the object would know that item.
    :ivar sized: how many there are, if that was asked: the object would not ask again.
    """

    items: str
    looked: str
    sized: str

    def noting(self, attribute: str, counted: str, size: str | None) -> tuple[str, str]:
        """The sources of both numbers where *attribute* is looked up, which note that it was."""
        if attribute == "last":
            return f"({self.looked} := {counted})", f"{size}"
        return counted, f"({self.sized} := {size})"

    def made_at(self, counted: str) -> str:
        """The source of the object at the item that has been *counted* last."""
        return f"{self.items}.loop({counted}, {self.looked} == {counted}, {self.sized})"


class LoopCounter(Record):
    """What tells at which item a loop is, and locals of it.

    :ivar counted: the source of how many items have been pulled.
    :ivar size: how many there are; ``None`` in there: unknown, and there is an object after all.
    :ivar object: the ``loop`` object.
    :ivar beside: whether there is an object in any case, which counts.
    :ivar lent: the locals of a loop that includes templates, if it has no object until one of them
        might ask for it; from there on the object counts.
    :ivar sequence: what it runs over, if that has a size.
    """

    counted: str
    size: str | None
    object: str
    beside: bool = False
    lent: Lent | None = None
    sequence: str | None = None

    @property
    def index(self) -> str:
        """The source of how many items have been pulled."""
        if self.lent is None:
            return self.counted
        return f"({self.counted} if {self.size} is not None else {self.object}.index0 + 1)"

    @property
    def index0(self) -> str:
        """The source of how many items there were before this one."""
        return f"{self.object}.index0" if self.beside else f"{self.index} - 1"


_SOURCES = {
    "index": "{0}",
    "first": "{0} == 1",
    "depth": "1",
    "depth0": "0",
    # It may have grown: the row is the last one if nothing follows now.
    "last": "{0} >= {1} and {2} == len({3})",
    "length": "{1}",
    "revindex": "{1} - {0} + 1",
    "revindex0": "{1} - {0}",
}


class LoopAttributeGenerator(LiftingGenerator):
    """Tells what is asked of a ``loop`` from its counter, where there is one."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._counters: dict[str, LoopCounter] = {}

    def count_in(self, counter: LoopCounter) -> None:
        """From here on ``loop`` is that of a loop with *counter*."""
        self._counters[counter.object] = counter

    def count_out(self, counter: LoopCounter) -> None:
        """The loop has ended."""
        del self._counters[counter.object]

    def _counter(self, node: nodes.Node, frame: Frame) -> LoopCounter | None:
        """The counter of the loop that the expression *node* names, if it has one."""
        if not self._counters or type(node) is not nodes.Name or node.name != "loop":
            return None
        ref = frame.symbols.find_ref("loop")
        return None if ref is None else self._counters.get(ref)

    def counted_attribute(self, node: nodes.Getattr, frame: Frame) -> str | None:
        """The source of an attribute of ``loop`` that is counted."""
        counter = self._counter(node.node, frame)
        if counter is None or (counter.beside and node.attr not in NUMBERED):
            return None
        if node.attr == "index0":
            return counter.index0
        if node.attr in COUNTED:
            return _SOURCES[node.attr].format(counter.index)
        counted, size = counter.counted, counter.size
        if counter.lent:
            counted, size = counter.lent.noting(node.attr, counted, size)
        source = _SOURCES[node.attr].format(counted, size, counter.counted, counter.sequence)
        looked_up = f"environment.getattr({counter.object}, {node.attr!r})"
        looked_up = self.choose_async(f"await auto_await({looked_up})", looked_up)
        return f"({source} if {counter.size} is not None else {looked_up})"

    def lent_counter(self, frame: Frame) -> LoopCounter | None:
        """The counter of the loop around *frame* whose object included templates may ask for."""
        ref = frame.symbols.find_ref("loop") if self._counters else None
        counter = None if ref is None else self._counters.get(ref)
        return None if counter is None or counter.lent is None else counter

    def cycle_counter(self, node: nodes.Call, frame: Frame) -> LoopCounter | None:
        """The counter of the loop whose ``cycle()`` is called."""
        if not self._counters or not is_cycle(node):
            return None
        assert isinstance(node.node, nodes.Getattr)
        return self._counter(node.node.node, frame)

    def counted_int(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The source of *node*, if it is certain to be an ``int`` without a look."""
        if type(node) is nodes.Getattr and node.attr in ("index", "index0", "depth", "depth0"):
            return self.counted_attribute(node, frame)
        return None

    def may_await(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether *node* may be waited for in an async environment: not for what is counted."""

        def is_counted(part: nodes.Node) -> bool:
            if type(part) is not nodes.Getattr or part.attr not in COUNTED:
                return False
            return self.counted_attribute(part, frame) is not None

        return may_await(node, is_counted)

    def may_count_on(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether what is evaluated after *node* could change what is counted there."""
        counter = self._counter(node.node, frame) if type(node) is nodes.Getattr else None
        return counter is not None and counter.beside
